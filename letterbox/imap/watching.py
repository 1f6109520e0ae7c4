"""Be told of changes: IDLE, NOTIFY, NOOP."""

from letterbox.imap.connection import Connection, InFlight, News
from letterbox.imap.errors import Unsupported
from letterbox.imap.listing import merged
from letterbox.imap.responses import FolderStatus
from letterbox.imap.utf7 import WireName


def start_idle(connection: Connection) -> InFlight:
    """Begin IDLE (RFC 2177); news of the selected folder come by themselves then."""
    if not connection.capabilities.has("IDLE"):
        raise Unsupported("This server has no IDLE.")
    flight = connection.start("IDLE")
    if connection.wait_for_continuation(flight) is None:
        connection.finish(flight)
        # An OK without consent is as good as no IDLE.
        raise Unsupported("This server has no IDLE.")
    return flight


def stop_idle(connection: Connection, flight: InFlight) -> None:
    """End IDLE; proves that the server is still there."""
    if flight.end is None:
        connection.send_line(b"DONE")
    connection.finish(flight)


def wait(
    connection: Connection, seconds: float, *, wake: int | None = None
) -> list[News]:
    """Wait for news; an empty list if time is up or `wake` can be read."""
    connection.wait_for_news(seconds, wake)
    return take_news(connection)


def take_news(connection: Connection) -> list[News]:
    """Return what came unasked so far and forget it."""
    news = list(connection.news)
    connection.news.clear()
    return news


def notify(connection: Connection) -> dict[WireName, FolderStatus]:
    """Ask to be told of changes in all our folders (RFC 5465).

    Returns the state of all folders; changes come as `FolderStatus` news from then
    on, those of the selected folder as in IDLE. Watch in IDLE: Dovecot 2.3 with no
    folder selected forgets one of two letters that come within a second.
    """
    if not connection.capabilities.has("NOTIFY"):
        raise Unsupported("This server has no NOTIFY.")
    flight = connection.run(
        "NOTIFY",
        # Without SELECTED, nothing at all would be told of the selected folder.
        "SET STATUS (SELECTED (MessageNew MessageExpunge FlagChange))"
        " (PERSONAL (MessageNew MessageExpunge FlagChange MailboxName))",
        wanted=(FolderStatus,),
    )
    return merged(row for row in flight.rows if isinstance(row, FolderStatus))


def noop(connection: Connection) -> list[News]:
    """Ask for news now; proves that the server is still there."""
    connection.run("NOOP")
    return take_news(connection)

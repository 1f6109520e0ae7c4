"""Ask which letters match: ESEARCH (RFC 4731) where there is one, else SEARCH."""

from collections.abc import Sequence

from letterbox.imap.commands import Part
from letterbox.imap.connection import Connection
from letterbox.imap.errors import Garbled
from letterbox.imap.responses import Found
from letterbox.imap.uid_sets import UidSet


def search(connection: Connection, criteria: Sequence[Part]) -> UidSet:
    """Return the UIDs in the selected folder that match.

    A server that says OK but nothing about what it found would make a whole folder
    look deleted, so that raises Garbled.
    """
    short = "RETURN (ALL) " if connection.capabilities.has("ESEARCH") else ""
    charset = "" if all(map(_is_ascii, criteria)) else "CHARSET UTF-8 "
    parts = [part for part in (f"{short}{charset}".strip(), *criteria) if part]
    flight = connection.start("UID SEARCH", *parts, wanted=(Found,))
    connection.finish(flight)
    found = [row for row in flight.rows if isinstance(row, Found)]
    if not found:
        connection.close()
        raise Garbled("The server did not say what it found.")
    uids = found[0].uids
    for row in found[1:]:
        # Some servers cut a long answer into several.
        uids |= row.uids
    return uids


def _is_ascii(part: Part) -> bool:
    return part.isascii() if isinstance(part, str | bytes) else part.data.isascii()

"""Ask for folders and their state: LIST in its kinds, STATUS, NAMESPACE."""

from collections.abc import Iterable
from dataclasses import fields, replace

from letterbox.imap import utf7
from letterbox.imap.commands import Part
from letterbox.imap.connection import Connection
from letterbox.imap.errors import CommandRejected, Refused
from letterbox.imap.responses import (
    FolderListing,
    FolderStatus,
    Namespaces,
)
from letterbox.imap.utf7 import WireName

_ROWS = (FolderListing, FolderStatus)
# So many STATUS commands are sent before the first answer is read.
_STATUS_DEPTH = 50


def list_folders(
    connection: Connection, *, with_status: bool = False
) -> tuple[list[FolderListing], dict[WireName, FolderStatus]]:
    """Return all folders, and their state if asked for.

    In one round trip with LIST-STATUS (RFC 5819), else in one for the list and few
    for the states. A folder whose state the server refuses is missing from the dict.
    """
    can = connection.capabilities
    wishes = [name for name in ("SPECIAL-USE",) if can.has(name)]
    if can.has("LIST-EXTENDED"):
        wishes.append("SUBSCRIBED")
    at_once = with_status and can.has("LIST-STATUS")
    if at_once:
        wishes.append(f"STATUS {status_items(connection)}")
    # RFC 6154 section 2: RETURN is LIST-EXTENDED's; without, SPECIAL-USE comes anyway.
    parts: list[Part] = ["LIST", '""', '"*"']
    if wishes and (at_once or can.has("LIST-EXTENDED")):
        parts.append(f"RETURN ({' '.join(wishes)})")
    elif not can.has("SPECIAL-USE") and can.has("XLIST"):
        parts[0] = "XLIST"
    try:
        flight = connection.run(*parts, wanted=_ROWS)
    except CommandRejected:
        # Some offer what they then do not understand.
        flight = connection.run("LIST", '""', '"*"', wanted=_ROWS)
        at_once = False
    listings = {
        row.wire_name: row for row in flight.rows if isinstance(row, FolderListing)
    }
    statuses = merged(row for row in flight.rows if isinstance(row, FolderStatus))
    if with_status and not at_once:
        selectable = (row.wire_name for row in listings.values() if row.is_selectable)
        statuses = statuses_of(connection, selectable)
    return list(listings.values()), statuses


def statuses_of(
    connection: Connection, folders: Iterable[WireName]
) -> dict[WireName, FolderStatus]:
    """Return the state of these folders, asking for many at a time."""
    items = status_items(connection)
    rows: list[FolderStatus] = []
    names = list(folders)
    for start in range(0, len(names), _STATUS_DEPTH):
        flights = [
            connection.start(
                "STATUS", wire_bytes(connection, name), items, wanted=(FolderStatus,)
            )
            for name in names[start : start + _STATUS_DEPTH]
        ]
        for flight in flights:
            try:
                connection.finish(flight)
            except Refused:
                continue
            rows += (row for row in flight.rows if isinstance(row, FolderStatus))
    return merged(rows)


def merged(rows: Iterable[FolderStatus]) -> dict[WireName, FolderStatus]:
    """Return what is known of each folder; what is said later counts.

    Among the answers may be news (NOTIFY, RFC 5465, section 5.2), which say only what
    has changed: no row may make us forget what another one said.
    """
    known: dict[WireName, FolderStatus] = {}
    for row in rows:
        before = known.get(row.wire_name)
        said = {
            each.name: getattr(row, each.name)
            for each in fields(row)
            if getattr(row, each.name) is not None
        }
        known[row.wire_name] = replace(before, **said) if before else row
    return known


def namespaces(connection: Connection) -> Namespaces:
    """Return where folders live; empty if the server does not say."""
    if not connection.capabilities.has("NAMESPACE"):
        return Namespaces()
    flight = connection.run("NAMESPACE", wanted=(Namespaces,))
    for row in flight.rows:
        if isinstance(row, Namespaces):
            return row
    return Namespaces()


def status_items(connection: Connection) -> str:
    """Return the list of items that this server can tell about a folder."""
    items = ["MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN"]
    if "CONDSTORE" in connection.enabled or connection.capabilities.has("CONDSTORE"):
        items.append("HIGHESTMODSEQ")
    return f"({' '.join(items)})"


def wire_bytes(connection: Connection, name: WireName) -> bytes:
    """Return a folder's name as it goes over this connection."""
    if "UTF8=ACCEPT" in connection.enabled:
        return utf7.decode(name).encode()
    return name.encode()

"""Change what the server holds: append, flags, move, delete. Never a plain EXPUNGE.

A plain EXPUNGE removes what other programs have marked; `UID EXPUNGE` (RFC 4315)
removes only what we name.
"""

from datetime import datetime

from letterbox.imap import commands, uid_sets
from letterbox.imap.commands import Literal, Part
from letterbox.imap.connection import Connection, InFlight
from letterbox.imap.errors import Unsupported
from letterbox.imap.listing import wire_bytes
from letterbox.imap.responses import Code, StatusResponse
from letterbox.imap.tokens import as_number, as_text
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import WireName
from letterbox.imap.values import Appended, Copied

_COPY_AT_MOST = 100_000


def append(
    connection: Connection,
    name: WireName,
    raw: bytes,
    *,
    flags: frozenset[str] = frozenset(),
    internal_date: datetime | None = None,
) -> Appended:
    """Put a letter into a folder; raises Refused if the server will not have it."""
    parts: list[Part] = ["APPEND", wire_bytes(connection, name)]
    if flags:
        parts.append(commands.flag_list(flags))
    if internal_date is not None:
        parts.append(commands.internal_date(internal_date))
    flight = connection.start(*parts, Literal(raw))
    code = connection.finish(flight).code
    if code is None or code.name != "APPENDUID" or len(code.arguments) < 2:
        return Appended()
    return Appended(as_number(code.arguments[0]), as_number(code.arguments[1]))


def store(
    connection: Connection,
    uids: UidSet,
    *,
    add: frozenset[str] = frozenset(),
    remove: frozenset[str] = frozenset(),
    unchanged_since: int | None = None,
) -> UidSet:
    """Add and remove flags; returns the letters that had changed and were left alone.

    `unchanged_since` is a mod-sequence (CONDSTORE); without it none are left alone.
    """
    modifier = ""
    if unchanged_since is not None:
        if "CONDSTORE" not in connection.enabled:
            raise Unsupported("This server cannot change flags conditionally.")
        modifier = f"(UNCHANGEDSINCE {unchanged_since}) "
    modified = UidSet()
    for part in uids.split():
        for sign, flags in (("+", add), ("-", remove)):
            if flags and (rest := part - modified):
                flight = connection.start(
                    "UID STORE",
                    str(rest),
                    f"{modifier}{sign}FLAGS.SILENT {commands.flag_list(flags)}",
                )
                modified |= _modified(connection.finish(flight).code)
    return modified


def move(connection: Connection, uids: UidSet, name: WireName) -> Copied:
    """Move letters to another folder, with MOVE or by copy, mark and UID EXPUNGE.

    Without UIDPLUS the letters stay behind, marked as deleted.
    """
    if connection.capabilities.has("MOVE"):
        return _transfer(connection, "UID MOVE", uids, name)
    copied = copy(connection, uids, name)
    store(connection, uids, add=frozenset({"\\Deleted"}))
    if connection.capabilities.has("UIDPLUS"):
        _expunge(connection, uids)
    return copied


def copy(connection: Connection, uids: UidSet, name: WireName) -> Copied:
    """Copy letters to another folder."""
    return _transfer(connection, "UID COPY", uids, name)


def delete(connection: Connection, uids: UidSet) -> None:
    """Delete these letters for good; raises Unsupported without UIDPLUS."""
    if not connection.capabilities.has("UIDPLUS"):
        raise Unsupported("This server cannot delete letters one by one.")
    store(connection, uids, add=frozenset({"\\Deleted"}))
    _expunge(connection, uids)


def _expunge(connection: Connection, uids: UidSet) -> None:
    for part in uids.split():
        connection.run("UID EXPUNGE", str(part))


def _transfer(
    connection: Connection, command: str, uids: UidSet, name: WireName
) -> Copied:
    validity: int | None = None
    pairs: dict[int, int] = {}
    for part in uids.split():
        flight = connection.start(
            command,
            str(part),
            wire_bytes(connection, name),
            # RFC 6851 section 4.3: MOVE says COPYUID in an untagged OK.
            wanted=(StatusResponse,),
        )
        connection.finish(flight)
        for code in _codes(flight, "COPYUID"):
            found = _pairs(code)
            if found is not None:
                validity = found.uid_validity
                pairs.update(found.uids)
    return Copied(validity, pairs)


def _codes(flight: InFlight, name: str) -> list[Code]:
    rows = [*flight.rows, flight.end]
    return [
        row.code
        for row in rows
        if isinstance(row, StatusResponse) and row.code and row.code.name == name
    ]


def _pairs(code: Code) -> Copied | None:
    if len(code.arguments) < 3:
        return None
    validity, old, new = code.arguments[:3]
    try:
        before = uid_sets.parse_in_order(as_text(old), at_most=_COPY_AT_MOST)
        after = uid_sets.parse_in_order(as_text(new), at_most=_COPY_AT_MOST)
        return Copied(as_number(validity), dict(zip(before, after, strict=True)))
    except ValueError:
        # Where they went is a convenience; the next pass finds them anyway.
        return None


def _modified(code: Code | None) -> UidSet:
    if code is None or code.name != "MODIFIED" or not code.arguments:
        return UidSet()
    return UidSet.parse(as_text(code.arguments[0]))

"""Open a folder and learn what is new in it since last time."""

from letterbox.imap import fetch_items
from letterbox.imap.commands import Part
from letterbox.imap.connection import Connection, InFlight
from letterbox.imap.listing import wire_bytes
from letterbox.imap.responses import (
    Code,
    Exists,
    Fetched,
    FlagList,
    Recent,
    StatusResponse,
    Vanished,
)
from letterbox.imap.tokens import as_list, as_number
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import WireName
from letterbox.imap.values import KnownState, LetterState, SelectedFolder

_WANTED = (Exists, Recent, FlagList, StatusResponse, Vanished, Fetched)


def select(
    connection: Connection,
    name: WireName,
    *,
    read_only: bool,
    known: KnownState | None = None,
) -> SelectedFolder:
    """Open the folder; raises Refused if there is none, or not for us.

    With a `known` state and QRESYNC, the answer tells what changed and vanished
    since. News of the folder that was open before are forgotten; those of all other
    folders (NOTIFY) are nobody else's to remember, and stay.
    """
    parts: list[Part] = ["EXAMINE" if read_only else "SELECT"]
    parts.append(wire_bytes(connection, name))
    if known is not None and "QRESYNC" in connection.enabled:
        parts.append(f"(QRESYNC ({known.uid_validity} {known.highest_mod_seq}))")
    elif connection.capabilities.has("CONDSTORE"):
        parts.append("(CONDSTORE)")
    flight = connection.start(*parts, wanted=_WANTED)
    end = connection.finish(flight)
    connection.forget_news_of_letters()
    return _folder(name, flight, end, read_only=read_only)


def letter_state(row: Fetched) -> LetterState | None:
    """Return what a response says about a letter; None if not about which."""
    if row.uid is None:
        return None
    return LetterState(row.uid, row.flags, row.size, row.internal_date, row.mod_seq)


def _folder(
    name: WireName, flight: InFlight, end: StatusResponse, *, read_only: bool
) -> SelectedFolder:
    exists = 0
    flags: frozenset[str] = frozenset()
    codes: dict[str, Code] = {}
    vanished = UidSet()
    changed: list[LetterState] = []
    for row in (*flight.rows, end):
        if isinstance(row, Exists):
            exists = row.count
        elif isinstance(row, FlagList):
            flags = row.flags
        elif isinstance(row, Vanished):
            vanished |= row.uids
        elif isinstance(row, Fetched):
            if (state := letter_state(row)) is not None:
                changed.append(state)
        elif isinstance(row, StatusResponse) and row.code is not None:
            if row.code.name == "CLOSED":
                # RFC 7162 section 3.2.11: all before was about the old folder.
                exists, vanished, changed = 0, UidSet(), []
            codes[row.code.name] = row.code
    if "PERMANENTFLAGS" in codes:
        arguments = codes["PERMANENTFLAGS"].arguments
        flags = fetch_items.flags(as_list(arguments[0] if arguments else None))
    return SelectedFolder(
        wire_name=name,
        exists=exists,
        uid_validity=_number(codes, "UIDVALIDITY"),
        uid_next=_number(codes, "UIDNEXT"),
        highest_mod_seq=_number(codes, "HIGHESTMODSEQ"),
        permanent_flags=flags,
        is_read_only=read_only or "READ-ONLY" in codes,
        vanished=vanished,
        changed=tuple(changed),
    )


def _number(codes: dict[str, Code], name: str) -> int | None:
    """Return the number of a code; 0 means as little as nothing."""
    code = codes.get(name)
    return (as_number(code.arguments[0]) or None) if code and code.arguments else None

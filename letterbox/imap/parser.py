"""Turn frames into responses; never raises, whatever the frame holds.

What is no IMAP becomes `Unreadable`, what Letterbox has no use for `Other`. The
connection decides what to make of either.
"""

import re
from collections.abc import Callable, Iterator

from letterbox.imap import fetch_items, tokens, utf7
from letterbox.imap.framing import Frame, Framer
from letterbox.imap.responses import (
    CapabilityList,
    Code,
    Continuation,
    Enabled,
    Exists,
    Expunged,
    FlagList,
    FolderListing,
    FolderStatus,
    Found,
    Identity,
    Kind,
    Namespace,
    Namespaces,
    Other,
    Recent,
    Response,
    StatusResponse,
    Unreadable,
    Vanished,
)
from letterbox.imap.tokens import Token, as_list, as_number, as_text
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import WireName

_SHOWN_BYTES = 200
_STATUS = re.compile(rb"(\S+) +(OK|NO|BAD|BYE|PREAUTH)(?: +|\Z)", re.IGNORECASE)
_UNTAGGED = re.compile(rb"\* +([^\s(\[]+) *")
_NUMBERED = re.compile(rb"\* +(\d{1,10}) +([A-Za-z]+) *")


def read_all(data: bytes) -> list[Response]:
    """Read complete responses from bytes; for tests and for looking at transcripts."""
    framer = Framer()
    framer.feed(data)
    return list(responses_in(framer))


def responses_in(framer: Framer) -> Iterator[Response]:
    """Yield the responses that the framer holds complete."""
    while (frame := framer.take()) is not None:
        yield parse(frame)


def parse(frame: Frame) -> Response:
    """Return what one frame says."""
    head = frame[0]
    if not isinstance(head, bytes):
        return Unreadable(b"")
    usual = fetch_items.read_usual(frame)
    if usual is not None:
        return usual
    if found := _NUMBERED.match(head):
        return _numbered(frame, int(found[1]), found[2].upper(), found.end())
    if head[:1] == b"+":
        return Continuation(as_text(head[1:].lstrip(b" ")))
    if found := _STATUS.match(head):
        return _status(head, found)
    if found := _UNTAGGED.match(head):
        name = as_text(found[1]).upper()
        read = _READERS.get(name)
        values = tokens.read(frame, found.end())
        if read is not None:
            response = read(values)
            if response is not None:
                return response
        return Other(name, tuple(values))
    if head[:1] == b"[":
        # Exchange forgets `* OK` before a code.
        code, words = _code(head)
        return StatusResponse(Kind.OK, words, code)
    return Unreadable(head[:_SHOWN_BYTES])


def _numbered(frame: Frame, number: int, name: bytes, place: int) -> Response:
    if name == b"FETCH":
        values = tokens.read(frame, place)
        return fetch_items.read(number, as_list(values[0] if values else None))
    if name == b"EXISTS":
        return Exists(number)
    if name == b"EXPUNGE":
        return Expunged(number)
    if name == b"RECENT":
        return Recent(number)
    return Other(as_text(name), tuple(tokens.read(frame, place)))


def _status(head: bytes, found: re.Match[bytes]) -> StatusResponse:
    tag = None if found[1] == b"*" else as_text(found[1])
    code, words = _code(head[found.end() :])
    return StatusResponse(Kind(as_text(found[2]).upper()), words, code, tag)


def _code(text: bytes) -> tuple[Code | None, str]:
    """Split `[CODE arguments] words`; a code that never ends is words."""
    if text[:1] != b"[":
        return None, as_text(text)
    end = text.find(b"]")
    parenthesis = text.find(b"(")
    if 0 < parenthesis < end:
        # A flag in PERMANENTFLAGS may hold a bracket.
        end = text.find(b"]", text.find(b")", parenthesis))
    if end < 0:
        return None, as_text(text)
    name, *arguments = tokens.read([text[1:end]]) or [""]
    code = Code(as_text(name).upper(), tuple(arguments))
    return code, as_text(text[end + 1 :].lstrip(b" "))


def _names(values: list[Token]) -> frozenset[str]:
    return frozenset(as_text(value).upper() for value in values) - {""}


def capabilities(values: list[Token]) -> CapabilityList:
    """Read the words of CAPABILITY, as a response or as a code."""
    return CapabilityList(_names(values))


def _enabled(values: list[Token]) -> Enabled:
    return Enabled(_names(values))


def _flags(values: list[Token]) -> FlagList:
    return FlagList(fetch_items.flags(as_list(values[0] if values else None)))


def _list(command: str) -> Callable[[list[Token]], Response | None]:
    def read(values: list[Token]) -> Response | None:
        if len(values) < 3 or not isinstance(values[0], list):
            return None
        wire_name = _wire_name(values[2])
        return FolderListing(
            wire_name=wire_name,
            name=utf7.decode(wire_name),
            # Some write "" for NIL: no hierarchy.
            delimiter=as_text(values[1]) or None,
            attributes=tuple(as_text(one) for one in values[0]),
            old_name=_old_name(values[3:]),
            command=command,
        )

    return read


def _old_name(extended: list[Token]) -> WireName | None:
    """Find the OLDNAME item (RFC 5465 section 5.4) of a LIST response."""
    items = as_list(extended[0] if extended else None)
    for key, value in zip(items[::2], items[1::2], strict=False):
        if as_text(key).upper() == "OLDNAME" and as_list(value):
            return _wire_name(as_list(value)[0])
    return None


def _wire_name(token: Token) -> WireName:
    name = "NIL" if token is None else as_text(token)
    # RFC 9051 section 5.1: INBOX is the one name whose case does not matter.
    if name.upper() == "INBOX":
        return utf7.INBOX
    return WireName(name)


def _folder_status(values: list[Token]) -> Response | None:
    if len(values) < 2 or not isinstance(values[-1], list):
        return None
    items = values[-1]
    said = {
        as_text(key).upper(): value
        for key, value in zip(items[::2], items[1::2], strict=False)
    }
    # Some servers leave a name with blanks unquoted.
    name = values[0] if len(values) == 2 else _joined(values[:-1])
    return FolderStatus(
        wire_name=_wire_name(name),
        messages=as_number(said.get("MESSAGES")),
        uid_next=as_number(said.get("UIDNEXT")) or None,
        uid_validity=as_number(said.get("UIDVALIDITY")) or None,
        unseen=as_number(said.get("UNSEEN")),
        highest_mod_seq=as_number(said.get("HIGHESTMODSEQ")) or None,
        size=as_number(said.get("SIZE")),
    )


def _joined(values: list[Token]) -> str:
    return " ".join(as_text(value) for value in values)


def _search(values: list[Token]) -> Response | None:
    mod_seq = None
    if values and isinstance(values[-1], list):
        items = as_list(values.pop())
        mod_seq = as_number(items[-1]) if items else None
    numbers = [as_number(value) for value in values]
    if None in numbers:
        return None
    uids = UidSet.of(number for number in numbers if number)
    return Found(uids, len(uids), mod_seq)


def _extended_search(values: list[Token]) -> Response | None:
    tag = None
    if values and isinstance(values[0], list):
        tag = as_text((as_list(values.pop(0)) or [None])[-1]) or None
    if values and as_text(values[0]).upper() == "UID":
        values.pop(0)
    said = {
        as_text(key).upper(): value
        for key, value in zip(values[::2], values[1::2], strict=False)
    }
    try:
        uids = UidSet.parse(as_text(said.get("ALL")))
    except ValueError:
        return None
    count = as_number(said.get("COUNT"))
    return Found(
        uids, len(uids) if count is None else count, as_number(said.get("MODSEQ")), tag
    )


def _vanished(values: list[Token]) -> Response | None:
    earlier = bool(values) and isinstance(values[0], list)
    if not values:
        return None
    try:
        return Vanished(UidSet.parse(as_text(values[-1])), earlier)
    except ValueError:
        return None


def _namespaces(values: list[Token]) -> Namespaces:
    kinds = [_namespaces_of_a_kind(value) for value in values[:3]]
    kinds += [()] * (3 - len(kinds))
    return Namespaces(*kinds)


def _namespaces_of_a_kind(token: Token) -> tuple[Namespace, ...]:
    return tuple(
        Namespace(WireName(as_text(row[0])), as_text(row[1]) or None)
        for row in as_list(token)
        if isinstance(row, list) and len(row) > 1
    )


def _identity(values: list[Token]) -> Identity:
    items = as_list(values[0] if values else None)
    return Identity(
        {
            as_text(key).lower(): as_text(value)
            for key, value in zip(items[::2], items[1::2], strict=False)
        }
    )


_READERS: dict[str, Callable[[list[Token]], Response | None]] = {
    "CAPABILITY": capabilities,
    "ENABLED": _enabled,
    "ESEARCH": _extended_search,
    "FLAGS": _flags,
    "ID": _identity,
    "LIST": _list("LIST"),
    "LSUB": _list("LSUB"),
    "NAMESPACE": _namespaces,
    "SEARCH": _search,
    "STATUS": _folder_status,
    "VANISHED": _vanished,
    "XLIST": _list("XLIST"),
}

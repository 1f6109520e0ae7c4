"""A letter without its weight: the header and what parts there are.

For letters over the size limit: people see what came, and fetch a part on demand.
A BODYSTRUCTURE that makes no sense (some servers send such) gives no parts.
"""

from collections.abc import Iterator

from letterbox.imap.connection import Connection
from letterbox.imap.errors import Refused
from letterbox.imap.framing import Spool
from letterbox.imap.responses import Fetched
from letterbox.imap.tokens import Token, as_list, as_number, as_text
from letterbox.imap.values import LetterOutline, PartOutline

_DEPTH = 50
_PARTS = 1_000


def outline(connection: Connection, uid: int) -> LetterOutline | None:
    """Return header and parts of a letter; None if there is no such letter."""
    structured = "(UID RFC822.SIZE BODY.PEEK[HEADER] BODYSTRUCTURE)"
    try:
        row = _one(connection, uid, structured)
    except Refused:
        # The structure is what servers stumble over.
        row = _one(connection, uid, "(UID RFC822.SIZE BODY.PEEK[HEADER])")
    if row is None:
        return None
    parts = list(_parts(row.others.get("BODYSTRUCTURE"), "", _DEPTH))
    return LetterOutline(
        uid=uid,
        size=row.size,
        header=_bytes(row.others.get("BODY[HEADER]")) or b"",
        parts=tuple(parts[:_PARTS]),
    )


def part(connection: Connection, uid: int, section: str) -> bytes | None:
    """Return one part as it is in the letter, still encoded; None if there is none.

    `section` is that of a `PartOutline`. Beyond the limit only the beginning comes.
    """
    if not all(number.isdigit() and number.isascii() for number in section.split(".")):
        raise ValueError(f"This is no section of a letter: {section!r}.")
    row = _one(connection, uid, f"(UID BODY.PEEK[{section}])")
    return _bytes(row.others.get(f"BODY[{section}]")) if row else None


def _one(connection: Connection, uid: int, items: str) -> Fetched | None:
    flight = connection.run("UID FETCH", str(uid), items, wanted=(Fetched,))
    rows = [row for row in flight.rows if isinstance(row, Fetched) and row.uid == uid]
    # Unasked flag updates may stand beside the answer.
    return max(rows, key=lambda row: len(row.others), default=None)


def _bytes(token: Token) -> bytes | None:
    if isinstance(token, Spool):
        return token.read()
    return token if isinstance(token, bytes) else None


def _parts(token: Token, section: str, depth: int) -> Iterator[PartOutline]:
    """Walk a BODYSTRUCTURE (RFC 9051 section 7.5.2) and yield its leaves."""
    body = as_list(token)
    if not body or depth == 0:
        return
    if isinstance(body[0], list):
        for number, child in enumerate(body, start=1):
            if not isinstance(child, list):
                return
            yield from _parts(child, f"{section}.{number}".lstrip("."), depth - 1)
        return
    fields = [*body, *[None] * 12]
    kind = f"{as_text(fields[0])}/{as_text(fields[1])}".lower()
    # What stands before the disposition depends on the kind.
    lines = {"text": 1, "message/rfc822": 3, "message/global": 3}
    extra = lines.get(kind, lines.get(kind.partition("/")[0], 0))
    disposition = as_list(fields[8 + extra])
    named = _parameters(disposition[1] if len(disposition) > 1 else None)
    parameters = _parameters(fields[2])
    yield PartOutline(
        section=section or "1",
        content_type=kind,
        encoding=as_text(fields[5]).lower(),
        size=as_number(fields[6]),
        name=named.get("filename") or parameters.get("name") or "",
    )


def _parameters(token: Token) -> dict[str, str]:
    items = as_list(token)
    return {
        as_text(key).lower(): as_text(value)
        for key, value in zip(items[::2], items[1::2], strict=False)
    }

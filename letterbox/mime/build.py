"""From a Draft to the bytes of a letter.

The bytes are frozen when an answer is queued and never change on the way. Bcc is never
written, and nothing a person or a letter supplies can add a header field.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from letterbox.mime import build_headers
from letterbox.mime.letter import Address, Letter

# What we mark automatic answers with, so that our own classifier knows them again.
AUTOMATIC_HEADER = "X-Letterbox-Automatic"

_LONGEST_LINE = 998
_WRAPPED = 78
_MOST_REFERENCES = 50
_OWNED = frozenset(
    {
        *("from", "sender", "reply-to", "to", "cc", "bcc", "resent-bcc", "subject"),
        *("date", "message-id", "in-reply-to", "references", "mime-version"),
    }
)
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,90}")


@dataclass(frozen=True, slots=True)
class DraftAttachment:
    """A file to send; with `content_id` and `is_inline` the HTML can show it."""

    filename: str
    content: bytes
    content_type: str = "application/octet-stream"
    content_id: str = ""
    is_inline: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be written; ids are without angle brackets, `date` is aware.

    `headers` are further fields, which may not be any that the other fields make.
    """

    from_: Address
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str = ""
    text: str = ""
    html: str = ""
    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    date: datetime | None = None
    attachments: tuple[DraftAttachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Piece:
    """One MIME entity: its Content- fields and its encoded body."""

    head: str
    body: bytes


def build_letter(draft: Draft) -> bytes:
    """The whole letter with CRLF line ends.

    Raises ValueError when an address, a header name or a content type cannot be
    written as such; texts of all kinds can.
    """
    content = _write_content(draft)
    head = "".join([*_write_fields(draft), "MIME-Version: 1.0\r\n", content.head])
    return head.encode("utf-8") + b"\r\n" + content.body


def recipients(draft: Draft) -> tuple[str, ...]:
    """Every address of the envelope, each once, Bcc among them."""
    everyone = [*draft.to, *draft.cc, *draft.bcc]
    emails = [build_headers.check_address(address).email for address in everyone]
    return tuple(dict.fromkeys(emails))


def reply_references(letter: Letter) -> tuple[str, ...]:
    """The References of an answer: the letter's whole chain and its own id.

    Of an endless chain the first id and the latest ones stay (RFC 5537, 3.4.4).
    """
    chain = letter.references or letter.in_reply_to[:1]
    own = (letter.message_id,) if letter.message_id else ()
    # An id that comes again counts where it stands last.
    latest_first = dict.fromkeys(reversed((*chain, *own)))
    ids = tuple(reversed(latest_first))
    if len(ids) > _MOST_REFERENCES:
        ids = (ids[0], *ids[1 - _MOST_REFERENCES :])
    return ids


def automatic_answer_headers(origin: str) -> tuple[tuple[str, str], ...]:
    """The fields that tell machines not to answer (RFC 3834, section 5).

    `origin` names what answered, such as `rule-7`; it stands in our own field.
    """
    return (
        ("Auto-Submitted", "auto-replied"),
        # Exchange and Outlook look at this one only.
        ("X-Auto-Response-Suppress", "All"),
        # "bulk" would do too, but sends the answer to the junk of some providers.
        ("Precedence", "auto_reply"),
        (AUTOMATIC_HEADER, origin),
    )


def _write_fields(draft: Draft) -> Iterable[str]:
    yield build_headers.write_addresses("From", [draft.from_])
    for name, addresses in (
        ("Reply-To", draft.reply_to),
        ("To", draft.to),
        ("Cc", draft.cc),
    ):
        if addresses:
            yield build_headers.write_addresses(name, addresses)
    if not draft.to and not draft.cc:
        # RFC 5322 needs no To, but some servers refuse letters without one.
        yield "To: undisclosed-recipients:;\r\n"
    yield build_headers.write_text("Subject", draft.subject)
    moment = draft.date or datetime.now(UTC)
    if moment.tzinfo is None:
        raise ValueError("The date of a letter needs a time zone.")
    yield f"Date: {format_datetime(moment)}\r\n"
    for name, ids in (
        ("Message-ID", [draft.message_id]),
        ("In-Reply-To", [draft.in_reply_to]),
        ("References", draft.references),
    ):
        yield build_headers.write_ids(name, ids)
    for name, value in draft.headers:
        if name.lower() in _OWNED or name.lower().startswith("content-"):
            raise ValueError(f"{name} is set by the draft itself, not as a header.")
        yield build_headers.write_text(name, value)


def _write_content(draft: Draft) -> _Piece:
    """The body as a tree: mixed of alternatives, the HTML related to its images."""
    inline = [each for each in draft.attachments if each.is_inline and draft.html]
    others = [each for each in draft.attachments if not (each.is_inline and draft.html)]
    content = _write_text("text/plain", draft.text)
    if draft.html:
        html = _write_text("text/html", draft.html)
        if inline:
            html = _multipart("related", [html, *map(_write_attachment, inline)])
        content = _multipart("alternative", [content, html]) if draft.text else html
    if others:
        content = _multipart("mixed", [content, *map(_write_attachment, others)])
    return content


def _write_text(content_type: str, text: str) -> _Piece:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = lines if lines.endswith("\n") else lines + "\n"
    data = lines.encode("utf-8", "replace").replace(b"\n", b"\r\n")
    head = build_headers.write_parameters(
        "Content-Type", content_type, {"charset": "utf-8"}
    )
    if _is_plain(data, longest=_WRAPPED * 2):
        return _Piece(head + _encoding("7bit"), data)
    quoted = _quoted_printable(data)
    if len(quoted) <= len(data) * 4 // 3 + 200:
        return _Piece(head + _encoding("quoted-printable"), quoted)
    return _Piece(head + _encoding("base64"), _base64(data))


def _write_attachment(attachment: DraftAttachment) -> _Piece:
    kind = attachment.content_type.lower()
    if not _TYPE.fullmatch(kind) or kind.startswith("multipart/"):
        raise ValueError(f"{kind!r} is not a type that an attachment can have.")
    data = attachment.content
    is_message = kind.startswith("message/")
    if is_message:
        data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if is_message and not _is_plain(data, longest=_LONGEST_LINE):
        # A message may not be encoded (RFC 2046, section 5.2.1), so it goes as a file.
        is_message, kind, data = False, "application/octet-stream", attachment.content
    head = build_headers.write_parameters("Content-Type", kind, {})
    disposition = "inline" if attachment.is_inline else "attachment"
    filename = {"filename": attachment.filename} if attachment.filename else {}
    head += build_headers.write_parameters("Content-Disposition", disposition, filename)
    head += build_headers.write_ids("Content-ID", [attachment.content_id])
    if is_message:
        return _Piece(head + _encoding("7bit"), data)
    return _Piece(head + _encoding("base64"), _base64(data))


def _multipart(kind: str, pieces: list[_Piece]) -> _Piece:
    bodies = [piece.body for piece in pieces]
    boundary = _choose_boundary(bodies)
    line = b"--" + boundary.encode()
    body = b"".join(
        line + b"\r\n" + piece.head.encode("utf-8") + b"\r\n" + piece.body + b"\r\n"
        for piece in pieces
    )
    head = build_headers.write_parameters(
        "Content-Type", f"multipart/{kind}", {"boundary": boundary}
    )
    return _Piece(head, body + line + b"--\r\n")


def _choose_boundary(bodies: list[bytes]) -> str:
    """A line that is in none of the bodies; the same draft gives the same bytes."""
    digest = hashlib.sha256()
    for body in bodies:
        digest.update(body)
    while True:
        # "=_" occurs in neither base64 nor quoted-printable (RFC 2045, section 6.7).
        boundary = f"=_{digest.hexdigest()[:32]}"
        if not any(boundary.encode() in body for body in bodies):
            return boundary
        digest.update(b"again")


def _is_plain(data: bytes, *, longest: int) -> bool:
    """Whether data with CRLF line ends may travel as it is."""
    if not data.isascii() or b"\0" in data:
        return False
    lines = data.split(b"\r\n")
    return not any(
        len(line) > longest or b"\r" in line or b"\n" in line or line[:5] == b"From "
        for line in lines
    )


def _quoted_printable(data: bytes) -> bytes:
    encoded = binascii.b2a_qp(data.replace(b"\r\n", b"\n"), istext=True)
    # A line that begins with "From " or "." is changed by some servers on the way.
    lines = encoded.split(b"\n")
    safe = [b"=46" + line[1:] if line.startswith(b"From ") else line for line in lines]
    return b"\r\n".join(safe)


def _base64(data: bytes) -> bytes:
    lines = [
        binascii.b2a_base64(data[start : start + 57], newline=False)
        for start in range(0, len(data), 57)
    ]
    return b"".join(line + b"\r\n" for line in lines)


def _encoding(name: str) -> str:
    return f"Content-Transfer-Encoding: {name}\r\n"

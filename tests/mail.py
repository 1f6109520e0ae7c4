"""Letters for tests, made as bytes; every letter has an id of its own unless told."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime
from itertools import count

CARLA = "Carla Customer <carla@customer.example>"
SUPPORT = "support@acme.example"

_numbers = count(1)


def mail(
    *,
    from_: str | bytes = CARLA,
    to: str | Iterable[str] = SUPPORT,
    cc: str | Iterable[str] = (),
    bcc: str | Iterable[str] = (),
    reply_to: str = "",
    subject: str | bytes | None = "The lamp is broken",
    text: str | bytes = "Hello,\n\nthe lamp you sent is broken.\n\nCarla\n",
    html: str = "",
    attachments: Sequence[tuple[str, str, bytes]] = (),
    headers: Iterable[tuple[str, str | bytes]] = (),
    message_id: str | None = None,
    in_reply_to: str = "",
    references: Sequence[str] = (),
    date: datetime | None = None,
    charset: str = "utf-8",
) -> bytes:
    """One letter with CRLF line ends; ids are written without angle brackets.

    Bytes stand as they are, for letters that break the rules; `message_id=""` and
    `subject=None` leave the field out. `attachments` are (filename, type, content).
    """
    if message_id is None:
        message_id = f"letter-{next(_numbers)}@customer.example"
    fields: list[tuple[str, str | bytes]] = [("From", from_)]
    for name, people in (("To", to), ("Cc", cc), ("Bcc", bcc)):
        people = people if isinstance(people, str) else ", ".join(people)
        if people:
            fields.append((name, people))
    if reply_to:
        fields.append(("Reply-To", reply_to))
    if subject is not None:
        fields.append(("Subject", subject))
    moment = date or datetime.now(UTC)
    fields.append(("Date", format_datetime(moment)))
    if message_id:
        fields.append(("Message-ID", f"<{message_id}>"))
    if in_reply_to:
        fields.append(("In-Reply-To", f"<{in_reply_to}>"))
    if references:
        fields.append(("References", " ".join(f"<{each}>" for each in references)))
    fields += [*headers, ("MIME-Version", "1.0")]
    head = b"".join(
        name.encode() + b": " + _value(value) + b"\r\n" for name, value in fields
    )
    return head + _content(text, html, attachments, charset)


def bounce(
    *,
    of: str,
    recipient: str,
    to: str = SUPPORT,
    status: str = "5.1.1",
    words: str = "550 5.1.1 no such user here",
) -> bytes:
    """A delivery report (RFC 3464) on the letter with this Message-ID."""
    boundary = "report"
    report = (
        "Reporting-MTA: dns; mx.customer.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\n"
        f"Action: {'failed' if status.startswith('5') else 'delayed'}\r\n"
        f"Status: {status}\r\nDiagnostic-Code: smtp; {words}\r\n"
    )
    parts = (
        ("text/plain", f"Your letter to {recipient} could not be delivered.\r\n"),
        ("message/delivery-status", report),
        ("text/rfc822-headers", f"To: {recipient}\r\nMessage-ID: <{of}>\r\n"),
    )
    body = "".join(
        f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n{content}\r\n"
        for kind, content in parts
    )
    head = (
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.customer.example\r\n"
        f"To: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        f"Date: {format_datetime(datetime.now(UTC))}\r\n"
        f"Message-ID: <bounce-{next(_numbers)}@mx.customer.example>\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; "
        f'boundary="{boundary}"\r\n\r\n'
    )
    return f"{head}{body}--{boundary}--\r\n".encode()


def _value(value: str | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    if value.isascii():
        return value.encode()
    name, angle, rest = value.rpartition("<")
    shown = name or rest if not angle else name
    encoded = Header(shown.strip(), "utf-8", maxlinelen=500).encode(linesep="\r\n")
    return f"{encoded} <{rest}".encode() if angle else encoded.encode()


def _content(
    text: str | bytes,
    html: str,
    attachments: Sequence[tuple[str, str, bytes]],
    charset: str,
) -> bytes:
    content = _part("text/plain", text, charset)
    if html:
        page = _part("text/html", html, charset)
        content = _multipart("alternative", [content, page])
    if attachments:
        files = [_file(*each) for each in attachments]
        content = _multipart("mixed", [content, *files])
    return content


def _part(kind: str, text: str | bytes, charset: str) -> bytes:
    data = text if isinstance(text, bytes) else text.encode(charset, "replace")
    lines = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    head = (
        f"Content-Type: {kind}; charset={charset}\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n"
    )
    return head.encode() + lines


def _file(filename: str, kind: str, content: bytes) -> bytes:
    head = (
        f'Content-Type: {kind}; name="{filename}"\r\n'
        f'Content-Disposition: attachment; filename="{filename}"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + base64.encodebytes(content).replace(b"\n", b"\r\n")


def _multipart(kind: str, parts: Sequence[bytes]) -> bytes:
    boundary = f"=_{kind}".encode()
    head = b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n' % (
        kind.encode(),
        boundary,
    )
    body = b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in parts)
    return b"%s%s--%s--\r\n" % (head, body, boundary)

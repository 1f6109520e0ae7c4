"""Keep the bytes of letters, and fill a Message from what was read in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict

import zstandard

from letterbox.mime import fold
from letterbox.mime.letter import Address, Letter
from letterbox.models import Message, RawLetter

PARSED_FIELDS = (
    "message_id",
    "sent_at",
    "subject",
    "from_email",
    "from_name",
    "recipients",
    "text",
    "new_text",
    "snippet",
    "has_html",
    "attachments",
)
# PostgreSQL refuses a tsvector over 1 MB; nobody searches for what comes after this.
TEXT_LENGTH = 500_000
NEW_TEXT_LENGTH = 100_000


def store(raw: bytes) -> RawLetter:
    """Keep the bytes once; equal bytes share a row."""
    return store_all([raw])[0]


def store_all(raws: Iterable[bytes]) -> list[RawLetter]:
    """Keep many letters with two statements; the rows come in the order given."""
    letters = [(hashlib.sha256(raw).digest(), raw) for raw in raws]
    compressor = zstandard.ZstdCompressor(level=3)
    digests = [digest for digest, _ in letters]
    known = _by_digest(digests)
    new = {
        digest: RawLetter(sha256=digest, size=len(raw), zstd=compressor.compress(raw))
        for digest, raw in letters
        if digest not in known
    }
    if new:
        # Another mailbox may be storing the same letter at this moment.
        RawLetter.objects.bulk_create(new.values(), ignore_conflicts=True)
        known |= _by_digest(list(new))
    return [known[digest] for digest in digests]


def _by_digest(digests: list[bytes]) -> dict[bytes, RawLetter]:
    rows = RawLetter.objects.filter(sha256__in=digests).defer("zstd")
    return {bytes(row.sha256): row for row in rows}


def fill(message: Message, letter: Letter) -> None:
    """Set the parsed columns of the message; the caller saves PARSED_FIELDS."""
    author = letter.author
    message.message_id = without_nul(letter.message_id)[:998]
    message.sent_at = letter.date
    message.subject = without_nul(letter.subject)
    message.from_email = without_nul(author.email)[:320]
    message.from_name = without_nul(author.name)
    message.recipients = {
        name: [[without_nul(each.name), without_nul(each.email)] for each in people]
        for name, people in (
            ("to", letter.to),
            ("cc", letter.cc),
            ("bcc", letter.bcc),
            ("reply_to", letter.reply_to),
        )
        if people
    }
    message.text = without_nul(letter.text)[:TEXT_LENGTH]
    message.new_text = fold.new_text(fold.fold(message.text))[:NEW_TEXT_LENGTH]
    message.snippet = " ".join((message.new_text or message.text)[:1000].split())[:250]
    message.has_html = bool(letter.html)
    message.attachments = [
        {
            name: without_nul(value) if isinstance(value, str) else value
            for name, value in asdict(attachment).items()
        }
        for attachment in letter.attachments
    ]


def recipients_of(message: Message, field: str) -> list[Address]:
    """The decoded addresses of one field: to, cc, bcc or reply_to."""
    return [
        Address(email=email, name=name)
        for name, email in message.recipients.get(field, [])
    ]


def without_nul(text: str) -> str:
    """The text as PostgreSQL can keep it: no NUL, no lone surrogates."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    return text.encode("utf-8", "replace").decode("utf-8")

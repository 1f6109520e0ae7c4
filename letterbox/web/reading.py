"""A letter made ready to be read: its HTML for the frame, or its text with quotes folded.

Inbound HTML is cleaned here on every view, from the raw bytes: a better cleaner
mends old letters too. Nothing is stored and nothing is fetched.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from letterbox.mime import attachments, clean, fold, parse
from letterbox.mime.fold import html as fold_html
from letterbox.mime.letter import Attachment, Letter
from letterbox.models import Message

# Pictures inside a letter are put into its page, so that the frame needs no cookie.
LARGEST_PICTURE_BYTES = 3_000_000
PICTURES_BYTES = 12_000_000
PICTURE_TYPES = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"}
)
# What a plain letter shows at once; the rest is a click away.
SHOWN = frozenset({fold.Kind.NEW, fold.Kind.SIGN_OFF, fold.Kind.FORWARD})
# Of a long source only so much is shown on a page; the file has all of it.
SOURCE_BYTES = 300_000


@dataclass(frozen=True, slots=True)
class Body:
    """HTML for the frame, and whether the letter has pictures it did not show."""

    html: str
    blocked_count: int


@dataclass(frozen=True, slots=True)
class Segment:
    """Some lines of a plain letter; what is quoted is folded, never cut."""

    text: str
    is_quoted: bool


def html_body(message: Message, *, proxy: Callable[[str], str] | None = None) -> Body:
    """The letter's HTML, harmless.

    `proxy` gives the address to load for a picture on another server; without it such
    pictures are left out.
    """
    raw = message.raw.content
    return letter_html(raw, parse.parse_letter(raw), proxy=proxy)


def letter_html(
    raw: bytes, letter: Letter, *, proxy: Callable[[str], str] | None = None
) -> Body:
    """The same for a letter that is no message of its own."""
    cleaned = clean.clean_html(
        letter.html,
        inline_images=dict(_pictures(raw, letter.attachments)),
        remote=clean.RemoteContent(proxy=proxy),
    )
    folded = fold_html.with_details(fold_html.fold_html(cleaned.html), summary="•••")
    return Body(folded, cleaned.blocked_count)


def segments(blocks: Iterable[fold.Block]) -> list[Segment]:
    """The text in order, in parts that are new and parts that are quoted."""
    neighbours = groupby(blocks, key=lambda block: block.kind not in SHOWN)
    return [
        Segment("".join(block.text for block in blocks).strip("\r\n"), is_quoted)
        for is_quoted, blocks in neighbours
    ]


def source(message: Message) -> str:
    """The beginning of the raw letter as text, whatever its bytes are."""
    return message.raw.beginning[:SOURCE_BYTES].decode("utf-8", "replace")


def attachment_of(message: Message, index: int) -> Attachment | None:
    """The description of one attachment by its place in the list."""
    if not 0 <= index < len(message.attachments):
        return None
    return Attachment(**message.attachments[index])


def content_of(message: Message, attachment: Attachment) -> bytes:
    """The decoded bytes of an attachment."""
    return attachments.read_attachment(message.raw.content, attachment)


def nested(message: Message, index: int) -> tuple[bytes, Letter] | None:
    """The letter that is attached at this place, if one is."""
    described = attachment_of(message, index)
    if described is None or described.content_type != "message/rfc822":
        return None
    raw = content_of(message, described)
    return raw, parse.parse_letter(raw)


def _pictures(raw: bytes, found: tuple[Attachment, ...]) -> Iterator[tuple[str, str]]:
    """Content-ID → data address, of the pictures small enough to be put in place."""
    left = PICTURES_BYTES
    for attachment in found:
        if not attachment.content_id or attachment.content_type not in PICTURE_TYPES:
            continue
        content = attachments.read_attachment(raw, attachment)
        if len(content) > min(left, LARGEST_PICTURE_BYTES):
            continue
        left -= len(content)
        data = base64.b64encode(content).decode("ascii")
        yield (
            attachment.content_id.strip("<>"),
            f"data:{attachment.content_type};base64,{data}",
        )

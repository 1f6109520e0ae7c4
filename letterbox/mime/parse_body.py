"""Which entities of a letter are its text, its HTML, its attachments, its reports.

Follows RFC 8621, section 4.1.4, in spirit: the last alternative with HTML for those
who see HTML, the plain one for the others, and every other leaf is an attachment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import escape
from urllib.parse import quote

from letterbox.mime import charsets, flowed, transfer
from letterbox.mime.letter import Attachment, Part
from letterbox.mime.parse_tree import Entity

MAX_TEXT_BYTES = 8 * 1024 * 1024
MAX_REPORT_BYTES = 256 * 1024

_BODY_TYPES = frozenset({"text/plain", "text/html", "text/enriched", "text/richtext"})
_REPORT_TYPES = frozenset(
    {
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/global-disposition-notification",
        "message/feedback-report",
        "message/rfc822",
        "message/global",
        "message/rfc822-headers",
        "text/rfc822-headers",
        "message/global-headers",
        "text/calendar",
    }
)
_SIGNATURES = frozenset(
    {
        "application/pgp-signature",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
    }
)
_CMS_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_OPENLY_SIGNED = frozenset({"signed-data", "certs-only"})
_META_CHARSET = re.compile(rb"charset[ \t]?=[ \t]?[\"']?([\w.:-]{1,60})", re.I)
_META_BYTES = 2048


def text_from_html(html: str) -> str:
    """Text of a page, until the real one is there."""
    try:
        from letterbox.mime.text import text_from_html as convert  # noqa: PLC0415
    except ImportError:
        return re.sub("<[^<>]*>", "", html)
    return convert(html)


@dataclass(slots=True)
class Body:
    """What the body of a letter says, gathered while walking over its entities."""

    text: str = ""
    html: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    is_signed: bool = False
    is_encrypted: bool = False
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Views:
    """The leaves that are shown, to those who read plain text and those with HTML."""

    plain: list[Entity] = field(default_factory=list)
    rich: list[Entity] = field(default_factory=list)


def read_body(raw: bytes, root: Entity) -> Body:
    """Read everything a letter says besides its header fields."""
    return _BodyReader(raw, _hint_of(root)).read(root)


def decode_leaf(raw: bytes, entity: Entity, *, hint: str = "") -> charsets.Decoded:
    """The text of a leaf, without its transfer encoding, its lines ended by LF."""
    data = raw[entity.start : min(entity.end, entity.start + MAX_TEXT_BYTES)]
    data = transfer.decode_transfer(data, entity.transfer_encoding)
    declared = entity.parameters.get("charset", "")
    if not declared and entity.content_type == "text/html":
        declared = _charset_of_html(data)
    decoded = charsets.decode(data, declared, hint=hint)
    text = decoded.text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        # No screen shows NUL and PostgreSQL does not store it.
        text = text.replace("\0", "")
    problem = decoded.problem
    if entity.end - entity.start > MAX_TEXT_BYTES:
        problem = f"Only the first {MAX_TEXT_BYTES} bytes of a text are read."
    return charsets.Decoded(text, decoded.charset, problem)


class _BodyReader:
    """One walk over the entities of one letter."""

    def __init__(self, raw: bytes, hint: str) -> None:
        self.raw = raw
        self.hint = hint
        self.body = Body()
        self.texts: dict[int, str] = {}

    def read(self, root: Entity) -> Body:
        body = self.body
        views = self._walk(root, parent=None, position=0)
        rich = [self._text(leaf) for leaf in views.rich]
        has_html = any(leaf.content_type == "text/html" for leaf in views.rich)
        if has_html:
            body.html = "\n".join(
                text if leaf.content_type == "text/html" else _as_html(text)
                for leaf, text in zip(views.rich, rich, strict=True)
            )
        body.text = _join(self._plain_text(leaf) for leaf in views.plain)
        if has_html and not body.text.strip():
            body.text = text_from_html(body.html)
        self._mark_inline()
        self._look_for_pgp(body.text)
        return body

    def _walk(self, entity: Entity, parent: Entity | None, position: int) -> _Views:
        """The views of an entity; everything that is in none becomes an attachment."""
        kind = entity.content_type
        if kind.startswith("multipart/"):
            self.body.is_signed |= kind == "multipart/signed"
            self.body.is_encrypted |= kind == "multipart/encrypted"
            if not entity.children:
                return self._read_uncut(entity)
            all_views = [
                self._walk(child, entity, index)
                for index, child in enumerate(entity.children)
            ]
            if kind == "multipart/alternative":
                return self._choose(all_views)
            return _Views(
                [leaf for views in all_views for leaf in views.plain],
                [leaf for views in all_views for leaf in views.rich],
            )
        if _is_body(entity, parent, position):
            return _Views([entity], [entity])
        self._take_leaf(entity)
        return _Views()

    def _read_uncut(self, entity: Entity) -> _Views:
        """A multipart whose boundary never comes: its body is shown as it stands."""
        if not self.raw[entity.start : entity.end].strip():
            return _Views()
        self.body.problems.append("A multipart has no parts; it is read as text.")
        return _Views([entity], [entity])

    def _choose(self, all_views: list[_Views]) -> _Views:
        """Of alternatives: the first plain one that says something, the last rich."""
        chosen = _Views()
        for views in all_views:
            says_something = any(
                leaf.content_type != "text/html" and self._text(leaf).strip()
                for leaf in views.plain
            )
            if says_something:
                chosen.plain = views.plain
                break
        for views in reversed(all_views):
            if any(leaf.content_type == "text/html" for leaf in views.rich):
                chosen.rich = views.rich
                break
        chosen.plain = chosen.plain or chosen.rich
        chosen.rich = chosen.rich or chosen.plain
        return chosen

    def _take_leaf(self, entity: Entity) -> None:
        kind = entity.content_type
        if kind in _REPORT_TYPES:
            self.body.parts.append(self._as_part(entity))
        self.body.is_signed |= kind in _SIGNATURES
        if kind in _CMS_TYPES:
            is_signed = entity.parameters.get("smime-type") in _OPENLY_SIGNED
            self.body.is_signed |= is_signed
            self.body.is_encrypted |= not is_signed
        self.body.attachments.append(describe(self.raw, entity))

    def _as_part(self, entity: Entity) -> Part:
        end = min(entity.end, entity.start + MAX_REPORT_BYTES)
        data = self.raw[entity.start : end]
        data = transfer.decode_transfer(data, entity.transfer_encoding)
        declared = entity.parameters.get("charset", "")
        text = charsets.decode(data, declared, hint=self.hint).text
        text = text.replace("\r\n", "\n").replace("\0", "")
        return Part(entity.content_type, dict(entity.parameters), text)

    def _text(self, leaf: Entity) -> str:
        """The text of a leaf, decoded once however often it is asked for."""
        if id(leaf) not in self.texts:
            decoded = decode_leaf(self.raw, leaf, hint=self.hint)
            if decoded.problem:
                self.body.problems.append(decoded.problem)
            text = decoded.text
            if leaf.parameters.get("format", "").lower() == "flowed":
                delete_space = leaf.parameters.get("delsp", "").lower() == "yes"
                text = flowed.unflow(text, delete_space=delete_space)
            elif leaf.content_type in ("text/enriched", "text/richtext"):
                text = _without_tags(text)
            self.texts[id(leaf)] = text
        return self.texts[id(leaf)]

    def _plain_text(self, leaf: Entity) -> str:
        text = self._text(leaf)
        return text_from_html(text) if leaf.content_type == "text/html" else text

    def _mark_inline(self) -> None:
        """Mark the attachments that the HTML shows by their Content-ID (RFC 2392)."""
        html = self.body.html
        if "cid:" not in html:
            return
        for index, attachment in enumerate(self.body.attachments):
            content_id = attachment.content_id
            names = {content_id, quote(content_id), quote(content_id, safe="@")}
            if content_id and any(f"cid:{name}" in html for name in names):
                self.body.attachments[index] = replace(attachment, is_inline=True)

    def _look_for_pgp(self, text: str) -> None:
        if "-----BEGIN PGP " not in text:
            return
        self.body.is_encrypted |= "-----BEGIN PGP MESSAGE-----" in text
        self.body.is_signed |= "-----BEGIN PGP SIGNED MESSAGE-----" in text


def describe(raw: bytes, entity: Entity) -> Attachment:
    """A leaf as an attachment: where it is, and what it claims to be."""
    name = entity.disposition.parameters.get("filename", "")
    name = name or entity.parameters.get("name", "")
    encoding = entity.transfer_encoding
    return Attachment(
        filename=" ".join(name.replace("\0", "").split()),
        content_type=entity.content_type,
        size=transfer.decoded_size(raw, entity.start, entity.end, encoding),
        start=entity.start,
        end=entity.end,
        transfer_encoding=encoding if transfer.is_encoded(encoding) else "",
        content_id=entity.header.first.get("content-id", "").strip().strip("<>"),
    )


def _is_body(entity: Entity, parent: Entity | None, position: int) -> bool:
    if entity.content_type not in _BODY_TYPES:
        return False
    if entity.disposition.value == "attachment":
        return False
    has_name = "filename" in entity.disposition.parameters or (
        "name" in entity.parameters
    )
    if parent is None or position == 0:
        return True
    return not has_name and parent.content_type != "multipart/related"


def _hint_of(root: Entity) -> str:
    """The charset of the first encoded word, which the body is likely to share."""
    for name in ("subject", "from", "to"):
        _, found, rest = root.header.first.get(name, "").partition("=?")
        if found:
            return charsets.find_codec(rest[:60].partition("?")[0].partition("*")[0])
    return ""


def _charset_of_html(data: bytes) -> str:
    """The charset that a `<meta>` of the page names, within its first bytes."""
    match = _META_CHARSET.search(data[:_META_BYTES])
    return match.group(1).decode("ascii", "replace") if match else ""


def _as_html(text: str) -> str:
    return f'<div style="white-space: pre-wrap">{escape(text)}</div>'


def _join(texts: Iterator[str]) -> str:
    pieces = [text for text in texts if text]
    return "\n".join(text.rstrip("\n") for text in pieces[:-1]) + (
        "\n" + pieces[-1] if len(pieces) > 1 else "".join(pieces)
    )


def _without_tags(text: str) -> str:
    """Text of RFC 1896 without its commands; `<<` stands for one bracket."""
    first, *others = text.replace("<<", "\0").split("<")
    stripped = first + "".join(piece.partition(">")[2] for piece in others)
    return stripped.replace("\0", "<")

"""Which entities of a letter are its text, its HTML, its attachments, its reports.

Follows RFC 8621, section 4.1.4, in spirit: the last alternative with HTML for those
who see HTML, the plain ones for the others, and every other leaf is an attachment.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from html import escape
from urllib.parse import quote

from letterbox.mime.letter import Attachment, Part
from letterbox.mime.parse import charsets, tnef
from letterbox.mime.parse import leaf as parse_leaf
from letterbox.mime.parse import tree as parse_tree
from letterbox.mime.parse.leaf import Shown
from letterbox.mime.parse.tree import Entity
from letterbox.mime.text import text_from_html

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
# A signature in a signature in a signature is played, not written.
_MOST_ENVELOPES = 3


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
    """What is shown to those who read plain text, and to those who see HTML."""

    plain: list[Shown] = field(default_factory=list)
    rich: list[Shown] = field(default_factory=list)


def read_body(raw: bytes, root: Entity, *, envelopes: int = 0) -> Body:
    """Read everything a letter says besides its header fields.

    `envelopes` counts the opaque signatures that this letter was taken out of.
    """
    return _BodyReader(raw, _hint_of(root), envelopes).read(root)


class _BodyReader:
    """One walk over the entities of one letter."""

    def __init__(self, raw: bytes, hint: str, envelopes: int) -> None:
        self.raw = raw
        self.hint = hint
        self.envelopes = envelopes
        self.body = Body()
        self.package = tnef.Package()

    def read(self, root: Entity) -> Body:
        body = self.body
        views = self._walk(root, parent=None, position=0)
        if any(shown.is_html for shown in views.rich):
            body.html = "\n".join(
                shown.text if shown.is_html else _as_html(shown.text)
                for shown in views.rich
            )
        body.text = _join(
            text_from_html(shown.text) if shown.is_html else shown.text
            for shown in views.plain
        )
        is_packed = self.package.text or self.package.html
        if is_packed and not body.text.strip() and not body.html.strip():
            body.text, body.html = self.package.text, self.package.html
        if body.html and not body.text.strip():
            body.text = text_from_html(body.html)
        self._mark_inline()
        self._look_for_pgp()
        return body

    def _walk(self, entity: Entity, parent: Entity | None, position: int) -> _Views:
        """The views of an entity; everything that is in none becomes an attachment."""
        kind = entity.content_type
        if not kind.startswith("multipart/"):
            return self._read_leaf(entity, parent, position)
        self.body.is_signed |= kind == "multipart/signed"
        self.body.is_encrypted |= kind == "multipart/encrypted"
        if not entity.children:
            return self._read_uncut(entity)
        all_views = [
            self._walk(child, entity, index)
            for index, child in enumerate(entity.children)
        ]
        if kind == "multipart/alternative":
            return _choose(all_views)
        return _Views(
            [shown for views in all_views for shown in views.plain],
            [shown for views in all_views for shown in views.rich],
        )

    def _read_uncut(self, entity: Entity) -> _Views:
        """A multipart whose boundary never comes: its body is shown as it stands."""
        if not self.raw[entity.start : entity.end].strip():
            return _Views()
        self.body.problems.append("A multipart has no parts; it is read as text.")
        return self._show(entity)

    def _read_leaf(self, entity: Entity, parent: Entity | None, at: int) -> _Views:
        kind = entity.content_type
        if _is_body(entity, parent, at):
            return self._show(entity)
        if kind in _CMS_TYPES:
            return self._read_envelope(entity)
        self.body.is_signed |= kind in _SIGNATURES
        if kind in _REPORT_TYPES:
            part = parse_leaf.read_report(self.raw, entity, hint=self.hint)
            self.body.parts.append(part)
        if tnef.is_package(kind, parse_leaf.filename_of(entity)):
            package, files = parse_leaf.read_package(self.raw, entity)
            self.package.text = self.package.text or package.text
            self.package.html = self.package.html or package.html
            if files:
                self.body.attachments += files
                return _Views()
        self.body.attachments.append(parse_leaf.describe(self.raw, entity))
        return _Views()

    def _show(self, entity: Entity) -> _Views:
        leaf = parse_leaf.read_text(self.raw, entity, hint=self.hint)
        self.body.attachments += leaf.files
        if leaf.problem:
            self.body.problems.append(leaf.problem)
        return _Views([leaf.shown], [leaf.shown])

    def _read_envelope(self, entity: Entity) -> _Views:
        """S/MIME in one part: signed ones are read, encrypted ones are told of."""
        content = b""
        if self.envelopes < _MOST_ENVELOPES:
            content = parse_leaf.read_signed(self.raw, entity)
        is_signed = (
            bool(content) or entity.parameters.get("smime-type") == "signed-data"
        )
        is_bare = entity.parameters.get("smime-type") == "certs-only"
        self.body.is_signed |= is_signed
        self.body.is_encrypted |= not (is_signed or is_bare)
        if not content:
            self.body.attachments.append(parse_leaf.describe(self.raw, entity))
            return _Views()
        inner = read_enveloped(content, envelopes=self.envelopes + 1)
        self.body.attachments += [
            parse_leaf.describe_signed(entity, one, index)
            for index, one in enumerate(inner.attachments)
        ]
        self.body.parts += inner.parts
        self.body.problems += inner.problems
        self.body.is_encrypted |= inner.is_encrypted
        plain = [Shown(inner.text)] if inner.text else []
        rich = [Shown(inner.html, "text/html")] if inner.html else plain
        return _Views(plain, rich)

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

    def _look_for_pgp(self) -> None:
        text = self.body.text
        if "-----BEGIN PGP " in text:
            self.body.is_encrypted |= "-----BEGIN PGP MESSAGE-----" in text
            self.body.is_signed |= "-----BEGIN PGP SIGNED MESSAGE-----" in text


def read_enveloped(content: bytes, *, envelopes: int) -> Body:
    """The body of a MIME entity that was taken out of an opaque signature."""
    content = parse_tree.with_line_feeds(content)
    return read_body(
        content, parse_tree.split_letter(content).root, envelopes=envelopes
    )


def _choose(all_views: list[_Views]) -> _Views:
    """Of alternatives: all that is written plainly, and the last rich one.

    Two plain alternatives are a broken mixed more often than two charsets, so only one
    that repeats another is left out.
    """
    chosen = _Views()
    said: set[str] = set()
    for views in all_views:
        texts = [
            shown.text.strip()
            for shown in views.plain
            if shown.content_type == "text/plain"
        ]
        if any(text and text not in said for text in texts):
            chosen.plain += views.plain
            said.update(texts)
    for views in reversed(all_views):
        if any(shown.is_html for shown in views.rich):
            chosen.rich = views.rich
            break
    if not chosen.plain and not chosen.rich:
        # Neither plain text nor HTML: text/enriched, or nothing at all.
        chosen = max(all_views, key=lambda views: len(views.plain))
    chosen.plain = chosen.plain or chosen.rich
    chosen.rich = chosen.rich or chosen.plain
    return chosen


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
        _, found, rest = root.header.first(name).partition("=?")
        if found:
            return charsets.find_codec(rest[:60].partition("?")[0].partition("*")[0])
    return ""


def _as_html(text: str) -> str:
    return f'<div style="white-space: pre-wrap">{escape(text)}</div>'


def _join(texts: Iterable[str]) -> str:
    """Texts one after the other, each beginning on a line of its own."""
    pieces = [text for text in texts if text]
    ended = [text if text.endswith("\n") else f"{text}\n" for text in pieces[:-1]]
    return "".join([*ended, *pieces[-1:]])

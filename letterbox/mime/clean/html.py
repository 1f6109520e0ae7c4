"""Hostile HTML → harmless HTML that still looks like the letter.

What comes out runs nothing, submits nothing, names nothing on the page around it, and
loads nothing but pictures of the letter itself and, on the reader's wish, pictures
through a proxy of ours. It stays so however often it is parsed and written again:
html5ever (in nh3) builds the tree as browsers do, and elements that change how their
content is parsed (script, style, svg, math, template, noscript) never come out; the
one style sheet that does is written by `css`.
Show it in a sandboxed frame all the same: two locks are better than one.
"""

from __future__ import annotations

import html as html_module
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import unquote

import nh3

from letterbox.mime import markup, text
from letterbox.mime.clean import css as clean_css

# One see-through pixel, shown in place of a picture that was not loaded.
BLOCKED_IMAGE = (
    "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
)


@dataclass(frozen=True, slots=True)
class RemoteContent:
    """What becomes of pictures that stand on other people's servers.

    `proxy` takes the http or https address and gives the one a browser may load: the
    reader wished to see the pictures. Without it they stay blocked.
    """

    proxy: Callable[[str], str] | None = None
    placeholder: str = BLOCKED_IMAGE


BLOCKED = RemoteContent()


@dataclass(frozen=True, slots=True)
class CleanHtml:
    """A fragment to put into a page, and how many remote pictures it left out."""

    html: str
    blocked_count: int = 0


def clean_html(
    html: str,
    *,
    inline_images: Mapping[str, str] = MappingProxyType({}),
    remote: RemoteContent = BLOCKED,
) -> CleanHtml:
    """Make a letter's HTML harmless; never raises, linear in its length.

    `inline_images` gives the address of a part by its Content-ID without angle
    brackets (RFC 2392). HTML so tangled that parsing it would not end in time is
    shown as its text.
    """
    pictures = _Pictures(inline_images, remote)
    source = markup.read(html)
    if markup.is_costly(source.markup):
        return CleanHtml(_as_paragraphs(text.text_from_html(html)))
    body = _cleaner(pictures).clean(
        _BODY.sub(f'<div class="{_BODY_CLASS}"', source.markup, count=1)
    )
    sheet = "".join(
        clean_css.clean_sheet(sheet, pictures.address) for sheet in source.style_sheets
    )
    style = f"<style>{sheet}</style>" if sheet else ""
    return CleanHtml(
        f'{style}<div class="{clean_css.ROOT}">{body}</div>', pictures.blocked_count
    )


_BODY = re.compile(r"<body(?=[ \t\n\r\f/>])", re.IGNORECASE)
_BODY_CLASS = "page"

_TAGS = set(
    markup.words(
        "a abbr acronym address article aside b bdi bdo big blockquote br caption "
        "center cite code col colgroup dd del details dfn dir div dl dt em figcaption "
        "figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark "
        "nav ol p pre q rp rt ruby s samp section small span strike strong sub "
        "summary sup table tbody td tfoot th thead time tr tt u ul var wbr"
    )
)
# Dropped with what they hold: none of it is words of the letter.
_DROPPED_WHOLE = set(
    markup.words(
        "script style title iframe noembed noframes template svg audio video canvas "
        "applet"
    )
)
_ATTRIBUTES = {
    "*": set(
        markup.words(
            "abbr align alt background bgcolor border cellpadding cellspacing class "
            "clear color colspan compact datetime dir face height href hspace id lang "
            "name noshade nowrap reversed rowspan scope size span src start style "
            "summary title type valign value vspace width"
        )
    )
}
# Schemes are decided by `_link` and `_Pictures`, which see the address unwrapped.
_SCHEMES = set(markup.words("http https mailto tel cid data"))

_LINK = re.compile(r"(?:https?://|mailto:|tel:)[^\x00-\x20]", re.IGNORECASE)
_INLINE_IMAGE = re.compile(
    r"data:image/(?:png|gif|jpe?g|webp|bmp|avif|x-icon)[;,]", re.IGNORECASE
)
# A browser takes these out of an address before it reads it (WHATWG URL, 4.4).
_NOT_IN_ADDRESS = dict.fromkeys((*range(0x20), 0x7F))


@dataclass(slots=True)
class _Pictures:
    """Where the pictures of one letter are loaded from, and which were not."""

    inline: Mapping[str, str]
    remote: RemoteContent
    blocked: set[str] = field(default_factory=set)

    @property
    def blocked_count(self) -> int:
        return len(self.blocked)

    def address(self, written: str) -> str:
        """The address to load for the one written, '' for none."""
        address = written.translate(_NOT_IN_ADDRESS).strip()
        scheme = address[:5].lower()
        if scheme.startswith("cid:"):
            name = unquote(address[4:])
            return self.inline.get(name) or self.inline.get(address[4:], "")
        if scheme == "data:":
            return address if _INLINE_IMAGE.match(address) else ""
        if address.startswith(("//", "\\\\")):
            address = f"https://{address[2:]}"
        if not address.lower().startswith(("http://", "https://")):
            # RFC 2557: a part may be named by its Content-Location.
            return self.inline.get(address, "")
        if self.remote.proxy:
            return self.remote.proxy(address)
        self.blocked.add(address)
        return ""


def _cleaner(pictures: _Pictures) -> nh3.Cleaner:
    def decide(tag: str, name: str, value: str) -> str | None:
        if name == "style":
            return clean_css.clean_style(value, pictures.address) or None
        if name in {"class", "id"}:
            return clean_css.prefixed(value) or None
        if name == "href":
            return _link(value) if tag == "a" else None
        if name == "src":
            if tag != "img":
                return None
            return pictures.address(value) or pictures.remote.placeholder
        if name == "background":
            return pictures.address(value) or None
        if name == "name":
            return clean_css.prefixed(value) if tag == "a" else None
        return value

    return nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=_DROPPED_WHOLE,
        attributes=_ATTRIBUTES,
        attribute_filter=decide,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _link(written: str) -> str | None:
    address = written.translate(_NOT_IN_ADDRESS).strip()
    if address.startswith("#"):
        return f"#{clean_css.PREFIX}{address[1:]}"
    if address.startswith("//"):
        address = f"https:{address}"
    return address if _LINK.match(address) else None


def _as_paragraphs(words: str) -> str:
    lines = html_module.escape(words).replace("\n", "<br>")
    return f'<div class="{clean_css.ROOT}">{lines}</div>'

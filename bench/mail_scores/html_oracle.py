"""What in a piece of HTML could still act: the judge over `letterbox.mime.clean`.

It shares no code and no parser with the cleaner: Python's own HTMLParser and libxml2
read the markup, each its own way, and what either of them finds counts. Judged after
WHATWG URL stripping and after undoing CSS escapes and comments.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from lxml import etree
from lxml import html as lxml_html

SCRIPT_CAPABLE = frozenset(
    {
        *("script", "iframe", "frame", "frameset", "object", "embed", "applet"),
        *("base", "meta", "link", "template", "noscript", "noembed", "noframes"),
        *("svg", "math", "foreignobject", "annotation-xml", "handler", "listener"),
        *("animate", "animatetransform", "animatemotion", "set", "use", "xml"),
        *("bgsound", "layer", "ilayer", "xss"),
    }
)
# A policy of mail programs rather than a danger: nothing to fill in.
FORMS = frozenset(
    {"form", "input", "button", "textarea", "select", "option", "isindex"}
)

_URL_NOISE = re.compile(r"[\t\n\r]")
_CSS_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})[ \t\n\r\f]?|\\(.)", re.DOTALL)
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_CSS_ACTIVE = re.compile(
    r"expression\(|behaviou?r:|-moz-binding|@import|"
    r"position:(?:fixed|absolute|sticky)|javascript:|vbscript:|data:text"
)
_IMAGE_DATA = re.compile(r"data:image/", re.IGNORECASE)
_ACTIVE_SCHEME = re.compile(
    r"(?:javascript|vbscript|livescript|mocha|view-source|jar|feed|about|blob|file):",
    re.IGNORECASE,
)

_UNSEEN = frozenset({"script", "style", "title", "template", "iframe", "noframes"})
# Where a tag does not part two words.
_INLINE = frozenset(
    {
        *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "dfn"),
        *("em", "font", "i", "ins", "del", "kbd", "mark", "nobr", "q", "s", "samp"),
        *("small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr"),
    }
)

Element = tuple[str, tuple[tuple[str, str], ...]]


def violations(markup: str) -> set[str]:
    """Name everything active in HTML as written and after two more parsings."""
    found = _read_once(markup)
    again = markup
    for _ in range(2):
        again = _serialise(again)
        found |= {f"mutated {item}" for item in _read_once(again)}
    return found


def forms(markup: str) -> int:
    """Count the elements to fill in or press."""
    return sum(name in FORMS for name, _ in _Reader(markup).elements)


def _read_once(markup: str) -> set[str]:
    found: set[str] = set()
    reader = _Reader(markup)
    for name, attributes in (*reader.elements, *_libxml_elements(markup)):
        local = name.rpartition(":")[2]
        if local in SCRIPT_CAPABLE:
            found.add(f"element {local}")
        for key, value in attributes:
            found |= _judge_attribute(local, key.lower(), value)
    for sheet in (*reader.sheets, *_libxml_sheets(markup)):
        if _is_active_css(sheet):
            found.add("css sheet")
    return found


def _judge_attribute(element: str, key: str, value: str) -> set[str]:
    if key.startswith("on"):
        return {f"handler {key}"}
    if key in {"srcdoc", "formaction", "srcset", "ping", "http-equiv"}:
        return {f"attribute {key}"}
    if key == "style":
        return {"css attribute"} if _is_active_css(value) else set()
    address = _URL_NOISE.sub("", value).lstrip(
        "".join(map(chr, range(0x21))) + "\x7f\xa0"
    )
    if _ACTIVE_SCHEME.match(address):
        # Words in a title or an alt are no address.
        return set() if key in {"title", "alt"} else {f"url {key}"}
    is_data = address[:5].lower() == "data:"
    if is_data and not (_IMAGE_DATA.match(address) and element == "img"):
        return set() if key in {"title", "alt"} else {f"data {element} {key}"}
    return set()


def _is_active_css(css: str) -> bool:
    def plain(match: re.Match[str]) -> str:
        if not match[1]:
            return match[2]
        code = int(match[1], 16)
        return chr(code) if code < 0x110000 else "\ufffd"

    for text in (css, _CSS_COMMENT.sub("", css)):
        flat = re.sub(r"\s|\x00", "", _CSS_ESCAPE.sub(plain, text)).lower()
        if _CSS_ACTIVE.search(flat):
            return True
    return False


class _Reader(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.sheets: list[str] = []
        self._in_style = False
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple((key, value or "") for key, value in attrs)))
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.sheets.append(data)


def _libxml_tree(markup: str) -> etree._Element | None:
    clean = markup.replace("\x00", "\ufffd")
    if not clean.strip():
        return None
    try:
        return lxml_html.document_fromstring(
            clean.encode("utf-8", "replace"), parser=_utf8()
        )
    except etree.ParserError:
        # Nothing but comments: no element at all.
        return None


def _utf8() -> lxml_html.HTMLParser:
    return lxml_html.HTMLParser(encoding="utf-8")


def _libxml_elements(markup: str) -> list[Element]:
    tree = _libxml_tree(markup)
    if tree is None:
        return []
    return [
        (node.tag.lower(), tuple((str(k), str(v)) for k, v in node.attrib.items()))
        for node in tree.iter()
        if isinstance(node.tag, str)
    ]


def _libxml_sheets(markup: str) -> list[str]:
    tree = _libxml_tree(markup)
    return [] if tree is None else [node.text or "" for node in tree.iter("style")]


def _serialise(markup: str) -> str:
    tree = _libxml_tree(markup)
    return "" if tree is None else str(lxml_html.tostring(tree, encoding="unicode"))


def visible_words(markup: str) -> list[str]:
    """List the words a reader sees, by libxml2: no head, script, style or comment."""
    tree = _libxml_tree(markup)
    if tree is None:
        return []
    pieces: list[str] = []
    hidden = 0
    for event, node in etree.iterwalk(tree, events=("start", "end", "comment", "pi")):
        tag = node.tag if isinstance(node.tag, str) else ""
        if event == "start":
            hidden += tag in _UNSEEN
            text = node.text
        else:
            hidden -= tag in _UNSEEN
            text = node.tail
        if tag and tag not in _INLINE:
            pieces.append(" ")
        if text and not hidden:
            pieces.append(text)
    return "".join(pieces).split()

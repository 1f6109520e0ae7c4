"""What HTML source is made of, read in linear time: tags, text, and what nobody sees.

`clean` and `text` both start here. The tag pattern follows the tokenizer of the HTML
standard (section 13.2.5) exactly, so that what is counted here is what a browser
counts. Nothing here decides what is harmless.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from itertools import islice

# A letter longer than this many characters is cut before anything reads it.
LONGEST_SOURCE = 4_000_000

# What one parse may cost; the letters of people and shops stay far below.
DEEPEST = 400
MOST_ATTRIBUTES = 400
MOST_REPEATED_FORMATS = 300_000
# Below these no source can cost more than some hundredths of a second.
FEW_TAGS = 400
SHORT_SOURCE = 64_000


def words(text: str) -> frozenset[str]:
    """Write a set of names as the words of one text."""
    return frozenset(text.split())


_SPACE = r"[ \t\n\r\f]"
_ATTRIBUTE = (
    r"[ \t\n\r\f/]++"
    r"|[^ \t\n\r\f/>][^ \t\n\r\f/>=]*+"
    rf"(?:{_SPACE}*+={_SPACE}*+"
    r"""(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^ \t\n\r\f>]*+))?+"""
)
# Groups: the slash of an end tag, the name, the attributes as written. Every part is
# possessive: no character is looked at twice.
TAG = re.compile(
    rf"<(/?)([a-zA-Z][^ \t\n\r\f/>]*+)((?:{_ATTRIBUTE})*+)(?:>|\Z)", re.DOTALL
)
_ATTRIBUTE_PATTERN = re.compile(_ATTRIBUTE, re.DOTALL)

_RAW = "script|style|title|iframe|noembed|noframes|template|textarea|xmp"
_UNSEEN = re.compile(
    # A comment, closed as browsers close it or running to the end.
    r"<!--(?:-?>|[^-]*+(?:-(?!-!?>)[^-]*+)*+(?:--!?>|\Z))"
    # Doctype, CDATA, processing instruction, end tag without a name.
    r"|<(?:[!?]|/(?![a-zA-Z]))[^>]*+(?:>|\Z)"
    # Elements whose content is text to the parser, with that text.
    rf"|<({_RAW})(?=[ \t\n\r\f/>])(?:{_ATTRIBUTE})*+(?:>|\Z)"
    r"([^<]*+(?:<(?!/\1(?=[ \t\n\r\f/>]))[^<]*+)*+)"
    rf"(?:</\1(?:{_ATTRIBUTE})*+(?:>|\Z)|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_LEFT_OVER = re.compile(rf"<(?:[!?]|(?:{_RAW}|plaintext)[ \t\n\r\f/>])", re.IGNORECASE)

# Elements that a parser opens again in every block until somebody closes them
# (HTML standard, 13.2.4.3): the one way to make few bytes into many nodes.
_FORMATS = words("a b big code em font i nobr s small strike strong tt u")
# Elements without an end, or that end by themselves where the next one starts.
_SELF_ENDING = words(
    "area base basefont bgsound br col embed frame hr img input keygen link meta "
    "param source track wbr p li td th tr dd dt option optgroup rb rp rt rtc "
    "tbody thead tfoot colgroup caption html head body"
)


@dataclass(frozen=True, slots=True)
class Source:
    """HTML without what nobody sees, and the style sheets that stood in it."""

    markup: str
    style_sheets: tuple[str, ...] = ()


def read(source: str) -> Source:
    """Take comments, scripts, titles, frames and style sheets out of HTML."""
    sheets: list[str] = []

    def replace(match: re.Match[str]) -> str:
        name = (match[1] or "").lower()
        if name == "style":
            sheets.append(match[2])
        elif name in {"textarea", "xmp"}:
            shown = html.escape(match[2]) if name == "xmp" else match[2]
            return f"<pre>{shown.replace('<', '&lt;')}</pre>"
        return ""

    source = source[:LONGEST_SOURCE]
    if not source.isascii():
        # Half of a pair (a lone surrogate) is no character; no parser takes it.
        source = source.encode("utf-8", "replace").decode("utf-8")
    markup = _UNSEEN.sub(replace, source)
    return Source(markup, tuple(sheets))


def is_costly(markup: str) -> bool:
    """Whether parsing what `read` left would take more than linear time or memory.

    Parsers look through all open elements at every tag, compare every attribute
    with every other of its tag, and repeat open formats in every block.
    """
    if markup.count("<") <= FEW_TAGS and len(markup) <= SHORT_SOURCE:
        return False
    if _LEFT_OVER.search(markup):
        # Pieces that became a comment or a script when others were taken out:
        # tags could hide in there, so the count below would be wrong.
        return True
    depth = formats = repeated = 0
    for match in TAG.finditer(markup):
        slash, name, attributes = match.groups()
        name = name.lower()
        if len(attributes) > MOST_ATTRIBUTES and _has_many(attributes):
            return True
        if name in _SELF_ENDING:
            repeated += formats
        else:
            step = -1 if slash else 1
            depth = max(0, depth + step)
            if name in _FORMATS:
                formats = max(0, formats + step)
            else:
                repeated += formats
        if depth > DEEPEST or repeated > MOST_REPEATED_FORMATS:
            return True
    return False


def unescape(text: str) -> str:
    """Resolve character references, whatever number a sender wrote."""
    if "&" not in text:
        return text
    try:
        return html.unescape(text)
    except ValueError:
        # `&#` with thousands of digits: Python refuses to read such a number.
        return html.unescape(re.sub(r"&#[0-9]{8,}+;?", "\ufffd", text))


def _has_many(attributes: str) -> bool:
    # Every attribute may come with one run of space, which matches as well.
    most = 2 * MOST_ATTRIBUTES
    found = islice(_ATTRIBUTE_PATTERN.finditer(attributes), most + 1)
    return sum(1 for _ in found) > most

"""Cut the style sheets and style attributes of letters down to what only looks.

What comes out sets colours, fonts, sizes, borders and the flow of boxes. It cannot lay
a box over another part of the page, run anything, or load anything but the pictures
that the caller's `fetch` allows. Names of classes and ids get a prefix, and every
selector starts inside the letter, so a letter never styles the page around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import islice

from letterbox.mime.markup import words

# Takes the address of a picture; gives the one to load, or "" to load nothing.
Fetch = Callable[[str], str]

# Put before the classes, ids and names of a letter.
PREFIX = "letter-"
# The class of the element around the whole letter; `body` in its sheets means this.
ROOT = "letter-body"

LONGEST_STYLE = 20_000
LONGEST_SHEET = 400_000
MOST_PIECES = 20_000

_PROPERTIES = words(
    "color opacity background background-color background-image background-position "
    "background-repeat background-size font font-family font-size font-style "
    "font-variant font-weight font-stretch line-height letter-spacing word-spacing "
    "text-align text-align-last text-decoration text-decoration-color "
    "text-decoration-line text-decoration-style text-indent text-overflow "
    "text-transform white-space word-break word-wrap overflow-wrap hyphens "
    "vertical-align direction unicode-bidi width min-width max-width height "
    "min-height max-height box-sizing margin margin-top margin-right margin-bottom "
    "margin-left padding padding-top padding-right padding-bottom padding-left "
    "border border-top border-right border-bottom border-left border-color "
    "border-style border-width border-top-color border-top-style border-top-width "
    "border-right-color border-right-style border-right-width border-bottom-color "
    "border-bottom-style border-bottom-width border-left-color border-left-style "
    "border-left-width border-radius border-top-left-radius "
    "border-top-right-radius border-bottom-left-radius border-bottom-right-radius "
    "border-collapse border-spacing caption-side empty-cells table-layout display "
    "visibility float clear overflow overflow-x overflow-y list-style "
    "list-style-type list-style-position list-style-image object-fit page-break-after "
    "page-break-before page-break-inside"
)
_PICTURES = words("background background-image list-style list-style-image")
_FUNCTIONS = words("rgb rgba hsl hsla calc url")

_COMMENT = re.compile(r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z)")
_STRING = r"""(?:"[^"\n]*+"|'[^'\n]*+')"""
_BRACKETS = rf"""\((?:[^"'()]++|{_STRING}|["']|\([^"'()]*+\))*+(?:\)|\Z)"""
# One declaration up to its semicolon, which may stand in quotes and in brackets.
_DECLARATION = re.compile(rf"""(?:[^;"'(]++|{_BRACKETS}|{_STRING}|["'])++""")
# Letters of any script for the names of fonts; no backslash (a name written with
# escapes is no name we know), no angle or curly brackets, no @, no semicolon.
_HARMLESS = re.compile(r"""[\w \t\r\n#%.,()'"+\-*/!\u00a0-\U0010ffff]*+""")
_FUNCTION = re.compile(r"([\w-]*+)[ \t\r\n]*+\(")
_URL = re.compile(
    r"""url\([ \t\r\n]*+(?:"([^"\n]*+)"|'([^'\n]*+)'|([^"')( \t\r\n]*+))[ \t\r\n]*+\)""",
    re.IGNORECASE,
)
# What may stand in an address inside quotes without ending them.
_BREAKS_OUT = re.compile(r"""["'\\()<>\x00-\x20\x7f]""")

# A sheet is a row of these; every character belongs to one, looked at twice at most.
_PIECE = re.compile(
    # A rule: selectors, then declarations up to the closing bracket.
    rf"""([^{{}};@]*+)\{{((?:[^{{}}"']++|{_STRING}|["'])*+)\}}?"""
    # The start of a group of rules for some screens.
    r"""|@media[ \t\r\n]++([\w \t\r\n:(),.\-]++)\{"""
    # Any other at-rule, with its block.
    r"""|@[^{};]*+(?:;|\{(?:[^{}]++|\{[^{}]*+\})*+\}?|\Z)"""
    # The end of a group, then whatever is none of these.
    r"""|(\})|[^{};@]++|[;@]""",
    re.IGNORECASE,
)
_SELECTOR = re.compile(
    r"(?:[.#]?[a-zA-Z_][\w-]*+|\*"
    r"|:(?:hover|link|visited|active|focus|first-child|last-child)\b"
    r"|:nth-child\([\w +-]*+\)|[ \t\r\n>+~]++)++",
    re.IGNORECASE,
)
_NAME = re.compile(r"([.#])([a-zA-Z_][\w-]*+)")
# `body`, `html`, `html > body.wide`: all of them mean the letter as a whole.
_ROOT_NAMES = re.compile(
    r"(?:html|body)(?![\w-])(?:[.#][\w-]++)*+"
    r"(?:[ \t\r\n>]++body(?![\w-])(?:[.#][\w-]++)*+)?+",
    re.IGNORECASE,
)


def clean_style(style: str, fetch: Fetch) -> str:
    """Keep the harmless declarations of one style attribute."""
    if "url" in style.lower():
        return _declarations(style, fetch)
    return _cached_declarations(style)


def clean_sheet(sheet: str, fetch: Fetch) -> str:
    """Keep the harmless rules of one style sheet, each bound to the letter.

    The result holds no `<`, so it cannot end the element it is put into. Fonts,
    imports and animations are dropped: they load or move what a letter need not.
    """
    sheet = _COMMENT.sub(" ", sheet[:LONGEST_SHEET])
    sheet = sheet.replace("<!--", " ").replace("-->", " ")
    return "".join(_rules(sheet, fetch))


def prefixed(names: str) -> str:
    """Put the prefix before every class, id or name in a list of them."""
    return " ".join(PREFIX + name for name in names.split())


@lru_cache(maxsize=2048)
def _cached_declarations(style: str) -> str:
    # Letters repeat the same few styles in hundreds of cells.
    return _declarations(style, _load_nothing)


def _load_nothing(_address: str) -> str:
    return ""


def _declarations(style: str, fetch: Fetch) -> str:
    if "/*" in style:
        style = _COMMENT.sub(" ", style)
    kept = []
    for match in _DECLARATION.finditer(style[:LONGEST_STYLE]):
        name, _, value = match[0].partition(":")
        name = name.strip().lower()
        if name in _PROPERTIES and (value := _value(name, value.strip(), fetch)):
            kept.append(f"{name}:{value}")
    return ";".join(kept)


def _value(name: str, value: str, fetch: Fetch) -> str:
    """Give the value back when it is harmless, with its pictures fetched; else ''."""
    addresses: list[str] = []
    if name in _PICTURES and "url" in value.lower():
        value = _URL.sub(lambda found: _take_out(found, addresses), value)
    if not _HARMLESS.fullmatch(value) or _is_unbalanced(value):
        return ""
    for function in _FUNCTION.findall(value):
        # A bracket without a name, or behind a minus, groups inside calc().
        if function.strip("-") and function.lower() not in _FUNCTIONS:
            return ""
    if "url" in value.lower() and value.lower().count("url(") != len(addresses):
        return ""
    for address in addresses:
        loaded = fetch(address)
        shown = "none" if not loaded or _BREAKS_OUT.search(loaded) else ""
        value = value.replace("url()", shown or f'url("{loaded}")', 1)
    return value


def _take_out(found: re.Match[str], addresses: list[str]) -> str:
    addresses.append((found[1] or found[2] or found[3] or "").strip())
    return "url()"


def _is_unbalanced(value: str) -> bool:
    return (
        value.count('"') % 2 == 1
        or value.count("'") % 2 == 1
        or value.count("(") != value.count(")")
    )


def _rules(sheet: str, fetch: Fetch) -> list[str]:
    kept: list[str] = []
    open_groups = 0
    for piece in islice(_PIECE.finditer(sheet), MOST_PIECES):
        selectors, declarations, media, end = piece.groups()
        if declarations is not None:
            kept.append(_rule(selectors, declarations, fetch))
        elif media:
            kept.append(f"@media {media.strip()}{{")
            open_groups += 1
        elif end and open_groups:
            kept.append("}")
            open_groups -= 1
    return [*kept, "}" * open_groups]


def _rule(selectors: str, declarations: str, fetch: Fetch) -> str:
    bound = ",".join(filter(None, map(_bind, selectors.split(","))))
    kept = _declarations(declarations, fetch) if bound else ""
    return f"{bound}{{{kept}}}" if kept else ""


def _bind(selector: str) -> str:
    """Make a selector mean only things inside the letter; '' when it is not plain."""
    selector = selector.strip()
    if not selector or not _SELECTOR.fullmatch(selector):
        return ""
    root = _ROOT_NAMES.match(selector)
    rest = selector[root.end() :] if root else f" {selector}"
    return f".{ROOT}" + _NAME.sub(rf"\g<1>{PREFIX}\g<2>", rest)

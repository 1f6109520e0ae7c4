"""The words of an HTML letter as plain text, in the order and lines a reader sees.

It is what search, rules, quote folding and notices read. It goes over the tags once and
builds no tree, so its time and memory grow with the letter and nothing else. It does
not lay out columns: a table's cells stand side by side, its rows below one another.
"""

from __future__ import annotations

import re

from letterbox.mime import markup

LONGEST_TEXT = 2_000_000
DEEPEST_QUOTE = 20
_NO_BLANK = 1 << 30

_SPACES = re.compile(r"[ \t\n\r\f]+")
_BLANK_LINES = re.compile(r"\n{3,}")

# Start and end on a line of their own.
_BLOCKS = markup.words(
    "address article aside body center dd details dialog dir div dt fieldset "
    "figcaption figure footer form header hr legend li main menu nav option "
    "section summary tbody tfoot thead tr caption"
)
# As blocks, with an empty line around them.
_PARAGRAPHS = markup.words("blockquote dl h1 h2 h3 h4 h5 h6 ol p pre table ul")
# How mail programs mark a blockquote that quotes; others only indent with it.
_QUOTES = re.compile(
    r"""type\s*=\s*["']?cite|class\s*=[^>]*quote|cite\s*=|border-left""", re.IGNORECASE
)


def text_from_html(html: str) -> str:
    """Read the visible words of HTML, one line a block, quotes behind `> `.

    Never raises; longer than LONGEST_TEXT characters is cut.
    """
    source = markup.read(html).markup
    page = _Page()
    position = 0
    for match in markup.TAG.finditer(source):
        start = match.start()
        if start > position:
            page.write(source[position:start])
        position = match.end()
        page.meet(match[2].lower(), match[3], is_end=bool(match[1]))
    page.write(source[position:])
    return page.text()


class _Page:
    """The lines written so far and the state that the next tag or word meets."""

    __slots__ = (
        "_blank",
        "_depth",
        "_length",
        "_line",
        "_lines",
        "_lists",
        "_pre",
        "_quotes",
    )

    def __init__(self) -> None:
        self._lines: list[str] = []
        # The line being written, in pieces: adding to one string would copy it
        # again for every word.
        self._line: list[str] = []
        self._length = 0
        # How deep in quotes the empty line is that the next words wait for.
        self._blank = _NO_BLANK
        self._pre = 0
        # For every open blockquote, whether it quotes; and how many of them do.
        self._quotes: list[bool] = []
        self._depth = 0
        # For every open list, the next number; None where it has bullets.
        self._lists: list[int | None] = []

    def write(self, text: str) -> None:
        if self._length > LONGEST_TEXT:
            return
        text = markup.unescape(text)
        if self._pre:
            first, *others = text.replace("\r\n", "\n").split("\n")
            self._line.append(first)
            for other in others:
                self._break()
                self._line.append(other)
            return
        text = _SPACES.sub(" ", text).replace("\xa0", " ")
        if not self._line or self._line[-1].endswith(" "):
            text = text.removeprefix(" ")
        if text:
            self._line.append(text)

    def meet(self, name: str, attributes: str, *, is_end: bool) -> None:
        if name == "br":
            self._break()
        elif name in _BLOCKS:
            self._end_line()
            if name == "li" and not is_end:
                self._start_item()
        elif name in _PARAGRAPHS:
            self._end_line()
            before = self._depth
            self._nest(name, attributes, is_end=is_end)
            # The empty line around a quote belongs to the text outside of it.
            self._blank = min(before, self._depth, self._blank)
        elif name in {"td", "th"} and not is_end and self._line:
            self._line.append("  ")

    def text(self) -> str:
        self._end_line()
        text = "\n".join(self._lines).strip("\n")
        return _BLANK_LINES.sub("\n\n", text)[:LONGEST_TEXT]

    def _nest(self, name: str, attributes: str, *, is_end: bool) -> None:
        if name == "pre":
            self._pre = max(0, self._pre + (-1 if is_end else 1))
        elif name == "blockquote":
            if not is_end:
                is_quote = bool(_QUOTES.search(attributes))
                self._quotes.append(is_quote)
                self._depth += is_quote
            elif self._quotes:
                self._depth -= self._quotes.pop()
        elif name in {"ol", "ul"}:
            if not is_end:
                self._lists.append(1 if name == "ol" else None)
            elif self._lists:
                self._lists.pop()

    def _start_item(self) -> None:
        number = self._lists[-1] if self._lists else None
        if number is None:
            self._line.append("* ")
        else:
            self._line.append(f"{number}. ")
            self._lists[-1] = number + 1

    def _end_line(self) -> None:
        if any(piece.strip() for piece in self._line):
            self._break()
        else:
            self._line.clear()

    def _break(self) -> None:
        if self._blank != _NO_BLANK:
            if self._lines:
                self._put("", depth=self._blank)
            self._blank = _NO_BLANK
        self._put("".join(self._line).rstrip(), depth=self._depth)
        self._line.clear()

    def _put(self, line: str, *, depth: int) -> None:
        if depth:
            line = f"{'> ' * min(depth, DEEPEST_QUOTE)}{line}".rstrip()
        self._lines.append(line)
        self._length += len(line) + 1

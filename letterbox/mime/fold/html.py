"""Fold the HTML of a letter: find the elements that mail programs quote in.

Reads HTML that `clean` has written, so that tags are balanced and attributes quoted.
A closed block is whole elements and may be wrapped, for example in `<details>`; the
blocks joined are the HTML again. Nothing is parsed into a tree and nothing is cut.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator
from dataclasses import dataclass

from letterbox.mime.clean import css as clean_css
from letterbox.mime.fold import lines as fold_lines
from letterbox.mime.fold.blocks import Block, Kind

# Class and id names; a prefix such as Outlook's `x_` or Hotmail's `ecx` may precede.
_CONTAINERS = frozenset(
    {
        "gmail_quote", "gmail_quote_container", "yahoo_quoted", "protonmail_quote",
        "tutanota_quote", "zmail_extra", "mailru-blockquote", "bloop_original_html",
        "front-blockquote", "mail-editor-reference-message-container",
        "ms-outlook-mobile-reference-message", "aolmail_quote", "cafe_quote",
        "messagereplysection", "isreplycontent", "qt", "hmquote", "replybody",
        "ydpquote", "wikiquote-mail", "clean_bq", "mozquote", "freebirdformviewerquote",
        "quoted-text", "quotedtext", "quote_container", "moz-forward-container",
    }
)  # fmt: skip
_FORWARDS = frozenset({"moz-forward-container"})
# From such an element on, everything in its parent is quoted.
_MARKERS = frozenset(
    {
        "divrplyfwdmsg", "appendonsend", "outlookmessageheader", "stopspelling",
        "zwchr", "yahoo-quoted-begin", "replysplit", "msg-header-from",
    }
)  # fmt: skip
# What announces the quote that follows.
_INTRODUCTIONS = frozenset({"moz-cite-prefix", "reply-intro", "gmail_attr"})
_VOID = frozenset({"br", "hr", "img", "wbr", "col", "area", "input"})
_BLOCKS = frozenset(
    {"div", "p", "blockquote", "table", "ul", "ol", "pre", "section", "tr", "td", "li"}
)
# A piece of a table cannot be wrapped.
_UNWRAPPABLE = frozenset({"table", "tbody", "thead", "tfoot", "tr", "ul", "ol", "dl"})
_NAME = re.compile(r'\b(?:class|id|name)="([^"]*)"')
_TAG = re.compile(r"<[^<>]*>")
_BREAK = re.compile(r"<(?:br|/p|/div|/tr)[^<>]*>")
_OURS = clean_css.PREFIX
_PREFIXES = ("x_", "ecx", "ydp", "m_")
_STYLE = re.compile(r"<style>[^<]*</style>")
_MOST_CHARACTERS = 4_000
_FEWEST_LABELS = 3


@dataclass(slots=True)
class _Element:
    """An element not yet closed, and what was seen in it."""

    tag: str
    start: int
    is_container: bool = False
    is_marker: bool = False
    kind: Kind = Kind.QUOTE
    has_words: bool = False
    has_blocks: bool = False
    # The child closed last when it announces a quote, else -1.
    introduction: int = -1
    # Where everything up to the end of this element begins to be quoted, else -1.
    quoted_from: int = -1


def fold_html(cleaned: str) -> tuple[Block, ...]:
    """Divide cleaned HTML into open and closed blocks; QUOTE and FORWARD are closed."""
    ranges = _Reader(cleaned).read()
    blocks: list[Block] = []
    position = 0
    for start, end, kind in ranges:
        if start > position:
            blocks.append(Block(Kind.NEW, cleaned[position:start]))
        blocks.append(Block(kind, cleaned[start:end]))
        position = end
    if position < len(cleaned):
        blocks.append(Block(Kind.NEW, cleaned[position:]))
    if any(
        _has_words(_STYLE.sub("", one.text)) for one in blocks if one.kind is Kind.NEW
    ):
        return tuple(blocks)
    # A letter of nothing but a quote is shown as it is.
    return (Block(Kind.NEW, cleaned),) if cleaned else ()


def with_details(blocks: tuple[Block, ...], *, summary: str) -> str:
    """The HTML again, each quote in a `<details>` under the summary (text).

    What was forwarded is new to whoever gets it, and stays open.
    """
    label = entities.escape(summary)
    opening = f'<details class="folded"><summary>{label}</summary>'
    return "".join(
        block.text
        if block.kind is not Kind.QUOTE
        else f"{opening}{block.text}</details>"
        for block in blocks
    )


class _Reader:
    """One pass over the tags."""

    def __init__(self, cleaned: str) -> None:
        self.html = cleaned
        self.stack = [_Element("", 0)]
        self.found: list[tuple[int, int, Kind]] = []

    def read(self) -> list[tuple[int, int, Kind]]:
        """The outermost closed ranges in order."""
        after = 0
        for start, end in _tags(self.html):
            if start > after and not self.html[after:start].isspace():
                self._see_words(self.html[after:start])
            self._see_tag(start, end)
            after = end
        self._see_words(self.html[after:])
        while self.stack:
            self._close(self.stack.pop(), len(self.html), len(self.html))
        return _outermost(self.found)

    def _see_words(self, text: str) -> None:
        if self.stack[-1].tag != "style" and _has_words(text):
            self.stack[-1].has_words = True
            self.stack[-1].introduction = -1

    def _see_tag(self, start: int, end: int) -> None:
        source = self.html[start:end]
        if source.startswith("</"):
            self._see_end(source[2:-1].strip().lower(), start, end)
            return
        tag = source[1:-1].partition(" ")[0].rstrip("/").lower()
        element = _Element(tag, start)
        names = _names(source)
        if names:
            element.is_marker = not names.isdisjoint(_MARKERS)
            element.is_container = not names.isdisjoint(_CONTAINERS)
            if not names.isdisjoint(_FORWARDS):
                element.kind = Kind.FORWARD
        if tag == "blockquote" and not element.is_container:
            is_cited = 'type="cite"' in source or self.stack[-1].introduction >= 0
            element.is_container = is_cited
        if tag in _BLOCKS:
            self.stack[-1].has_blocks = True
        if tag in _VOID:
            if element.is_marker:
                self._begin_quote(start)
            return
        if element.is_marker:
            self._begin_quote(start)
        self.stack.append(element)

    def _see_end(self, tag: str, start: int, end: int) -> None:
        if len(self.stack) > 1 and self.stack[-1].tag == tag:
            self._close(self.stack.pop(), start, end)

    def _close(self, element: _Element, inner_end: int, end: int) -> None:
        if element.quoted_from >= 0 and element.tag not in _UNWRAPPABLE:
            self.found.append((element.quoted_from, inner_end, element.kind))
        if not self.stack:
            return
        parent = self.stack[-1]
        if element.is_container:
            start = element.start
            if parent.introduction >= 0:
                start = parent.introduction
            self.found.append((start, end, self._kind(element, end)))
            parent.introduction = -1
            return
        is_leaf = element.tag in ("div", "p", "span", "td", "font", "b", "cite")
        if is_leaf and not element.has_blocks and element.has_words:
            self._judge_leaf(element, end)
        elif parent.introduction < 0 and element.introduction >= 0:
            # `<div><p>Anna wrote:</p></div><blockquote>`
            parent.introduction = element.introduction if not element.has_words else -1
        parent.has_words = parent.has_words or element.has_words

    def _judge_leaf(self, element: _Element, end: int) -> None:
        """Find the words that announce a quote in an element of words only."""
        parent = self.stack[-1]
        source = self.html[element.start : end]
        if len(source) > _MOST_CHARACTERS:
            parent.introduction = -1
            return
        lines = [line for line in _lines(source) if line]
        joined = " ".join(lines)
        if not joined:
            return
        if _count_labels(lines) >= _FEWEST_LABELS:
            self._begin_quote(element.start)
        elif fold_lines.is_attribution(joined) or not _names(
            source.partition(">")[0]
        ).isdisjoint(_INTRODUCTIONS):
            parent.introduction = element.start
        elif fold_lines.separator(joined) == "original":
            self._begin_quote(element.start)
        else:
            parent.introduction = -1

    def _begin_quote(self, start: int) -> None:
        """Close from here to the end of the parent, which may itself be only that."""
        for element in reversed(self.stack):
            if element.has_words or element.start == 0:
                if element.quoted_from < 0:
                    element.quoted_from = start
                return
            start = element.start

    def _kind(self, element: _Element, end: int) -> Kind:
        lines = _lines(self.html[element.start : min(end, element.start + 1_000)])
        first = next((line for line in lines if line), "")
        if fold_lines.separator(first) == "forwarded":
            return Kind.FORWARD
        return element.kind


def _tags(source: str) -> Iterator[tuple[int, int]]:
    """Start and end of every tag; a `>` within quotes does not end one."""
    position = 0
    while (start := source.find("<", position)) >= 0:
        end = start + 1
        while True:
            close = source.find(">", end)
            if close < 0:
                return
            if source.count('"', end, close) % 2 == 0:
                break
            quote = source.find('"', close)
            if quote < 0:
                return
            end = quote + 1
        yield start, close + 1
        position = close + 1


def _names(tag: str) -> set[str]:
    """The class, id and name of a tag in lower case, without programs' prefixes."""
    if "=" not in tag:
        return set()
    names = {
        name for found in _NAME.findall(tag) for name in found.lower().split()[:20]
    }
    # The prefix of `clean` goes first, so that those of programs are found below it.
    for prefix in (_OURS, *_PREFIXES):
        names |= {name[len(prefix) :] for name in names if name.startswith(prefix)}
    return names


def _lines(source: str) -> list[str]:
    text = entities.unescape(_TAG.sub("", _BREAK.sub("\n", source)))
    return [" ".join(line.split()) for line in text.split("\n")]


def _count_labels(lines: list[str]) -> int:
    labels = [fold_lines.header_label(line) for line in lines[:8]]
    if not labels or labels[0] not in ("from", "sent", "date", "to"):
        return 0
    return len({label for label in labels if label})


def _has_words(source: str) -> bool:
    text = _TAG.sub("", source) if "<" in source else source
    return bool(text) and bool(entities.unescape(text).strip(" \t\r\n\u00a0\u200b"))


def _outermost(found: list[tuple[int, int, Kind]]) -> list[tuple[int, int, Kind]]:
    """The ranges that lie in no other, in order."""
    ordered = sorted(found, key=lambda one: (one[0], -one[1]))
    kept: list[tuple[int, int, Kind]] = []
    for one in ordered:
        if one[1] > one[0] and (not kept or one[0] >= kept[-1][1]):
            kept.append(one)
    return kept

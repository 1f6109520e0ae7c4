"""Folding cleaned HTML: whole elements closed, words open, nothing lost."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox.mime.clean import clean_html
from letterbox.mime.fold import Kind
from letterbox.mime.fold.html import fold_html, with_details

QUOTE = "Shall we send it on Thursday?"
HEADER = "<b>From:</b> Anna &lt;a@b.example&gt;<br><b>Sent:</b> Monday<br><b>To:</b> C"


def fold(html: str) -> tuple[str, str]:
    """The open words and the closed words, after cleaning."""
    blocks = fold_html(clean_html(html).html)
    closed = [one.text for one in blocks if one.kind is not Kind.NEW]
    return _words("".join(one.text for one in blocks if one.kind is Kind.NEW)), _words(
        "".join(closed)
    )


class _Words(HTMLParser):
    """Collects the text between the tags."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def _words(html: str) -> str:
    parser = _Words()
    parser.feed(html)
    return " ".join(" ".join(parser.found).split())


@pytest.mark.parametrize(
    "html",
    [
        f'<div>Yes.</div><div class="gmail_quote"><div class="gmail_attr">On Mon, Anna '
        f"wrote:</div><blockquote>{QUOTE}</blockquote></div>",
        f'<p>Yes.</p><div class="moz-cite-prefix">Am 02.03.2026 um 12:30 schrieb Anna:'
        f'</div><blockquote type="cite"><p>{QUOTE}</p></blockquote>',
        f"<div>Yes.</div><div>On 2 Mar 2026, at 12:30, Anna &lt;a@b.example&gt; wrote:"
        f"</div><blockquote><div>{QUOTE}</div></blockquote>",
        f'<div>Yes.</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">'
        f"{HEADER}</div><div>{QUOTE}</div>",
        f'<div>Yes.</div><div id="x_divRplyFwdMsg">{HEADER}</div><div>{QUOTE}</div>',
        f'<div class="WordSection1"><p>Yes.</p><div><div style="border-top:solid">'
        f"<p>{HEADER}<br><b>Subject:</b> x</p></div></div><p>{QUOTE}</p></div>",
        f'<div>Yes.</div><div class="yahoo_quoted">{QUOTE}</div>',
        f'<div>Yes.</div><div class="protonmail_quote">{QUOTE}</div>',
        f'<div>Yes.</div><hr id="zwchr"><div>{QUOTE}</div>',
        f"<p>Yes.</p><p>-----Original Message-----</p><p>{QUOTE}</p>",
    ],
)
def test_the_quotes_of_many_programs_are_closed(html: str) -> None:
    open_words, closed_words = fold(html)

    assert open_words == "Yes."
    assert QUOTE in closed_words


def test_answers_between_the_quotes_stay_open() -> None:
    html = (
        '<div><blockquote type="cite">One?</blockquote><p>Yes.</p>'
        '<blockquote type="cite">Two?</blockquote><p>No.</p></div>'
    )

    assert fold(html) == ("Yes. No.", "One? Two?")


def test_an_indented_paragraph_of_the_writer_stays_open() -> None:
    assert (
        fold("<p>He said</p><blockquote>Be brief.</blockquote><p>So I am.</p>")[1] == ""
    )


def test_a_letter_of_nothing_but_a_quote_stays_open() -> None:
    quote = f'<div class="gmail_quote">{QUOTE}</div>'

    assert fold(quote) == (QUOTE, "")
    assert fold(f"<style>p {{ color: red }}</style>{quote}")[1] == ""


def test_a_forwarded_letter_is_told_from_a_quote() -> None:
    html = (
        '<p>FYI</p><div class="gmail_quote"><div>---------- Forwarded message '
        "---------</div>From: Anna<br></div>"
    )

    assert fold_html(clean_html(html).html)[1].kind is Kind.FORWARD


def test_closed_blocks_go_into_details_with_a_plain_summary() -> None:
    blocks = fold_html('<p>Yes.</p><div class="gmail_quote">x</div>')

    html = with_details(blocks, summary="<Quoted>")

    assert html == (
        '<p>Yes.</p><details class="folded"><summary>&lt;Quoted&gt;</summary>'
        '<div class="gmail_quote">x</div></details>'
    )


_PIECES = st.sampled_from(
    ["<div>", "</div>", '<div class="gmail_quote">', "<blockquote>", "</blockquote>",
     '<hr id="zwchr">', "<table><tr><td>", "</td></tr></table>", "words", "<p>",
     '<div id="divRplyFwdMsg">', "</p>", "On Mon, 2 Mar 2026 A wrote:", "<", '"', ">"]
)  # fmt: skip


@given(st.lists(_PIECES | st.text(max_size=8), max_size=40))
def test_nothing_is_lost_and_closed_blocks_are_whole_elements(
    pieces: list[str],
) -> None:
    cleaned = clean_html("".join(pieces)).html

    blocks = fold_html(cleaned)

    assert "".join(block.text for block in blocks) == cleaned
    # A browser would mend a block that is not whole; ours are whole already.
    for block in blocks:
        if block.kind is not Kind.NEW:
            assert block.text.count("<div") == block.text.count("</div>")
    assert "".join(b.text for b in fold_html("".join(pieces))) == "".join(pieces)


@pytest.mark.parametrize(
    "piece",
    ["<", '<a "', "<div>", "</div>", '<div class="gmail_quote">', "<p>a</p>", "&nbsp;",
     "<hr id=\"zwchr\">", "<div>On Mon, 2 Mar 2026 A wrote:</div>", "<b>a</b>", '">'],
)  # fmt: skip
def test_time_is_linear_in_the_html(piece: str) -> None:
    html = piece * (300_000 // len(piece))
    began = time.process_time()

    blocks = fold_html(html)

    assert time.process_time() - began < 5
    assert "".join(block.text for block in blocks) == html

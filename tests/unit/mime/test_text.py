from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox.mime.text import LONGEST_TEXT, text_from_html


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Hello <b>An</b>na", "Hello Anna"),
        ("one<br>two<div>three</div>four", "one\ntwo\nthree\nfour"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("a\n  b&nbsp;c &amp; d", "a b c & d"),
        ("<ul><li>a<li>b</ul><ol><li>c<li>d</ol>", "* a\n* b\n\n1. c\n2. d"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a  b\nc"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("x<blockquote type=cite>y<br>z</blockquote>w", "x\n\n> y\n> z\n\nw"),
        ("x<blockquote>indented</blockquote>", "x\n\nindented"),
        ("<title>t</title><style>s</style><script>s</script><!-- c -->x", "x"),
        ("<textarea>a<b></textarea>", "a<b>"),
        ("a < b > c", "a < b > c"),
        ("", ""),
    ],
)
def test_html_reads_as_the_lines_one_sees(html: str, text: str) -> None:
    assert text_from_html(html) == text


def test_a_number_too_long_to_read_is_one_odd_character() -> None:
    assert text_from_html(f"a&#{'9' * 5000};b &amp; c") == "a\ufffdb & c"


@given(st.text(alphabet="<>/!-=\"'&#; abprediv\n", max_size=200) | st.text())
def test_text_is_made_of_anything(html: str) -> None:
    assert isinstance(text_from_html(html), str)


@pytest.mark.parametrize(
    "piece",
    ["<div>", "<b>x", "<table><tr><td>", "<blockquote type=cite>x", "<a ", "<!--", "&"],
)
def test_a_hundred_thousand_of_anything_is_read_in_time(piece: str) -> None:
    start = time.process_time()

    text = text_from_html(piece * 100_000)

    assert time.process_time() - start < 3
    assert len(text) <= LONGEST_TEXT

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox.mime.clean import css as clean_css


def nothing(_address: str) -> str:
    return ""


@pytest.mark.parametrize(
    ("style", "kept"),
    [
        ("color: red", "color:red"),
        ("COLOR:RED;;font-size:12px", "color:RED;font-size:12px"),
        ("font-family:'Segoe UI', Arial", "font-family:'Segoe UI', Arial"),
        ("width:calc(100% - (2 * 3px))", "width:calc(100% - (2 * 3px))"),
        ("margin:0 auto!important", "margin:0 auto!important"),
        ("color:/* x */rgb(1,2,3)", "color:rgb(1,2,3)"),
        ("position:fixed;top:0", ""),
        ("color:expression(alert(1))", ""),
        ("color:exp/**/ression(alert(1))", ""),
        ("c\\6flor:red;color:\\72 ed", ""),
        ("behavior:url(x.htc)", ""),
        ("-moz-binding:url(x)", ""),
        ("color:red}</style><script>", ""),
        ("background:image-set(url(x) 1x)", ""),
        ("width:url(http://e.org/x)", ""),
        ("font-family:'open", ""),
        ("background:url(http://e.org/x) red", "background:none red"),
        ("background:url( 'http://e.org/;x' );color:red", "background:none;color:red"),
        ("background:url(http://e.org/x", ""),
    ],
)
def test_a_style_keeps_what_only_looks(style: str, kept: str) -> None:
    assert clean_css.clean_style(style, nothing) == kept


@pytest.mark.parametrize(
    ("sheet", "kept"),
    [
        ("p{color:red}", ".letter-body p{color:red}"),
        ("body{color:red}", ".letter-body{color:red}"),
        ("html body.x > td{color:red}", ".letter-body > td{color:red}"),
        (".a.b #c{color:red}", ".letter-body .letter-a.letter-b #letter-c{color:red}"),
        ("a:hover,p{color:red}", ".letter-body a:hover,.letter-body p{color:red}"),
        ("input[value^=a],p{color:red}", ".letter-body p{color:red}"),
        ("p{color:red", ".letter-body p{color:red}"),
        ("<!-- p{color:red} -->", ".letter-body p{color:red}"),
        ("@import 'x';p{color:red}", ".letter-body p{color:red}"),
        (
            "@font-face{font-family:x;src:url(y)}p{color:red}",
            ".letter-body p{color:red}",
        ),
        (
            "@keyframes x{from{color:red}to{color:blue}}p{color:red}",
            ".letter-body p{color:red}",
        ),
        (
            "@media (max-width:600px){p{color:red}q{position:fixed}}",
            "@media (max-width:600px){.letter-body p{color:red}}",
        ),
        ("@media screen{p{color:red}", "@media screen{.letter-body p{color:red}}"),
        ("}}}p{color:red}", ".letter-body p{color:red}"),
    ],
)
def test_a_sheet_keeps_harmless_rules_inside_the_letter(sheet: str, kept: str) -> None:
    assert clean_css.clean_sheet(sheet, nothing) == kept


@given(st.text(alphabet="p{}@media ();:'\"\\/*<>-!url.#,redcolor", max_size=80))
def test_no_sheet_breaks_out_of_its_element_or_leaves_a_block_open(sheet: str) -> None:
    kept = clean_css.clean_sheet(sheet, nothing)

    assert "<" not in kept
    assert "\\" not in kept
    assert kept.count("{") == kept.count("}")

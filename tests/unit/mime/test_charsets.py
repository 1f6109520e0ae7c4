"""Bytes become the text that was meant, whatever their label says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox.mime.parse.charset_guess import guess_codec
from letterbox.mime.parse.charsets import decode, find_codec
from letterbox.mime.parse.iso2022jp import decode_iso2022jp

RUSSIAN = "Добрый день, подскажите, пожалуйста, когда придёт мой заказ номер"
GREEK = "Καλημέρα σας, θα ήθελα να μάθω πότε θα φτάσει η παραγγελία μου"
JAPANESE = "お問い合わせありがとうございます。注文の状況を教えてください。"


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF-8", "utf_8"),
        ('"utf8"', "utf_8"),
        ("utf-8; format=flowed", "utf_8"),
        ("ISO-8859-1", "cp1252"),
        ("iso8859_1", "cp1252"),
        ("latin1", "cp1252"),
        ("windows-1251", "cp1251"),
        ("cp-1251", "cp1251"),
        ("gb2312", "gb18030"),
        ("ks_c_5601-1987", "cp949"),
        ("Shift_JIS", "cp932"),
        ("unicode-1-1-utf-7", "utf_7"),
        ("iso-8859-8-i", "iso8859_8"),
        ("x-mac-roman", "mac_roman"),
    ],
)
def test_labels_mean_what_writers_mean(label: str, codec: str) -> None:
    assert find_codec(label) == codec


@pytest.mark.parametrize(
    "label",
    ["", "x-unknown", "idna", "punycode", "unicode_escape", "rot13", "base64", "zlib"],
)
def test_what_is_no_charset_is_not_used_as_one(label: str) -> None:
    assert find_codec(label) == ""


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (RUSSIAN, "utf_8"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        ("тест тест", "koi8_r"),
        ("Заказ номер 5", "cp1251"),
        ("שלום רב, תודה על ההזמנה", "cp1255"),
        ("مرحبا، متى يصل طلبي", "cp1256"),
        ("สวัสดีครับ ขอบคุณมาก", "cp874"),
        ("Příliš žluťoučký kůň", "cp1250"),
        (GREEK, "cp1253"),
        ("您好，请问我的订单什么时候发货？谢谢。", "gb18030"),
        ("您好，請問我的訂單什麼時候出貨？謝謝。", "big5hkscs"),
        ("안녕하세요, 주문한 상품은 언제 배송되나요? 감사합니다.", "cp949"),
        (JAPANESE, "iso2022_jp"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        ("Die Hasen klagten einst über ihre mißliche Lage", "cp1252"),
        ("Formação de preços: não há atenção", "cp1252"),
    ],
)
@pytest.mark.parametrize("label", ["", "us-ascii", "x-unknown"])
def test_text_without_a_true_label_is_recognised(
    text: str, codec: str, label: str
) -> None:
    assert decode(text.encode(codec), label).text == text


def test_utf_8_under_a_western_label_is_utf_8() -> None:
    decoded = decode("Größe".encode(), "iso-8859-1")

    assert decoded.text == "Größe"
    assert "UTF-8" in decoded.problem


def test_western_text_under_a_utf_8_label_is_western() -> None:
    data = "Die Frösche saßen am Ufer über dem Teich".encode("cp1252")

    assert decode(data, "utf-8").text == "Die Frösche saßen am Ufer über dem Teich"


def test_one_broken_character_does_not_change_the_charset() -> None:
    data = "Ärger über größere Übel, ".encode() * 3 + b"\xff!"

    decoded = decode(data, "utf-8")

    assert decoded.text == "Ärger über größere Übel, " * 3 + "\ufffd!"
    assert decoded.problem


def test_the_hint_of_the_letter_decides_for_few_bytes() -> None:
    assert decode("да".encode("koi8_r"), hint="koi8_r").text == "да"


def test_windows_characters_in_iso_2022_jp_are_read() -> None:
    row_13 = b"\x1b$B-!-5\x1b(B and \x1b(I6\x1b(B"

    assert decode_iso2022jp(row_13) == "①Ⅰ and ｶ"
    assert decode(row_13, "iso-2022-jp").text == "①Ⅰ and ｶ"


@given(st.text(st.sampled_from(JAPANESE + "ソ表ミ漢字ABC \n"), max_size=60))
def test_iso_2022_jp_is_read_as_python_writes_it(text: str) -> None:
    assert decode_iso2022jp(text.encode("iso2022_jp")) == text


@given(
    st.binary(max_size=300),
    st.sampled_from(["", "utf-8", "utf-7", "iso-2022-jp", "hz", "gb2312", "utf-16"]),
)
def test_any_bytes_under_any_label_are_text(data: bytes, label: str) -> None:
    text = decode(data, label).text

    # A half character (surrogate) would not survive this.
    assert text.encode("utf-8").decode("utf-8") == text


def test_a_sample_of_ascii_gives_no_guess() -> None:
    assert guess_codec(b"nothing to see") == ""


@pytest.mark.parametrize("data", [b"+2AA-", b"+2AA-\xff", b"a+3m4"])
def test_half_characters_of_utf_7_are_replaced(data: bytes) -> None:
    assert "\ufffd" in decode(data, "utf-7").text
    decode(data, "utf-7").text.encode("utf-8")

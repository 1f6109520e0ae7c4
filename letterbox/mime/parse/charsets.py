"""From bytes to text, whatever the letter says about its charset.

The chain: what is declared (with its usual misspellings mended), what the bytes show
by themselves (UTF-8, ISO-2022 escapes, a byte order mark), what the rest of the letter
suggests, what charset-normalizer detects, and at last Windows-1252 with replacement.
Nothing here raises, and the raw bytes stay the truth.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from encodings.aliases import aliases
from functools import lru_cache

from letterbox.mime.parse.charset_guess import guess_codec
from letterbox.mime.parse.iso2022jp import decode_iso2022jp

# Labels that mean another charset than their name says: either a superset that writers
# really use (WHATWG Encoding, section 4.2), or a spelling that Python does not know.
_MEANT = {
    "iso88591": "cp1252",
    "latin1": "cp1252",
    "l1": "cp1252",
    "iso885915": "iso8859_15",
    "iso88599": "cp1254",
    "latin5": "cp1254",
    "iso885911": "cp874",
    "tis620": "cp874",
    "windows874": "cp874",
    "iso88598i": "iso8859_8",
    "iso88598e": "iso8859_8",
    "iso88596i": "iso8859_6",
    "iso88596e": "iso8859_6",
    "ansix31101983": "cp1252",
    "ansi": "cp1252",
    "xansi": "cp1252",
    "xcp1250": "cp1250",
    "xcp1251": "cp1251",
    "xcp1252": "cp1252",
    "win1250": "cp1250",
    "win1251": "cp1251",
    "win1252": "cp1252",
    "gb2312": "gb18030",
    "gb231280": "gb18030",
    "gb23121980": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "xgbk": "gb18030",
    "windows936": "gb18030",
    "euccn": "gb18030",
    "xeuccn": "gb18030",
    "cngb": "gb18030",
    "cnbig5": "big5hkscs",
    "big5": "big5hkscs",
    "xxbig5": "big5hkscs",
    "xbig5": "big5hkscs",
    "cp950": "cp950",
    "ksc56011987": "cp949",
    "ksc5601": "cp949",
    "ksc56011989": "cp949",
    "euckr": "cp949",
    "xeuckr": "cp949",
    "windows949": "cp949",
    "xwindows949": "cp949",
    "uhc": "cp949",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "xsjis": "cp932",
    "mskanji": "cp932",
    "windows31j": "cp932",
    "xeucjp": "euc_jp",
    "iso2022jp": "iso2022_jp_ext",
    "iso2022jp1": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "hzgb2312": "hz",
    "macintosh": "mac_roman",
    "xmacroman": "mac_roman",
    "xmaccyrillic": "mac_cyrillic",
    "xmacce": "mac_latin2",
    "utf7": "utf_7",
    "unicode11utf7": "utf_7",
    "xunicode20utf7": "utf_7",
    "unicode11utf8": "utf_8",
    "xunicode20utf8": "utf_8",
    "utf8mb4": "utf_8",
    "utf8sig": "utf_8",
    "utf80": "utf_8",
    "unicode": "utf_8",
    "koi8": "koi8_r",
    "koi8ru": "koi8_u",
    "usascii": "ascii",
    "7bit": "ascii",
}

# Python codecs that are no charsets; "idna" and "punycode" are slow on hostile input.
_NOT_CHARSETS = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs"}
    | {"rot_13", "oem"}
)
_KNOWN = frozenset(aliases.values()) | {"utf_8", "cp874", "cp1256", "iso2022_jp_ext"}

# Where one label hides another charset, in the order to try.
_SECOND_TRIES = {
    "cp949": ("johab",),
    "gb18030": ("big5hkscs",),
    "big5hkscs": ("cp950", "gb18030"),
    "cp932": ("euc_jp",),
    "euc_jp": ("cp932",),
    "cp1252": ("latin_1",),
}

_LONGEST_LABEL = 60


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, the Python codec that gave it, and a sentence if something was lost."""

    text: str
    charset: str
    problem: str = ""


@lru_cache(maxsize=512)
def find_codec(label: str) -> str:
    """The Python codec that a charset label means; empty when it means none."""
    label = label[:_LONGEST_LABEL].lower().partition(";")[0]
    plain = "".join(c for c in label if c.isascii() and c.isalnum())
    if meant := _MEANT.get(plain):
        return meant
    spelt = "".join(c if c.isascii() and c.isalnum() else " " for c in label)
    for guess in ("_".join(spelt.split()), plain, plain.removeprefix("x")):
        try:
            name = codecs.lookup(guess).name.replace("-", "_") if guess else ""
        except (LookupError, ValueError):
            continue
        name = aliases.get(name, name)
        if name in _KNOWN and name not in _NOT_CHARSETS and _is_text(name):
            return _MEANT.get(name.replace("_", ""), name)
    return ""


def decode(data: bytes, declared: str = "", *, hint: str = "") -> Decoded:
    """Decode bytes that claim a charset; `hint` is a codec to try where they do not.

    Never raises. What no charset explains becomes U+FFFD, and `problem` says so.
    """
    codec = find_codec(declared) if declared else ""
    if data.isascii() and b"\x1b" not in data and codec not in _SEVEN_BIT_CODECS:
        return Decoded(data.decode("ascii"), "ascii")
    if codec and codec != "ascii":
        return _decode_declared(data, codec)
    problem = ""
    if declared and not codec:
        problem = f"The charset {declared[:_LONGEST_LABEL]!r} is unknown."
    return _decode_unlabelled(data, hint, problem)


_SEVEN_BIT_CODECS = frozenset({"utf_7", "hz"}) | {
    name for name in _KNOWN if name.startswith(("utf_16", "utf_32", "iso2022", "cp037"))
}


def _decode_declared(data: bytes, codec: str) -> Decoded:
    if codec in ("cp1252", "iso8859_15") and (text := _as_utf_8(data)) is not None:
        # Eight-bit text that is valid UTF-8 is UTF-8, whatever its label says.
        return Decoded(text, "utf_8", "The text is UTF-8, though labelled otherwise.")
    for attempt in (codec, *_SECOND_TRIES.get(codec, ())):
        text = _try(data, attempt)
        if text is not None:
            return Decoded(text, attempt)
    if codec.startswith("iso2022_jp"):
        text = decode_iso2022jp(data)
    else:
        text = _without_surrogates(data.decode(codec, "replace"), codec)
    lost = text.count("\ufffd")
    if codec == "utf_8" and lost * 3 > sum(1 for c in text if c > "\x7f"):
        # Mostly broken UTF-8 is no UTF-8: the label is wrong, not the bytes.
        return _decode_unlabelled(data, "", "The text is not UTF-8, as it claims.")
    problem = f"{lost} characters could not be decoded." if lost else ""
    return Decoded(text, codec, problem)


def _decode_unlabelled(data: bytes, hint: str, problem: str) -> Decoded:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Decoded(data.decode("utf-16", "replace"), "utf_16", problem)
    if (text := _as_utf_8(data)) is not None:
        return Decoded(text, "utf_8", problem)
    if b"\x1b$" in data or b"\x1b(" in data:
        text = decode_iso2022jp(data)
        if "\ufffd" not in text:
            return Decoded(text, "iso2022_jp_ext", problem)
    for attempt in (hint, guess_codec(data)):
        text = _try(data, attempt) if attempt else None
        if text is not None:
            return Decoded(text, attempt, problem)
    if data.isascii():
        return Decoded(data.decode("ascii"), "ascii", problem)
    text = data.decode("cp1252", "replace")
    return Decoded(text, "cp1252", problem or "The charset had to be guessed.")


def _as_utf_8(data: bytes) -> str | None:
    return None if data.isascii() else _try(data, "utf_8")


def _try(data: bytes, codec: str) -> str | None:
    try:
        text = data.decode(codec)
    except (UnicodeError, LookupError, ValueError):
        return None
    return _without_surrogates(text, codec)


def _without_surrogates(text: str, codec: str) -> str:
    # Python lets lone surrogates pass in UTF-7, and nothing after us can store them.
    if codec != "utf_7":
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _is_text(name: str) -> bool:
    # codecs.lookup finds "zlib" and "base64" too; CPython marks those on the CodecInfo.
    return bool(getattr(codecs.lookup(name), "_is_text_encoding", False))

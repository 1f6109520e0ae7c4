"""RFC 2047 encoded words read and written.

Reading takes every broken form that real mail has: words without blanks between them,
inside quotes, with blanks or question marks inside, characters split over two words,
missing ends. Writing gives words of at most 75 characters that split no character.
"""

from __future__ import annotations

import binascii
import re

from letterbox.mime.parse import charsets, transfer

_HEX = frozenset("0123456789abcdefABCDEF")
_LONGEST_CHARSET = 60
_WHITE = " \t\r\n"
# Safe in a word within a phrase: RFC 2047, section 5 (3).
_PLAIN_IN_WORD = frozenset(
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!*+-/"
)
_LONGEST_PAYLOAD = 75 - len("=?utf-8?q??=")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


def decode_words(value: str) -> str:
    """Text with its encoded words decoded; all else stays as written."""
    if "=?" not in value:
        return value
    result: list[str] = []
    pending: list[tuple[str, bytes]] = []
    position = 0
    while (start := value.find("=?", position)) >= 0:
        word = _read_word(value, start)
        if word is None:
            # Not an encoded word; look again right after these two characters.
            result += _flush(pending), value[position : start + 2]
            position = start + 2
            continue
        charset, data, end = word
        between = value[position:start]
        # White space between two encoded words is not part of the text.
        if not pending or between.strip(_WHITE):
            result += _flush(pending), between
        pending.append((charset, data))
        position = end
    result += _flush(pending), value[position:]
    return "".join(result)


def encode_words(text: str, *, taken: int = 0) -> list[str]:
    """Encoded words that together mean `text`, to be joined by folding white space.

    `taken` characters of the first line are in use already; no character is split.
    """
    data = text.encode("utf-8", "replace")
    plain = sum(1 for c in data if c in _PLAIN_IN_WORD or c == 32)
    use_q = plain * 2 >= len(data)
    words: list[str] = []
    chunk: list[str] = []
    used = 0
    limit = _payload_limit(taken, use_q=use_q)
    for char in text:
        encoded = char.encode("utf-8", "replace")
        cost = sum(_q_cost(c) for c in encoded) if use_q else len(encoded)
        if used + cost > limit:
            words.append(_write_word("".join(chunk), use_q=use_q))
            chunk, used = [], 0
            limit = _payload_limit(0, use_q=use_q)
        chunk.append(char)
        used += cost
    if chunk:
        words.append(_write_word("".join(chunk), use_q=use_q))
    return words


def without_controls(text: str) -> str:
    """One line of text: every control character, line ends first, becomes a blank."""
    return _CONTROLS.sub(" ", text)


def _read_word(value: str, start: int) -> tuple[str, bytes, int] | None:
    """Charset, bytes and end of the word at `start`; None when there is no word."""
    mark = value.find("?", start + 2, start + 2 + _LONGEST_CHARSET)
    if mark < 0 or value[mark + 2 : mark + 3] != "?":
        return None
    # RFC 2231, section 5: a language may follow the charset.
    charset = value[start + 2 : mark].partition("*")[0].strip()
    kind = value[mark + 1].lower()
    if kind not in "bq" or not charset or " " in charset:
        return None
    text_start = mark + 3
    text_end, end = _find_end(value, text_start, is_q=kind == "q")
    text = value[text_start:text_end]
    if kind == "b":
        return charset, transfer.decode_base64(text.encode("ascii", "ignore")), end
    data = text.replace("_", " ").encode("utf-8", "replace")
    return charset, binascii.a2b_qp(data, header=False), end


def _find_end(value: str, start: int, *, is_q: bool) -> tuple[int, int]:
    """Where the payload ends and where the word ends."""
    following = value.find("=?", start)
    # "YQ==?=" holds a "=?" too, which is this word's end and no next word.
    limit = following + 3 if following >= 0 else len(value)
    end = value.find("?=", start, limit)
    # An unencoded question mark followed by an encoded byte is no end: "ok?=20now?=".
    while is_q and end >= 0 and _is_hex(value, end + 2):
        later = value.find("?=", end + 2)
        if later < 0 or "=?" in value[end + 2 : later]:
            break
        end = later
    if end >= 0:
        return end, end + 2
    # The end is missing: the word stops at white space or at the next word.
    stop = following if following >= 0 else len(value)
    blank = value.find(" ", start, stop)
    stop = blank if blank >= 0 else stop
    return stop, stop


def _is_hex(value: str, position: int) -> bool:
    pair = value[position : position + 2]
    return len(pair) == 2 and pair[0] in _HEX and pair[1] in _HEX


def _flush(pending: list[tuple[str, bytes]]) -> str:
    """Decode the words gathered; neighbours of one charset may share a character."""
    result: list[str] = []
    charset, data = "", b""
    for next_charset, next_data in pending:
        if next_charset.lower() != charset.lower() and data:
            result.append(charsets.decode(data, charset).text)
            data = b""
        charset = next_charset
        data += next_data
    if data:
        result.append(charsets.decode(data, charset).text)
    pending.clear()
    return "".join(result)


def _payload_limit(taken: int, *, use_q: bool) -> int:
    """How many bytes of Q text, or how many bytes before base64, one word holds."""
    # Room for the longest character always stays.
    room = max(_LONGEST_PAYLOAD - taken, 16)
    return room if use_q else room // 4 * 3


def _q_cost(byte: int) -> int:
    return 1 if byte in _PLAIN_IN_WORD or byte == 32 else 3


def _write_word(chunk: str, *, use_q: bool) -> str:
    data = chunk.encode("utf-8", "replace")
    if not use_q:
        return f"=?utf-8?b?{binascii.b2a_base64(data, newline=False).decode()}?="
    payload = "".join(
        "_" if c == 32 else chr(c) if c in _PLAIN_IN_WORD else f"={c:02X}" for c in data
    )
    return f"=?utf-8?q?{payload}?="

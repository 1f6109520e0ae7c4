"""What one line of a letter is: an attribution, a header, a separator, a device line.

Questions about single lines, or a few joined ones, each answered in time linear in
the line; lines beyond a bound are ordinary text. The order of lines is `fold`'s work.
"""

from __future__ import annotations

import re

from letterbox.mime.fold import closings as fold_closings
from letterbox.mime.fold import words as fold_words

# No mail program writes longer lines of the kinds that are asked for here.
LONGEST_LINE = 400
_MARGIN = " \t\r\n\u00a0\u200e\u200f\u202a\u202b\u202c\ufeff"
_DECORATION = _MARGIN + "-_*=—–─━~#"
_COLONS = (":", "：")
# A day or an hour: 12:30, 12.30, 2026-03-02, 2/3/26, 2. März 2026, 2026年3月2日.
# Not the numbers of servers and their answers: 192.0.2.12, 550 5.1.1.
_DATE = re.compile(
    r"(?<![\d.:])\d{1,2}[:.h]\d\d(?![\d.])|\b(?:19|20)\d\d\b"
    r"|(?<![\d.])\d{1,2}[./-]\d{1,2}[./-]\d{2}(?![\d.])|\d ?[月日]"
)
_STARTS_INSIDE = re.compile(
    r"(?:^|[ \-])(?:On|Am|Le|El|Em|Il|Op|Den|Dnia|At) "
    r"(?=(?:\w{2,10}[.,]? )?(?:\w{3,9}\.? )?\d{1,4})"
)
_LAST_WORDS = frozenset(words.rpartition(" ")[2] for words in fold_words.WROTE)
_VERBS_BEFORE_NAMES = frozenset({"schrieb", "skrev", "skreiv", "schreef", "skrifaði"})
# Who writes about an own letter quotes nothing.
_SELF = frozenset({"ich", "wir", "jag", "jeg", "vi", "ik", "wij"})
_DEVICE_STARTS = frozenset(word[:4] for word in fold_closings.DEVICE)
_DEVICE_MARKS = _DECORATION + ">"
_DEVICE_FIRSTS = frozenset(_DEVICE_MARKS).union(
    each for word in fold_closings.DEVICE for each in (word[0], word[0].upper())
)
_DEVICE_LENGTH = 100
_DUTY_MARKS = _DECORATION + "\"'“”([<!⚠️🌳 \r\n"
_DUTY_STARTS = frozenset(
    words.lstrip(_DUTY_MARKS)[:4] for words in fold_closings.DUTY_OPENINGS
)
_CLOSINGS = frozenset(fold_closings.CLOSINGS)
_CLOSING_MARKS = " ,.!;:،，。！"
_LONGEST_CLOSING = max(map(len, _CLOSINGS)) + 2


def is_attribution(text: str) -> bool:
    """Tell whether joined lines say who wrote what follows: `On Monday Anna wrote:`."""
    bare = text.strip(_DECORATION)
    if not bare or len(bare) > LONGEST_LINE:
        return False
    has_colon = bare.endswith(_COLONS)
    bare = bare.rstrip(":：" + _DECORATION).casefold()
    has_verb = bare.endswith(fold_words.WROTE) and _stands_alone(bare)
    has_email = "@" in bare
    has_date = _DATE.search(bare) is not None
    if has_verb and has_email:
        return has_date or has_colon or bare.count("@") == 1
    if has_verb and has_date:
        return _starts_well(bare)
    if has_colon and not has_verb and _has_verb_inside(bare, has_email=has_email):
        return has_date and (has_email or _starts_well(bare))
    if has_verb:
        # `---- Anna Berg wrote ----`
        return text.strip(_MARGIN).startswith("--") and len(bare) < 80
    return has_email and has_date and has_colon and _names_after_date(bare)


def is_bare_attribution(text: str) -> bool:
    """Tell a date and an address, which only marked lines below make an attribution."""
    bare = text.strip(_DECORATION)
    if len(bare) > LONGEST_LINE or not bare.endswith((">", ":", "：", ")")):
        return False
    return "@" in bare and _DATE.search(bare) is not None


def may_end_attribution(stripped: str) -> bool:
    """Tell cheaply whether a line can be the last one of an attribution."""
    if stripped[-1] in ":：>-*_—":
        return True
    if "@" not in stripped and ":" not in stripped:
        return False
    return stripped[-40:].rpartition(" ")[2].casefold() in _LAST_WORDS


def begins_attribution(text: str) -> bool:
    """Tell whether a line above may be the first of an attribution of several."""
    bare = text.strip(_DECORATION)[:LONGEST_LINE]
    if not bare or bare[-1] in ".!?;":
        return False
    return _DATE.search(bare) is not None and _starts_well(bare.casefold())


def attribution_inside(line: str) -> int:
    """Where an attribution begins within a line; -1 when the line has none.

    Some programs put it behind the last words without a line break.
    """
    if len(line) > LONGEST_LINE:
        return -1
    for found in _STARTS_INSIDE.finditer(line):
        start = found.start()
        while start > 0 and line[start - 1] == "-":
            start -= 1
        if start > 0 and is_attribution(line[start:]):
            return start
    return -1


def header_label(stripped: str) -> str:
    """Which field a line like `Von: Anna` shows: from, sent, to …; empty for none."""
    line = stripped.lstrip("*> \t|")
    colon = line.find(":", 0, fold_words.LONGEST_LABEL + 6)
    if colon < 0:
        colon = line.find("：", 0, fold_words.LONGEST_LABEL + 6)
    if colon <= 0:
        return ""
    return fold_words.LABELS.get(line[:colon].strip(" *_\u00a0").casefold(), "")


def separator(stripped: str) -> str:
    """`original` or `forwarded` for a line that says so between dashes or alone."""
    if len(stripped) > 120:
        return ""
    words = stripped.strip(_DECORATION + "><|:：[]").casefold()
    if len(words) < 8 and words.isascii():
        return ""
    if words in fold_words.ORIGINAL:
        is_marked = stripped[0] in "-_*=—–─━>#[" or stripped.endswith(_COLONS)
        return "original" if is_marked else ""
    if words in fold_words.FORWARDED:
        return "forwarded"
    # `----- Forwarded by Anna Berg/Acme on 02.03.2026 12:00 -----`
    if words.startswith("forwarded by ") and stripped.startswith("--"):
        return "forwarded"
    return ""


def is_answer_above(stripped: str) -> bool:
    """Tell the line under which a helpdesk keeps its copy of the conversation."""
    if len(stripped) > 200:
        return False
    words = stripped.strip(_DECORATION + "><|[]").casefold()
    return any(phrase in words for phrase in fold_words.ANSWER_ABOVE)


def is_rule(stripped: str) -> bool:
    """Tell a line of dashes or underscores, as Outlook puts above a quoted letter."""
    return len(stripped) >= 3 and not stripped.strip("_-—–─━=* ")


def is_signature_mark(line: str) -> bool:
    """Tell `-- ` of RFC 3676, section 4.3, and the dashes that people draw."""
    bare = line.rstrip("\r\n")
    if bare in ("-- ", "--"):
        return True
    stripped = bare.strip(_MARGIN)
    return bool(stripped) and (
        stripped in ("--", "---", "—", "–", "––", "——", "-- -")
        or (len(stripped) >= 2 and not stripped.strip("—–─━_"))
    )


def is_device(stripped: str) -> bool:
    """Tell `Sent from my iPhone` in many languages."""
    if stripped[0] not in _DEVICE_FIRSTS or len(stripped) > _DEVICE_LENGTH + 200:
        return False
    head = stripped
    if stripped[0] in _DEVICE_MARKS:
        head = stripped.lstrip(_DEVICE_MARKS)
    if head[:4].casefold()[:4] not in _DEVICE_STARTS:
        return False
    words = head.casefold()
    # The address of a link says nothing on the length of the words before it.
    shown = words.partition("<http")[0].partition("(http")[0]
    return len(shown) <= _DEVICE_LENGTH and words.startswith(fold_closings.DEVICE)


def is_closing(stripped: str) -> bool:
    """Tell `Kind regards,` alone on its line."""
    if len(stripped) > _LONGEST_CLOSING:
        return False
    return stripped.rstrip(_CLOSING_MARKS).casefold() in _CLOSINGS


def is_name_mark(stripped: str) -> bool:
    """Tell a name behind a dash or a slash, as in `/Anna` or `-Anna Berg`."""
    if stripped[0] not in "-–—/~" or not 3 <= len(stripped) <= 40:
        return False
    name = stripped[1:].strip().rstrip(".")
    return (
        bool(name)
        and name[0].isupper()
        and len(name.split()) <= 3
        and name.replace(" ", "").replace("-", "").replace(".", "").isalpha()
    )


def is_duty(paragraph: str) -> bool:
    """Tell a paragraph that speaks for a company, a list or a virus checker."""
    head = paragraph[:40].lstrip(_DUTY_MARKS)
    if head[:4].casefold()[:4] not in _DUTY_STARTS:
        return False
    words = paragraph[:2_000].casefold().strip(_DUTY_MARKS)
    if not words.startswith(fold_closings.DUTY_OPENINGS):
        return False
    return any(word in words for word in fold_closings.DUTY_WORDS)


def _has_verb_inside(bare: str, *, has_email: bool) -> bool:
    """Tell `Am Montag schrieb Anna`, where the name follows the verb."""
    words = {word.strip(",.()") for word in bare.split()}
    if has_email:
        return not words.isdisjoint(_LAST_WORDS)
    return not words.isdisjoint(_VERBS_BEFORE_NAMES) and words.isdisjoint(_SELF)


def _stands_alone(bare: str) -> bool:
    """Tell `Anna wrote` from a web address that ends so."""
    word = bare.rpartition(" ")[2]
    return "/" not in word or "wrote" not in word


def _starts_well(bare: str) -> bool:
    """Tell whether the first word of an attribution of many languages stands there."""
    first = bare.lstrip("\"'„“([*> ").partition(" ")[0].strip(",.;:")
    return first in fold_words.STARTERS or first[:1].isdigit()


def _names_after_date(bare: str) -> bool:
    """Tell `Monday, 2 March 2026, Anna <a@b>` from a sentence with a colon."""
    at = bare.rfind("@")
    rest = bare[at:].partition(">")[2] if ">" in bare[at:] else ""
    return len(rest) < 30 and (bare.endswith(">") or _starts_well(bare))

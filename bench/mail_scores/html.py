"""Scores of HTML cleaning: nothing active left, the words of honest mail kept.

Reads `xss.jsonl` and `html_benign.jsonl` of a corpus folder; the judge is
`html_oracle`. Beside our figures stand those of nh3 with its own defaults, on the same
input.
"""

from __future__ import annotations

import codecs
import email
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

import nh3

from bench.mail_scores import html_oracle
from letterbox.mime import clean, text


@dataclass(frozen=True, slots=True)
class HtmlScore:
    """What one cleaner reached over the corpus.

    `active` names the hostile rows (those active before cleaning) with what was left
    in them; `forms_left` counts rows with something to fill in. `fewest_words` is the
    lowest share of visible words kept in any honest mail, named by `worst_mail`, and
    `seconds_per_mail` the mean over those mails.
    """

    hostile_rows: int
    active: dict[str, set[str]]
    forms_left: int
    mails: int
    fewest_words: float
    worst_mail: str
    seconds_per_mail: float


@dataclass(frozen=True, slots=True)
class HtmlScores:
    """Ours, what others reach, and the words that survive into plain text."""

    ours: HtmlScore
    nh3_default: HtmlScore
    fewest_words_as_text: float
    worst_mail_as_text: str


def score(corpus: Path) -> HtmlScores:
    """Clean every hostile and every honest letter of the corpus and judge the result."""
    kept_as_text, worst_as_text = 1.0, ""
    for name, source in _honest(corpus):
        kept = _share_kept(source, text.text_from_html(source).split())
        if kept < kept_as_text:
            kept_as_text, worst_as_text = kept, name
    return HtmlScores(
        ours=_score(corpus, lambda source: clean.clean_html(source).html),
        nh3_default=_score(corpus, nh3.clean),
        fewest_words_as_text=kept_as_text,
        worst_mail_as_text=worst_as_text,
    )


def _score(corpus: Path, cleaner: Callable[[str], str]) -> HtmlScore:
    active: dict[str, set[str]] = {}
    hostile_rows = forms_left = 0
    for row in _rows(corpus / "xss.jsonl"):
        if not row["raw_violations"]:
            continue
        hostile_rows += 1
        cleaned = cleaner(row["html"])
        if left := html_oracle.violations(cleaned):
            active[row["id"]] = left
        forms_left += html_oracle.forms(cleaned) > 0
    fewest, worst, seconds, mails = 1.0, "", 0.0, 0
    for name, source in _honest(corpus):
        start = time.perf_counter()
        cleaned = cleaner(source)
        seconds += time.perf_counter() - start
        mails += 1
        kept = _share_kept(source, html_oracle.visible_words(cleaned))
        if kept < fewest:
            fewest, worst = kept, name
    return HtmlScore(
        hostile_rows=hostile_rows,
        active=active,
        forms_left=forms_left,
        mails=mails,
        fewest_words=fewest,
        worst_mail=worst,
        seconds_per_mail=seconds / max(mails, 1),
    )


def _share_kept(source: str, kept: list[str]) -> float:
    words = Counter(html_oracle.visible_words(source))
    return 1 - (words - Counter(kept)).total() / max(words.total(), 1)


def _honest(corpus: Path) -> Iterator[tuple[str, str]]:
    for row in _rows(corpus / "html_benign.jsonl"):
        source = _html_part((corpus / row["file"]).read_bytes())
        if source:
            yield row["id"], source


def _html_part(raw: bytes) -> str:
    if raw.startswith(b"From "):
        raw = raw.partition(b"\n")[2]
    for part in email.message_from_bytes(raw).walk():
        content = part.get_payload(decode=True)
        if part.get_content_type() == "text/html" and isinstance(content, bytes):
            return content.decode(_charset(part), "replace")
    return ""


def _charset(part: Message) -> str:
    try:
        return codecs.lookup(part.get_content_charset() or "utf-8").name
    except LookupError:
        return "latin-1"


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as lines:
        for line in lines:
            yield json.loads(line)

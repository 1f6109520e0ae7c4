"""Scores of folding: the words left open are those the writer wrote.

Reads `reply.jsonl` of a corpus folder. The suites it comes from disagree on whether a
signature or the closing greeting belongs to the reply, so a text that differs only by
them counts as right. Beside ours stand the figures of mail-parser-reply on the same
input, each letter under a time limit.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from letterbox.mime import fold
from letterbox.mime.fold import Block, Kind
from letterbox.mime.letter import Letter
from letterbox.mime.parse import parse_letter
from letterbox.mime.text import text_from_html

ORACLE_SECONDS = 2
# The suites' own sets of languages are subsets of these.
_ORACLE_LANGUAGES = ["en", "de", "fr", "it", "ja", "nl", "pl", "sv", "da", "es"]


@dataclass(frozen=True, slots=True)
class ReplyScores:
    """Rows, the ids trimmed wrongly by us and by the other, and our mean time."""

    rows: int
    wrong: tuple[str, ...]
    wrong_by_mail_parser_reply: tuple[str, ...]
    not_lossless: tuple[str, ...]
    microseconds_per_letter: float

    @property
    def share(self) -> float:
        """The share of rows trimmed right, 0 to 1."""
        return 1 - len(self.wrong) / max(self.rows, 1)


def score(corpus: Path, *, with_oracle: bool = True) -> ReplyScores:
    """Fold every text of the corpus and compare what stays open."""
    rows = list(_rows(corpus / "reply.jsonl"))
    wrong, wrong_there, lossy = [], [], []
    seconds = 0.0
    for row in rows:
        text = _text(row, (corpus / row["file"]).read_bytes())
        started = time.perf_counter()
        blocks = fold.fold(text)
        seconds += time.perf_counter() - started
        if "".join(block.text for block in blocks) != text:
            lossy.append(row["id"])
        if not any(_is_right(row["expect"], shown) for shown in _variants(blocks)):
            wrong.append(row["id"])
        if with_oracle and not _is_right(row["expect"], _by_mail_parser_reply(text)):
            wrong_there.append(row["id"])
    return ReplyScores(
        rows=len(rows),
        wrong=tuple(wrong),
        wrong_by_mail_parser_reply=tuple(wrong_there),
        not_lossless=tuple(lossy),
        microseconds_per_letter=seconds / max(len(rows), 1) * 1e6,
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _text(row: dict[str, Any], raw: bytes) -> str:
    if row["input_kind"] == "plain_body":
        return raw.decode("utf-8", "replace").replace("\r\n", "\n")
    if row["input_kind"] == "html_body":
        return text_from_html(raw.decode("utf-8", "replace"))
    letter: Letter = parse_letter(raw)
    return letter.text


def _variants(blocks: tuple[Block, ...]) -> Iterator[str]:
    """What stays open, with and without what closes the letter."""
    yield fold.new_text(blocks)
    yield fold.new_text(blocks, sign_offs=False)
    closing = {Kind.NEW, Kind.SIGN_OFF, Kind.SIGNATURE}
    yield "".join(block.text for block in blocks if block.kind in closing)


def _is_right(expect: dict[str, Any], shown: str) -> bool:
    reply = expect.get("reply_text", expect.get("reply_markdown"))
    if reply is not None and _plain(shown) != _plain(reply.replace("**", "")):
        return False
    if any(_plain(one) not in _plain(shown) for one in expect.get("contains", ())):
        return False
    if not _plain(shown).startswith(_plain(expect.get("startswith", ""))):
        return False
    return all(
        _plain(one) not in _plain(shown) for one in expect.get("not_contains", ())
    )


def _plain(text: str) -> str:
    return " ".join(text.split())


def _by_mail_parser_reply(text: str) -> str:
    from mailparser_reply import EmailReplyParser  # noqa: PLC0415 - development only.

    def parse() -> str:
        parser = EmailReplyParser(languages=_ORACLE_LANGUAGES)
        return str(parser.parse_reply(text=text))

    return _within(ORACLE_SECONDS, parse)


def _within(seconds: int, work: Callable[[], str]) -> str:
    """Give up after so many seconds; the other program has inputs without end."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        return work()
    except TimeoutError:
        return ""
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)

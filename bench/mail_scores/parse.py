"""How right `letterbox.mime.parse` reads real mail, beside the standard library.

Reads `mime.jsonl` and `robustness.jsonl` of a corpus folder. A field counts as required
when at least one of five other parsers gives the same value (`agree` of 1 or more);
the others are reported apart as `hard`. Nothing here is part of the product.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path
from typing import Any

from letterbox.mime.attachments import read_attachment
from letterbox.mime.parse import parse_letter

MAX_SECONDS = 2.0
_ROUNDS = 3
FIELDS = (
    *("from_addr", "from_name", "to_addrs", "subject", "message_id", "date"),
    *("text", "html", "att_count", "att_filenames", "att_sha256"),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one parser makes of a letter, in the terms of the corpus."""

    values: dict[str, object]


@dataclass(frozen=True, slots=True)
class Failure:
    """One field that came out otherwise than expected."""

    id: str
    file: str
    field: str
    expected: object
    got: object
    agree: int


@dataclass(slots=True)
class Result:
    """Scores from 0 to 1 by name, and what went wrong, for people."""

    scores: dict[str, float] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Our scores and those of `email.policy.default`; cost 1.0 is the latter's time."""

    ours: dict[str, float]
    standard_library: dict[str, float]
    cost: float
    failures: list[Failure]


Reader = Callable[[bytes], Reading]


def score(corpus: Path) -> Comparison:
    """Score our parser on a corpus folder beside the standard library's."""
    ours = score_ours(corpus)
    standard = score_reader(corpus, read_standard_library)
    return Comparison(ours.scores, standard.scores, cost(corpus), ours.failures)


def score_ours(corpus: Path) -> Result:
    """Score our parser alone; see FIELDS for what is compared."""
    return score_reader(corpus, read_ours)


def cost(corpus: Path) -> float:
    """Our time for all letters, as a share of parsing alone by `policy.default`."""
    files = {row["file"] for row in _all_rows(corpus)}
    letters = [(corpus / name).read_bytes() for name in sorted(files)]
    parser = BytesParser(policy=email.policy.default)
    ours = min(_seconds(parse_letter, letters) for _ in range(_ROUNDS))
    standard = min(_seconds(parser.parsebytes, letters) for _ in range(_ROUNDS))
    return ours / standard if standard else 0.0


def score_reader(corpus: Path, read: Reader) -> Result:
    """Score any reader; a reader that raises or takes too long fails that letter."""
    result = Result()
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for row in _rows(corpus / "mime.jsonl"):
        reading = _read_in_time(corpus, row, read, result, right, asked)
        for name, expected, agree in expectations(row):
            got = reading.values.get(name) if reading else None
            is_right = is_same(name, expected, got)
            key = name if agree else f"hard {name}"
            asked[key] += 1
            right[key] += is_right
            if not is_right:
                result.failures.append(
                    Failure(row["id"], row["file"], name, expected, got, agree)
                )
    for row in _rows(corpus / "robustness.jsonl"):
        _read_in_time(corpus, row, read, result, right, asked)
    result.scores = {name: right[name] / asked[name] for name in sorted(asked)}
    both = asked["from_addr"] + asked["from_name"]
    if both:
        sum_right = right["from_addr"] + right["from_name"]
        result.scores["from"] = sum_right / both
    return result


def expectations(row: dict[str, Any]) -> Iterator[tuple[str, object, int]]:
    """Field, expected value and number of agreeing parsers, for all that is stated."""
    expect, agree = row["expect"], row.get("agree", {})
    stated = _stated(expect)
    for name in FIELDS:
        if name in stated and name in agree:
            yield name, stated[name], agree[name]


def is_same(name: str, expected: object, got: object) -> bool:
    """Whether a value is as right as the expected one.

    Peers that lost a character (U+FFFD) or cannot read UTF-7 expect what they show;
    there the true character is right too. Hashes are compared where one is stated.
    """
    if name == "att_sha256" and isinstance(expected, list) and isinstance(got, list):
        return not Counter(filter(None, expected)) - Counter(got)
    if not isinstance(expected, str) or not isinstance(got, str) or expected == got:
        return expected == got
    if "\ufffd" in expected and len(expected) == len(got):
        pairs = zip(expected, got, strict=True)
        return all(theirs in (ours, "\ufffd") for theirs, ours in pairs)
    return expected.isascii() and _from_utf_7(expected) == got


def read_ours(raw: bytes) -> Reading:
    """A letter as our parser sees it."""
    letter = parse_letter(raw)
    contents = [read_attachment(raw, each) for each in letter.attachments]
    return Reading(
        {
            "from_addr": [a.email.lower() for a in letter.from_],
            "from_name": [_collapse(a.name) for a in letter.from_],
            "to_addrs": [a.email.lower() for a in letter.to],
            "subject": _collapse(letter.subject),
            "message_id": letter.message_id,
            "date": _as_utc(letter.date),
            "text": _squeeze(letter.text),
            "html": _squeeze(letter.html),
            "att_count": len(letter.attachments),
            "att_filenames": sorted(
                a.filename for a in letter.attachments if a.filename
            ),
            "att_sha256": sorted(hashlib.sha256(data).hexdigest() for data in contents),
        }
    )


def read_standard_library(raw: bytes) -> Reading:
    """A letter as `email.policy.default` sees it; may raise."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    if not isinstance(message, EmailMessage):
        raise TypeError("The default policy makes an EmailMessage.")
    from_ = getaddresses([str(v) for v in message.get_all("from", [])])
    to = getaddresses([str(v) for v in message.get_all("to", [])])
    plain = message.get_body(("plain",))
    html = message.get_body(("html",))
    attached = [
        part
        for part in message.walk()
        if not part.is_multipart() and part is not plain and part is not html
    ]
    date = message.get("date")
    contents = [part.get_payload(decode=True) for part in attached]
    return Reading(
        {
            "from_addr": [address.lower() for _, address in from_],
            "from_name": [_collapse(name) for name, _ in from_],
            "to_addrs": [address.lower() for _, address in to],
            "subject": _collapse(str(message.get("subject", ""))),
            "message_id": str(message.get("message-id", "")).strip().strip("<>"),
            "date": _as_utc(parsedate_to_datetime(str(date))) if date else None,
            "text": _squeeze(plain.get_content()) if plain else "",
            "html": _squeeze(html.get_content()) if html else "",
            "att_count": len(attached),
            "att_filenames": sorted(p.get_filename() or "" for p in attached),
            "att_sha256": sorted(
                hashlib.sha256(c if isinstance(c, bytes) else b"").hexdigest()
                for c in contents
            ),
        }
    )


def _read_in_time(
    corpus: Path,
    row: dict[str, Any],
    read: Reader,
    result: Result,
    right: Counter[str],
    asked: Counter[str],
) -> Reading | None:
    raw = (corpus / row["file"]).read_bytes()
    asked["no exception"] += 1
    began = time.perf_counter()
    reading = None
    problem = ""
    try:
        reading = read(raw)
    except Exception as error:  # noqa: BLE001 - the whole point is to count these
        problem = repr(error)[:200]
    seconds = time.perf_counter() - began
    if seconds > MAX_SECONDS:
        problem = problem or f"{seconds:.1f} s"
    right["no exception"] += not problem
    if problem:
        result.failures.append(
            Failure(row["id"], row["file"], "no exception", "", problem, 5)
        )
    return reading


def _stated(expect: dict[str, Any]) -> dict[str, object]:
    stated: dict[str, object] = {}
    if "from" in expect:
        stated["from_addr"] = [(a["addr"] or "").lower() for a in expect["from"]]
        stated["from_name"] = [_collapse(a["name"] or "") for a in expect["from"]]
    if "to" in expect:
        stated["to_addrs"] = [(a["addr"] or "").lower() for a in expect["to"]]
    for name in ("subject", "message_id"):
        if name in expect:
            stated[name] = _collapse(expect[name] or "")
    if expect.get("date_utc"):
        stated["date"] = expect["date_utc"]
    for name in ("text", "html"):
        value = expect.get(name, expect.get(f"{name}_nows"))
        if value is not None:
            stated[name] = _squeeze(value)
    if "attachments" in expect:
        files = expect["attachments"]
        stated["att_count"] = len(files)
        stated["att_filenames"] = sorted(f["filename"] for f in files if f["filename"])
        stated["att_sha256"] = sorted(f.get("sha256", "") for f in files)
    elif "n_attachments" in expect:
        stated["att_count"] = expect["n_attachments"]
    return stated


def _all_rows(corpus: Path) -> Iterator[dict[str, Any]]:
    for name in ("mime.jsonl", "robustness.jsonl"):
        yield from _rows(corpus / name)


def _seconds(parse: Callable[[bytes], object], letters: list[bytes]) -> float:
    began = time.perf_counter()
    for raw in letters:
        # Letters that the standard library gives up on cost what they cost it.
        with contextlib.suppress(Exception):
            parse(raw)
    return time.perf_counter() - began


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        with path.open(encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines)


def _collapse(text: str) -> str:
    return " ".join(text.split())


def _squeeze(text: str) -> str:
    """Text without white space and NUL, which wrapping and trimming may change."""
    return "".join(text.replace("\0", "").split())


def _from_utf_7(text: str) -> str:
    try:
        return text.encode("ascii").decode("utf_7")
    except UnicodeError:
        return text


def _as_utc(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""What reading a letter costs: parsed, classified, folded and cleaned, on real mail.

Beside it, in the same run, what `email` with `policy.default` takes to parse the same
letters: alone, and with the fields and texts asked for, as anybody would who reads them.
CORPUS names another folder of the same form. Prints figures only.
"""

from __future__ import annotations

import email.policy
import json
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import TypeVar

from bench.result import CannotRun, Options, Result, percentile
from letterbox.mime import bounces, clean, fold
from letterbox.mime.classify import OwnMail, classify
from letterbox.mime.fold import html as fold_html
from letterbox.mime.letter import Letter
from letterbox.mime.parse import parse_letter

NAME = "reading-cost"

LISTS = ("mime.jsonl", "robustness.jsonl", "classify.jsonl", "threads.jsonl")
ROUNDS = 3
NOBODY = OwnMail()

Item = TypeVar("Item")


def run(options: Options) -> Result:
    """Read every letter of the corpus in turn; the figures are seconds per letter."""
    letters = list(_letters(options.corpus))
    if not letters:
        raise CannotRun("there is no real mail here; name its folder with CORPUS=…")
    letters = letters[:: max(1, round(1 / min(1.0, options.scale)))]
    read = [parse_letter(raw) for raw in letters]
    standard = _best(_parse_by_standard, letters)
    asked = _best(_read_by_standard, letters)
    whole = _best(_read_whole, letters)
    steps = {
        "parse": sum(_best(parse_letter, letters)),
        "classify": sum(_best(_classify, read)),
        "fold": sum(_best(lambda letter: fold.fold(letter.text), read)),
        "clean and fold HTML": sum(_best(_clean, read)),
    }
    count = len(letters)
    cost, cost_as_read = sum(whole) / sum(standard), sum(whole) / sum(asked)
    rows = [
        ("step", "ms per letter"),
        *((name, _milliseconds(total / count)) for name, total in steps.items()),
        ("all of it", _milliseconds(sum(whole) / count)),
        ("policy.default, parsing alone", _milliseconds(sum(standard) / count)),
        ("policy.default, fields and texts", _milliseconds(sum(asked) / count)),
        ("our cost beside parsing alone", f"{cost:.2f}"),
        ("our cost beside fields and texts", f"{cost_as_read:.2f}"),
    ]
    return Result(
        name=NAME,
        # More is better: how many of ours fit into one of theirs.
        ratio=1 / cost,
        p50=percentile(whole, 0.5),
        p95=percentile(whole, 0.95),
        parts={
            "letters": count,
            "cost_beside_parsing_alone": cost,
            "cost_beside_fields_and_texts": cost_as_read,
            "slowest_seconds": max(whole),
            "seconds_per_letter": {name: all_ / count for name, all_ in steps.items()},
        },
        table=rows,
    )


def _letters(corpus: Path) -> Iterator[bytes]:
    """Every file that the lists name, once."""
    seen: set[str] = set()
    for name in LISTS:
        path = corpus / name
        if not path.is_file():
            continue
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                file = json.loads(line).get("file", "")
                if file and file not in seen and (corpus / file).is_file():
                    seen.add(file)
                    yield (corpus / file).read_bytes()


def _best(step: Callable[[Item], object], items: list[Item]) -> list[float]:
    """The seconds of our own time for each item, the best of some rounds."""
    rounds = []
    for _ in range(ROUNDS):
        seconds = []
        for item in items:
            began = time.process_time()
            step(item)
            seconds.append(time.process_time() - began)
        rounds.append(seconds)
    return [min(each) for each in zip(*rounds, strict=True)]


def _read_whole(raw: bytes) -> None:
    letter = parse_letter(raw)
    _classify(letter)
    fold.fold(letter.text)
    _clean(letter)


def _classify(letter: Letter) -> None:
    classify(letter, own=NOBODY, bounce=bounces.read_bounce(letter))


def _clean(letter: Letter) -> None:
    if letter.html:
        fold_html.fold_html(clean.clean_html(letter.html).html)


def _parse_by_standard(raw: bytes) -> object:
    try:
        return BytesParser(policy=email.policy.default).parsebytes(raw)
    except Exception:  # noqa: BLE001 - what it gives up on cost what it cost.
        return None


def _read_by_standard(raw: bytes) -> None:
    message = _parse_by_standard(raw)
    if not isinstance(message, EmailMessage):
        return
    try:
        for value in message.values():
            str(value)
        for preference in ("plain", "html"):
            body = message.get_body((preference,))
            if body is not None:
                body.get_content()
    except Exception:  # noqa: BLE001, S110 - the same.
        pass


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.3f}"

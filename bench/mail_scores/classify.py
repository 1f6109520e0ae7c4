"""How well machines are told from people on real mail, and bounces read.

Reads `classify.jsonl` and `autoresponse_rules.jsonl` of a corpus folder. Beside our
figures stand flufl.bounce for bounces and the naive reading of RFC 3834 for answers.
Most letters that name recipients come from the test suite of flufl.bounce itself, so its
figure for them is by construction. Nothing here is part of the product.
"""

from __future__ import annotations

import email
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import getaddresses
from pathlib import Path
from typing import Any

from flufl.bounce import all_failures

from letterbox.mime.bounces import BounceOutcome, BounceReport, read_bounce
from letterbox.mime.classify import Classification, MailKind, OwnMail, classify
from letterbox.mime.letter import Address, Headers, Letter
from letterbox.mime.parse import parse_letter

NOBODY = OwnMail()
HUMAN_KINDS = frozenset({"human", "human_list"})
FAILED = frozenset({BounceOutcome.HARD, BounceOutcome.SOFT})
DELAYED = frozenset({BounceOutcome.DELAY})


@dataclass(slots=True)
class Share:
    """How many of how many, and the files that were not among them."""

    of: int = 0
    missed: list[str] = field(default_factory=list)

    def count(self, name: str, *, right: bool) -> None:
        """Count one case."""
        self.of += 1
        if not right:
            self.missed.append(name)

    @property
    def right(self) -> float:
        """The share that came out right; 1 of nothing."""
        return 1 - len(self.missed) / self.of if self.of else 1.0

    @property
    def wrong(self) -> float:
        """The share that came out wrong."""
        return 1 - self.right


@dataclass(frozen=True, slots=True)
class Column:
    """What one program reaches. Shares are from 0 to 1."""

    bounces_found: float
    humans_called_bounces: int
    recipients_right: float
    wrongly_answered: float
    humans_refused: float


@dataclass(frozen=True, slots=True)
class ClassifyScores:
    """Ours beside others, and what only we are asked.

    `rules_failed` names header rules of peers that came out otherwise; contested ones
    are apart. `kinds_right` is over the kinds of the corpus, `hard_right` whether an
    address is taken for dead as the corpus has it, `ids_right` the original
    Message-ID. `failures` lists, by figure, the files behind it.
    """

    ours: Column
    flufl_and_naive: Column
    rules: int
    rules_failed: list[str]
    contested_failed: list[str]
    kinds_right: float
    hard_right: float
    ids_right: float
    failures: dict[str, list[str]]


class _Tally:
    def __init__(self) -> None:
        self.found, self.humans, self.recipients = Share(), Share(), Share()
        self.unwanted, self.refused = Share(), Share()

    def column(self) -> Column:
        return Column(
            bounces_found=self.found.right,
            humans_called_bounces=len(self.humans.missed),
            recipients_right=self.recipients.right,
            wrongly_answered=self.unwanted.wrong,
            humans_refused=self.refused.wrong,
        )


def score(corpus: Path) -> ClassifyScores:
    """Classify every letter of the corpus and compare."""
    ours, others = _Tally(), _Tally()
    kinds, hard, ids = Share(), Share(), Share()
    for row in _rows(corpus / "classify.jsonl"):
        raw = _without_mbox_line((corpus / row["file"]).read_bytes())
        letter, expect, name = parse_letter(raw), row["expect"], row["file"]
        report = read_bounce(letter)
        verdict = classify(letter, own=NOBODY, bounce=report)
        _tally(
            ours,
            name,
            expect,
            found=report is not None,
            answered=verdict.may_answer,
        )
        _tally_recipients(ours, name, expect, _recipients(report))
        temporary, permanent = _flufl(raw)
        found = bool(temporary or permanent)
        naively = _naively_answered(letter)
        _tally(others, name, expect, found=found, answered=naively)
        _tally_recipients(others, name, expect, (permanent, temporary))
        kinds.count(
            f"{name} {expect['kind']} {verdict.kind}",
            right=verdict.kind in _KINDS[expect["kind"]],
        )
        if report is not None and expect.get("failures"):
            is_hard = any(failure["hard"] for failure in expect["failures"])
            hard.count(name, right=is_hard == (report.outcome is BounceOutcome.HARD))
        if "original_message_id" in expect:
            expected = expect["original_message_id"].strip("<> ")
            got = report.original_message_id if report else ""
            ids.count(name, right=got == expected)
    rules, failed, contested = _score_rules(corpus)
    return ClassifyScores(
        ours=ours.column(),
        flufl_and_naive=others.column(),
        rules=rules,
        rules_failed=failed,
        contested_failed=contested,
        kinds_right=kinds.right,
        hard_right=hard.right,
        ids_right=ids.right,
        failures={
            "bounces_found": ours.found.missed,
            "humans_called_bounces": ours.humans.missed,
            "recipients_right": ours.recipients.missed,
            "wrongly_answered": ours.unwanted.missed,
            "humans_refused": ours.refused.missed,
            "kinds_right": kinds.missed,
            "hard_right": hard.missed,
            "ids_right": ids.missed,
        },
    )


def _tally(
    tally: _Tally, name: str, expect: dict[str, Any], *, found: bool, answered: bool
) -> None:
    if expect["is_bounce"]:
        tally.found.count(name, right=found)
    elif expect["kind"] in HUMAN_KINDS:
        tally.humans.count(name, right=not found)
    if expect.get("may_autorespond") is False:
        tally.unwanted.count(name, right=not answered)
    elif expect.get("may_autorespond") is True:
        tally.refused.count(name, right=answered)


def _tally_recipients(
    tally: _Tally, name: str, expect: dict[str, Any], got: tuple[set[str], set[str]]
) -> None:
    for key, addresses in zip(
        ("recipients_failed", "recipients_delayed"), got, strict=True
    ):
        if key in expect:
            expected = {value.strip("<>").lower() for value in expect[key]}
            tally.recipients.count(f"{name} {key}", right=addresses == expected)


def _recipients(report: BounceReport | None) -> tuple[set[str], set[str]]:
    rows = report.recipients if report is not None else ()
    return (
        {row.email.lower() for row in rows if row.outcome in FAILED},
        {row.email.lower() for row in rows if row.outcome in DELAYED},
    )


def _flufl(raw: bytes) -> tuple[set[str], set[str]]:
    """What flufl.bounce finds: temporary and permanent failures."""
    # It logs every detector of its own that fails, with a traceback.
    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL + 1)
    try:
        found = all_failures(email.message_from_bytes(raw))
    except Exception:  # noqa: BLE001 - it raises on odd mail; that is its score.
        return set(), set()
    temporary, permanent = (
        {address.decode("ascii", "replace").lower() for address in addresses}
        for addresses in found
    )
    return temporary, permanent


def _naively_answered(letter: Letter) -> bool:
    """RFC 3834 as most read it: four headers and the names that it gives."""
    headers = letter.headers
    if headers.get("Auto-Submitted", "no").strip().lower() != "no":
        return False
    if headers.get("Precedence").strip().lower() in {"bulk", "junk", "list"}:
        return False
    if "List-Id" in headers or headers.get("Return-Path").strip() == "<>":
        return False
    author = letter.author.local_part.lower()
    return not author.startswith(("mailer-daemon", "owner-")) and not author.endswith(
        "-request"
    )


def _score_rules(corpus: Path) -> tuple[int, list[str], list[str]]:
    counted, failed, contested = 0, list[str](), list[str]()
    for row in _rows(corpus / "autoresponse_rules.jsonl"):
        counted += 1
        verdict = _classify_rule(row)
        got = _in_the_words_of_the_rules(verdict)
        wrong = [
            name
            for name, expected in row["expect"].items()
            if name in got and got[name] != expected
        ]
        if wrong:
            place = contested if row.get("contested") else failed
            place.append(f"{row['id']} {', '.join(wrong)}")
    return counted, failed, contested


def _classify_rule(row: dict[str, Any]) -> Classification:
    fields = [(str(name), str(value)) for name, value in row["headers"]]
    envelope = row.get("envelope", {})
    addresses = set(envelope.get("own_addresses", []))
    # The last server writes the envelope into these two headers.
    if "rcpt_to" in envelope:
        fields.insert(0, ("Delivered-To", envelope["rcpt_to"]))
        addresses.add(envelope["rcpt_to"])
    if "mail_from" in envelope:
        fields.insert(0, ("Return-Path", f"<{envelope['mail_from']}>"))
    headers = Headers(tuple(fields))
    letter = Letter(
        headers=headers,
        subject=headers.get("Subject"),
        from_=_addresses(headers, "From"),
        to=_addresses(headers, "To"),
        cc=_addresses(headers, "Cc"),
    )
    return classify(letter, own=OwnMail(addresses=frozenset(addresses)))


def _addresses(headers: Headers, name: str) -> tuple[Address, ...]:
    pairs = getaddresses(headers.get_all(name))
    return tuple(Address(address, person) for person, address in pairs)


def _in_the_words_of_the_rules(verdict: Classification) -> dict[str, bool]:
    return {
        "is_auto_reply": verdict.kind.is_automatic,
        "is_machine": verdict.kind.is_automatic,
        "is_out_of_office": verdict.kind is MailKind.OUT_OF_OFFICE,
        "is_list": verdict.kind in {MailKind.LIST, MailKind.BULK},
        "may_autorespond": verdict.may_answer,
    }


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _without_mbox_line(raw: bytes) -> bytes:
    return raw.partition(b"\n")[2] if raw.startswith(b"From ") else raw


# The corpus names kinds by what a letter is for; where a list passed a machine's
# letter on, the list is as right an answer as the machine.
_BY_LIST = {MailKind.LIST, MailKind.BULK}
_ANSWERS = {MailKind.AUTO_REPLY, MailKind.OUT_OF_OFFICE, MailKind.AUTO_ACKNOWLEDGEMENT}
_KINDS: dict[str, set[MailKind]] = {
    "human": {MailKind.HUMAN},
    "human_list": _BY_LIST,
    "bounce": {MailKind.BOUNCE_HARD, MailKind.BOUNCE_SOFT},
    "dsn_delay": {MailKind.BOUNCE_DELAY},
    "dsn_success": {MailKind.DELIVERY_SUCCESS},
    "auto_reply": _ANSWERS,
    "auto_ack": _ANSWERS | _BY_LIST,
    "challenge_response": {MailKind.CHALLENGE},
    "bot_reply": {*_ANSWERS, *_BY_LIST, MailKind.NOTIFICATION},
    "notification": {MailKind.NOTIFICATION, MailKind.CALENDAR, *_BY_LIST},
    "newsletter": {*_BY_LIST, MailKind.NOTIFICATION},
    "feedback_report": {MailKind.FEEDBACK_REPORT},
    "mdn": {MailKind.RECEIPT},
    "virus_notice": {
        MailKind.BOUNCE_SOFT,
        MailKind.SYSTEM_ADDRESS,
        MailKind.NOTIFICATION,
    },
    "spam": {MailKind.SPAM, *_BY_LIST},
}

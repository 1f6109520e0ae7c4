"""The acceptance cases of the autoresponder that need no database, by their numbers.

Letters are classified by the real classifier, so that a case holds from the header
fields to the verdict.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from letterbox.mime.classify import OwnMail, classify
from letterbox.mime.letter import Address
from letterbox.mime.parse import parse_letter
from letterbox.rules import conditions
from letterbox.rules.budgets import PastAnswer
from letterbox.rules.engine import Frequency, Rule, Verdict, decide
from letterbox.rules.facts import Facts
from letterbox.rules.trace import Fit
from tests.unit.rules.letters import NOON, SALES, SUPPORT, later, letter, rule

OWN = OwnMail(addresses=frozenset({SUPPORT, SALES}))


def says(text: str) -> dict[str, Any]:
    return {"field": "body", "operator": "contains", "value": text}


FOUR_WAY = {
    "all": [
        {"field": "subject", "operator": "is-empty"},
        says("offer"),
        says("sale"),
        says("won"),
    ]
}
# The old product read "one AND NOT two OR three" from left to right; here it is said.
MIXED = {
    "any": [
        {
            "all": [
                says("onemore"),
                {"field": "body", "operator": "does-not-contain", "value": "excluded"},
            ]
        },
        says("always"),
    ]
}
NESTED = {"all": [says("offer"), {"any": [says("price"), says("value")]}]}


def answers(data: Any, **facts: Any) -> bool:
    verdict = decide(
        letter(**facts), [rule(conditions=conditions.load(data))], now=NOON
    )
    return bool(verdict.answers)


@pytest.mark.parametrize(
    ("case", "data", "facts", "expected"),
    [
        (
            "ACC-006",
            FOUR_WAY,
            {"subject": "", "body": "You WON: an offer, on sale"},
            True,
        ),
        ("ACC-007", FOUR_WAY, {"subject": "Hi", "body": "offer sale won"}, False),
        ("ACC-008", FOUR_WAY, {"subject": "", "body": "Hello"}, False),
        ("ACC-009", FOUR_WAY, {"subject": "", "body": "offer and sale"}, False),
        ("ACC-011", MIXED, {"body": "onemore"}, True),
        ("ACC-012", MIXED, {"body": "always excluded"}, True),
        ("ACC-013", MIXED, {"body": "onemore excluded"}, False),
        ("ACC-014", MIXED, {"body": "nothing"}, False),
        ("ACC-015", NESTED, {"body": "offer price"}, True),
        ("ACC-015", NESTED, {"body": "offer value"}, True),
        ("ACC-016", NESTED, {"body": "offer"}, False),
        ("ACC-016", NESTED, {"body": "price"}, False),
        ("ACC-016", NESTED, {"body": "value"}, False),
        ("ACC-016", NESTED, {"body": "none"}, False),
    ],
)
def test_conditions_of_the_acceptance_cases(
    case: str, data: Any, facts: dict[str, Any], expected: bool
) -> None:
    assert answers(data, **facts) is expected, case


def test_acc_010_a_letter_that_was_there_before_the_rule_is_not_answered() -> None:
    older = rule(conditions=conditions.load(FOUR_WAY), active_since=10)
    facts = {"subject": "", "body": "offer sale won"}

    before = decide(letter(ledger_position=10, **facts), [older], now=NOON)
    after = decide(letter(ledger_position=11, **facts), [older], now=NOON)

    assert not before.answers
    assert after.answers


@pytest.mark.parametrize("field", ["subject", "body", "from", "to", "cc", "bcc"])
def test_acc_017_every_operator_works_on_every_field_and_any_entry_counts(
    field: str,
) -> None:
    facts = letter(
        subject="Anna",
        body="Anna",
        author=Address("x@y.example", "Anna"),
        to=(
            Address("b@y.example", "Ben"),
            Address("x@y.example", "Anna"),
            Address(SUPPORT),
        ),
        cc=(Address("b@y.example", "Ben"), Address("x@y.example", "Anna")),
        bcc=(Address("x@y.example", "Anna"),),
    )
    table = {
        "contains": ("nn", "zz"),
        "does-not-contain": ("zz", "nn"),
        "equals": ("ANNA", "Ann"),
        "does-not-equal": ("Ann", "anna"),
        "starts-with": ("an", "nn"),
        "ends-with": ("na", "nn"),
        "any-of": (["zoe", "anna"], ["zoe"]),
        "none-of": (["zoe"], ["zoe", "anna"]),
    }

    for operator, (true, false) in table.items():
        for value, expected in ((true, True), (false, False)):
            data = {"field": field, "operator": operator, "value": value}
            rules = [rule(conditions=conditions.load(data))]
            assert bool(decide(facts, rules, now=NOON).answers) is expected, operator
    for operator, expected in (("is-empty", False), ("is-not-empty", True)):
        rules = [
            rule(conditions=conditions.load({"field": field, "operator": operator}))
        ]
        assert bool(decide(facts, rules, now=NOON).answers) is expected


def test_acc_020_two_rules_match_and_one_answer_goes_out() -> None:
    verdict = decide(letter(), [rule(1), rule(2)], now=NOON)

    assert [each.rule for each in verdict.answers] == [1]


def test_acc_021_an_inactive_rule_answers_nothing() -> None:
    assert not decide(letter(), [rule(is_active=False)], now=NOON).answers


def read(fields: str = "", body: str = "Where is it?\r\n", **changes: Any) -> Facts:
    """Facts of a letter with these header fields, read and classified as in the product."""
    author = changes.pop("author", "Anna Berg <anna@customer.example>")
    raw = (
        f"From: {author}\r\nTo: {SUPPORT}\r\nSubject: Where is my order?\r\n"
        f"Message-ID: <one@customer.example>\r\n{fields}\r\n{body}"
    )
    parsed = parse_letter(raw.encode())
    found = classify(parsed, own=OWN)
    refusals = tuple((each.value, each.sentence) for each in found.answer_refusals)
    return letter(
        headers=parsed.headers,
        author=parsed.author,
        to=parsed.to,
        subject=parsed.subject,
        kind=found.kind.value,
        may_answer=found.may_answer,
        refusals=refusals,
        **changes,
    )


def report(kind: str, machine_part: str) -> dict[str, str]:
    return {
        "fields": f'Content-Type: multipart/report; report-type={kind}; boundary="b"\r\n',
        "body": (
            "--b\r\n\r\nSee below.\r\n"
            f"--b\r\nContent-Type: message/{kind}\r\n\r\n{machine_part}\r\n--b--\r\n"
        ),
    }


MACHINES: list[tuple[str, dict[str, str]]] = [
    ("ACC-022", {"author": SUPPORT}),
    ("ACC-024", {"fields": "Auto-Submitted: auto-replied\r\n"}),
    (
        "ACC-024",
        {"fields": "Auto-Submitted: auto-generated; owner-email=a@b.example\r\n"},
    ),
    ("ACC-025", {"fields": "Return-Path: <>\r\n"}),
    ("ACC-025", {"author": "MAILER-DAEMON@mx.example"}),
    ("ACC-025", {"author": "postmaster@mx.example"}),
    ("ACC-025", {"author": "team-request@lists.example"}),
    ("ACC-025", {"author": "owner-team@lists.example"}),
    ("ACC-025", {"author": "noreply@shop.example"}),
    ("ACC-026", {"fields": "List-Id: <team.lists.example>\r\n"}),
    ("ACC-026", {"fields": "List-Unsubscribe: <https://lists.example/u>\r\n"}),
    ("ACC-026", {"fields": "Precedence: list\r\n"}),
    ("ACC-026", {"fields": "Precedence: Bulk\r\n"}),
    ("ACC-026", {"fields": "Precedence: junk\r\n"}),
    ("ACC-027", {"fields": "X-Auto-Response-Suppress: All\r\n"}),
    ("ACC-027", {"fields": "X-Auto-Response-Suppress: OOF\r\n"}),
    ("ACC-027", {"fields": "X-Auto-Response-Suppress: DR, AutoReply\r\n"}),
    (
        "ACC-028",
        report(
            "delivery-status",
            "Reporting-MTA: dns; mx.example\r\n\r\n"
            "Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n",
        ),
    ),
    (
        "ACC-028",
        report(
            "disposition-notification",
            "Final-Recipient: rfc822; a@b.example\r\n"
            "Disposition: manual-action/MDN-sent-manually; displayed\r\n",
        ),
    ),
    (
        "ACC-028",
        report(
            "feedback-report",
            "Feedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\n",
        ),
    ),
]


@pytest.mark.parametrize(("case", "changes"), MACHINES)
def test_machines_get_no_answer_and_the_reason_is_recorded(
    case: str, changes: dict[str, str]
) -> None:
    verdict = decide(read(**changes), [rule()], now=NOON)

    assert not verdict.answers, case
    assert verdict.trace.rules[0].fit is Fit.REFUSED
    assert any(each.reason for each in verdict.trace.guards)
    assert "must not" in verdict.sentence


def test_a_person_with_the_same_letter_is_answered() -> None:
    for fields in ("", "Auto-Submitted: no\r\n", "Precedence: normal\r\n"):
        assert decide(read(fields), [rule()], now=NOON).answers, fields


def exchange(of: Rule, *, conversations: list[int], minutes: int) -> list[Verdict]:
    past: list[PastAnswer] = []
    verdicts = []
    for number, conversation in enumerate(conversations):
        now = later(minutes=number * minutes)
        facts = letter(
            message=number,
            message_id=f"{number}@x",
            conversation=conversation,
            received_at=now,
        )
        verdict = decide(facts, [of], now=now, past=past)
        verdicts.append(verdict)
        past += [
            PastAnswer(
                rule=each.rule,
                message=number,
                at=now,
                recipient=each.recipient.email,
                author=facts.author.email,
                conversation=conversation,
            )
            for each in verdict.answers
        ]
    return verdicts


def test_acc_029_five_letters_in_a_day_get_one_answer_per_sender_and_period() -> None:
    daily = rule(
        frequency=Frequency.ONCE_PER_SENDER_AND_PERIOD, period=timedelta(days=1)
    )

    verdicts = exchange(daily, conversations=[1, 2, 3, 4, 5], minutes=60)

    assert [len(each.answers) for each in verdicts] == [1, 0, 0, 0, 0]


def test_acc_029_by_default_each_new_matter_gets_its_confirmation_once() -> None:
    verdicts = exchange(rule(), conversations=[1, 1, 2, 2, 1], minutes=60)

    assert [len(each.answers) for each in verdicts] == [1, 0, 1, 0, 0]


def test_acc_031_one_mailbox_of_ours_never_answers_another() -> None:
    facts = read("Auto-Submitted: auto-replied\r\n", author=SALES)
    stripped = read(author=SALES)

    assert not decide(facts, [rule()], now=NOON).answers
    assert not decide(stripped, [rule()], now=NOON).answers


@pytest.mark.parametrize(
    ("to", "changes", "expected"),
    [
        ("list@other.example", {}, False),
        ("list@other.example", {"bcc": (Address(SUPPORT),)}, False),
        (
            "everybody@acme.example",
            {"delivered_to": ("everybody@acme.example",)},
            False,
        ),
        ("everybody@acme.example", {"delivered_to": (SUPPORT,)}, True),
        (
            "help@acme.example",
            {"mailbox_addresses": (SUPPORT, "help@acme.example")},
            True,
        ),
    ],
)
def test_acc_032_only_a_letter_that_names_us_is_answered(
    to: str, changes: dict[str, Any], expected: bool
) -> None:
    facts = letter(to=(Address(to),), **changes)

    assert bool(decide(facts, [rule()], now=NOON).answers) is expected

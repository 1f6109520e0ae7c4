from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from letterbox.mime.letter import Address
from letterbox.rules import questions
from letterbox.rules.budgets import Budget, Fate, PastAnswer, Scope, WhenSpent
from letterbox.rules.facts import FolderRole
from letterbox.rules.guards import GUARDS
from letterbox.rules.questions import Finding, Question, Say, Settings
from tests.unit.rules.letters import NOON, SALES, SUPPORT, later, letter

ANNA = "anna@customer.example"


def answer(**changes: Any) -> PastAnswer:
    plain: dict[str, Any] = {
        "rule": 1,
        "message": 100,
        "at": later(hours=-1),
        "recipient": ANNA,
        "author": ANNA,
        "conversation": 1,
    }
    return PastAnswer(**{**plain, **changes})


def ask(
    name: str, *, settings: Settings | None = None, past: Any = (), **changes: Any
) -> Finding:
    question = Question(letter(**changes), NOON, settings or Settings(), past)
    return questions.ask([GUARDS[name]], question)[0]


def test_nothing_stands_against_a_persons_first_letter() -> None:
    findings = questions.ask(
        tuple(GUARDS.values()), Question(letter(), NOON, Settings())
    )

    assert len(findings) == len(GUARDS)
    assert [each.guard for each in findings if each.say is not Say.ALLOW] == []
    assert all(each.sentence for each in findings)


REFUSALS: list[tuple[str, dict[str, Any]]] = [
    ("machine", {"kind": "auto-reply", "may_answer": False}),
    ("machine", {"kind": "bounce-hard", "may_answer": False}),
    ("machine", {"kind": "out-of-office"}),
    ("machine", {"kind": "a-kind-of-tomorrow"}),
    ("machine", {"kind": "human", "refusals": (("null-return-path", "Empty."),)}),
    ("machine", {"kind": "human", "refusals": (("loop", "It loops."),)}),
    ("not-a-person", {"kind": "list", "may_answer": False}),
    ("not-a-person", {"kind": "notification"}),
    ("not-a-person", {"refusals": (("suppressed-by-sender", "It asks for none."),)}),
    ("not-a-person", {"may_answer": False}),
    ("own-address", {"author": Address(SUPPORT)}),
    ("own-address", {"author": Address("Support+tag@ACME.example")}),
    ("own-address", {"author": Address(SALES)}),
    ("own-address", {"reply_to": (Address(SALES),)}),
    ("own-address", {"refusals": (("our-own", "It is ours."),)}),
    ("not-addressed", {"to": (Address("list@other.example"),)}),
    ("not-addressed", {"to": (), "bcc": (Address(SUPPORT),)}),
    ("not-addressed", {"to": (), "delivered_to": ("other@acme.example",)}),
    ("history", {"is_history": True}),
    ("folder", {"folder_role": FolderRole.SENT}),
    ("folder", {"folder_role": FolderRole.DRAFTS}),
    ("folder", {"folder_role": FolderRole.JUNK}),
    ("folder", {"folder_role": FolderRole.TRASH}),
    ("too-old", {"received_at": later(days=-3, seconds=-1)}),
    ("authentication-failed", {"authentication": (("DMARC", "Fail"),)}),
    ("authentication-failed", {"authentication": (("spf", "softfail"),)}),
    ("authentication-failed", {"authentication": (("spf", "fail"), ("dkim", "fail"))}),
    ("authentication-failed", {"refusals": (("sender-not-proven", "Forged."),)}),
    ("no-recipient", {"author": Address("")}),
    ("no-recipient", {"author": Address("nobody")}),
    ("no-recipient", {"author": Address("a b@customer.example")}),
    ("no-recipient", {"author": Address("a@")}),
    ("no-recipient", {"author": Address("a@b..example")}),
    ("no-recipient", {"author": Address("a@b.example\r\nBcc: c@d.example")}),
    ("no-recipient", {"author": Address("x" * 65 + "@b.example")}),
]


@pytest.mark.parametrize(("name", "changes"), REFUSALS)
def test_every_guard_refuses_with_a_reason(name: str, changes: dict[str, Any]) -> None:
    finding = ask(name, **changes)

    assert finding.say is Say.REFUSE
    assert finding.reason


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("machine", {"kind": "list", "may_answer": False}),
        ("machine", {"refusals": (("not-addressed-to-us", "Not to us."),)}),
        ("not-a-person", {"kind": "bounce-hard"}),
        ("not-a-person", {"may_answer": False, "refusals": (("our-own", "Ours."),)}),
        ("own-address", {"author": Address("support@acme.example.org")}),
        ("not-addressed", {"to": (), "cc": (Address("SUPPORT@acme.example"),)}),
        ("not-addressed", {"to": (Address("support+vip@acme.example"),)}),
        ("not-addressed", {"to": (), "delivered_to": (SUPPORT,)}),
        ("folder", {"folder_role": FolderRole.ARCHIVE}),
        ("too-old", {"received_at": later(days=-3)}),
        (
            "authentication-failed",
            {"authentication": (("spf", "fail"), ("dkim", "pass"))},
        ),
        (
            "authentication-failed",
            {"authentication": (("spf", "fail"), ("dmarc", "pass"))},
        ),
        ("authentication-failed", {"authentication": (("spf", "neutral"),)}),
        ("no-recipient", {"author": Address(""), "reply_to": (Address(ANNA),)}),
    ],
)
def test_a_guard_keeps_to_its_matter(name: str, changes: dict[str, Any]) -> None:
    finding = ask(name, **changes)

    assert finding.say is Say.ALLOW
    assert finding.reason == ""


def test_every_guard_of_the_letter_is_in_the_table() -> None:
    about_letter = {each.name for each in GUARDS.values() if not each.is_about_rule}

    assert about_letter - {name for name, _ in REFUSALS} == {"muted", "breaker-open"}


@pytest.mark.parametrize(
    "entry", [ANNA, "customer.example", "@Customer.Example", "example"]
)
def test_a_muted_sender_is_not_answered(entry: str) -> None:
    settings = Settings(muted=frozenset({entry}))

    assert ask("muted", settings=settings).say is Say.REFUSE
    assert (
        ask("muted", settings=settings, author=Address("b@other.org")).say is Say.ALLOW
    )


def test_a_muted_reply_address_is_not_answered_either() -> None:
    settings = Settings(muted=frozenset({"robot@other.example"}))

    finding = ask(
        "muted", settings=settings, reply_to=(Address("robot@other.example"),)
    )

    assert finding.say is Say.REFUSE


def test_a_domain_in_a_list_does_not_mean_its_look_alikes() -> None:
    assert not questions.is_listed(
        "a@evil-customer.example", frozenset({"customer.example"})
    )
    assert questions.is_listed(
        "a@mail.customer.example", frozenset({"customer.example"})
    )
    assert questions.is_listed("anna+x@customer.example", frozenset({ANNA}))


TRUST = Settings(trusted=frozenset({ANNA}))


@pytest.mark.parametrize("name", sorted(GUARDS))
def test_trust_lifts_only_what_says_so(name: str) -> None:
    liftable = {"not-a-person", "authentication-failed", "sender-budget"}

    assert GUARDS[name].overridden_by_trust is (name in liftable)


def test_a_trusted_sender_is_answered_though_it_looks_like_a_list() -> None:
    finding = ask("not-a-person", settings=TRUST, kind="list", may_answer=False)

    assert finding.say is Say.ALLOW
    assert finding.reason
    assert finding.overruled == "The sender is trusted."


def test_trust_never_lifts_what_stops_loops() -> None:
    for name, changes in REFUSALS:
        if not GUARDS[name].overridden_by_trust:
            trusting = Settings(trusted=frozenset({"example", "nobody"}))
            if name == "own-address" and "reply_to" not in changes:
                # A trusted colleague: see the test below.
                continue
            assert ask(name, settings=trusting, **changes).say is Say.REFUSE, name


def test_a_muted_sender_stays_muted_where_its_domain_is_trusted() -> None:
    both = Settings(trusted=frozenset({"customer.example"}), muted=frozenset({ANNA}))

    assert ask("not-a-person", settings=both, kind="list").say is Say.REFUSE
    assert ask("muted", settings=both).say is Say.REFUSE


def test_a_trusted_colleague_is_answered_but_no_mailbox_of_ours() -> None:
    colleague: dict[str, Any] = {"author": Address(SALES), "reply_to": (Address(ANNA),)}

    assert ask("own-address", **colleague).say is Say.REFUSE
    trusting = Settings(trusted=frozenset({SALES}))
    assert ask("own-address", settings=trusting, **colleague).say is Say.ALLOW
    to_us = {**colleague, "reply_to": (Address(SUPPORT),)}
    assert ask("own-address", settings=trusting, **to_us).say is Say.REFUSE
    assert ask("machine", settings=trusting, kind="own", **colleague).say is Say.REFUSE


def test_a_mailbox_may_waive_only_the_guard_that_allows_it() -> None:
    settings = Settings(waived=frozenset(GUARDS))
    elsewhere: dict[str, Any] = {"to": (Address("list@other.example"),)}

    finding = ask("not-addressed", settings=settings, **elsewhere)

    assert finding.say is Say.ALLOW
    assert finding.overruled == "This mailbox waives this guard."
    assert ask("history", settings=settings, is_history=True).say is Say.REFUSE
    assert [each.name for each in GUARDS.values() if each.is_waivable] == [
        "not-addressed"
    ]


def test_an_absurdly_long_address_is_on_no_list() -> None:
    address = "a@" + "a." * 50_000 + "example"

    assert not questions.is_listed(address, frozenset({"example"}))


def test_an_open_breaker_holds() -> None:
    assert ask("breaker-open", settings=Settings(breaker_is_open=True)).say is Say.HOLD
    assert ask("breaker-open").say is Say.ALLOW


@pytest.mark.parametrize("fate", list(Fate))
def test_a_letter_is_answered_once_whatever_became_of_the_answer(fate: Fate) -> None:
    old = answer(message=1, at=later(days=-400), fate=fate)

    assert ask("already-answered", past=[old]).say is Say.REFUSE
    assert ask("already-answered", past=[answer(message=2)]).say is Say.ALLOW


def test_a_second_copy_of_a_letter_is_not_answered_again() -> None:
    twin = answer(message=2, message_id="one@customer.example")
    stranger = answer(
        message=2,
        message_id="one@customer.example",
        recipient="b@other.example",
        author="b@other.example",
    )

    assert ask("already-answered", past=[twin]).say is Say.REFUSE
    assert ask("already-answered", past=[stranger]).say is Say.ALLOW
    assert ask("already-answered", past=[answer()], message_id="").say is Say.ALLOW


def budget_settings(scope: Scope, when: WhenSpent = WhenSpent.REFUSE) -> Settings:
    return Settings(budgets=(Budget(scope, 2, timedelta(hours=2), when),))


OTHER = {"recipient": "b@other.example", "author": "b@other.example", "conversation": 2}


@pytest.mark.parametrize(
    ("guard", "scope", "counts", "does_not_count"),
    [
        ("sender-budget", Scope.SENDER, {"conversation": 9}, OTHER),
        ("sender-budget", Scope.SENDER, {"author": "x@y.example"}, OTHER),
        ("sender-budget", Scope.SENDER, {"recipient": "x@y.example"}, OTHER),
        (
            "sender-budget",
            Scope.SENDER,
            {"recipient": "Anna+7@Customer.example"},
            OTHER,
        ),
        (
            "conversation-budget",
            Scope.CONVERSATION,
            {**OTHER, "conversation": 1},
            OTHER,
        ),
        ("domain-budget", Scope.DOMAIN, {"recipient": "b@CUSTOMER.example"}, OTHER),
        ("mailbox-budget", Scope.MAILBOX, OTHER, {"fate": Fate.DISCARDED}),
    ],
)
def test_every_budget_counts_its_own(
    guard: str, scope: Scope, counts: dict[str, Any], does_not_count: dict[str, Any]
) -> None:
    settings = budget_settings(scope)
    full = [answer(message=2, **counts), answer(message=3, **counts)]
    others = [full[0], *(answer(message=n, **does_not_count) for n in range(4, 9))]

    assert ask(guard, settings=settings, past=full).say is GUARDS[guard].says
    assert ask(guard, settings=settings, past=others).say is Say.ALLOW


def test_budgets_of_many_people_hold_and_those_of_one_refuse() -> None:
    says = {name: GUARDS[name].says for name in GUARDS if name.endswith("-budget")}

    assert says == {
        "sender-budget": Say.REFUSE,
        "conversation-budget": Say.REFUSE,
        "domain-budget": Say.HOLD,
        "mailbox-budget": Say.HOLD,
    }


def test_a_reason_says_when_the_next_answer_fits() -> None:
    past = [answer(at=later(minutes=-30)), answer(at=later(minutes=-60))]

    finding = ask("sender-budget", settings=budget_settings(Scope.SENDER), past=past)

    assert "2 automatic answers" in finding.reason
    assert "2026-03-04 13:00 UTC" in finding.reason
    assert finding.to_json()["says"] == "refuse"


def test_the_strongest_word_counts() -> None:
    def say(*words: Say) -> Say:
        return questions.strongest([Finding("x", each, "x") for each in words])

    assert say(Say.ALLOW, Say.HOLD, Say.REFUSE) is Say.REFUSE
    assert say(Say.ALLOW, Say.HOLD) is Say.HOLD
    assert say() is Say.ALLOW

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from letterbox.mime.letter import Address, Headers
from letterbox.rules import conditions
from letterbox.rules.conditions import (
    Condition,
    ConditionsInvalid,
    EveryMessage,
    Group,
    Mode,
    all_of,
    any_of,
)
from letterbox.rules.facts import AttachedFile, Facts
from letterbox.rules.fields import FIELDS, Sight
from letterbox.rules.operators import OPERATORS
from tests.unit.rules.letters import letter


def holds(facts: Facts, field: str, operator: str, value: Any = None) -> bool:
    return conditions.evaluate(Condition(field, operator, value), Sight(facts)).holds


@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [
        ("subject", "contains", "ORDER", True),
        ("subject", "contains", "invoice", False),
        ("subject", "does-not-contain", "invoice", True),
        ("subject", "does-not-contain", "order", False),
        ("subject", "equals", " where is   my order? ", True),
        ("subject", "equals", "where is my order", False),
        ("subject", "does-not-equal", "order", True),
        ("subject", "does-not-equal", "where is my order?", False),
        ("subject", "starts-with", "WHERE", True),
        ("subject", "starts-with", "order", False),
        ("subject", "ends-with", "order?", True),
        ("subject", "ends-with", "order", False),
        ("subject", "any-of", ["nothing", "Where is my order?"], True),
        ("subject", "any-of", ["order"], False),
        ("subject", "none-of", "order, nothing", True),
        ("subject", "none-of", ["where is my order?"], False),
        ("subject", "is-empty", None, False),
        ("subject", "is-not-empty", None, True),
        ("subject", "matches", "my ORDER\\?$", True),
        ("subject", "matches", "^order", False),
        ("attachment-count", "equals", 2, True),
        ("attachment-count", "equals", 1, False),
        ("attachment-count", "does-not-equal", 1, True),
        ("attachment-count", "does-not-equal", 2, False),
        ("attachment-count", "greater", "1", True),
        ("attachment-count", "greater", 2, False),
        ("attachment-count", "less", 3, True),
        ("attachment-count", "less", 2, False),
        ("size", "greater", "10 KB", True),
        ("size", "greater", "11 KB", False),
        ("has-case", "equals", True, True),
        ("has-case", "equals", "no", False),
        ("has-lead", "equals", False, True),
        ("has-lead", "equals", "yes", False),
        ("received-at", "greater", "2026-03-04", True),
        ("received-at", "greater", "2026-03-05", False),
        ("received-at", "less", "2026-03-04T13:00:00+00:00", True),
        ("received-at", "less", "2026-03-04T12:00:00+00:00", False),
    ],
)
def test_every_operator_says_yes_and_no(
    field: str, operator: str, value: Any, expected: bool
) -> None:
    files = (
        AttachedFile("a.pdf", "application/pdf"),
        AttachedFile("b.png", "image/png"),
    )
    facts = letter(attachments=files, size=10_500, has_case=True)

    assert holds(facts, field, operator, value) is expected


def test_every_operator_is_in_the_table_above() -> None:
    names = {"contains", "does-not-contain", "equals", "does-not-equal", "starts-with"}
    names |= {"ends-with", "any-of", "none-of", "is-empty", "is-not-empty"}
    names |= {"matches", "greater", "less"}

    assert set(OPERATORS) == names


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("subject", "Where is my order?"),
        ("body", "Hello, where is order 4711? > quoted"),
        ("new-text", "Hello, where is order 4711?"),
        ("from", "anna@customer.example"),
        ("from", "Anna Berg"),
        ("from", "Anna Berg <anna@customer.example>"),
        ("from-address", "anna@customer.example"),
        ("from-name", "Anna Berg"),
        ("from-domain", "customer.example"),
        ("to", "support@acme.example"),
        ("cc", "Carl"),
        ("bcc", "bcc@acme.example"),
        ("reply-to", "desk@customer.example"),
        ("header:X-Priority", "1"),
        ("header:x-priority", "high"),
        ("attachment-name", "order.pdf"),
        ("attachment-type", "application/pdf"),
        ("language", "de"),
        ("kind", "human"),
    ],
)
def test_every_text_field_sees_its_part_of_the_letter(field: str, wanted: str) -> None:
    facts = letter(
        body="Hello, where is order 4711?\n> quoted",
        cc=(Address("carl@customer.example", "Carl"), Address("dora@other.example")),
        bcc=(Address("bcc@acme.example"),),
        reply_to=(Address("desk@customer.example"),),
        headers=Headers((("X-Priority", "1"), ("x-priority", "High"))),
        attachments=(AttachedFile("order.pdf", "application/pdf", 3),),
        language="de",
    )

    assert holds(facts, field, "equals", wanted)
    assert not holds(facts, field, "does-not-equal", wanted)
    assert not holds(facts, field, "is-empty")
    assert holds(
        letter(author=Address(""), to=(), subject="", body="", new_text="", kind=""),
        field,
        "is-empty",
    )


def test_every_field_has_a_label_and_an_operator() -> None:
    for field in FIELDS.values():
        assert field.label
        assert conditions.operators_for(field), field.name


def test_does_not_contain_holds_only_when_no_member_contains() -> None:
    both = letter(cc=(Address("carl@a.example"), Address("dora@b.example")))

    assert holds(both, "cc", "contains", "a.example")
    assert not holds(both, "cc", "does-not-contain", "a.example")
    assert holds(both, "cc", "does-not-contain", "c.example")
    assert holds(letter(), "cc", "does-not-contain", "a.example")
    assert holds(letter(), "cc", "is-empty")
    assert not holds(both, "cc", "is-empty")


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("STRASSE", "straße"),
        ("ＯＲＤＥＲ", "order"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("İZMİR", "izmir"),
        ("ISPARTA", "ısparta"),
        ("Cafe\u0301", "CAFÉ"),
        ("or\u00adder", "order"),
        ("or\u200bder", "order"),
        ("order\r\n\tnumber", "order number"),
        ("order\u00a0number", "order number"),
        ("ЗАКАЗ", "заказ"),
        ("注文", "注文"),
    ],
)
def test_texts_compare_without_case_in_every_script(written: str, wanted: str) -> None:
    assert holds(letter(subject=written), "subject", "contains", wanted)
    assert holds(letter(subject=wanted), "subject", "equals", written)


def test_letters_that_differ_stay_different() -> None:
    assert not holds(letter(subject="cafe"), "subject", "contains", "café")


def test_a_pattern_sees_lines_and_ignores_case() -> None:
    facts = letter(body="First line\nOrder 4711\nlast")

    assert holds(facts, "body", "matches", "(?m)^order [0-9]+$")
    assert not holds(facts, "body", "matches", "^order")


def test_broken_characters_stop_no_comparison() -> None:
    facts = letter(subject="or\udc80der\0s", body="\ud800")

    assert holds(facts, "subject", "ends-with", "ders")
    assert holds(facts, "subject", "matches", "ders$")
    assert holds(facts, "body", "is-not-empty")


def test_words_are_not_found_across_two_members() -> None:
    facts = letter(cc=(Address("a@b.example"), Address("c@d.example")))

    assert not holds(facts, "cc", "contains", "b.examplec@d")
    assert not holds(facts, "cc", "contains", "b.example\0c@d")


def test_a_pattern_that_would_explode_elsewhere_ends_at_once() -> None:
    facts = letter(body="a" * 60_000)

    assert not holds(facts, "body", "matches", "(a+)+$x")


def test_a_time_without_zone_is_read_on_the_clock_of_the_mailbox() -> None:
    facts = letter(
        received_at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC), time_zone="Europe/Berlin"
    )

    assert holds(facts, "received-at", "greater", "2026-07-02 00:29")
    assert not holds(facts, "received-at", "greater", "2026-07-02 00:30")


def test_groups_sum_up_all_or_any() -> None:
    yes, no = Condition("subject", "contains", "order"), Condition("cc", "is-not-empty")

    def result(group: Group) -> bool:
        return conditions.evaluate(group, Sight(letter())).holds

    assert result(all_of(yes, yes))
    assert not result(all_of(yes, no))
    assert result(any_of(no, yes))
    assert not result(any_of(no, no))
    assert result(all_of(yes, any_of(no, yes)))


def test_every_message_holds_for_an_empty_letter() -> None:
    sight = Sight(letter(subject="", body=""))

    assert conditions.evaluate(EveryMessage(), sight).holds


JSON: dict[str, Any] = {
    "all": [
        {"field": "subject", "operator": "contains", "value": "offer"},
        {"any": [
            {"field": "cc", "operator": "is-empty"},
            {"field": "from-domain", "operator": "any-of", "value": ["a.example"]},
            {"field": "size", "operator": "greater", "value": "5 MB"},
            {"field": "has-case", "operator": "equals", "value": False},
        ]},
    ]
}  # fmt: skip


def test_conditions_survive_their_json() -> None:
    loaded = conditions.load(JSON)

    assert conditions.dump(loaded) == JSON
    assert conditions.load(conditions.dump(loaded)) == loaded
    assert conditions.load({"every": True}) == EveryMessage()
    assert conditions.dump(EveryMessage()) == {"every": True}


def test_conditions_read_as_sentences() -> None:
    assert str(conditions.load(JSON)) == (
        "Subject contains “offer” and (Cc is empty or From: domain is any of “a.example” "
        "or Size is greater or later than “5 MB” or Has a case is no)"
    )


def test_a_list_may_be_written_as_one_text_with_commas() -> None:
    condition = Condition("from-domain", "any-of", "a.example, b.example\nc.example")

    assert condition.value == ("a.example", "b.example", "c.example")


@pytest.mark.parametrize(
    ("data", "part", "words"),
    [
        ({"field": "colour", "operator": "equals", "value": "x"}, "field", "colour"),
        ({"field": "header:a b", "operator": "is-empty"}, "field", "header:a b"),
        ({"field": "header:", "operator": "is-empty"}, "field", "header:"),
        ({"field": "subject", "operator": "is like", "value": "x"}, "operator", "like"),
        ({"field": "subject", "operator": "greater", "value": 1}, "operator", "greater"),
        ({"field": "size", "operator": "contains", "value": "1"}, "operator", "Size"),
        ({"field": "subject", "operator": "contains", "value": " "}, "value", "look for"),
        ({"field": "subject", "operator": "contains"}, "value", "one text"),
        ({"field": "subject", "operator": "contains", "value": "x" * 1001}, "value", "1000"),
        ({"field": "subject", "operator": "any-of", "value": []}, "value", "at least one"),
        ({"field": "subject", "operator": "any-of", "value": ["", "x"]}, "value", "look"),
        ({"field": "subject", "operator": "any-of", "value": ["x"] * 501}, "value", "500"),
        ({"field": "subject", "operator": "is-empty", "value": "x"}, "value", "no value"),
        ({"field": "size", "operator": "greater", "value": "big"}, "value", "whole number"),
        ({"field": "size", "operator": "greater", "value": -1}, "value", "whole number"),
        ({"field": "size", "operator": "greater", "value": True}, "value", "whole number"),
        ({"field": "size", "operator": "greater", "value": 1.5}, "value", "a number"),
        ({"field": "has-case", "operator": "equals", "value": "maybe"}, "value", "yes or no"),
        ({"field": "received-at", "operator": "less", "value": "soon"}, "value", "a day"),
        ({"field": "subject", "operator": "matches", "value": "("}, "value", "missing )"),
        ({"field": "subject", "operator": "matches", "value": "(?=a)"}, "value", "read"),
        ({"field": "subject", "operator": "matches", "value": "\\pL{900}"}, "value", "pattern"),
        ({"field": "subject", "operator": "matches", "value": "[ab]{999}"}, "value", "too big"),
        ({"field": "subject", "operator": "contains", "value": "x", "not": 1}, "group", "not"),
        ({"all": []}, "group", "Add a condition"),
        ({"any": "x"}, "group", "Add a condition"),
        ({"all": [], "any": []}, "group", "either"),
        ({"every": False}, "group", "every"),
        ({"every": True, "all": []}, "group", "nothing else"),
        ({"all": [{"every": True}]}, "group", "stands alone"),
        ([], "group", "A condition is"),
        ({}, "field", "no field"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(data: Any, part: str, words: str) -> None:
    with pytest.raises(ConditionsInvalid) as caught:
        conditions.load(data)

    assert [each.part for each in caught.value.problems] == [part]
    assert words in str(caught.value)


def test_all_problems_are_told_at_once_each_with_its_path() -> None:
    wrong = {"field": "colour", "operator": "equals", "value": "x"}
    empty = {"field": "subject", "operator": "contains", "value": ""}

    with pytest.raises(ConditionsInvalid) as caught:
        conditions.load({"all": [wrong, {"any": [JSON["all"][0], empty]}]})

    assert [each.path for each in caught.value.problems] == [(0,), (1, 1)]
    assert str(caught.value.problems[1]).startswith("Condition 2.2: ")


def test_too_many_conditions_and_too_deep_groups_are_refused() -> None:
    one = {"field": "cc", "operator": "is-empty"}

    def nested(depth: int) -> dict[str, Any]:
        return {"all": [nested(depth - 1)]} if depth else one

    assert conditions.load({"all": [one] * 100})
    assert conditions.load(nested(5))
    too_much = (({"all": [one] * 101}, "at most 100"), (nested(6), "at most 5 deep"))
    for data, words in too_much:
        with pytest.raises(ConditionsInvalid, match=words):
            conditions.load(data)


def test_a_group_is_never_empty() -> None:
    with pytest.raises(ConditionsInvalid, match="every message"):
        Group(Mode.ALL, ())


def test_facts_survive_their_json() -> None:
    facts = letter(
        headers=Headers((("Subject", "x"),)),
        attachments=(AttachedFile("a.pdf", "application/pdf", 3),),
        refusals=(("list-or-bulk", "It was sent to many."),),
        authentication=(("dmarc", "fail"),),
        delivered_to=("support@acme.example",),
        reply_to=(Address("a@b.example", "A"),),
    )

    assert Facts.from_json(facts.to_json()) == facts


def test_facts_need_an_aware_time() -> None:
    with pytest.raises(ValueError, match="time zone"):
        letter(received_at=datetime(2026, 1, 1))  # noqa: DTZ001

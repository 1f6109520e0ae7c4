"""Which conversation a message belongs to, in whatever order the mail comes."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.mail_scores.threader import Threader
from letterbox.inbound import thread_facts
from letterbox.inbound.threading import How, Kind, Notice, ThreadFacts
from letterbox.mime.fold import fold
from letterbox.mime.letter import Address, Headers, Letter

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SUPPORT = Address("support@acme.example")
CARLA = Address("carla@customer.example", "Carla")
COLIN = Address("colin@customer.example", "Colin")
MALLORY = Address("mallory@elsewhere.example", "Mallory")


def letter(
    message_id: str,
    subject: str = "Printer on fire",
    *,
    author: Address = CARLA,
    to: tuple[Address, ...] = (SUPPORT,),
    answers: tuple[str, ...] = (),
    hours: int = 0,
    headers: tuple[tuple[str, str], ...] = (),
    text: str = "",
) -> Letter:
    written = (("In-Reply-To", f"<{answers[-1]}>"),) if answers else ()
    return Letter(
        headers=Headers((*written, *headers)),
        subject=subject,
        from_=(author,),
        to=to,
        date=NOON + timedelta(hours=hours),
        message_id=message_id,
        in_reply_to=answers[-1:],
        references=answers,
        text=text,
    )


def facts(one: Letter, signed: tuple[int, ...] = ()) -> ThreadFacts:
    found = thread_facts.read(
        one, received_at=NOON + timedelta(days=90), ours=[SUPPORT.email], signed=signed
    )
    return thread_facts.with_lines(found, thread_facts.lines_of(fold(one.text)))


def groups(*letters: Letter) -> int:
    """How many conversations the letters end in, in this order."""
    threader = Threader()
    threader.place_all([facts(one) for one in letters])
    return len(threader.conversations)


def test_a_chain_is_one_conversation_in_every_order() -> None:
    chain = [
        letter("1@x"),
        letter(
            "2@x", "Re: Printer on fire", author=SUPPORT, to=(CARLA,), answers=("1@x",)
        ),
        letter("3@x", "AW: Printer on fire", answers=("1@x", "2@x")),
        letter("4@x", "Thanks", answers=("3@x",)),
    ]

    for order in itertools.permutations(chain):
        assert groups(*order) == 1


def test_answers_to_a_parent_that_never_comes_are_one_conversation() -> None:
    first = letter("2@x", "Re: Printer", answers=("lost@x",))
    second = letter("3@x", "Other words", answers=("lost@x",))

    assert groups(first, second) == groups(second, first) == 1


def test_a_late_parent_brings_two_conversations_together() -> None:
    threader = Threader()
    threader.place(facts(letter("2@x", "One", answers=("1@x",))))
    threader.place(facts(letter("9@x", "Two", answers=("8@x",))))

    verdict = threader.place(facts(letter("8@x", "Two", answers=("1@x",))))

    assert verdict.kind is Kind.MERGE
    assert verdict.conversation_ids == (1, 2)
    assert len(threader.conversations) == 1


def test_conversations_that_a_person_split_stay_apart() -> None:
    threader = Threader()
    threader.place(facts(letter("1@x", "One matter")))
    threader.place(facts(letter("2@x", "Another matter")))
    threader.conversations[1] = replace(
        threader.conversations[1], kept_apart=frozenset({2})
    )

    verdict = threader.place(facts(letter("3@x", "Re: x", answers=("1@x", "2@x"))))

    assert verdict.kind is Kind.JOIN
    assert verdict.conversation_ids == (2,)
    assert Notice.LEADS_ELSEWHERE in verdict.notices


def test_our_signed_id_comes_first() -> None:
    threader = Threader()
    threader.place(facts(letter("1@x", "One matter")))
    threader.place(facts(letter("2@x", "Another matter")))
    answer = letter("3@x", "Re: Another matter", answers=("2@x",))

    verdict = threader.place(facts(answer, signed=(2,)))

    assert verdict.how is How.SIGNED_ID
    assert verdict.conversation_ids == (2,)


def test_a_stranger_with_a_valid_reference_enters_with_a_notice() -> None:
    threader = Threader()
    threader.place(facts(letter("1@x")))

    verdict = threader.place(
        facts(letter("2@x", "Re: Printer on fire", author=MALLORY, answers=("1@x",)))
    )

    assert verdict.kind is Kind.JOIN
    assert Notice.STRANGER_JOINED in verdict.notices


def test_a_stranger_cannot_tie_two_conversations_together() -> None:
    threader = Threader()
    threader.place(facts(letter("1@x", "One matter")))
    threader.place(facts(letter("2@x", "Another matter", author=COLIN)))

    verdict = threader.place(
        facts(letter("3@x", "Re: x", author=MALLORY, answers=("1@x", "2@x")))
    )

    assert verdict.kind is Kind.JOIN
    assert len(threader.conversations) == 2


def test_a_new_subject_on_an_old_reference_suggests_a_split() -> None:
    threader = Threader()
    threader.place(facts(letter("1@x")))

    same = threader.place(
        facts(letter("2@x", "Printer on fire again", answers=("1@x",)))
    )
    other = threader.place(facts(letter("3@x", "Holiday plans", answers=("1@x",))))

    assert same.notices == ()
    assert other.notices == (Notice.NEW_SUBJECT,)


def test_answers_of_different_people_to_one_campaign_stay_apart() -> None:
    carla = letter("1@x", "Re: Spring sale", answers=("campaign@shop",))
    colin = letter("2@x", "Re: Spring sale", author=COLIN, answers=("campaign@shop",))

    assert groups(carla, colin) == 2


def test_a_campaign_we_hold_does_not_join_those_who_answer_it() -> None:
    campaign = letter(
        "campaign@shop",
        "Spring sale",
        author=SUPPORT,
        to=(Address("all@lists.acme.example"),),
        headers=(("List-Unsubscribe", "<https://acme.example/u>"),),
    )
    carla = letter("1@x", "Re: Spring sale", answers=("campaign@shop",))
    colin = letter("2@x", "Re: Spring sale", author=COLIN, answers=("campaign@shop",))

    assert groups(campaign, carla, colin) == 3


@pytest.mark.parametrize("subject", ["Invoice", "Hello", "", "Re:", "Re: Invoice"])
def test_the_subjects_of_strangers_never_join_them(subject: str) -> None:
    assert groups(letter("1@x", subject), letter("2@x", subject, author=COLIN)) == 2


def test_a_reply_without_references_finds_the_subject_of_its_people() -> None:
    question = letter("1@x")
    answer = letter("2@x", "SV: Printer on fire", hours=5)

    assert groups(question, answer) == groups(answer, question) == 1


def test_without_a_reply_prefix_the_same_subject_is_a_new_matter() -> None:
    assert groups(letter("1@x"), letter("2@x", hours=5)) == 2


def test_after_the_window_the_same_subject_is_a_new_matter() -> None:
    later = letter("2@x", "Re: Printer on fire", hours=24 * 31)

    assert groups(letter("1@x"), later) == 2


def test_the_number_of_a_case_needs_its_sender() -> None:
    threader = Threader()
    threader.place(facts(letter("1@x")))
    by_carla = facts(letter("2@x", "About [#41]"))
    by_mallory = facts(letter("3@x", "About [#41]", author=MALLORY))

    joined = threader.place(by_carla, numbered=(1,))
    refused = threader.place(by_mallory, numbered=(1,))

    assert joined.how is How.SUBJECT_TOKEN
    assert refused.kind is Kind.START


def test_outlook_answers_meet_by_the_root_of_their_thread_index() -> None:
    root = "AQHX0OuUDgLx41MDwkCiEfvTJ4xFjQ=="
    child = "AQHX0OuUDgLx41MDwkCiEfvTJ4xFjaABAgME"
    question = letter("1@x", "Printer", headers=(("Thread-Index", root),))
    answer = letter("2@x", "Fire", headers=(("Thread-Index", child),))

    threader = Threader()
    threader.place(facts(question))

    assert threader.place(facts(answer)).how is How.THREAD_INDEX


def test_a_bare_id_from_a_stranger_years_later_proves_nothing() -> None:
    old = letter("1@x")
    bare = (("In-Reply-To", "1@x"),)
    late = letter("2@x", "Re: x", author=MALLORY, headers=bare, hours=24 * 80)
    soon = letter("3@x", "Re: x", headers=bare, hours=24 * 80)

    assert groups(old, late) == 2
    assert groups(old, soon) == 1


def test_the_address_of_a_person_is_no_reference() -> None:
    phrase = (("In-Reply-To", 'Colin <colin@customer.example> "Re: x" (Jun 18)'),)
    first = letter("1@x", "Re: one thing", headers=phrase)
    second = letter("2@x", "Re: other thing", headers=phrase)
    named = tuple(replace(one, in_reply_to=(COLIN.email,)) for one in (first, second))

    assert groups(*named) == 2


def test_an_id_that_a_broken_mailer_gives_to_every_letter_joins_no_strangers() -> None:
    assert groups(letter("1@localhost"), letter("1@localhost", "x", author=COLIN)) == 2


def test_a_list_that_writes_for_its_members_does_not_hide_them() -> None:
    munged = replace(
        letter("1@x", author=Address("list@lists.example", "Carla via List")),
        to=(Address("list@lists.example"),),
        reply_to=(CARLA,),
    )

    assert facts(munged).author == {CARLA.email}


def test_a_contact_form_does_not_make_its_customers_one_person() -> None:
    form = Address("noreply@forms.example")
    first = replace(letter("1@x", "Re: Contact form", author=form), reply_to=(CARLA,))
    second = replace(letter("2@x", "Re: Contact form", author=form), reply_to=(COLIN,))

    assert groups(first, second) == 2


@given(st.lists(st.text(max_size=30), max_size=5), st.text(max_size=80), st.text())
def test_any_fields_are_read_and_placed(
    answers: list[str], thread_index: str, subject: str
) -> None:
    odd = replace(
        letter("1@x", subject, headers=(("Thread-Index", thread_index),)),
        in_reply_to=tuple(answers),
        references=tuple(answers),
    )

    threader = Threader()
    threader.place_all([facts(odd), facts(odd)])

    assert sum(map(len, threader.members.values())) == 2

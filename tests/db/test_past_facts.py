"""Letters that came as history are tried too: their facts are worked out on demand."""

from __future__ import annotations

import pytest
from django.utils import timezone

from letterbox.inbound import dry_run, past_facts, trials
from letterbox.inbound.dry_run import Question
from letterbox.inbound.facts import Remembered
from letterbox.models import Mailbox, Message, RawLetter, User
from letterbox.rules import conditions
from letterbox.rules.engine import Rule
from letterbox.services import mailboxes
from letterbox.services import trials as asking
from letterbox.web import trial_report
from tests.conftest import Arrive
from tests.mail import bounce, mail

LAMPS = Rule(
    id=0,
    version=1,
    name="Lamps",
    conditions=conditions.load(
        {"all": [{"field": "subject", "operator": "contains", "value": "lamp"}]}
    ),
)


@pytest.fixture
def letters(arrive: Arrive, mailbox: Mailbox) -> list[Message]:
    """Six letters of all kinds, as the live path has seen them."""
    mailboxes.set_processing(mailbox, action="convert-to-case", options={}, by=None)
    first = arrive(mail(subject="A lamp", message_id="one@customer.example"))
    raws = [
        mail(subject="Re: A lamp", in_reply_to="one@customer.example"),
        mail(subject="Lamps weekly", headers=[("List-Id", "<lamps.example>")]),
        mail(
            subject="From a stranger", from_="dan@stranger.example", to="all@x.example"
        ),
        mail(
            subject="A forged lamp",
            headers=[("Authentication-Results", "mx.acme.example; dmarc=fail")],
        ),
        bounce(of="none@acme.example", recipient="dan@stranger.example"),
    ]
    return [first, *map(arrive, raws)]


def remembered(message: Message) -> Remembered:
    message.refresh_from_db()
    return Remembered.from_json(message.facts)


def test_what_is_worked_out_is_what_the_live_path_remembered(
    letters: list[Message], mailbox: Mailbox
) -> None:
    live = [remembered(each) for each in letters]
    Message.objects.update(facts={})

    ids = [each.pk for each in letters]
    assert list(past_facts.complete(mailbox, ids)) == [len(ids)]

    later = [remembered(each) for each in letters]
    # A reply, and what came before the case, now find the case that stands there.
    assert [each._replace(has_case=False) for each in later] == [
        each._replace(has_case=False) for each in live
    ]
    assert later[0].has_case


def test_a_trial_reads_history_first_and_says_how_far_it_is(
    letters: list[Message], mailbox: Mailbox
) -> None:
    Message.objects.update(facts={}, is_history=True)
    question = Question(mailbox=mailbox, rules=[LAMPS])

    reports = [
        (each.prepared, each.to_prepare, each.looked_at)
        for each in trials.run(question, tried=0)
    ]

    # The bounce is not from us, so all six came in.
    assert reports[0] == (6, 6, 0)
    assert reports[-1] == (6, 6, 6)
    *_, again = trials.run(question, tried=0)
    assert (again.to_prepare, again.matched, again.fits["answers"]) == (0, 4, 1)


def test_letters_that_cannot_be_read_are_counted_and_told(
    letters: list[Message], mailbox: Mailbox, max_: User
) -> None:
    Message.objects.update(facts={})
    RawLetter.objects.filter(pk=letters[0].raw_id).update(zstd=b"no letter")

    trial = asking.ask(mailbox, by=max_, rule=None)
    trials.answer_questions(mailbox.pk)

    trial.refresh_from_db()
    assert trial.state == "done"
    report = trial_report.read(trial, Message.objects.none())
    assert (report.untried, report.prepared, trial.looked_at) == (1, 6, 5)
    assert dry_run.unread_ids(Question(mailbox=mailbox, rules=[])) == [letters[0].pk]


def test_letters_whose_words_were_erased_are_not_tried(
    letters: list[Message], mailbox: Mailbox
) -> None:
    Message.objects.filter(pk=letters[0].pk).update(
        facts={}, text="", erased_at=timezone.now()
    )

    *_, report = trials.run(Question(mailbox=mailbox, rules=[LAMPS]), tried=0)

    assert (report.to_prepare, report.looked_at, report.untried) == (0, 5, 0)

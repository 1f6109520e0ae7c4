"""Workers that decide at the same time: no budget is overshot, no letter told twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from letterbox.inbound import answering, pipeline
from letterbox.inbound.work import Step, Work
from letterbox.models import Mailbox, Message, OutgoingMail
from letterbox.rules.answer_settings import AnswerSettings
from letterbox.rules.budgets import DEFAULT_BUDGETS, Budget, Scope, WhenSpent
from letterbox.services import answer_settings
from tests.conftest import Arrive
from tests.db.conftest import AddRule
from tests.mail import mail

State = OutgoingMail.State
WORKERS = 4
PATIENCE_SECONDS = 60


def _process_together(messages: Sequence[Message]) -> None:
    """Each letter in a transaction of its own, all open when the first is decided."""
    together = threading.Barrier(len(messages), timeout=PATIENCE_SECONDS)

    def wait(work: Work) -> None:
        together.wait()

    steps: list[Step] = [each for each in pipeline.STEPS if each != answering.answer]
    _at_once(
        [
            lambda message=message: pipeline.process(  # type: ignore[misc]
                message.pk, [*steps, wait, answering.answer]
            )
            for message in messages
        ]
    )


def _at_once(work: Sequence[Callable[[], None]]) -> None:
    def run(each: Callable[[], None]) -> None:
        try:
            each()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as threads:
        for done in [threads.submit(run, each) for each in work]:
            done.result(PATIENCE_SECONDS)


def _limit(mailbox: Mailbox, *changed: Budget) -> None:
    scopes = {each.scope for each in changed}
    others = [each for each in DEFAULT_BUDGETS if each.scope not in scopes]
    chosen = AnswerSettings(budgets=(*others, *changed))
    answer_settings.change(mailbox, chosen, by=None)


def _states() -> list[str]:
    return sorted(OutgoingMail.objects.values_list("state", flat=True))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_parallel_workers_do_not_overshoot_the_budget_of_a_mailbox(
    arrive: Arrive, add_rule: AddRule, mailbox: Mailbox, round_: int
) -> None:
    hour = timedelta(hours=1)
    _limit(mailbox, Budget(Scope.MAILBOX, 2, hour, WhenSpent.HOLD))
    add_rule()
    letters = [
        arrive(mail(from_=f"carla@customer{number}.example"), is_processed=False)
        for number in range(WORKERS)
    ]

    _process_together(letters)

    assert _states() == [State.HELD, State.HELD, State.QUEUED, State.QUEUED]
    mailbox.refresh_from_db()
    assert mailbox.breaker_open_since is not None


@pytest.mark.django_db(transaction=True)
def test_parallel_workers_do_not_overshoot_the_budget_of_a_sender(
    arrive: Arrive, add_rule: AddRule, mailbox: Mailbox
) -> None:
    _limit(mailbox, Budget(Scope.SENDER, 1, timedelta(hours=1)))
    add_rule()
    letters = [
        arrive(
            mail(from_=f"robot+{number}@customer.example", subject=f"Case {number}"),
            is_processed=False,
        )
        for number in range(WORKERS)
    ]

    _process_together(letters)

    assert _states() == [State.QUEUED]


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_one_letter_answer_it_once(
    arrive: Arrive, add_rule: AddRule
) -> None:
    add_rule()
    letter = arrive(mail(), is_processed=False)

    _at_once([lambda: pipeline.process(letter.pk)] * WORKERS)

    letter.refresh_from_db()
    assert letter.state == Message.State.PROCESSED
    assert _states() == [State.QUEUED]

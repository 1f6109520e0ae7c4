"""Trouble is told once, through a mailbox that works, and its end is told too."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from letterbox.mime import parse
from letterbox.models import (
    Alert,
    AlertNotice,
    Health,
    Lease,
    Mailbox,
    Message,
    OAuthProvider,
    OutgoingMail,
    RemoteChange,
    SignIn,
    User,
)
from letterbox.outbound import notices
from letterbox.services import alert_settings, alerts
from letterbox.sync import health
from tests.conftest import Arrive
from tests.mail import mail


@pytest.fixture(autouse=True)
def kept(mailbox: Mailbox, sales: Mailbox, max_: User) -> None:
    """Both mailboxes are live, and Max is whom trouble is told to."""
    for each in (mailbox, sales):
        Lease.objects.create(
            mailbox=each, owner="k", expires_at=timezone.now() + timedelta(days=30)
        )
        health.report(each.pk, Health.State.LIVE)


def break_it(mailbox: Mailbox) -> None:
    health.report(
        mailbox.pk,
        Health.State.NEEDS_ATTENTION,
        cause="The password is refused.",
        cure="Enter it again.",
        failures=1,
    )


def told() -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(kind="notice").order_by("id"))


def test_nothing_is_told_while_nothing_is_wrong(mailbox: Mailbox) -> None:
    notices.look()

    assert not Alert.objects.exists()


def test_a_broken_mailbox_is_told_of_through_another_one(
    mailbox: Mailbox, sales: Mailbox
) -> None:
    break_it(mailbox)

    notices.look()

    alert = Alert.objects.get()
    assert (alert.mailbox, alert.sentence) == (mailbox, "The password is refused.")
    letter = parse.parse_letter(bytes(told()[0].raw.content))
    assert told()[0].mailbox == sales
    assert told()[0].recipients == ["max@acme.example"]
    assert "Support needs attention" in letter.subject
    assert "Enter it again." in letter.text
    assert b"Auto-Submitted: auto-generated" in bytes(told()[0].raw.content)


def test_an_incident_is_told_once_however_its_mailbox_tries_again(
    mailbox: Mailbox,
) -> None:
    for _ in range(3):
        break_it(mailbox)
        notices.look()
        health.report(mailbox.pk, Health.State.CONNECTING, failures=3)
        notices.look()

    assert Alert.objects.get().sentence == "The password is refused."
    assert len(told()) == 1


def test_the_end_is_told_and_a_new_incident_is_a_new_one(mailbox: Mailbox) -> None:
    break_it(mailbox)
    notices.look()

    health.report(mailbox.pk, Health.State.LIVE)
    notices.look()
    break_it(mailbox)
    notices.look()

    assert [each.subject for each in told()] == [
        "[Letterbox] Support needs attention",
        "[Letterbox] Support is in order again",
        "[Letterbox] Support needs attention",
    ]


def test_one_healthy_mailbox_does_not_end_the_trouble_of_another(
    mailbox: Mailbox, sales: Mailbox
) -> None:
    break_it(mailbox)
    notices.look()

    health.report(sales.pk, Health.State.LIVE)
    notices.look()

    assert Alert.objects.get().resolved_at is None


def test_with_no_other_mailbox_the_letter_waits_until_there_is_one(
    mailbox: Mailbox, sales: Mailbox
) -> None:
    break_it(mailbox)
    break_it(sales)

    notices.look()
    assert told() == []
    health.report(sales.pk, Health.State.LIVE)
    notices.look()

    assert [(each.mailbox, each.subject) for each in told()] == [
        (sales, "[Letterbox] Support needs attention")
    ]


def test_a_failing_mailbox_is_told_of_after_its_time_only(mailbox: Mailbox) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for minute in range(16):
            state = Health.State.CONNECTING if minute % 2 else Health.State.BACKING_OFF
            health.report(mailbox.pk, state, cause="No answer.", failures=minute + 1)
            notices.look()
            assert Alert.objects.exists() == (minute >= 15), minute
            clock.shift(timedelta(minutes=1))


def test_a_mailbox_that_is_switched_off_is_no_trouble(mailbox: Mailbox) -> None:
    break_it(mailbox)
    notices.look()

    Mailbox.objects.filter(pk=mailbox.pk).update(is_on=False)
    notices.look()

    assert Alert.objects.get().resolved_at is not None


def test_a_notice_is_in_no_conversation_and_asks_for_no_copy_in_sent(
    mailbox: Mailbox,
) -> None:
    break_it(mailbox)

    notices.look()

    assert told()[0].conversation is None
    assert told()[0].sender == ""
    message = Message.objects.get()
    assert (message.conversation, message.state) == (None, "processed")
    assert not RemoteChange.objects.exists()


def test_no_notice_goes_to_a_mailbox_of_ours(mailbox: Mailbox, sales: Mailbox) -> None:
    alert_settings.change(
        by=None, webhook_secret=None, recipients=("SALES@acme.example", "ops@x.example")
    )
    break_it(mailbox)

    notices.look()

    assert told()[0].recipients == ["ops@x.example"]


def test_stuck_letters_are_counted(mailbox: Mailbox, arrive: Arrive) -> None:
    for number in range(2):
        message = arrive(mail(subject=f"odd {number}"))
        Message.objects.filter(pk=message.pk).update(state="stuck", problem="Odd.")

    notices.look()
    assert Alert.objects.get(kind="stuck").sentence.startswith("2 letters")
    Message.objects.update(state="processed")
    notices.look()

    assert Alert.objects.get(kind="stuck").resolved_at is not None


def test_held_answers_are_counted_on_the_page_only(mailbox: Mailbox) -> None:
    break_it(mailbox)
    notices.look()
    OutgoingMail.objects.update(state="held")

    notices.look()

    held = Alert.objects.get(kind="held")
    assert held.sentence.startswith("1 answer is held")
    assert not held.notices.exists()


def test_no_keeper_at_all_is_noticed(mailbox: Mailbox) -> None:
    hour_ago = timezone.now() - timedelta(hours=1)
    Mailbox.objects.update(created_at=hour_ago)
    Lease.objects.update(expires_at=hour_ago)

    notices.look()

    assert "no keeper runs" in Alert.objects.get(kind="unkept").sentence


def test_what_ends_soon_is_told_days_before(mailbox: Mailbox) -> None:
    now = timezone.now()
    provider = OAuthProvider.objects.create(
        name="Microsoft",
        kind="microsoft",
        client_id="x",
        client_secret_expires_on=(now + timedelta(days=20)).date(),
    )
    SignIn.objects.create(
        mailbox=mailbox,
        provider=provider,
        sealed_refresh_token="sealed",
        connected_at=now,
        refresh_expires_at=now + timedelta(days=6),
    )

    notices.look()

    assert set(Alert.objects.values_list("kind", flat=True)) == {
        "sign-in-ends",
        "client-secret",
    }
    SignIn.objects.update(refresh_expires_at=now + timedelta(days=90))
    notices.look()
    assert Alert.objects.get(kind="sign-in-ends").resolved_at is not None


def test_old_news_is_given_up(mailbox: Mailbox, sales: Mailbox) -> None:
    break_it(mailbox)
    break_it(sales)
    notices.look()

    with time_machine.travel(timezone.now() + timedelta(days=2)):
        alerts.give_up_old()

    states = set(AlertNotice.objects.values_list("state", flat=True))
    assert states == {"given-up"}

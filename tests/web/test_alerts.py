from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from letterbox.models import Alert, Mailbox, User
from letterbox.services import alert_settings

Browser = Callable[[User], Client]


@pytest.fixture
def alert(mailbox: Mailbox) -> Alert:
    return Alert.objects.create(
        key=f"health:{mailbox.pk}",
        kind="health",
        mailbox=mailbox,
        sentence="The password is refused.",
    )


def test_who_sets_the_mailbox_up_sees_the_count_and_the_list(
    max_: User, mallory: User, alice: User, alert: Alert, browser: Browser
) -> None:
    seen = browser(max_).get(reverse("inbox")).content.decode()
    listed = browser(max_).get(reverse("alerts")).content.decode()
    elsewhere = browser(mallory).get(reverse("alerts")).content.decode()

    assert "1 thing needs attention" in seen
    assert "The password is refused." in listed
    assert "The password is refused." not in elsewhere
    assert (
        "needs attention" not in browser(alice).get(reverse("inbox")).content.decode()
    )
    assert browser(alice).get(reverse("alerts")).status_code == 403


def test_whom_alerts_are_told_to_is_chosen_on_a_page(
    max_: User, mallory: User, browser: Browser
) -> None:
    client = browser(max_)
    given = {
        "failing_minutes": "5",
        "recipients": "Ops@x.example, ops@x.example",
        "webhook_url": "https://hooks.x.example/1",
        "webhook_secret": "hush",
    }

    wrong = client.post(reverse("alert_settings"), {**given, "recipients": "nobody"})
    client.post(reverse("alert_settings"), given)
    shown = client.get(reverse("alert_settings")).content.decode()

    chosen = alert_settings.current()
    assert wrong.status_code == 422
    assert (chosen.failing_minutes, chosen.sends_mail) == (5, False)
    assert chosen.recipients == ("ops@x.example",)
    assert "hush" not in shown + chosen.sealed_secret
    assert browser(mallory).get(reverse("alert_settings")).status_code == 403

"""What the history says about people: their names, never the numbers of rows."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from letterbox.models import Grant, Mailbox, Role, Tag, User
from letterbox.services import mailboxes, people

Browser = Callable[[User], Client]


def test_a_change_of_access_says_whose(
    mailbox: Mailbox, alice: User, max_: User, browser: Browser
) -> None:
    night = Role.objects.create(name="Night shift")
    people.grant(mailbox, ability=Grant.Ability.READ, by=max_, user=alice)
    people.grant(mailbox, ability=Grant.Ability.REPLY, by=max_, role=night)

    page = browser(max_).get("/system/history?verb=grant-changed").content.decode()

    assert f"changed who may work in the mailbox: {alice.email}" in page
    assert "changed who may work in the mailbox: Night shift" in page


def test_a_change_of_processing_names_people_and_tags(
    mailbox: Mailbox, alice: User, max_: User, browser: Browser
) -> None:
    tag = Tag.objects.create(name="from the website")
    mailboxes.set_processing(
        mailbox,
        action="convert-to-case",
        options={"owner": alice.pk, "tags": [tag.pk]},
        by=max_,
    )
    mailboxes.set_processing(mailbox, action="do-nothing", options={}, by=max_)

    first, last = (
        {each.field: (each.before, each.after) for each in line.changes}
        for line in reversed(
            browser(max_)
            .get("/system/history?verb=processing-changed")
            .context["lines"]
        )
    )

    assert first["owner"] == ("–", str(alice))
    assert first["tags"] == ("–", "from the website")
    assert last["processing"] == ("convert-to-case", "do-nothing")
    assert last["owner"] == (str(alice), "–")

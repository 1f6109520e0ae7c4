"""No page asks the database more often because there is more to show.

Counted and not timed: what costs one query a row is slow on every machine one day.
"""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from letterbox.models import (
    Alert,
    AutoresponseRule,
    Case,
    Contact,
    ContactAddress,
    Conversation,
    EmailTemplate,
    Event,
    Folder,
    Grant,
    Health,
    Lead,
    Mailbox,
    Message,
    OutgoingMail,
    RawLetter,
    Role,
    Tag,
    User,
)
from tests import people

PAGES = (
    "/inbox",
    "/inbox?part=rows",
    "/conversations/{conversation}",
    "/cases",
    "/leads",
    "/contacts",
    "/contacts/{contact}",
    "/outbox",
    "/search?q=lamp",
    "/system/mailboxes",
    "/system/mailboxes/{mailbox}",
    "/system/mailboxes/{mailbox}/access",
    "/system/mailboxes/{mailbox}/health",
    "/system/mailboxes/{mailbox}/activity",
    "/system/mailboxes/{mailbox}/rules/new",
    "/system/rules/{rule}",
    "/system/templates",
    "/system/people",
    "/system/people/{person}",
    "/system/roles",
    "/system/roles/{role}",
    "/system/alerts",
    "/system/history",
)


class House:
    """A mailbox, a conversation, a role … and as many more of everything as wanted."""

    def __init__(self, mailbox: Mailbox, owner: User) -> None:
        self.mailbox, self.owner, self.size = mailbox, owner, 0
        self.template = EmailTemplate.objects.create(name="Thanks", subject="Re:")
        self.role = Role.objects.create(name="Team", abilities=["administer-people"])
        self.contact = Contact.objects.create(name="Carla")
        self.tag = Tag.objects.create(name="urgent")
        self.conversation = self._converse(0)
        self.grow(1)

    def address(self, page: str) -> str:
        """The page with the numbers of this house."""
        rule = AutoresponseRule.objects.earliest("pk")
        return page.format(
            mailbox=self.mailbox.pk,
            conversation=self.conversation.pk,
            contact=self.contact.pk,
            rule=rule.pk,
            person=self.owner.pk,
            role=self.role.pk,
        )

    def grow(self, more: int) -> None:
        """More of everything that stands in rows somewhere."""
        for number in range(self.size + 1, self.size + more + 1):
            self._add(number)
        self.size += more

    def _add(self, number: int) -> None:
        person = User.objects.create(email=f"p{number}@acme.example", name=f"P{number}")
        person.roles.add(self.role)
        other = people.make_mailbox(f"Box{number}")
        Health.objects.create(mailbox=other, state="live")
        team = Role.objects.create(name=f"Team {number}")
        self.owner.roles.add(team)
        for mailbox in (self.mailbox, other):
            Grant.objects.create(mailbox=mailbox, role=team, ability=20)
            Grant.objects.create(mailbox=mailbox, user=person, ability=10)
        Folder.objects.create(
            mailbox=self.mailbox,
            wire_name=f"F{number}",
            path=f"F{number}",
            is_ticked=True,
        )
        AutoresponseRule.objects.create(
            mailbox=self.mailbox,
            name=f"Rule {number}",
            conditions={"every": True},
            template=self.template,
            position=number,
        )
        EmailTemplate.objects.create(name=f"Template {number}", subject="Re:")
        Alert.objects.create(key=f"k{number}", kind="stuck", mailbox=other)
        conversation = self._converse(number)
        for about in (conversation, None):
            Event.objects.create(
                verb="assigned" if about else "mailbox-changed",
                actor=person,
                mailbox=self.mailbox,
                conversation=self.conversation if about else None,
                data={"changes": {"label": ["a", "b"]}},
            )
        common = {"conversation": conversation, "mailbox": self.mailbox}
        Case.objects.create(
            subject="A lamp",
            reported_at=timezone.now(),
            owner=person,
            assignee=person,
            contact=self.contact,
            **common,
        )
        Lead.objects.create(
            name="A lamp", owner=person, contact=conversation.contact, **common
        )
        OutgoingMail.objects.create(
            kind="autoresponse",
            state="held",
            raw=self._raw(f"out {number}"),
            message_id=f"<{number}@acme.example>",
            recipients=["carla@example.com"],
            due_at=timezone.now(),
            trying_since=timezone.now(),
            rule=AutoresponseRule.objects.latest("pk"),
            author=person,
            **common,
        )

    def _converse(self, number: int) -> Conversation:
        now = timezone.now()
        contact = Contact.objects.create(name=f"Customer {number}")
        ContactAddress.objects.create(contact=contact, email=f"c{number}@example.com")
        made = Conversation.objects.create(
            mailbox=self.mailbox,
            subject="A lamp",
            contact=contact if number % 2 else self.contact,
            assignee=self.owner,
            last_message_at=now,
        )
        made.tags.add(self.tag)
        # One letter of its own, and one in the conversation that has a page here.
        for place in {made, getattr(self, "conversation", made)}:
            Message.objects.create(
                mailbox=self.mailbox,
                raw=self._raw(f"{place.pk} {number}"),
                state="processed",
                received_at=now,
                subject="A lamp",
                from_email="carla@example.com",
                text="The lamp is dark.",
                new_text="The lamp is dark.",
                conversation=place,
                contact=self.contact,
            )
        return made

    def _raw(self, text: str) -> RawLetter:
        digest = text.encode().ljust(32)[:32]
        return RawLetter.objects.create(sha256=digest, size=1, zstd=b"")


@pytest.fixture
def house(mailbox: Mailbox, max_: User) -> House:
    """A small one."""
    return House(mailbox, max_)


def test_more_rows_cost_no_more_queries(
    house: House, max_: User, browser: Callable[[User], Client]
) -> None:
    client = browser(max_)
    house.grow(3)
    few = {page: _queries(client, house.address(page)) for page in PAGES}
    house.grow(20)

    many = {page: _queries(client, house.address(page)) for page in PAGES}

    grown = {
        page: sorted(set(many[page]) - set(few[page])) or many[page]
        for page in PAGES
        if len(many[page]) > len(few[page])
    }
    assert grown == {}


def test_a_page_asks_for_abilities_once(
    house: House, max_: User, browser: Callable[[User], Client]
) -> None:
    asked = _queries(browser(max_), f"/system/mailboxes/{house.mailbox.pk}")

    assert (
        sum("letterbox_user_roles" in query and "abilities" in query for query in asked)
        == 1
    )


@pytest.mark.parametrize("page", ["/inbox", "/conversations/{conversation}"])
def test_a_page_asks_for_grants_once_and_the_next_page_anew(
    house: House,
    alice: User,
    mailbox: Mailbox,
    browser: Callable[[User], Client],
    page: str,
) -> None:
    client = browser(alice)
    asked = _queries(client, house.address(page))
    Grant.objects.filter(mailbox=mailbox, user=alice).delete()
    answer = client.get(house.address("/conversations/{conversation}"))

    # Who else may answer there is another question, put to the table of people.
    mine = [query for query in asked if 'FROM "letterbox_user"' not in query]
    assert sum("letterbox_grant" in query for query in mine) == 1
    assert answer.status_code == 404


def _queries(client: Client, address: str) -> list[str]:
    # What is kept for the life of a process is asked for here, and not counted.
    assert client.get(address).status_code == 200, address
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
        return [query["sql"] for query in captured.captured_queries]

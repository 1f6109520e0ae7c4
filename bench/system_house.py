"""A big house for the pages of System: mailboxes, people, rules, history.

Needs Django set up. Fills an empty database; nothing is ever taken away again.
"""

from __future__ import annotations

from django.urls import reverse

from letterbox.models import (
    AutoresponseRule,
    Connection,
    EmailTemplate,
    Event,
    Folder,
    Grant,
    Health,
    HealthEvent,
    Mailbox,
    Role,
    User,
)
from letterbox.services import people

MAILBOXES, USERS, RULES, ROLES, EVENTS = 200, 500, 1_000, 20, 20_000


def fill() -> tuple[User, list[str]]:
    """Make it; an administrator, and the addresses of the pages."""
    administrator, mailbox = _fill()
    return administrator, _pages(administrator, mailbox)


def _pages(administrator: User, mailbox: Mailbox) -> list[str]:
    role = Role.objects.get(name=people.ADMINISTRATORS)
    rule = mailbox.rules.all()[0]
    return [
        reverse("system_mailboxes"),
        reverse("mailbox_new"),
        reverse("mailbox", args=[mailbox.pk]),
        reverse("mailbox_access", args=[mailbox.pk]),
        reverse("mailbox_copy", args=[mailbox.pk]),
        reverse("mailbox_removal", args=[mailbox.pk]),
        reverse("rule_new", args=[mailbox.pk]),
        reverse("rule", args=[rule.pk]),
        reverse("templates"),
        reverse("outbox"),
        reverse("people"),
        reverse("person_new"),
        reverse("person", args=[administrator.pk]),
        reverse("roles"),
        reverse("role", args=[role.pk]),
        reverse("system_settings"),
        reverse("system_history"),
    ]


def _fill() -> tuple[User, Mailbox]:
    administrator = people.make_administrator(
        email="max@acme.example",
        name="Max Moore",
        password="a quiet green lamp",  # noqa: S106
    )
    roles = Role.objects.bulk_create([Role(name=f"Team {n}") for n in range(ROLES)])
    users = User.objects.bulk_create(
        [User(email=f"u{n}@acme.example", name=f"Person {n}") for n in range(USERS)]
    )
    User.roles.through.objects.bulk_create(
        [
            User.roles.through(user=user, role=roles[number % ROLES])
            for number, user in enumerate(users)
        ]
    )
    boxes = Mailbox.objects.bulk_create(
        [
            Mailbox(label=f"Mailbox {n:03}", address=f"m{n}@acme.example")
            for n in range(MAILBOXES)
        ]
    )
    template = EmailTemplate.objects.create(
        name="Thanks", entity="email", subject="Re:", content="Thank you."
    )
    Grant.objects.bulk_create(
        [
            Grant(mailbox=box, role=roles[(number + step) % ROLES], ability=20)
            for number, box in enumerate(boxes)
            for step in range(3)
        ]
        + [
            Grant(mailbox=box, user=users[number], ability=30)
            for number, box in enumerate(boxes)
        ]
    )
    Connection.objects.bulk_create(
        [
            Connection(
                mailbox=box,
                protocol=protocol,
                host="mail.acme.example",
                port=port,
                encryption="tls",
                login=box.address,
            )
            for box in boxes
            for protocol, port in (("imap", 993), ("smtp", 465))
        ]
    )
    Health.objects.bulk_create([Health(mailbox=box, state="live") for box in boxes])
    HealthEvent.objects.bulk_create(
        [
            HealthEvent(mailbox=boxes[0], state=state)
            for state in ("live", "polling") * 50
        ]
    )
    Folder.objects.bulk_create(
        [
            Folder(mailbox=box, wire_name=name, path=name, is_ticked=name == "INBOX")
            for box in boxes
            for name in ("INBOX", *(f"Folder {n}" for n in range(19)))
        ]
    )
    AutoresponseRule.objects.bulk_create(
        [
            AutoresponseRule(
                mailbox=boxes[number % MAILBOXES],
                name=f"Rule {number}",
                conditions={"every": True},
                template=template,
                position=number,
            )
            for number in range(RULES)
        ]
    )
    Event.objects.bulk_create(
        [
            Event(
                verb="mailbox-changed",
                actor=administrator,
                mailbox=boxes[number % MAILBOXES],
                data={"changes": {"label": ["before", "after"]}},
            )
            for number in range(EVENTS)
        ],
        batch_size=5_000,
    )
    return administrator, boxes[0]

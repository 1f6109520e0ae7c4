"""Fill a database with a big house, and time each page of System. Prints JSON.

Run by bench.entries.system_pages in a process of its own, with the settings of Django
in its environment. The figures are seconds of one process from request to answer,
without the network.
"""

from __future__ import annotations

import json
import sys
import time

import django

django.setup()

from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402

from letterbox.management import migrate  # noqa: E402
from letterbox.models import (  # noqa: E402
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
from letterbox.services import people  # noqa: E402

MAILBOXES, USERS, RULES, ROLES, EVENTS = 200, 500, 1_000, 20, 20_000
# Warming up: templates are compiled, plans are made.
WARM_UP = 3


def main(rounds: int) -> None:
    """Measure, and print page → list of seconds."""
    migrate.migrate()
    administrator, mailbox = _fill()
    client = Client()
    client.force_login(administrator)
    figures: dict[str, list[float]] = {}
    for address in _pages(administrator, mailbox):
        for number in range(rounds + WARM_UP):
            started = time.perf_counter()
            answer = client.get(address)
            seconds = time.perf_counter() - started
            if answer.status_code != 200:
                raise SystemExit(f"{address} answered {answer.status_code}.")
            if number >= WARM_UP:
                figures.setdefault(_name(address), []).append(seconds)
    print(json.dumps(figures))


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


def _name(address: str) -> str:
    """The address with its numbers as N."""
    return "/".join("N" if part.isdigit() else part for part in address.split("/"))


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


if __name__ == "__main__":
    main(int(sys.argv[1]))

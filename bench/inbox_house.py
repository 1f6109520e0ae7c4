"""A house in the middle of its day: conversations by the thousand, cases, leads.

Needs Django set up. Fills an empty database; nothing is ever taken away again.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from itertools import islice

from django.urls import reverse
from django.utils import timezone

from letterbox.models import (
    Case,
    Contact,
    ContactAddress,
    Conversation,
    Grant,
    Lead,
    Mailbox,
    Message,
    RawLetter,
    Tag,
    User,
)

MAILBOXES, CONVERSATIONS, LETTERS, LONG = 20, 20_000, 3, 60
BATCH = 2_000
# Of a hundred conversations: so many open, waiting, spam; the others are closed.
OPEN, WAITING, SPAM = 10, 20, 3
WORDS = [
    "the",
    "lamp",
    "in",
    "the",
    "hall",
    "is",
    "dark",
    "again",
    "and",
    "I",
    "would",
    "like",
    "to",
    "know",
    "when",
]


def fill() -> tuple[User, list[str]]:
    """Make it; somebody who answers in every mailbox, and the addresses of the pages."""
    alice = User.objects.create(email="alice@acme.example", name="Alice Archer")
    boxes = Mailbox.objects.bulk_create(
        [
            Mailbox(label=f"Mailbox {n:02}", address=f"m{n}@acme.example")
            for n in range(MAILBOXES)
        ]
    )
    Grant.objects.bulk_create(
        [Grant(mailbox=box, user=alice, ability=Grant.Ability.REPLY) for box in boxes]
    )
    contacts = Contact.objects.bulk_create(
        [Contact(name=f"Customer {n}") for n in range(CONVERSATIONS // 4)], BATCH
    )
    ContactAddress.objects.bulk_create(
        [
            ContactAddress(contact=each, email=f"c{n}@example.com")
            for n, each in enumerate(contacts)
        ],
        BATCH,
    )
    found = _conversations(alice, boxes, contacts)
    _letters(found)
    _records(alice, found)
    return alice, _pages(boxes[0], found)


def _pages(box: Mailbox, found: list[Conversation]) -> list[str]:
    case, lead = Case.objects.latest("pk"), Lead.objects.latest("pk")
    inbox = reverse("inbox")
    return [
        inbox,
        f"{inbox}?mailbox={box.pk}",
        f"{inbox}?view=closed&part=rows",
        f"{inbox}?view=sent&part=rows",
        f"{inbox}?view=mine&part=rows",
        f"{inbox}?part=views",
        reverse("conversation", args=[found[100].pk]),
        # The long one.
        f"{reverse('conversation', args=[found[0].pk])}?view=open",
        f"{reverse('conversation', args=[found[100].pk])}#pane",
        reverse("cases"),
        f"{reverse('cases')}?status=closed",
        reverse("case", args=[case.pk]),
        reverse("leads"),
        reverse("lead", args=[lead.pk]),
        reverse("contacts"),
        reverse("contact", args=[found[0].contact_id]),
        f"{reverse('search')}?q=lamp",
        f"{reverse('search')}?q=hall+4711",
    ]


def _status(number: int) -> str:
    share = number % 100
    if share < OPEN:
        return Conversation.Status.OPEN
    if share < OPEN + WAITING:
        return Conversation.Status.WAITING
    return Conversation.Status.CLOSED


def _conversations(
    alice: User, boxes: list[Mailbox], contacts: list[Contact]
) -> list[Conversation]:
    now = timezone.now()
    found = Conversation.objects.bulk_create(
        [
            Conversation(
                mailbox=boxes[number * 7 % MAILBOXES],
                subject=f"The lamp in hall {number} is dark",
                status=_status(number),
                is_spam=number % 100 >= 100 - SPAM,
                assignee=alice if number % 3 else None,
                contact=contacts[number % len(contacts)],
                snippet="The lamp in the hall is dark again, and I would like",
                last_from=f"Customer {number}",
                message_count=LONG if number == 0 else LETTERS,
                last_message_at=now - timedelta(minutes=7 * number),
            )
            for number in range(CONVERSATIONS)
        ],
        BATCH,
    )
    tags = Tag.objects.bulk_create([Tag(name=f"tag {n}") for n in range(5)])
    Conversation.tags.through.objects.bulk_create(
        [
            Conversation.tags.through(conversation=each, tag=tags[number % len(tags)])
            for number, each in enumerate(found[::3])
        ],
        BATCH,
    )
    return found


def _letters(found: list[Conversation]) -> None:
    todo = iter(
        (each, step)
        for number, each in enumerate(found)
        for step in range(LONG if number == 0 else LETTERS)
    )
    while batch := list(islice(todo, BATCH)):
        raws = RawLetter.objects.bulk_create(
            [
                RawLetter(
                    sha256=hashlib.sha256(f"{each.pk} {step}".encode()).digest(),
                    size=1,
                    zstd=b"",
                )
                for each, step in batch
            ]
        )
        Message.objects.bulk_create(
            [
                _letter(each, step, raw, each.last_message_at)
                for (each, step), raw in zip(batch, raws, strict=True)
            ]
        )


def _letter(each: Conversation, step: int, raw: RawLetter, moment: datetime) -> Message:
    is_ours = step % 3 == 1
    text = f"{' '.join(WORDS)} {each.pk}. " * 8
    return Message(
        mailbox_id=each.mailbox_id,
        raw=raw,
        state=Message.State.PROCESSED,
        direction=Message.Direction.OUT if is_ours else Message.Direction.IN,
        received_at=moment,
        message_id=f"<{each.pk}.{step}@example.com>",
        subject=each.subject,
        from_email="m@acme.example" if is_ours else "c@example.com",
        from_name="Alice" if is_ours else each.last_from,
        recipients={"to": [["", "m@acme.example"]]},
        text=text,
        new_text=text,
        snippet=text[:200],
        conversation=each,
        contact_id=each.contact_id,
    )


def _records(alice: User, found: list[Conversation]) -> None:
    now = timezone.now()
    Case.objects.bulk_create(
        [
            Case(
                conversation=each,
                mailbox_id=each.mailbox_id,
                contact_id=each.contact_id,
                subject=each.subject,
                status=Case.Status.CLOSED if number % 4 else Case.Status.OPEN,
                owner=alice,
                assignee=alice,
                reported_at=now,
            )
            for number, each in enumerate(found)
            if number % 10 < 3
        ],
        BATCH,
    )
    Lead.objects.bulk_create(
        [
            Lead(
                conversation=each,
                mailbox_id=each.mailbox_id,
                contact_id=each.contact_id,
                name=each.subject,
                owner=alice,
            )
            for number, each in enumerate(found)
            if number % 10 == 3
        ],
        BATCH,
    )

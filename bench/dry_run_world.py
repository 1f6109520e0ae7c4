"""A mailbox full of stored letters, and what a dry run is asked about it.

Imported once Django is set up; see `bench.entries.dry_run`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bench.words import LANGUAGES
from letterbox.inbound import trials
from letterbox.inbound.dry_run import Question
from letterbox.models import (
    Conversation,
    EmailTemplate,
    Mailbox,
    Message,
    RawLetter,
)
from letterbox.rules import conditions
from letterbox.rules.engine import Rule
from letterbox.services import raw_letters, rules

STANDING_RULES = 5
BATCH = 5_000
END = datetime(2026, 3, 1, tzinfo=UTC)


def questions(mailbox: Mailbox) -> dict[str, Callable[[], int]]:
    """What is tried, by name; each returns how many letters were looked at."""

    standing = rules.readable(mailbox.rules.all())

    def ask(*, with_standing: bool = False, **condition: object) -> int:
        tried = Rule(
            id=0,
            version=1,
            name="Tried",
            conditions=conditions.load(
                {"all": [condition]} if condition else {"every": True}
            ),
            position=-1,
        )
        question = Question(mailbox=mailbox, rules=[tried, *standing])
        beside = Question(mailbox=mailbox, rules=standing) if with_standing else None
        *_, report = trials.run(question, tried=0, standing=beside)
        return report.looked_at

    def processing() -> int:
        question = Question(mailbox=mailbox, rules=[])
        *_, report = trials.run(question, tried=None)
        return report.looked_at

    return {
        "a rule on the body": lambda: ask(
            field="body", operator="contains", value="order"
        ),
        "every message": ask,
        "every message, beside what stands": lambda: ask(with_standing=True),
        "a rule on a header": lambda: ask(
            field="header:X-Priority", operator="equals", value="1"
        ),
        "processing": processing,
    }


def fill(count: int, seed: int) -> Mailbox:
    """So many letters of a year, and rules that answer a fourth of them."""

    chance = random.Random(f"dry-run {seed}")  # noqa: S311
    mailbox = Mailbox.objects.create(label="Support", address="support@acme.example")
    template = EmailTemplate.objects.create(
        name="T", subject="Thanks", content="Thanks"
    )
    for number in range(STANDING_RULES):
        rules.add(
            mailbox,
            name=f"Rule {number}",
            conditions={
                "all": [
                    {
                        "field": "subject",
                        "operator": "contains",
                        "value": f"topic {number}",
                    },
                    {
                        "field": "from-domain",
                        "operator": "ends-with",
                        "value": ".example",
                    },
                ]
            },
            template=template,
            by=None,
        )
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        moments = [
            END - timedelta(days=365) * (1 - number / count) for number in numbers
        ]
        conversations = Conversation.objects.bulk_create(
            Conversation(mailbox=mailbox, last_message_at=moment) for moment in moments
        )
        written = [_text(chance) for _ in numbers]
        raws = raw_letters.store_all(
            _raw(number, text) for number, text in zip(numbers, written, strict=True)
        )
        Message.objects.bulk_create(
            Message(
                mailbox=mailbox,
                raw_id=raw.pk,
                state=Message.State.PROCESSED,
                received_at=moment,
                processed_at=moment,
                message_id=f"{number}@customer.example",
                subject=f"topic {number % 20} {text[:30]}",
                from_email=f"person{chance.randrange(count // 3)}@host{number % 500}.example",
                from_name="Anna Berg",
                recipients={"to": [["", "support@acme.example"]]},
                text=text,
                new_text=text[:1000],
                kind="human" if number % 10 else "bulk",
                language="en",
                conversation=conversation,
                facts={
                    "mailbox_addresses": ["support@acme.example"],
                    "size": len(text),
                },
            )
            for number, moment, conversation, text, raw in zip(
                numbers, moments, conversations, written, raws, strict=True
            )
        )
    assert RawLetter.objects.count() == count  # noqa: S101
    return mailbox


def _text(chance: random.Random) -> str:
    language = chance.choice(LANGUAGES)
    sentences = chance.choice((4, 10, 20, 60))
    return " ".join(language.sentence(chance) for _ in range(sentences))


def _raw(number: int, text: str) -> bytes:
    priority = "X-Priority: 1\r\n" if number % 7 == 0 else ""
    return (
        f"Received: from a.example by b.example; {number}\r\n"
        f"From: Anna Berg <person{number}@host.example>\r\nTo: support@acme.example\r\n"
        f"Message-ID: <{number}@customer.example>\r\n{priority}\r\n{text}"
    ).encode()

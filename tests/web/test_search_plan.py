"""A search uses its index while a history is taken in, and not only afterwards."""

from __future__ import annotations

import random
from collections.abc import Callable

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from letterbox.inbound import many_rows
from letterbox.models import Conversation, Mailbox, Message, RawLetter, User
from letterbox.services import letters

WORDS = [f"word{number}" for number in range(5_000)]


def take_in(mailbox: Mailbox, count: int) -> None:
    """Store letters as the readers of a history do, which leaves the index for later."""
    dice = random.Random(count)  # noqa: S311
    conversation = Conversation.objects.create(
        mailbox=mailbox, subject="History", last_message_at=timezone.now()
    )
    texts = [" ".join(dice.choices(WORDS, k=150)) for _ in range(count)]
    with transaction.atomic():
        letters.store_many()
        raws = many_rows.new_ids(RawLetter, count)
        many_rows.insert(
            RawLetter,
            {
                "id": raws,
                "sha256": [str(number).encode() for number in raws],
                "size": [1_000] * count,
                "zstd": [b""] * count,
            },
        )
        many_rows.insert(
            Message,
            {
                "raw_id": raws,
                "mailbox_id": [mailbox.pk] * count,
                "conversation_id": [conversation.pk] * count,
                "received_at": [timezone.now()] * count,
                "state": ["processed"] * count,
                "text": texts,
                "new_text": texts,
            },
        )


def plan_of_the_search(client: Client, words: str) -> str:
    """What PostgreSQL decides to do for the messages of a search."""
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/search", {"q": words}).status_code == 200
    (statement,) = [each["sql"] for each in asked if "@@" in each["sql"]]
    with transaction.atomic(), connection.cursor() as cursor:
        for each in asked:
            if each["sql"].startswith("SET LOCAL"):
                cursor.execute(each["sql"])
        cursor.execute(f"EXPLAIN {statement}")
        return "\n".join(line for (line,) in cursor.fetchall())


def test_a_search_uses_its_index_while_a_history_comes(
    mailbox: Mailbox, alice: User, browser: Callable[[User], Client]
) -> None:
    client = browser(alice)
    take_in(mailbox, 2_400)
    letters.tidy_index_of_words()
    tidied = plan_of_the_search(client, "word77")
    # As many more as are stored until it is tidied again.
    take_in(mailbox, 600)
    untidy = plan_of_the_search(client, "word77")

    assert "message_words" in tidied, tidied
    assert "message_words" in untidy, untidy

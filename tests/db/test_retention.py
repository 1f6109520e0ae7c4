"""What the settings say is deleted, and is known all the same when it comes again."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from letterbox.inbound import pipeline, receive
from letterbox.mime.letter import Address
from letterbox.models import (
    Case,
    Conversation,
    Event,
    Folder,
    Mailbox,
    Message,
    OutgoingMail,
    Placement,
    RawLetter,
    RawPiece,
    User,
)
from letterbox.services import cases, history, replies, retention, settings
from letterbox.services.retention import Rules
from tests import people
from tests.conftest import Arrive
from tests.db.conftest import AddRule
from tests.mail import mail


def make_old(conversation: Conversation, *, days: int = 100, **fields: Any) -> None:
    """As if it had been closed so long ago."""
    then = timezone.now() - timedelta(days=days)
    Conversation.objects.filter(pk=conversation.pk).update(
        last_message_at=then, closed_at=then, **{"status": "closed", **fields}
    )


@pytest.fixture
def old(arrive: Arrive) -> Message:
    """Carla's letter in a conversation that was closed long ago."""
    message = arrive(mail(subject="Zanzibar"))
    assert message.conversation is not None
    make_old(message.conversation)
    return message


def test_nothing_is_deleted_by_default(old: Message) -> None:
    retention.run()

    assert Conversation.objects.count() == 1
    assert b"Zanzibar" in RawLetter.objects.get().content


def test_letters_of_closed_conversations_go_after_their_time(
    old: Message, arrive: Arrive
) -> None:
    young = arrive(mail(subject="Young"))
    settings.change({"retain-closed-days": 90}, by=None)

    retention.run()

    old.refresh_from_db()
    assert (old.subject, old.text, old.from_email) == ("", "", "")
    assert old.raw.content == b""
    assert [each.pk for each in Conversation.objects.all()] == [young.conversation_id]
    assert Event.objects.get(verb="letters-erased").data == {"count": 1}
    # A second run has nothing to do.
    retention.run()
    assert Event.objects.filter(verb="letters-erased").count() == 1


def test_a_deleted_letter_that_is_still_on_the_server_is_known_and_answers_nothing(
    mailbox: Mailbox, folder: Folder, arrive: Arrive, add_rule: AddRule
) -> None:
    Mailbox.objects.filter(pk=mailbox.pk).update(processing_action="convert-to-case")
    add_rule("Confirm")
    raw = mail(subject="Zanzibar")
    first = arrive(raw)
    assert first.conversation is not None
    OutgoingMail.objects.update(state=OutgoingMail.State.SENT)
    make_old(first.conversation)
    settings.change({"retain-closed-days": 90}, by=None)
    retention.run()
    archive = people.make_folder(mailbox, "Archive", Folder.Role.ARCHIVE)
    told, held = OutgoingMail.objects.count(), Message.objects.count()

    # In its folder under a new number, and moved to another one.
    again = arrive(raw)
    moved = arrive(raw, folder=archive)
    retention.run()

    assert told == 1
    assert again.pk == moved.pk == first.pk
    assert Message.objects.count() == held
    assert Placement.objects.filter(message=first).count() == 3
    assert OutgoingMail.objects.count() == told
    assert Case.objects.count() == 1
    assert Conversation.objects.count() == 0
    assert RawLetter.objects.get(pk=first.raw_id).content == b""


def test_another_mailbox_keeps_its_copy_and_gets_it_again(
    old: Message, sales: Mailbox
) -> None:
    content = old.raw.content
    settings.change({"retain-closed-days": 90}, by=None)
    elsewhere = people.make_folder(sales)

    def receive_there(uid: int) -> None:
        receive.receive(
            elsewhere,
            [receive.Arrival(uid, content)],
            uid_validity=people.UID_VALIDITY,
            cursor=receive.Cursor(next_uid=uid + 1),
        )
        pipeline.process_mailbox(sales.pk)

    retention.run()
    erased = RawLetter.objects.get().content
    receive_there(1)

    assert erased == b""
    assert RawLetter.objects.get().content == content
    assert Message.objects.get(mailbox=sales).subject == "Zanzibar"
    old.refresh_from_db()
    assert old.subject == ""


def test_bytes_that_another_mailbox_needs_stay(old: Message, sales: Mailbox) -> None:
    content = old.raw.content
    receive.receive(
        people.make_folder(sales),
        [receive.Arrival(1, content)],
        uid_validity=people.UID_VALIDITY,
        cursor=receive.Cursor(next_uid=2),
    )
    settings.change({"retain-closed-days": 90}, by=None)

    retention.run()

    assert RawLetter.objects.get().content == content


def test_of_a_large_letter_every_piece_goes(arrive: Arrive) -> None:
    plan = random.Random(1).randbytes(1_500_000)  # noqa: S311
    old = arrive(mail(attachments=[("plan.bin", "application/zip", plan)]))
    assert old.conversation is not None
    make_old(old.conversation)
    settings.change({"retain-closed-days": 90}, by=None)
    before = RawPiece.objects.count()

    retention.run()

    assert before == 3
    assert RawPiece.objects.count() == 0
    assert RawLetter.objects.get().content == b""


def test_cases_stay_and_a_later_letter_begins_anew(
    old: Message, alice: User, arrive: Arrive
) -> None:
    assert old.conversation is not None
    case = cases.open_for(
        old.conversation, subject="Zanzibar", description="", by=alice
    )
    make_old(old.conversation)
    settings.change({"retain-closed-days": 90}, by=None)
    retention.run()

    late = arrive(
        mail(subject="Re: Zanzibar", headers=[("In-Reply-To", f"<{old.message_id}>")])
    )

    case.refresh_from_db()
    assert (case.subject, case.conversation) == ("Zanzibar", None)
    assert late.state == Message.State.PROCESSED
    assert late.conversation is not None


@pytest.mark.parametrize(
    ("fields", "goes"),
    [
        ({"status": "open"}, False),
        ({"days": 10}, False),
        ({"is_spam": True, "status": "open"}, True),
        ({"is_spam": True, "status": "open", "days": 20}, False),
    ],
)
def test_only_what_is_due_goes(
    arrive: Arrive, fields: dict[str, Any], goes: bool
) -> None:
    message = arrive(mail())
    assert message.conversation is not None
    make_old(message.conversation, **fields)
    settings.change({"retain-closed-days": 90, "retain-spam-days": 30}, by=None)

    before = retention.preview(retention.current())
    retention.run()

    assert Conversation.objects.exists() is not goes
    assert before.letters == before.conversations == int(goes)


@pytest.mark.parametrize("state", ["held", "queued", "sending", "unsure"])
def test_what_is_still_to_be_sent_or_settled_keeps_its_conversation(
    old: Message, alice: User, state: str
) -> None:
    assert old.conversation is not None
    replies.queue(
        old.conversation, author=alice, text="Yes", to=[Address("c@customer.example")]
    )
    OutgoingMail.objects.update(state=state)
    make_old(old.conversation)
    settings.change({"retain-closed-days": 90}, by=None)

    retention.run()

    assert Conversation.objects.exists()


def test_old_lines_of_the_history_go(max_: User, old: Message) -> None:
    history.record("role-added", by=max_, name="Old")
    then = timezone.now() - timedelta(days=400)
    Event.objects.update(at=then)
    history.record("role-added", by=max_, name="Young")
    settings.change({"retain-history-days": 365}, by=max_)
    of_conversations = Event.objects.filter(conversation__isnull=False).count()

    retention.run()

    names = [each.data["name"] for each in Event.objects.filter(verb="role-added")]
    assert names == ["Young"]
    assert Event.objects.filter(conversation__isnull=False).count() == of_conversations
    assert Event.objects.filter(verb="history-erased").exists()


def test_the_preview_deletes_nothing(old: Message) -> None:
    found = retention.preview(Rules(closed_days=90))

    assert (found.letters, found.conversations, found.lines) == (1, 1, 0)
    assert Conversation.objects.exists()

"""A conversion is taken back from the history, until somebody has worked on it."""

from __future__ import annotations

import pytest

from letterbox.models import Case, Event, Lead, Mailbox, User
from letterbox.services import cases, mailboxes, undoing
from tests.conftest import Arrive
from tests.mail import mail


@pytest.mark.parametrize(
    ("action", "verb", "table"),
    [
        ("convert-to-case", "case-opened", Case),
        ("convert-to-lead", "lead-opened", Lead),
    ],
)
def test_a_conversion_is_taken_back_and_its_letter_stays(
    arrive: Arrive,
    mailbox: Mailbox,
    alice: User,
    action: str,
    verb: str,
    table: type[Case] | type[Lead],
) -> None:
    mailboxes.set_processing(mailbox, action=action, options={}, by=None)
    message = arrive(mail(message_id="one@customer.example"))
    event = Event.objects.get(verb=verb)
    assert undoing.undoable([event]) == {event.pk}

    conversation = undoing.undo(event, by=alice)

    assert conversation == message.conversation
    assert not table.objects.exists()
    assert Event.objects.filter(verb="conversion-undone", actor=alice).exists()
    assert undoing.undoable([event]) == set()
    with pytest.raises(ValueError, match="already"):
        undoing.undo(event, by=alice)
    # An answer in the conversation does not bring it back; a new matter has its own.
    arrive(mail(in_reply_to="one@customer.example"))
    assert not table.objects.exists()
    arrive(mail(subject="Something else", text="A new matter."))
    assert table.objects.count() == 1


def test_what_somebody_has_worked_on_stays(
    arrive: Arrive, mailbox: Mailbox, alice: User
) -> None:
    mailboxes.set_processing(mailbox, action="convert-to-case", options={}, by=None)
    arrive(mail())
    event = Event.objects.get(verb="case-opened")
    cases.change(Case.objects.get(), by=alice, priority=Case.Priority.HIGH)

    assert undoing.undoable([event]) == set()
    with pytest.raises(ValueError, match="worked on"):
        undoing.undo(event, by=alice)
    assert Case.objects.exists()

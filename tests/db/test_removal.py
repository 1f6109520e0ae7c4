from letterbox import access
from letterbox.models import (
    Case,
    Connection,
    Conversation,
    Event,
    Folder,
    Mailbox,
    Message,
    RawLetter,
    User,
)
from letterbox.services import cases, mailboxes, removal
from tests import people
from tests.conftest import Arrive
from tests.mail import mail


def test_a_removed_mailbox_leaves_its_cases_to_those_who_saw_them(
    mailbox: Mailbox, alice: User, mallory: User, max_: User, arrive: Arrive
) -> None:
    message = arrive(mail(subject="The lamp"))
    assert message.conversation is not None
    case = cases.open_for(
        message.conversation, subject="The lamp", description="", by=alice
    )

    removal.remove(mailbox, keeps_letters=False, by=max_)
    removal.purge(mailbox.pk)

    assert access.get_case(alice, case.pk).subject == "The lamp"
    assert case not in access.cases(mallory)
    assert not Message.objects.exists()
    assert not Conversation.objects.exists()
    assert not RawLetter.objects.exists()
    assert not Folder.objects.filter(mailbox=mailbox).exists()
    assert not access.administered_mailboxes(max_).filter(pk=mailbox.pk).exists()


def test_without_cases_nothing_is_left_but_the_line_in_the_history(
    mailbox: Mailbox, max_: User, arrive: Arrive
) -> None:
    arrive(mail())

    removal.remove(mailbox, keeps_letters=False, by=max_)
    removal.purge(mailbox.pk)

    assert not Mailbox.objects.filter(pk=mailbox.pk).exists()
    line = Event.objects.get(verb="mailbox-removed")
    assert line.data["label"] == "Support"
    assert line.actor == max_


def test_letters_that_are_kept_can_still_be_read_but_nothing_goes_in_or_out(
    mailbox: Mailbox, alice: User, max_: User, arrive: Arrive
) -> None:
    message = arrive(mail())

    removal.remove(mailbox, keeps_letters=True, by=max_)

    assert access.get_message(alice, message.pk) == message
    assert not Connection.objects.filter(mailbox=mailbox).exists()
    assert not Mailbox.objects.get(pk=mailbox.pk).is_on


def test_the_same_letter_in_another_mailbox_stays(
    mailbox: Mailbox, sales: Mailbox, max_: User, arrive: Arrive
) -> None:
    raw = mail(to="support@acme.example, sales@acme.example")
    arrive(raw)
    copy = arrive(raw, folder=people.make_folder(sales))

    removal.remove(mailbox, keeps_letters=False, by=max_)
    removal.purge(mailbox.pk)

    assert Message.objects.get() == copy
    assert RawLetter.objects.get().content == raw


def test_label_and_address_may_be_used_again_at_once(
    mailbox: Mailbox, max_: User
) -> None:
    removal.remove(mailbox, keeps_letters=True, by=max_)

    again = mailboxes.add(label="Support", address="support@acme.example", by=max_)

    assert again.pk != mailbox.pk


def test_a_case_that_stays_knows_no_conversation(
    mailbox: Mailbox, alice: User, max_: User, arrive: Arrive
) -> None:
    message = arrive(mail())
    assert message.conversation is not None
    cases.open_for(message.conversation, subject="lamp", description="", by=alice)

    removal.remove(mailbox, keeps_letters=False, by=max_)
    removal.purge(mailbox.pk)

    assert Case.objects.get().conversation is None

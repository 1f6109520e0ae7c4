"""What the database itself refuses, whatever the code above it does."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Model, ProtectedError
from django.utils import timezone

from letterbox.models import (
    AutoresponseRule,
    Case,
    Connection,
    Contact,
    ContactAddress,
    Conversation,
    EmailTemplate,
    Folder,
    Grant,
    Lead,
    Mailbox,
    Message,
    OutgoingMail,
    Placement,
    Reference,
    RemoteChange,
    Role,
    RuleVersion,
    TemplateTranslation,
    User,
)
from letterbox.services import raw_letters
from tests.conftest import Arrive
from tests.mail import mail


def refuses(constraint: str, model: type[Model], *rows: dict[str, Any]) -> None:
    """Insert the rows; the last one must break this constraint."""
    *good, bad = rows
    for row in good:
        model._default_manager.create(**row)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        model._default_manager.create(**bad)


@pytest.fixture
def conversation(mailbox: Mailbox) -> Conversation:
    return Conversation.objects.create(mailbox=mailbox, last_message_at=timezone.now())


@pytest.fixture
def template(db: None) -> EmailTemplate:
    return EmailTemplate.objects.create(name="Thanks")


def outgoing(mailbox: Mailbox, **fields: Any) -> dict[str, Any]:
    return {
        "mailbox": mailbox,
        "kind": OutgoingMail.Kind.REPLY,
        "raw": raw_letters.store(b"Subject: x\r\n\r\nx"),
        "message_id": "one@acme.example",
        "recipients": ["carla@customer.example"],
        "due_at": timezone.now(),
        "trying_since": timezone.now(),
        **fields,
    }


def test_two_mailboxes_with_one_label(mailbox: Mailbox) -> None:
    refuses(
        "one_mailbox_per_label", Mailbox, {"label": "SUPPORT", "address": "x@y.example"}
    )


def test_two_mailboxes_with_one_address(mailbox: Mailbox) -> None:
    refuses(
        "one_mailbox_per_address",
        Mailbox,
        {"label": "Other", "address": "Support@Acme.example"},
    )


def test_two_ways_to_reach_a_mailbox_by_one_protocol(mailbox: Mailbox) -> None:
    refuses(
        "one_connection_per_protocol",
        Connection,
        {"mailbox": mailbox, "protocol": "imap", "host": "x", "port": 1},
    )


def test_a_folder_twice(folder: Folder) -> None:
    refuses(
        "one_folder_per_wire_name",
        Folder,
        {"mailbox": folder.mailbox, "wire_name": "INBOX", "path": "INBOX"},
    )


def test_two_letters_under_one_number(arrive: Arrive) -> None:
    place = arrive(mail()).placements.get()

    refuses(
        "one_placement_per_uid",
        Placement,
        {
            "folder": place.folder,
            "uid_validity": place.uid_validity,
            "uid": place.uid,
            "message": place.message,
        },
    )


def test_a_stored_line_of_the_ledger_without_its_message(folder: Folder) -> None:
    refuses(
        "stored_placement_has_message",
        Placement,
        {"folder": folder, "uid_validity": 1, "uid": 1, "message": None},
    )


def test_the_same_letter_as_two_messages_of_a_mailbox(arrive: Arrive) -> None:
    message = arrive(mail())

    refuses(
        "one_message_per_letter",
        Message,
        {
            "mailbox": message.mailbox,
            "raw": message.raw,
            "received_at": timezone.now(),
        },
    )


def test_a_stuck_message_without_a_reason(mailbox: Mailbox) -> None:
    refuses(
        "stuck_message_has_problem",
        Message,
        {
            "mailbox": mailbox,
            "raw": raw_letters.store(b"x"),
            "received_at": timezone.now(),
            "state": Message.State.STUCK,
        },
    )


def test_a_reference_that_leads_to_two_conversations(
    conversation: Conversation,
) -> None:
    row = {
        "mailbox": conversation.mailbox,
        "message_id": "a@b",
        "conversation": conversation,
    }
    refuses("one_conversation_per_reference", Reference, row, row)


def test_two_contacts_with_one_address(db: None) -> None:
    carla = Contact.objects.create(name="Carla")
    refuses(
        "one_contact_per_address",
        ContactAddress,
        {"contact": carla, "email": "carla@customer.example"},
        {"contact": carla, "email": "Carla@Customer.example"},
    )


def test_two_cases_of_one_conversation(conversation: Conversation) -> None:
    row = {"conversation": conversation, "reported_at": timezone.now()}
    refuses("conversation_id", Case, row, row)


def test_two_leads_of_one_conversation(conversation: Conversation) -> None:
    row = {"conversation": conversation, "name": "x"}
    refuses("conversation_id", Lead, row, row)


def test_two_people_with_one_address(db: None) -> None:
    refuses(
        "one_user_per_address|email",
        User,
        {"email": "alice@acme.example"},
        {"email": "Alice@acme.example"},
    )


def test_a_grant_to_nobody(mailbox: Mailbox) -> None:
    refuses("grant_is_for_a_role_or_a_user", Grant, {"mailbox": mailbox, "ability": 10})


def test_a_grant_to_a_role_and_a_user_at_once(mailbox: Mailbox, alice: User) -> None:
    role = Role.objects.create(name="Team")
    refuses(
        "grant_is_for_a_role_or_a_user",
        Grant,
        {"mailbox": mailbox, "ability": 10, "user": alice, "role": role},
    )


def test_two_grants_to_one_user(mailbox: Mailbox, alice: User) -> None:
    refuses(
        "one_grant_per_user", Grant, {"mailbox": mailbox, "ability": 10, "user": alice}
    )


def test_two_grants_to_one_role(mailbox: Mailbox) -> None:
    row = {"mailbox": mailbox, "ability": 10, "role": Role.objects.create(name="Team")}
    refuses("one_grant_per_role", Grant, row, row)


def test_two_answers_of_one_rule_to_one_message(mailbox: Mailbox) -> None:
    refuses(
        "send_once",
        OutgoingMail,
        outgoing(mailbox, dedupe_key="rule:1:message:1"),
        outgoing(mailbox, dedupe_key="rule:1:message:1", message_id="two@acme.example"),
    )


def test_two_promises_under_one_message_id(mailbox: Mailbox) -> None:
    refuses(
        "one_promise_per_message_id", OutgoingMail, outgoing(mailbox), outgoing(mailbox)
    )


@pytest.mark.parametrize("state", ["queued", "sending", "sent", "failed", "unsure"])
def test_a_mail_without_words_that_is_on_its_way(mailbox: Mailbox, state: str) -> None:
    refuses(
        "blank_mail_is_not_sent",
        OutgoingMail,
        outgoing(mailbox, is_blank=True, state=state),
    )


def test_a_mail_to_nobody(mailbox: Mailbox) -> None:
    refuses("mail_has_recipients", OutgoingMail, outgoing(mailbox, recipients=[]))


def test_two_copies_in_sent_of_one_mail(mailbox: Mailbox) -> None:
    row = {
        "mailbox": mailbox,
        "kind": RemoteChange.Kind.APPEND,
        "outgoing": OutgoingMail.objects.create(**outgoing(mailbox)),
    }
    refuses("one_append_per_mail", RemoteChange, row, row)


def test_two_templates_with_one_name(template: EmailTemplate) -> None:
    refuses("one_template_per_name", EmailTemplate, {"name": "THANKS"})


def test_two_translations_into_one_language(template: EmailTemplate) -> None:
    row = {"template": template, "language": "de"}
    refuses("one_translation_per_language", TemplateTranslation, row, row)


def test_two_rules_with_one_name(mailbox: Mailbox, template: EmailTemplate) -> None:
    row = {"mailbox": mailbox, "name": "Confirm", "template": template}
    refuses("one_rule_per_name", AutoresponseRule, row, {**row, "name": "confirm"})


def test_two_versions_of_a_rule_with_one_number(
    mailbox: Mailbox, template: EmailTemplate
) -> None:
    rule = AutoresponseRule.objects.create(
        mailbox=mailbox, name="Confirm", template=template
    )
    row = {"rule": rule, "number": 1, "content": {}}
    refuses("one_row_per_version", RuleVersion, row, row)


def test_a_template_in_use_cannot_be_removed(
    mailbox: Mailbox, template: EmailTemplate
) -> None:
    AutoresponseRule.objects.create(mailbox=mailbox, name="Confirm", template=template)

    with pytest.raises(ProtectedError):
        template.delete()

"""Say who wrote a letter that a colleague has forwarded, and take it back.

Found by `mime.forwarded`, decided by a person: answers then go to whoever wrote it.
"""

from __future__ import annotations

from django.db import transaction

from letterbox import live
from letterbox.models import Case, Contact, Conversation, Lead, Message, User
from letterbox.services import contacts, history, letters


class NoAddress(Exception):
    """A contact is known by an address; this is none."""

    def __init__(self) -> None:
        super().__init__("Give the e-mail address of whoever wrote it.")


@transaction.atomic
def name_original(message: Message, *, email: str, name: str, by: User) -> Contact:
    """Make this person the contact, and the one to whom an answer goes.

    Raises NoAddress.
    """
    contact = contacts.find_or_make(email, name=name)
    if contact is None:
        raise NoAddress
    email = letters.without_nul(email).strip()[:320]
    name = letters.without_nul(name).strip()[: letters.NAME_LENGTH]
    message.recipients = message.recipients | {"original": [[name, email]]}
    _take_part(message, email)
    _set_contact(message, contact, by=by, verb="original-named")
    return contact


@transaction.atomic
def forget_original(message: Message, *, by: User) -> None:
    """Answers go to the colleague again, who is the contact as before."""
    if "original" not in message.recipients:
        return
    message.recipients = {
        name: people
        for name, people in message.recipients.items()
        if name != "original"
    }
    contact = contacts.find_or_make(message.from_email, name=message.from_name)
    _set_contact(message, contact, by=by, verb="original-forgotten")


def _take_part(message: Message, email: str) -> None:
    """Let their own later letters find the conversation, as `inbound.threading` does."""
    known = message.thread_facts.get("addressees")
    if isinstance(known, list) and email.lower() not in known:
        known.append(email.lower())


def _set_contact(
    message: Message, contact: Contact | None, *, by: User, verb: str
) -> None:
    before = message.contact_id
    message.contact = contact
    message.save(update_fields=["recipients", "thread_facts", "contact"])
    conversation = message.conversation
    if conversation is None:
        return
    locked = Conversation.objects.select_for_update(no_key=True).get(pk=conversation.pk)
    if locked.contact_id in (before, None):
        locked.contact = conversation.contact = contact
    locked.version += 1
    locked.save(update_fields=["contact", "version"])
    # What grew from the letter follows, unless somebody has chosen otherwise.
    Case.objects.filter(conversation=locked, contact=before).update(contact=contact)
    Lead.objects.filter(conversation=locked, contact=before).update(contact=contact)
    history.record(
        verb,
        by=by,
        conversation=locked,
        message=message.pk,
        changes={"contact": [before, contact.pk if contact else None]},
    )
    live.announce("conversation", locked.pk, mailbox_id=locked.mailbox_id)

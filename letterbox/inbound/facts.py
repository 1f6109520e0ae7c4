"""From a processed message to the Facts that rules and guards may see.

Live decisions and dry runs come through here, so both see the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from letterbox.mime.classify.values import Classification
from letterbox.mime.letter import Letter
from letterbox.models import Case, Lead, Mailbox, Message, Placement
from letterbox.rules.facts import AttachedFile, Facts, FolderRole

DELIVERED_TO = ("Delivered-To", "X-Original-To", "X-Delivered-To", "Envelope-To")
AUTHENTICATION_METHODS = ("dmarc", "spf", "dkim")


def facts_of(
    message: Message,
    letter: Letter,
    *,
    mailbox: Mailbox,
    classification: Classification,
    own_addresses: frozenset[str],
    is_first: bool,
    has_case: bool,
    has_lead: bool,
    sender_is_known: bool,
    places: Sequence[Placement] | None = None,
) -> Facts:
    """Everything a decision may see of this message.

    `places` are its placements with their folders, where the caller has them.
    """
    if places is None:
        places = placements_of(message)
    return Facts(
        message=message.pk,
        received_at=message.received_at,
        message_id=message.message_id,
        conversation=message.conversation_id,
        ledger_position=message.pk,
        is_history=message.is_history,
        folder_role=_folder_role(places),
        author=letter.author,
        reply_to=letter.reply_to,
        to=letter.to,
        cc=letter.cc,
        bcc=letter.bcc,
        delivered_to=tuple(
            value.strip(" <>")
            for name in DELIVERED_TO
            for value in letter.headers.get_all(name)
        ),
        subject=message.subject,
        body=message.text,
        new_text=message.new_text,
        headers=letter.headers,
        attachments=tuple(
            AttachedFile(each.filename, each.content_type, each.size)
            for each in letter.attachments
        ),
        size=message.raw.size,
        language=message.language,
        kind=message.kind,
        may_answer=classification.may_answer,
        refusals=tuple(
            (reason.value, reason.sentence) for reason in classification.answer_refusals
        ),
        authentication=authentication(letter),
        has_case=has_case,
        has_lead=has_lead,
        is_first_letter=is_first,
        sender_is_known=sender_is_known,
        mailbox_addresses=tuple(mailbox.all_addresses),
        own_addresses=tuple(sorted(own_addresses)),
    )


def authentication(letter: Letter) -> tuple[tuple[str, str], ...]:
    """The results of the topmost Authentication-Results field (RFC 8601).

    Only the topmost one was written by the server that we fetch from; those below may
    be the sender's own invention.
    """
    text = letter.headers.get("Authentication-Results").lower()
    found: list[tuple[str, str]] = []
    for piece in text.split(";")[:20]:
        method, equals, rest = piece.strip().partition("=")
        if equals and method.strip() in AUTHENTICATION_METHODS:
            words = rest.split()
            if words:
                found.append((method.strip(), words[0]))
    return tuple(found)


def records_of(message: Message) -> tuple[bool, bool]:
    """Whether the message's conversation has a case, and a lead."""
    if message.conversation_id is None:
        return False, False
    return (
        Case.objects.filter(conversation=message.conversation_id).exists(),
        Lead.objects.filter(conversation=message.conversation_id).exists(),
    )


def sender_is_known(message: Message) -> bool:
    """Whether this address has written to us, or been written to, before."""
    return (
        Message.objects.filter(mailbox=message.mailbox_id, contact=message.contact_id)
        .exclude(contact=None)
        .filter(pk__lt=message.pk)
        .exists()
    )


def placements_of(message: Message) -> list[Placement]:
    """Where the server keeps the message, in the order in which we learnt of it."""
    return list(
        Placement.objects.filter(message=message, gone_at=None)
        .select_related("folder")
        .order_by("id")
    )


def _folder_role(places: Sequence[Placement]) -> FolderRole:
    known = {each.value for each in FolderRole}
    role = places[0].folder.role if places else ""
    return FolderRole(role) if role in known else FolderRole.OTHER

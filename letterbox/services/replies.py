"""Answers that people write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from letterbox.mime import build, parse, subjects
from letterbox.mime.classify.values import MailKind
from letterbox.mime.letter import Address
from letterbox.models import Conversation, Mailbox, Message, OutgoingMail, User
from letterbox.services import (
    conversations,
    history,
    letters,
    merging,
    outbox,
    settings,
)

# Nobody reads an answer to these.
FROM_MACHINES = (
    MailKind.BOUNCE_HARD,
    MailKind.BOUNCE_SOFT,
    MailKind.BOUNCE_DELAY,
    MailKind.DELIVERY_SUCCESS,
    MailKind.FEEDBACK_REPORT,
    MailKind.RECEIPT,
    MailKind.CHALLENGE,
    MailKind.OUT_OF_OFFICE,
    MailKind.AUTO_ACKNOWLEDGEMENT,
    MailKind.AUTO_REPLY,
)
NOT_SENT = (
    OutgoingMail.State.HELD,
    OutgoingMail.State.FAILED,
    OutgoingMail.State.DISCARDED,
)


class NobodyToWriteTo(Exception):
    """An answer needs somebody to go to, other than the mailbox itself."""

    def __init__(self) -> None:
        super().__init__("Name at least one recipient other than this mailbox.")


class Outdated(Exception):
    """New messages arrived while the answer was being written."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} new messages arrived since you began.")
        self.count = count


@transaction.atomic
def queue(
    conversation: Conversation,
    *,
    author: User,
    text: str,
    to: Sequence[Address],
    cc: Sequence[Address] = (),
    bcc: Sequence[Address] = (),
    subject: str = "",
    html: str = "",
    attachments: Sequence[build.DraftAttachment] = (),
    written_on_version: int | None = None,
) -> OutgoingMail:
    """Promise to send a reply once the undo window has passed.

    From is the mailbox, never what a browser says, and the mailbox is never among its
    own recipients. Raises Outdated when the conversation moved on since
    `written_on_version`, NobodyToWriteTo when no recipient is left.
    """
    # The row is locked, so that two answers cannot both think they were first.
    conversation = Conversation.objects.select_for_update(no_key=True).get(
        pk=merging.where_it_went(conversation.pk)
    )
    if written_on_version is not None and written_on_version != conversation.version:
        raise Outdated(_arrived_since(conversation, written_on_version))
    mailbox = conversation.mailbox
    to, cc, bcc = (_without_ourselves(each, mailbox) for each in (to, cc, bcc))
    if not (to or cc or bcc):
        raise NobodyToWriteTo
    last = letter_to_answer(conversation)
    message_id = outbox.new_message_id(mailbox, conversation)
    raw = build.build_letter(
        build.Draft(
            from_=Address(mailbox.address, mailbox.display_name or mailbox.label),
            to=tuple(to),
            cc=tuple(cc),
            subject=subject or subjects.reply_subject(conversation.subject),
            text=text,
            html=html,
            message_id=message_id,
            date=timezone.now(),
            in_reply_to=last.message_id if last else "",
            references=_chain(last) if last else (),
            attachments=tuple(attachments),
        )
    )
    mail = outbox.promise(
        conversation,
        kind=OutgoingMail.Kind.REPLY,
        raw=raw,
        message_id=message_id,
        sender=mailbox.address,
        recipients=unique_addresses([*to, *cc, *bcc]),
        due_at=timezone.now() + timedelta(seconds=settings.get("undo-seconds")),
        author=author,
        answers=last,
    )
    if mail.sent_message is not None:
        conversations.add_message(conversation, mail.sent_message)
    conversations.wait(conversation, by=author)
    if conversation.assignee is None:
        conversations.assign(conversation, to=author, by=author)
    history.record("reply-queued", by=author, conversation=conversation, mail=mail.pk)
    return mail


def signature_of(conversation: Conversation, author: User) -> str:
    """What stands under an answer that is begun now; empty when nothing does.

    The author's own words, else the mailbox's, else those of the system.
    """
    when = settings.get("signature-when")
    if when == "manual":
        return ""
    if (
        when == "first"
        and conversation.outgoing.filter(kind=OutgoingMail.Kind.REPLY)
        .exclude(state=OutgoingMail.State.DISCARDED)
        .exists()
    ):
        return ""
    chosen: str = (
        author.signature or conversation.mailbox.signature or settings.get("signature")
    )
    # RFC 3676, section 4.3: two dashes and a blank, so that mail programs know it.
    return f"\n\n-- \n{chosen.strip()}" if chosen.strip() else ""


def default_recipients(
    conversation: Conversation,
    *,
    reply_all: bool = False,
    newest: Sequence[Message] = (),
) -> tuple[list[Address], list[Address]]:
    """To and Cc of an answer: whom the letter to answer asks for, never ourselves.

    `newest` as in `letter_to_answer`.
    """
    letter = letter_to_answer(conversation, newest)
    if letter is None:
        return [], []
    mailbox = conversation.mailbox
    if letter.direction == Message.Direction.OUT:
        return (
            _without_ourselves(letters.recipients_of(letter, "to"), mailbox),
            _without_ourselves(letters.recipients_of(letter, "cc"), mailbox),
        )
    author = Address(letter.from_email, letter.from_name)
    # Whoever wrote what a colleague forwarded, else whom the letter asks for.
    asked_for = letters.recipients_of(letter, "original") or letters.recipients_of(
        letter, "reply_to"
    )
    # A Reply-To of ours would have us write to ourselves.
    to = _without_ourselves(asked_for, mailbox) or _without_ourselves([author], mailbox)
    cc: list[Address] = []
    if reply_all:
        cc = letters.recipients_of(letter, "to") + letters.recipients_of(letter, "cc")
    taken = {address.email.lower() for address in to}
    return (
        to,
        [
            each
            for each in _without_ourselves(cc, mailbox)
            if each.email.lower() not in taken
        ],
    )


def letter_to_answer(
    conversation: Conversation, newest: Sequence[Message] = ()
) -> Message | None:
    """The letter that an answer speaks to: the newest of a person, else the newest.

    A bounce or an out-of-office after it does not count, nor does what we never sent.
    `newest` are the newest letters, newest first, where they have been read: mostly it
    is one of them.
    """
    for letter in newest:
        is_inbound = letter.direction == Message.Direction.IN
        if is_inbound and letter.kind not in FROM_MACHINES:
            return letter
    found = conversation.messages.exclude(outgoing__state__in=NOT_SENT)
    inbound = found.filter(direction=Message.Direction.IN)
    for candidates in (inbound.exclude(kind__in=FROM_MACHINES), inbound, found):
        found_one = candidates.order_by("-received_at", "-id").first()
        if found_one is not None:
            return found_one
    return None


def unique_addresses(people: Sequence[Address]) -> list[str]:
    """The envelope recipients: each address once, as first written."""
    seen = {address.email.lower(): address.email for address in reversed(people)}
    return list(dict.fromkeys(seen[address.email.lower()] for address in people))


def _chain(message: Message) -> tuple[str, ...]:
    """The whole References chain of an answer to this message (RFC 5322, 3.6.4)."""
    return build.reply_references(parse.parse_letter(message.raw.content))


def _without_ourselves(people: Sequence[Address], mailbox: Mailbox) -> list[Address]:
    ours = set(mailbox.all_addresses)
    return [each for each in people if each.email and each.email.lower() not in ours]


def _arrived_since(conversation: Conversation, version: int) -> int:
    return max(1, conversation.version - version)

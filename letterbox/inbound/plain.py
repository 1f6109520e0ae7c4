"""Take in a stuck letter without understanding it: its bytes become an attachment.

What could not be read is not tried again here, except for the header, by itself and
bounded: who wrote it and what about. Such a letter starts a conversation of its own,
so that somebody sees it; it is never converted and never answered.
"""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from letterbox import live
from letterbox.inbound import facts, joining, reading, thread_facts
from letterbox.mime import parse
from letterbox.mime.letter import Attachment, Headers, Letter
from letterbox.models import Message, User
from letterbox.services import contacts, conversations, history, letters

logger = logging.getLogger(__name__)

LONGEST_HEADER = 32 * 1024
FILENAME = "letter.eml"
# Not message/rfc822: nobody should open it here as a letter, and fail again.
CONTENT_TYPE = "application/octet-stream"


@transaction.atomic
def import_plain(message: Message, *, by: User) -> bool:
    """Show the stuck letter with its bytes attached; False when it is not stuck (now)."""
    locked = (
        Message.objects.select_for_update(of=("self",), no_key=True)
        .select_related("raw", "mailbox")
        .filter(pk=message.pk, state=Message.State.STUCK)
        .first()
    )
    if locked is None:
        return False
    problem = locked.problem
    letter = plain_letter(locked.raw.content, problem)
    letters.fill(locked, letter)
    known = thread_facts.read(
        letter, received_at=locked.received_at, ours=locked.mailbox.all_addresses
    )
    locked.thread_facts = joining.remembered(known)
    places = [reading.Place.of(each) for each in facts.placements_of(locked)]
    locked.trace = {
        "import": reading.trace_of_import(
            places, is_history=locked.is_history, problems=[problem]
        )
    }
    locked.contact = contacts.find_or_make(locked.from_email, name=locked.from_name)
    locked.state = Message.State.PROCESSED
    locked.problem = ""
    locked.processed_at = timezone.now()
    conversation = conversations.start(locked)
    locked.save()
    # Answers to it find it; who was first under an id stays.
    joining.note_references(conversation, known)
    history.record(
        "imported-plain",
        by=by,
        conversation=conversation,
        message=locked.pk,
        reason=problem,
    )
    live.announce("message", locked.pk, mailbox_id=locked.mailbox_id)
    return True


def plain_letter(raw: bytes, problem: str) -> Letter:
    """The header as far as it can be read, a sentence, and the whole as attachment."""
    known = _header(raw)
    return Letter(
        headers=Headers(),
        subject=known.subject,
        from_=known.from_[:1],
        to=known.to,
        cc=known.cc,
        date=known.date,
        message_id=known.message_id,
        text=_(
            "Letterbox could not read this letter, so that it stands here as it came: "
            "open the attachment in a mail program.\n\n%(problem)s\n"
        )
        % {"problem": problem},
        attachments=(Attachment(FILENAME, CONTENT_TYPE, len(raw), 0, len(raw)),),
        problems=(problem,),
    )


def _header(raw: bytes) -> Letter:
    head = raw[:LONGEST_HEADER].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    try:
        return parse.parse_letter(head + b"\n\n")
    except Exception:
        # Whatever is wrong with it: this is the way out for letters like that.
        logger.exception("Not even the header could be read.")
        return Letter(headers=Headers())

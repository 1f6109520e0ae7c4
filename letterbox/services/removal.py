"""Take a mailbox away: at once out of sight, its letters in the background.

Leads, cases and contacts stay, and whoever could see them still can. Only this
mailbox's copies of letters go; the same letter in another mailbox is none of ours.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from letterbox import jobs
from letterbox.models import (
    Connection,
    Conversation,
    Mailbox,
    Message,
    OutgoingMail,
    Placement,
    User,
)
from letterbox.services import forgetting, history, mailboxes, templates
from letterbox.services.forgetting import CHUNK

PURGE = "purge-mailbox"
UNSENT = (OutgoingMail.State.HELD, OutgoingMail.State.QUEUED)


@transaction.atomic
def remove(mailbox: Mailbox, *, keeps_letters: bool, by: User | None) -> None:
    """Stop the mailbox for good; its secrets and rules go now, letters if so wished.

    What was still to be sent is discarded. The address may be used again at once.
    """
    Mailbox.objects.filter(pk=mailbox.pk).update(
        removed_at=timezone.now(), is_on=False, processing_action="do-nothing"
    )
    Connection.objects.filter(mailbox=mailbox).delete()
    _remove_rules(mailbox)
    OutgoingMail.objects.filter(mailbox=mailbox, state__in=UNSENT).update(
        state=OutgoingMail.State.DISCARDED, problem="The mailbox was removed."
    )
    history.record(
        "mailbox-removed",
        by=by,
        mailbox=mailbox,
        label=mailbox.label,
        address=mailbox.address,
        keeps_letters=keeps_letters,
    )
    mailboxes.announce(mailbox)
    if not keeps_letters:
        jobs.wake(PURGE, mailbox.pk)


@jobs.drain(PURGE)
def purge(mailbox_id: int) -> None:
    """Delete the letters of a removed mailbox; may be stopped and begun again."""
    mailbox = Mailbox.objects.filter(pk=mailbox_id, removed_at__isnull=False).first()
    if mailbox is None:
        return
    while _purge_some(mailbox):
        pass
    with transaction.atomic():
        mailbox.folders.all().delete()
        Conversation.objects.filter(mailbox=mailbox).delete()
        if not mailbox.cases.exists() and not mailbox.leads.exists():
            mailbox.delete()


@transaction.atomic
def _purge_some(mailbox: Mailbox) -> bool:
    """Delete one chunk; says whether there was anything left to delete."""
    mails = OutgoingMail.objects.filter(mailbox=mailbox).only("raw_id")[:CHUNK]
    letters = Message.objects.filter(mailbox=mailbox).only("raw_id")[:CHUNK]
    places = Placement.objects.filter(folder__mailbox=mailbox)[:CHUNK]
    raws = {each.raw_id for each in mails} | {each.raw_id for each in letters}
    OutgoingMail.objects.filter(pk__in=[each.pk for each in mails]).delete()
    Message.objects.filter(pk__in=[each.pk for each in letters]).delete()
    gone, _ = Placement.objects.filter(pk__in=[each.pk for each in places]).delete()
    forgetting.drop_unused_raw_letters(raws)
    return bool(mails or letters or gone)


def _remove_rules(mailbox: Mailbox) -> None:
    """Rules go with the mailbox, and the words that only they used."""
    words = list(mailbox.rules.values_list("template_id", flat=True))
    mailbox.rules.all().delete()
    templates.forget_custom(words)

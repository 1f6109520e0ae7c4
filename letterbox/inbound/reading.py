"""The steps that read a message: what it says, what wrote it, who wrote it."""

from __future__ import annotations

from letterbox.inbound import facts
from letterbox.inbound.work import Work
from letterbox.mime import bounces, language
from letterbox.mime.classify import classify as classify_letter
from letterbox.mime.classify.values import MailKind, OwnMail
from letterbox.models import Folder, Mailbox, Message, OutgoingMail, Placement, User
from letterbox.services import contacts, history, letters, outbox


def read(work: Work) -> None:
    """Fill the columns that lists, search and rules look at."""
    work.blocks = letters.fill(work.message, work.letter)
    places = work.places = facts.placements_of(work.message)
    work.trace["import"] = {
        "folders": [
            {"path": place.folder.path, "uid": place.uid, "role": place.folder.role}
            for place in places
        ],
        "is_history": work.message.is_history,
        "problems": list(work.letter.problems),
    }
    is_sent = any(place.folder.role == Folder.Role.SENT for place in places)
    is_ours = work.letter.author.email.lower() in work.mailbox.all_addresses
    if is_sent or is_ours:
        work.message.direction = Message.Direction.OUT


def recognise_our_own(work: Work) -> None:
    """A copy of what we sent joins the message we have, and settles a doubt."""
    if work.is_inbound or not work.message.message_id:
        return
    ours = (
        OutgoingMail.objects.filter(
            mailbox=work.mailbox,
            message_id=work.message.message_id,
            sent_message__isnull=False,
        )
        .select_related("sent_message")
        .first()
    )
    if ours is None or ours.sent_message is None:
        return
    Placement.objects.filter(message=work.message).update(message=ours.sent_message)
    work.message.delete()
    work.is_absorbed = True
    if ours.state == OutgoingMail.State.UNSURE:
        outbox.settle(ours, by=None, how="found in Sent")


def classify(work: Work) -> None:
    """Say what wrote it; nothing is dropped for its class."""
    work.classification = classify_letter(work.letter, own=work.own)
    code, confidence, source = language.detect_language(work.letter)
    work.message.language = code[:12]
    work.message.kind = work.classification.kind.value
    work.trace["classify"] = {
        "kind": work.classification.kind.value,
        "may_answer": work.classification.may_answer,
        "refusals": [reason.sentence for reason in work.classification.answer_refusals],
        "signals": [
            {"name": each.name, "value": each.value, "meaning": each.meaning}
            for each in work.classification.signals
        ],
        "language": {"code": code, "confidence": confidence, "source": source},
    }


def find_contact(work: Work) -> None:
    """Know the person outside by the address, or make them known."""
    letter = work.letter
    person = (
        letter.author if work.is_inbound else (*letter.to, *letter.cc, letter.author)[0]
    )
    if person.email.lower() in work.mailbox.all_addresses:
        return
    work.message.contact = contacts.find_or_make(person.email, name=person.name)


def note_bounce(work: Work) -> None:
    """Tie a delivery report to the mail of ours that it is about."""
    if work.classification is None or not work.classification.kind.is_delivery_report:
        return
    report = bounces.read_bounce(work.letter)
    if report is None:
        return
    work.trace["bounce"] = {
        "kind": work.classification.kind.value,
        "original": report.original_message_id,
        "recipients": [each.email for each in report.recipients],
    }
    mail = OutgoingMail.objects.filter(
        mailbox=work.mailbox, message_id=report.original_message_id
    ).first()
    if mail is None or not report.original_message_id:
        return
    mail.bounce = {
        "kind": work.classification.kind.value,
        "message": work.message.pk,
        "recipients": [each.email for each in report.recipients],
        "reason": report.reason.value,
    }
    mail.save(update_fields=["bounce"])
    history.record(
        "mail-bounced",
        by=None,
        mailbox=work.mailbox,
        conversation=mail.conversation,
        mail=mail.pk,
        bounce=work.classification.kind.value,
    )
    if work.classification.kind == MailKind.BOUNCE_HARD:
        contacts.note_bounce([each.email for each in report.recipients])
    outbox.announce(mail)


def own_mail() -> OwnMail:
    """What marks a letter as ours: every mailbox, alias and user, and our keys."""
    ours: set[str] = set()
    for mailbox in Mailbox.objects.only("address", "aliases"):
        ours.update(mailbox.all_addresses)
    return OwnMail(
        addresses=frozenset(ours),
        user_addresses=frozenset(User.objects.values_list("email", flat=True)),
        message_id_keys=tuple(outbox.message_id_keys()),
    )

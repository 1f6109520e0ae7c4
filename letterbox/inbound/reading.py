"""The steps that read a message: what it says, what wrote it, who wrote it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from letterbox.inbound import described, facts
from letterbox.inbound.work import Work
from letterbox.mime import bounces, contact_forms, forwarded, language
from letterbox.mime.classify import classify as classify_letter
from letterbox.mime.classify.values import Classification, MailKind, OwnMail
from letterbox.mime.letter import Address, Letter
from letterbox.models import Folder, Message, OutgoingMail, Placement, User
from letterbox.services import contacts, letters, mailboxes, outbox


def read(work: Work) -> None:
    """Fill the columns that lists, search and rules look at."""
    places = work.places = facts.placements_of(work.message)
    if work.mailbox.is_written_by_form and not is_in_sent(places):
        see_person_behind_form(work)
    work.blocks = letters.fill(work.message, work.letter)
    work.trace["letter"] = described.describe(work.letter)
    work.trace["import"] = trace_of_import(
        map(Place.of, places),
        is_history=work.message.is_history,
        problems=work.letter.problems,
    )
    if is_from_us(work.letter, places, ours=work.mailbox.all_addresses):
        work.message.direction = Message.Direction.OUT


def see_person_behind_form(work: Work) -> None:
    """From here on whoever filled in the form is who wrote the letter."""
    found = person_behind_form(work.letter, work.own)
    if found is not None:
        work.letter, work.own, work.trace["form"] = found


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
    report = bounces.read_bounce(work.letter)
    work.classification = classify_letter(work.letter, own=work.own, bounce=report)
    if work.classification.kind.is_delivery_report:
        work.report = report
    detected = language.detect_language(work.letter)
    work.message.language = detected.code[:12]
    work.message.kind = work.classification.kind.value
    work.trace["classify"] = trace_of_class(work.classification, detected)


def find_contact(work: Work) -> None:
    """Know the person outside by the address, or make them known."""
    person = person_outside(work.letter, is_inbound=work.is_inbound)
    if person.email.lower() in work.mailbox.all_addresses:
        return
    work.message.contact = contacts.find_or_make(person.email, name=person.name)


def suggest_original_sender(work: Work) -> None:
    """Find who wrote what a colleague has forwarded; a person decides on it."""
    if work.is_inbound and (found := trace_of_forward(work.letter, work.own)):
        work.trace["forwarded"] = found


def note_bounce(work: Work) -> None:
    """Tie a delivery report to the mail of ours that it is about."""
    report, found = work.report, work.classification
    if report is None or found is None:
        return
    emails = letters.storable([each.email for each in report.recipients])
    work.trace["bounce"] = trace_of_bounce(found.kind, report)
    original = letters.key(report.original_message_id)
    if not original or found.kind == MailKind.DELIVERY_SUCCESS:
        return
    mail = (
        OutgoingMail.objects.filter(mailbox=work.mailbox, message_id=original)
        .order_by("id")
        .first()
    )
    if mail is None:
        return
    outbox.note_bounce(
        mail,
        kind=found.kind,
        recipients=emails,
        reason=report.reason.value,
        report=work.message,
    )
    if found.kind == MailKind.BOUNCE_HARD:
        # Anybody can write a report, on anybody: only whom we wrote to counts.
        written_to = {each.lower() for each in mail.recipients}
        contacts.note_bounce([each for each in emails if each.lower() in written_to])


def own_mail() -> OwnMail:
    """What marks a letter as ours: every mailbox, alias and user, and our keys."""
    return OwnMail(
        addresses=mailboxes.own_addresses(),
        user_addresses=frozenset(User.objects.values_list("email", flat=True)),
        message_id_keys=tuple(outbox.message_id_keys()),
    )


# --- Pure: shared with inbound.history.reading ------------


def person_behind_form(
    letter: Letter, own: OwnMail
) -> tuple[Letter, OwnMail, dict[str, Any]] | None:
    """A form's letter as written by who filled it in; whom it wrote as, for the trace."""
    found = contact_forms.as_written_by_person(letter, own)
    if found is None:
        return None
    form = letter.author.email
    return found, replace(own, forms=frozenset({form})), {"address": form}


def is_from_us(
    letter: Letter, places: Iterable[Placement], *, ours: Collection[str]
) -> bool:
    """Whether this mailbox wrote it: its address says so, or its place."""
    return is_in_sent(places) or letter.author.email.lower() in ours


def is_in_sent(places: Iterable[Placement]) -> bool:
    """Whether a folder of sent mail holds it."""
    return any(place.folder.role == Folder.Role.SENT for place in places)


def person_outside(letter: Letter, *, is_inbound: bool) -> Address:
    """Whom the letter is about: who wrote to us, or the first we wrote to."""
    if is_inbound:
        return letter.author
    return (*letter.to, *letter.cc, letter.author)[0]


class Place(NamedTuple):
    """Where a letter lies, as the explain card shows it."""

    state: str
    path: str
    uid: int
    role: str

    @classmethod
    def of(cls, placement: Placement) -> Place:
        """The place of a line of the ledger."""
        folder = placement.folder
        return cls(placement.state, folder.path, placement.uid, folder.role)


def trace_of_import(
    places: Iterable[Place], *, is_history: bool, problems: Iterable[str]
) -> dict[str, Any]:
    """Where it came from, for the explain card."""
    places = list(places)
    return {
        "is_cut": any(place.state == Placement.State.OVERSIZE for place in places),
        "folders": [
            {"path": place.path, "uid": place.uid, "role": place.role}
            for place in places
        ],
        "is_history": is_history,
        "problems": list(problems),
    }


def trace_of_class(
    classification: Classification, detected: language.Language
) -> dict[str, Any]:
    """What wrote it and in which language, for the explain card."""
    return {
        "kind": classification.kind.value,
        "may_answer": classification.may_answer,
        "refusals": [reason.sentence for reason in classification.answer_refusals],
        "signals": [
            {"name": each.name, "value": each.value, "meaning": each.meaning}
            for each in classification.signals
        ],
        "language": detected._asdict(),
    }


def trace_of_forward(letter: Letter, own: OwnMail) -> dict[str, Any] | None:
    """Who wrote what one of our own people forwarded; others may write what they like."""
    if not own.is_a_user(letter.author.email):
        return None
    original = forwarded.find_original_sender(letter)
    if original is None:
        return None
    email = original.sender.email
    if own.is_ours(email) or own.is_a_user(email):
        return None
    return {
        "name": original.sender.name[:300],
        "email": email[:320],
        "evidence": original.evidence.value,
    }


def trace_of_bounce(kind: MailKind, report: bounces.BounceReport) -> dict[str, Any]:
    """Which letter of ours it is about, for the explain card."""
    return {
        "kind": kind.value,
        "original": report.original_message_id,
        "recipients": [each.email for each in report.recipients],
        "reason": report.reason.value,
    }

"""Letters about accounts: through which mailbox they go out, and how they are promised.

Their links open accounts, and many servers keep what they send in Sent. So the mailbox
must be one that nobody reads who could not make such links anyway.
"""

from __future__ import annotations

from email.utils import make_msgid

from django.utils import timezone

from letterbox import access
from letterbox.mime import build
from letterbox.mime.letter import Address
from letterbox.models import Connection, Mailbox, OutgoingMail, User
from letterbox.services import notices, outbox, settings


def mailbox() -> Mailbox | None:
    """The mailbox that letters about accounts go out through; None where none may."""
    address = settings.get("account-mailbox")
    found = find(address) if address else None
    return found if found is not None and not why_not(found) else None


def find(address: str) -> Mailbox | None:
    """A mailbox by its address."""
    return Mailbox.objects.filter(
        address__iexact=address, removed_at__isnull=True
    ).first()


def why_not(candidate: Mailbox) -> str:
    """Why letters about accounts must not go out through it; empty when they may."""
    if not candidate.is_on:
        return f"{candidate} is switched off."
    if not candidate.connections.filter(protocol=Connection.Protocol.SMTP).exists():
        return f"{candidate} has no SMTP server to send through."
    readers = [
        person
        for person in access.people_in(candidate)
        if access.abilities_of(person) != access.ABILITIES.keys()
    ]
    if readers:
        names = ", ".join(sorted(str(person) for person in readers[:3]))
        return (
            f"{names} may read {candidate}, and could use the links in what it sends. "
            "Choose a mailbox that nobody reads but who may administer everything."
        )
    return ""


def send(
    person: User, *, through: Mailbox, subject: str, text: str, by: User | None
) -> OutgoingMail:
    """Promise a letter to somebody inside; within the caller's transaction."""
    message_id = make_msgid(domain=through.address.rpartition("@")[2]).strip("<>")
    raw = build.build_letter(
        build.Draft(
            from_=Address(through.address, through.display_name or through.label),
            to=(Address(person.email, person.name),),
            subject=subject,
            text=text,
            message_id=message_id,
            date=timezone.now(),
        )
    )
    mail = notices.promise_to(
        person,
        through=through,
        raw=raw,
        message_id=message_id,
        subject=subject,
        by=by,
    )
    outbox.announce(mail)
    return mail

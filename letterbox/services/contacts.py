"""People outside: found by address, or made."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from letterbox.models import Contact, ContactAddress, Message, User
from letterbox.services import history, letters

EDITABLE = ("name", "company", "phone", "notes")


def find_or_make(email: str, *, name: str = "") -> Contact | None:
    """The contact with this address; None when there is no address to know them by."""
    email = letters.without_nul(email).strip().lower()[:320]
    name = letters.without_nul(name).strip()[:300]
    if "@" not in email:
        return None
    known = _find(email)
    if known is None:
        try:
            with transaction.atomic():
                known = Contact.objects.create(name=name)
                ContactAddress.objects.create(contact=known, email=email)
        except IntegrityError:
            # Another worker met the same person first.
            known = _find(email)
    elif name and not known.name:
        known.name = name
        known.save(update_fields=["name"])
    return known


@transaction.atomic
def change(contact: Contact, *, by: User, **fields: str) -> Contact:
    """Set some of EDITABLE."""
    changes = history.assign(contact, fields, editable=EDITABLE)
    if changes:
        contact.save(update_fields=list(fields))
        history.record("contact-changed", by=by, changes=changes, contact=contact.pk)
    return contact


def _find(email: str) -> Contact | None:
    # By what the index holds; `iexact` would not use it.
    address = (
        ContactAddress.objects.annotate(key=Lower("email"))
        .filter(key=email)
        .select_related("contact")
        .order_by("id")
        .first()
    )
    return address.contact if address else None


def marks_of(emails: Iterable[str]) -> list[ContactAddress]:
    """The addresses among these on which people decided: trusted or muted."""
    wanted = [letters.without_nul(email).lower() for email in emails]
    decided = Q(is_trusted=True) | Q(is_muted=True)
    return list(
        ContactAddress.objects.annotate(key=Lower("email")).filter(
            decided, key__in=wanted
        )
    )


def address_of(message: Message) -> ContactAddress | None:
    """The address that a letter was written from; made known where it is not yet."""
    find_or_make(message.from_email, name=message.from_name)
    wanted = letters.without_nul(message.from_email).strip().lower()[:320]
    rows = ContactAddress.objects.annotate(key=Lower("email"))
    return rows.filter(key=wanted).first()


@transaction.atomic
def decide_on_answers(
    address: ContactAddress, *, by: User, is_trusted: bool, is_muted: bool
) -> None:
    """Say whether this sender gets automatic answers whatever they look like, or none.

    Neither leaves it to the guards. Muted wins where somebody sets both.
    """
    before = {"is_trusted": address.is_trusted, "is_muted": address.is_muted}
    after = {"is_trusted": is_trusted and not is_muted, "is_muted": is_muted}
    changes = history.differences(before, after)
    if not changes:
        return
    address.is_trusted = after["is_trusted"]
    address.is_muted = is_muted
    address.save(update_fields=["is_trusted", "is_muted"])
    history.record("sender-decided", by=by, contact=address.contact_id, changes=changes)


def note_bounce(emails: list[str]) -> None:
    """Remember that these addresses do not take mail."""
    wanted = [letters.without_nul(email).lower() for email in emails]
    ContactAddress.objects.annotate(key=Lower("email")).filter(key__in=wanted).update(
        bounced_at=timezone.now()
    )

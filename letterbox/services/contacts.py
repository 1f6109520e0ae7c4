"""People outside: found by address, or made."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models.functions import Lower
from django.utils import timezone

from letterbox.models import Contact, ContactAddress, User
from letterbox.services import history

EDITABLE = ("name", "company", "phone", "notes")


def find_or_make(email: str, *, name: str = "") -> Contact | None:
    """The contact with this address; None when there is no address to know them by."""
    email = email.strip().lower()[:320]
    if "@" not in email:
        return None
    known = _find(email)
    if known is None:
        try:
            with transaction.atomic():
                known = Contact.objects.create(name=name.strip()[:300])
                ContactAddress.objects.create(contact=known, email=email)
        except IntegrityError:
            # Another worker met the same person first.
            known = _find(email)
    elif name and not known.name:
        known.name = name.strip()[:300]
        known.save(update_fields=["name"])
    return known


@transaction.atomic
def change(contact: Contact, *, by: User, **fields: str) -> Contact:
    """Set some of EDITABLE."""
    unknown = set(fields) - set(EDITABLE)
    if unknown:
        raise ValueError(f"A contact has no editable {', '.join(sorted(unknown))}.")
    before = {name: getattr(contact, name) for name in fields}
    changes = history.differences(before, fields)
    if changes:
        for name, value in fields.items():
            setattr(contact, name, value)
        contact.save(update_fields=list(fields))
        history.record("contact-changed", by=by, changes=changes, contact=contact.pk)
    return contact


def _find(email: str) -> Contact | None:
    address = (
        ContactAddress.objects.filter(email__iexact=email)
        .select_related("contact")
        .first()
    )
    return address.contact if address else None


def note_bounce(emails: list[str]) -> None:
    """Remember that these addresses do not take mail."""
    ContactAddress.objects.annotate(lower=Lower("email")).filter(
        lower__in=[email.lower() for email in emails]
    ).update(bounced_at=timezone.now())

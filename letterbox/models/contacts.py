"""People outside, known by their addresses."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext


class Contact(models.Model):
    """A person outside."""

    name = models.CharField(max_length=300, blank=True)
    company = models.CharField(max_length=300, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    notes = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name or next(
            (address.email for address in self.addresses.all()), gettext("(no name)")
        )


class ContactAddress(models.Model):
    """One address of a contact; an address belongs to one contact only.

    `is_trusted` and `is_muted` are what people decided about automatic answers.
    `bounced_at` is set by a hard bounce.
    """

    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, related_name="addresses"
    )
    email = models.CharField(max_length=320)
    is_trusted = models.BooleanField(default=False)
    is_muted = models.BooleanField(default=False)
    bounced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_contact_per_address"),
        ]

    def __str__(self) -> str:
        return self.email

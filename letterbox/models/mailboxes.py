"""A shared address with its connections, its health and its keeper."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Mailbox(models.Model):
    """An address the company shares.

    `processing_action` and the names inside `processing_settings` are checked against
    the registry of actions when they are saved and when they run; a new action needs
    no migration. `processing_since_id` is the ledger position the action was switched
    on at: messages up to it never convert, whatever their Date field claims. A removed
    mailbox keeps its row while leads, cases or kept letters hang on it.
    """

    label = models.CharField(max_length=255)
    address = models.EmailField()
    display_name = models.CharField(max_length=200, blank=True)
    aliases = ArrayField(models.EmailField(), default=list, blank=True)
    is_on = models.BooleanField(default=True)
    signature = models.TextField(blank=True)
    provider = models.CharField(max_length=40, blank=True)
    processing_action = models.CharField(max_length=60, default="do-nothing")
    processing_settings = models.JSONField(default=dict, blank=True)
    processing_since_id = models.BigIntegerField(default=0)
    # A mailbox fed by forwarding is never in To or Cc; see the guard "addressed".
    is_fed_by_forwarding = models.BooleanField(default=False)
    # A form on a website writes as an address of ours; see mime.contact_forms.
    is_written_by_form = models.BooleanField(default=False)
    writes_seen_back = models.BooleanField(default=False)
    writes_answered_back = models.BooleanField(default=True)
    archive_folder = models.CharField(max_length=1000, blank=True)
    appends_sent = models.BooleanField(default=True)
    # Budgets, business hours, age limit: the JSON of rules.answer_settings.
    answer_settings: Any = models.JSONField(default=dict, blank=True)
    breaker_open_since = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["label"]
        constraints = [
            models.UniqueConstraint(
                Lower("label"),
                condition=Q(removed_at__isnull=True),
                name="one_mailbox_per_label",
            ),
            models.UniqueConstraint(
                Lower("address"),
                condition=Q(removed_at__isnull=True),
                name="one_mailbox_per_address",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def all_addresses(self) -> list[str]:
        """The address and its aliases, in lower case."""
        return [address.lower() for address in (self.address, *self.aliases)]


class Connection(models.Model):
    """How to reach one mailbox by one protocol; secrets only sealed."""

    class Protocol(models.TextChoices):
        """Where letters come from, and where they go."""

        IMAP = "imap"
        SMTP = "smtp"

    class Encryption(models.TextChoices):
        """`none` is only ever an explicit choice."""

        TLS = "tls", "TLS"
        STARTTLS = "starttls", "STARTTLS"
        NONE = "none", _("None (anyone on the way can read it)")

    mailbox = models.ForeignKey(
        Mailbox, on_delete=models.CASCADE, related_name="connections"
    )
    protocol = models.CharField(max_length=4, choices=Protocol.choices)
    host = models.CharField(max_length=255)
    port = models.PositiveIntegerField()
    encryption = models.CharField(max_length=8, choices=Encryption.choices)
    login = models.CharField(max_length=255, blank=True)
    sealed_password = models.TextField(blank=True)
    # Instead of a password: the account that a person signed in with.
    sign_in = models.ForeignKey(
        "SignIn", on_delete=models.SET_NULL, null=True, related_name="connections"
    )
    # A person wished for a new connection; nothing else about it has changed.
    renewed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mailbox", "protocol"], name="one_connection_per_protocol"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.protocol}://{self.host}:{self.port}"


class Health(models.Model):
    """What a keeper last knew of its mailbox, in words for people."""

    class State(models.TextChoices):
        """Drawn with every arrow in docs/why/states.md."""

        CONNECTING = "connecting", pgettext_lazy("state", "Connecting")
        LIVE = "live", pgettext_lazy("state", "Live")
        POLLING = "polling", pgettext_lazy("state", "Polling")
        BACKING_OFF = "backing-off", pgettext_lazy("state", "Backing off")
        NEEDS_ATTENTION = "needs-attention", pgettext_lazy("state", "Needs attention")
        OFF = "off", pgettext_lazy("state", "Off")

    mailbox = models.OneToOneField(
        Mailbox, on_delete=models.CASCADE, primary_key=True, related_name="health"
    )
    state = models.CharField(
        max_length=16, choices=State.choices, default=State.CONNECTING
    )
    cause = models.TextField(blank=True)
    cure = models.TextField(blank=True)
    since = models.DateTimeField(auto_now_add=True)
    last_pass_at = models.DateTimeField(null=True, blank=True)
    last_letter_at = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    capabilities: Any = ArrayField(
        models.CharField(max_length=100), default=list, blank=True
    )

    def __str__(self) -> str:
        return f"{self.mailbox_id} is {self.state}"


class HealthEvent(models.Model):
    """One change of a mailbox's health: the strip that shows the last days."""

    mailbox = models.ForeignKey(
        Mailbox, on_delete=models.CASCADE, related_name="health_events"
    )
    at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=16, choices=Health.State.choices)
    cause = models.TextField(blank=True)

    class Meta:
        indexes = [
            # Read by the mailbox's page, newest first.
            models.Index(fields=["mailbox", "-id"], name="health_of_mailbox"),
        ]

    def __str__(self) -> str:
        return f"{self.mailbox_id} was {self.state} at {self.at:%Y-%m-%d %H:%M}"


class Traffic(models.Model):
    """What was downloaded from a mailbox on one day (UTC): providers count it too."""

    mailbox = models.ForeignKey(
        Mailbox, on_delete=models.CASCADE, related_name="traffic"
    )
    day = models.DateField()
    bytes_received = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mailbox", "day"], name="one_traffic_per_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mailbox_id} on {self.day}: {self.bytes_received} bytes"


class Lease(models.Model):
    """The right of one process to keep one mailbox, until it expires or is let go."""

    mailbox = models.OneToOneField(
        Mailbox, on_delete=models.CASCADE, primary_key=True, related_name="lease"
    )
    owner = models.CharField(max_length=200, blank=True)
    expires_at = models.DateTimeField()
    # Raised with every change of owner, so that a late writer knows it has lost.
    fence = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.owner} keeps {self.mailbox_id}"


class ConnectionSlot(models.Model):
    """The right to hold one connection to an account, beside the one that watches.

    Held until `expires_at`. Of an account and not of a mailbox, since the provider
    counts by that.
    """

    account = models.CharField(max_length=600)
    number = models.PositiveSmallIntegerField()
    # Raised with every change of owner, as with a lease.
    fence = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Two who take the same slot at once: only one gets it.
            models.UniqueConstraint(
                fields=["account", "number"], name="one_slot_per_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} of {self.account}"

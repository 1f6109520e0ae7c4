"""What grows from a conversation: a Case to solve, or a Lead that may become a sale."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy


class Record(models.Model):
    """What both have: where it came from, whom it is about, when.

    It outlives its conversation and its mailbox.
    """

    # Unique: converting a conversation again must not make a twin.
    conversation = models.OneToOneField(
        "letterbox.Conversation",
        on_delete=models.SET_NULL,
        null=True,
        related_name="%(class)s",
    )
    mailbox = models.ForeignKey(
        "letterbox.Mailbox",
        on_delete=models.SET_NULL,
        null=True,
        related_name="%(class)ss",
    )
    contact = models.ForeignKey(
        "letterbox.Contact",
        on_delete=models.SET_NULL,
        null=True,
        related_name="%(class)ss",
    )
    tags: models.ManyToManyField[Any, Any] = models.ManyToManyField(
        "letterbox.Tag", blank=True, related_name="%(class)ss"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
        ordering = ["-id"]


class Case(Record):
    """A numbered matter to solve; its number is its id."""

    class Status(models.TextChoices):
        """A reply from outside reopens what was resolved or closed."""

        OPEN = "open", pgettext_lazy("state", "Open")
        IN_PROGRESS = "in-progress", pgettext_lazy("state", "In progress")
        RESOLVED = "resolved", pgettext_lazy("state", "Resolved")
        CLOSED = "closed", pgettext_lazy("state", "Closed")

    class Priority(models.TextChoices):
        """Three are enough to sort a day by."""

        LOW = "low", pgettext_lazy("priority", "Low")
        NORMAL = "normal", pgettext_lazy("priority", "Normal")
        HIGH = "high", pgettext_lazy("priority", "High")

    subject = models.CharField(max_length=998)
    description = models.TextField(blank=True)
    resolution = models.TextField(blank=True)
    source = models.CharField(max_length=40, default="email")
    status = models.CharField(
        max_length=11, choices=Status.choices, default=Status.OPEN
    )
    priority = models.CharField(
        max_length=6, choices=Priority.choices, default=Priority.NORMAL
    )
    owner = models.ForeignKey(
        "User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    assignee = models.ForeignKey(
        "User", on_delete=models.SET_NULL, null=True, blank=True, related_name="cases"
    )
    reported_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta(Record.Meta):
        abstract = False
        indexes = [
            # Read by the case list.
            models.Index(fields=["mailbox", "status", "-id"], name="case_list"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.subject}"


class Lead(Record):
    """A possible sale, grown from a first letter."""

    class Status(models.TextChoices):
        """Qualified and disqualified are both ends."""

        NEW = "new", pgettext_lazy("state", "New")
        QUALIFIED = "qualified", pgettext_lazy("state", "Qualified")
        DISQUALIFIED = "disqualified", pgettext_lazy("state", "Disqualified")

    name = models.CharField(max_length=998)
    first_name = models.CharField(max_length=200, blank=True)
    last_name = models.CharField(max_length=200, blank=True)
    company = models.CharField(max_length=300, blank=True)
    email = models.CharField(max_length=320, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    notes = models.TextField(blank=True)
    source = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.NEW)
    owner = models.ForeignKey(
        "User", on_delete=models.SET_NULL, null=True, blank=True, related_name="leads"
    )

    class Meta(Record.Meta):
        abstract = False
        indexes = [
            # Read by the lead list.
            models.Index(fields=["mailbox", "status", "-id"], name="lead_list"),
        ]

    def __str__(self) -> str:
        return self.name

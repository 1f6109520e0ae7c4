"""What grows from a conversation: a Case to solve, or a Lead that may become a sale."""

from __future__ import annotations

from typing import Any

from django.db import models


class Case(models.Model):
    """A numbered matter to solve; its number is its id."""

    class Status(models.TextChoices):
        """A reply from outside reopens what was resolved or closed."""

        OPEN = "open"
        IN_PROGRESS = "in-progress", "in progress"
        RESOLVED = "resolved"
        CLOSED = "closed"

    class Priority(models.TextChoices):
        """Three are enough to sort a day by."""

        LOW = "low"
        NORMAL = "normal"
        HIGH = "high"

    # Unique: converting a conversation again must not make a twin.
    conversation = models.OneToOneField(
        "Conversation", on_delete=models.SET_NULL, null=True, related_name="case"
    )
    mailbox = models.ForeignKey(
        "Mailbox", on_delete=models.SET_NULL, null=True, related_name="cases"
    )
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
    contact = models.ForeignKey(
        "Contact", on_delete=models.SET_NULL, null=True, related_name="cases"
    )
    tags: models.ManyToManyField[Any, Any] = models.ManyToManyField(
        "Tag", blank=True, related_name="cases"
    )
    reported_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # Read by the case list.
            models.Index(fields=["mailbox", "status", "-id"], name="case_list"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.subject}"


class Lead(models.Model):
    """A possible sale, grown from a first letter."""

    class Status(models.TextChoices):
        """Qualified and disqualified are both ends."""

        NEW = "new"
        QUALIFIED = "qualified"
        DISQUALIFIED = "disqualified"

    # Unique: converting a conversation again must not make a twin.
    conversation = models.OneToOneField(
        "Conversation", on_delete=models.SET_NULL, null=True, related_name="lead"
    )
    mailbox = models.ForeignKey(
        "Mailbox", on_delete=models.SET_NULL, null=True, related_name="leads"
    )
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
    contact = models.ForeignKey(
        "Contact", on_delete=models.SET_NULL, null=True, related_name="leads"
    )
    tags: models.ManyToManyField[Any, Any] = models.ManyToManyField(
        "Tag", blank=True, related_name="leads"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # Read by the lead list.
            models.Index(fields=["mailbox", "status", "-id"], name="lead_list"),
        ]

    def __str__(self) -> str:
        return self.name

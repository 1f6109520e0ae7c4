"""Conversations, what joins messages to them, and notes that stay inside."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, pgettext_lazy


class Tag(models.Model):
    """A word that people sort by."""

    name = models.CharField(max_length=60, unique=True)
    colour = models.CharField(max_length=20, default="blue")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Conversation(models.Model):
    """The messages of one mailbox that answer one another; the unit of work.

    `open ⇄ waiting ⇄ closed`, and snoozed until a moment. A merged conversation keeps
    its row and points to the one it went into, so that old addresses still lead there.
    """

    class Status(models.TextChoices):
        """Waiting means: it is their turn."""

        OPEN = "open", pgettext_lazy("state", "Open")
        WAITING = "waiting", pgettext_lazy("state", "Waiting")
        CLOSED = "closed", pgettext_lazy("state", "Closed")

    # The index by subject serves for it; one of its own would be preferred to that
    # where PostgreSQL has no statistics.
    mailbox = models.ForeignKey(
        "Mailbox",
        on_delete=models.CASCADE,
        related_name="conversations",
        db_index=False,
    )
    subject = models.TextField(blank=True)
    base_subject = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.OPEN)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    is_spam = models.BooleanField(default=False)
    assignee = models.ForeignKey(
        "User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    contact = models.ForeignKey(
        "Contact",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="conversations",
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="merged"
    )
    tags: models.ManyToManyField[Tag, Any] = models.ManyToManyField(
        Tag, blank=True, related_name="conversations"
    )
    snippet = models.CharField(max_length=250, blank=True)
    last_from = models.CharField(max_length=320, blank=True)
    message_count = models.PositiveIntegerField(default=0)
    is_unread = models.BooleanField(default=True)
    # Raised with every message and change; a reply says which one it was written on.
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    last_message_at = models.DateTimeField()
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # "case" or "lead": it would have become one, but its sender has one that is open,
    # so people decide; see services.matters.
    undecided = models.CharField(max_length=4, blank=True, default="", db_default="")

    class Meta:
        indexes = [
            # Read by To decide.
            models.Index(
                fields=["mailbox", "-last_message_at", "-id"],
                condition=Q(merged_into__isnull=True) & ~Q(undecided=""),
                name="conversation_undecided",
            ),
            # Read by the inbox list, a page at a time.
            models.Index(
                fields=["mailbox", "status", "-last_message_at", "-id"],
                condition=Q(merged_into__isnull=True),
                name="conversation_list",
            ),
            # Read by the list over all mailboxes, of one status or of all.
            models.Index(
                fields=["status", "-last_message_at", "-id"],
                condition=Q(merged_into__isnull=True),
                name="conversation_newest",
            ),
            models.Index(
                fields=["-last_message_at", "-id"],
                condition=Q(merged_into__isnull=True),
                name="conversation_newest_of_all",
            ),
            # Read by the numbers beside the views: what is closed grows without end.
            models.Index(
                fields=["mailbox"],
                include=["status", "assignee", "snoozed_until", "is_spam"],
                condition=Q(merged_into__isnull=True) & ~Q(status="closed"),
                name="conversation_unclosed",
            ),
            # Read by Mine.
            models.Index(
                fields=["assignee", "status", "-last_message_at", "-id"],
                condition=Q(merged_into__isnull=True),
                name="conversation_mine",
            ),
            # Read by inbound.threading: same subject, same people, lately.
            models.Index(
                fields=["mailbox", "base_subject", "-last_message_at"],
                name="conversation_by_subject",
            ),
        ]

    def __str__(self) -> str:
        return self.subject or gettext("(no subject)")

    @property
    def place(self) -> Conversation:
        """Where its letters are now: itself, or the one that it was merged into."""
        return self.merged_into or self


class Reference(models.Model):
    """A Message-ID that a conversation has mentioned, whether we hold it or not.

    Late parents and missing parents meet here: who mentions the same id belongs to the
    same conversation, in whatever order the letters come.
    """

    mailbox = models.ForeignKey("Mailbox", on_delete=models.CASCADE, related_name="+")
    message_id = models.CharField(max_length=998)
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="references"
    )

    class Meta:
        constraints = [
            # One id cannot lead to two conversations of a mailbox.
            models.UniqueConstraint(
                fields=["mailbox", "message_id"], name="one_conversation_per_reference"
            ),
        ]

    def __str__(self) -> str:
        return self.message_id


class Note(models.Model):
    """Words between people inside; never sent."""

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="notes"
    )
    author = models.ForeignKey("User", on_delete=models.SET_NULL, null=True)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text[:60]

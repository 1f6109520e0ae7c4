"""One line of history per change, and the few settings that are data."""

from __future__ import annotations

from django.db import models


class Event(models.Model):
    """Who did what, when, with the values before and after; never a secret."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(
        "User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    verb = models.CharField(max_length=60)
    mailbox = models.ForeignKey(
        "Mailbox", on_delete=models.SET_NULL, null=True, related_name="events"
    )
    conversation = models.ForeignKey(
        "Conversation", on_delete=models.CASCADE, null=True, related_name="events"
    )
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            # Read by a mailbox's Activity.
            models.Index(fields=["mailbox", "-id"], name="event_of_mailbox"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} at {self.at:%Y-%m-%d %H:%M}"


class Setting(models.Model):
    """One system-wide choice that an administrator makes on screen."""

    name = models.CharField(max_length=100, primary_key=True)
    value = models.JSONField()
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name

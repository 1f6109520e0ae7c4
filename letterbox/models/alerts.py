"""What somebody must look at, and whom it was told to."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Alert(models.Model):
    """One incident, from when it was noticed until it was over.

    `key` names what is in trouble, such as `health:12`; `kind` is text checked against
    `services.alert_kinds`.
    """

    key = models.CharField(max_length=100)
    kind = models.CharField(max_length=20)
    # Empty for what concerns all mailboxes.
    mailbox = models.ForeignKey(
        "Mailbox", on_delete=models.CASCADE, null=True, related_name="alerts"
    )
    sentence = models.TextField()
    cure = models.TextField(blank=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            # An incident is told once, however often it is looked at.
            models.UniqueConstraint(
                fields=["key"],
                condition=Q(resolved_at__isnull=True),
                name="one_open_alert_per_key",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} since {self.opened_at:%Y-%m-%d %H:%M}"


class AlertNotice(models.Model):
    """That an alert is, or was, to be told in one way; each way once."""

    class Event(models.TextChoices):
        """What is told."""

        OPENED = "opened"
        RESOLVED = "resolved"

    class Channel(models.TextChoices):
        """The way it goes; what stands on the page needs none."""

        MAIL = "mail"
        WEBHOOK = "webhook"

    class State(models.TextChoices):
        """`done` by mail means: promised in the Outbox of another mailbox."""

        WAITING = "waiting"
        DONE = "done"
        GIVEN_UP = "given-up", "given up"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="notices")
    event = models.CharField(max_length=8, choices=Event.choices)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    problem = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            # At most one per incident, event and way.
            models.UniqueConstraint(
                fields=["alert", "event", "channel"], name="one_notice_per_event"
            ),
        ]
        indexes = [
            # Read every minute; most rows are done.
            models.Index(
                fields=["due_at"], condition=Q(state="waiting"), name="notice_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} of alert {self.alert_id} by {self.channel}: {self.state}"

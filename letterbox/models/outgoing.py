"""The Outbox: promises to send, frozen as bytes."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy


class OutgoingMail(models.Model):
    """One promise to send exactly these bytes to exactly these people.

    `held → queued → sending → sent | failed | unsure`. Held waits for a person (a
    breaker, a doubt); unsure means that the connection died after the body, and it is
    never resent blindly. `body_started_at` is written before the body goes out: a crash
    before it is safe to repeat, a crash after it is unsure.
    """

    class Kind(models.TextChoices):
        """Who decided to send."""

        REPLY = "reply"
        AUTORESPONSE = "autoresponse"
        NOTICE = "notice"

    class State(models.TextChoices):
        """Drawn with every arrow in docs/why/states.md."""

        HELD = "held", pgettext_lazy("state", "Held")
        QUEUED = "queued", pgettext_lazy("state", "Queued")
        SENDING = "sending", pgettext_lazy("state", "Sending")
        SENT = "sent", pgettext_lazy("state", "Sent")
        FAILED = "failed", pgettext_lazy("state", "Failed")
        UNSURE = "unsure", pgettext_lazy("state", "Unsure")
        DISCARDED = "discarded", pgettext_lazy("state", "Discarded")

    mailbox = models.ForeignKey(
        "Mailbox", on_delete=models.CASCADE, related_name="outbox"
    )
    conversation = models.ForeignKey(
        "Conversation", on_delete=models.SET_NULL, null=True, related_name="outgoing"
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)
    state = models.CharField(max_length=9, choices=State.choices, default=State.QUEUED)
    # The letter as it shows in the conversation, made together with the promise.
    sent_message = models.OneToOneField(
        "Message", on_delete=models.SET_NULL, null=True, related_name="outgoing"
    )
    answers = models.ForeignKey(
        "Message", on_delete=models.SET_NULL, null=True, related_name="answers"
    )
    rule = models.ForeignKey(
        "AutoresponseRule", on_delete=models.SET_NULL, null=True, related_name="sent"
    )
    rule_version = models.PositiveIntegerField(null=True, blank=True)
    author = models.ForeignKey("User", on_delete=models.SET_NULL, null=True)
    raw = models.ForeignKey("RawLetter", on_delete=models.PROTECT, related_name="+")
    # The mail whose other recipients were taken; this one is for those put off.
    continues = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, related_name="continued_by"
    )
    message_id = models.CharField(max_length=998)
    # Empty where the server takes an empty envelope sender for automatic mail.
    sender = models.CharField(max_length=320, blank=True)
    recipients = ArrayField(models.CharField(max_length=320))
    subject = models.TextField(blank=True)
    # Who must not be told again, as rules.budgets.key writes them: the recipient of an
    # automatic answer, and who wrote the letter that it answers.
    people = ArrayField(models.CharField(max_length=320), default=list, blank=True)
    # Its words could not be written: it is held, and cannot be sent as it is.
    is_blank = models.BooleanField(default=False)
    dedupe_key = models.CharField(max_length=200, blank=True)
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    # When the attempts that are counted began; sending it again begins anew.
    trying_since = models.DateTimeField()
    # Raised with every claim, so that who was overtaken writes nothing.
    fence = models.PositiveIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    body_started_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)
    server_answer = models.TextField(blank=True)
    bounce = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            # A second run of the same rule on the same message must not answer twice.
            models.UniqueConstraint(
                fields=["dedupe_key"],
                condition=~Q(dedupe_key=""),
                name="send_once",
            ),
            # An answer, a bounce and a copy in Sent lead back to one promise.
            models.UniqueConstraint(
                fields=["message_id"],
                condition=Q(continues__isnull=True),
                name="one_promise_per_message_id",
            ),
            # A letter without words must not go out by any way.
            models.CheckConstraint(
                condition=Q(is_blank=False) | Q(state__in=["held", "discarded"]),
                name="blank_mail_is_not_sent",
            ),
            models.CheckConstraint(
                condition=~Q(recipients=[]), name="mail_has_recipients"
            ),
        ]
        indexes = [
            # Read by outbound.deliver; most rows are long sent.
            models.Index(
                fields=["mailbox", "due_at"],
                condition=Q(state="queued"),
                name="outgoing_due",
            ),
            # Read by outbound.recover.
            models.Index(
                fields=["claimed_at"],
                condition=Q(state="sending"),
                name="outgoing_sending",
            ),
            # Read by inbound.answering: budgets of the mailbox, then of the sender.
            models.Index(
                fields=["mailbox", "created_at"],
                condition=Q(kind="autoresponse"),
                name="outgoing_automatic",
            ),
            GinIndex(
                fields=["people"],
                condition=Q(kind="autoresponse"),
                name="outgoing_people",
            ),
        ]

    def __str__(self) -> str:
        return f"Mail {self.pk} ({self.state})"

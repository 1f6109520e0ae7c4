"""Folders of a mailbox, and the ledger of what the server holds in them."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Folder(models.Model):
    """What IMAP calls a mailbox; ticked folders are kept in sync.

    Cursors, all UIDs under `uid_validity`:
    `next_uid` is the first UID not yet taken (rising); everything from `backfill_uid`
    up to the cursor has been taken too, and what lies below is still to come, newest
    first, while `is_backfilling`. `live_uid` is the ledger position that parts history
    from live mail: only letters from it on may be answered or converted. A negative
    `uid_validity` names numbers that are void, though the server gave them no other
    name; see sync.falling_back.
    """

    class Role(models.TextChoices):
        """What the folder is for (RFC 6154); an administrator may change it."""

        INBOX = "inbox", pgettext_lazy("role of a folder", "Inbox")
        SENT = "sent", pgettext_lazy("role of a folder", "Sent")
        DRAFTS = "drafts", pgettext_lazy("role of a folder", "Drafts")
        JUNK = "junk", pgettext_lazy("role of a folder", "Junk")
        TRASH = "trash", pgettext_lazy("role of a folder", "Trash")
        ARCHIVE = "archive", pgettext_lazy("role of a folder", "Archive")
        ALL = "all", pgettext_lazy("role of a folder", "All")
        OTHER = "other", pgettext_lazy("role of a folder", "Other")

    class SyncFrom(models.TextChoices):
        """Which of the letters that were there before ticking are wanted."""

        NOW = "now", _("new letters only")
        DATE = "date", _("letters since a date")
        EVERYTHING = "everything", _("Everything")

    mailbox = models.ForeignKey(
        "Mailbox", on_delete=models.CASCADE, related_name="folders"
    )
    # As the server spells it, in modified UTF-7: what identifies the folder to it.
    wire_name = models.CharField(max_length=1000)
    path = models.CharField(max_length=1000)
    delimiter = models.CharField(max_length=4, blank=True)
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.OTHER)
    has_chosen_role = models.BooleanField(default=False)
    is_selectable = models.BooleanField(default=True)
    is_ticked = models.BooleanField(default=False)
    # Set once, when the folder is ticked: what the server took later is live mail.
    ticked_at = models.DateTimeField(null=True, blank=True)
    is_paused = models.BooleanField(default=False)
    # Unticked, and its letters are being deleted here; see services.folders.
    is_forgetting = models.BooleanField(default=False)
    sync_from = models.CharField(
        max_length=10, choices=SyncFrom.choices, default=SyncFrom.NOW
    )
    sync_since = models.DateTimeField(null=True, blank=True)
    uid_validity = models.BigIntegerField(null=True, blank=True)
    next_uid = models.BigIntegerField(default=0)
    backfill_uid = models.BigIntegerField(default=0)
    is_backfilling = models.BooleanField(default=False)
    live_uid = models.BigIntegerField(default=0)
    mod_seq = models.BigIntegerField(default=0)
    server_count = models.PositiveIntegerField(null=True, blank=True)
    # How many letters the server had when we last knew of all that were gone; null when
    # letters were stored since. Read by sync.plan; `server_count` is for people only.
    agreed_count = models.PositiveIntegerField(null=True, blank=True)
    problem = models.TextField(blank=True)
    failures = models.PositiveIntegerField(default=0)
    last_pass_at = models.DateTimeField(null=True, blank=True)
    # The last count against the server; see sync.reconcile. Null: to be counted soon.
    last_counted_at = models.DateTimeField(null=True, blank=True)
    accounted = models.PositiveIntegerField(null=True, blank=True)
    # Kind of account → number of letters; the fields of sync.reconcile.Count.
    ledger: Any = models.JSONField(default=dict, blank=True)
    # UIDs that the server has and the ledger knows nothing of; the first thousand.
    missing: Any = ArrayField(models.BigIntegerField(), default=list, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)
    # When the server was last found to have fallen back to an older state, so that it
    # gives numbers out again; for people only.
    fell_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["path"]
        constraints = [
            models.UniqueConstraint(
                fields=["mailbox", "wire_name"], name="one_folder_per_wire_name"
            ),
        ]

    def __str__(self) -> str:
        return self.path

    @property
    def name(self) -> str:
        """The last part of the path, as the tree shows it."""
        return self.path.rsplit(self.delimiter, 1)[-1] if self.delimiter else self.path


class Placement(models.Model):
    """A Message in a Folder under UIDVALIDITY and UID: one line of the ledger.

    Every UID we were told of has one row in one state; that is what the count against
    the server adds up.
    """

    class State(models.TextChoices):
        """What became of the UID."""

        STORED = "stored"
        SKIPPED = "skipped"
        OVERSIZE = "oversize"
        UNREADABLE = "unreadable"

    folder = models.ForeignKey(
        Folder, on_delete=models.CASCADE, related_name="placements"
    )
    uid_validity = models.BigIntegerField()
    uid = models.BigIntegerField()
    message = models.ForeignKey(
        "Message", on_delete=models.CASCADE, null=True, related_name="placements"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.STORED)
    reason = models.TextField(blank=True)
    # An unreadable letter is asked for again, ever more seldom.
    tries = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, blank=True)
    flags = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    mod_seq = models.BigIntegerField(default=0)
    size = models.BigIntegerField(default=0)
    internal_date = models.DateTimeField(null=True, blank=True)
    # Of an oversize letter: its parts as the server describes them (BODYSTRUCTURE), as
    # section, content_type, encoding, size in bytes and name.
    structure = models.JSONField(default=list, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # A batch repeated after a crash must not place a letter twice.
            models.UniqueConstraint(
                fields=["folder", "uid_validity", "uid"], name="one_placement_per_uid"
            ),
            models.CheckConstraint(
                condition=Q(message__isnull=False) | ~Q(state="stored"),
                name="stored_placement_has_message",
            ),
        ]
        indexes = [
            # Read by sync.taking: does this letter lie in another folder already?
            models.Index(fields=["size", "folder"], name="placement_by_size"),
            # Read by every pass; hardly any row is unreadable.
            models.Index(
                fields=["folder", "retry_at"],
                condition=Q(state="unreadable"),
                name="placement_to_retry",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.folder_id}/{self.uid_validity}/{self.uid}"


class RemoteChange(models.Model):
    """A change that we owe to the server: a flag, a move, a copy in Sent."""

    class Kind(models.TextChoices):
        """Never an expunge: nothing on the server is deleted by us."""

        ADD_FLAG = "add-flag"
        REMOVE_FLAG = "remove-flag"
        MOVE = "move"
        APPEND = "append"

    class State(models.TextChoices):
        """Done rows are kept for a while, as history."""

        WAITING = "waiting"
        DONE = "done"
        FAILED = "failed"

    mailbox = models.ForeignKey(
        "Mailbox", on_delete=models.CASCADE, related_name="remote_changes"
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    placement = models.ForeignKey(Placement, on_delete=models.CASCADE, null=True)
    folder = models.ForeignKey(Folder, on_delete=models.SET_NULL, null=True)
    outgoing = models.ForeignKey("OutgoingMail", on_delete=models.CASCADE, null=True)
    value = models.CharField(max_length=200, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            # Read by every pass of a keeper; most rows are done.
            models.Index(
                fields=["mailbox", "id"],
                condition=Q(state="waiting"),
                name="remote_change_waiting",
            ),
        ]
        constraints = [
            # One copy in Sent per mail, however often the sender is restarted.
            models.UniqueConstraint(
                fields=["outgoing"],
                condition=Q(kind="append"),
                name="one_append_per_mail",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value} ({self.state})"

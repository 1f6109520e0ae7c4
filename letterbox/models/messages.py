"""E-mails: their bytes, which never change, and what was read from them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import zstandard
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext

from letterbox import binary

PIECE = "SELECT zstd FROM letterbox_rawpiece WHERE raw_id = %b AND number = %b"


class RawLetter(models.Model):
    """The exact bytes of a letter, compressed with zstd; one row for equal bytes.

    A letter to two mailboxes has one row here and a Message in each. No bytes are left
    (`zstd` is empty) when every Message of it was erased. Of a large letter `zstd` is
    the beginning only, and the rest lies in RawPiece rows.
    """

    sha256 = models.BinaryField(max_length=32, unique=True)
    size = models.BigIntegerField()
    zstd = models.BinaryField()

    class NotWhole(Exception):
        """A piece is missing, though the letter was not erased."""

    def __str__(self) -> str:
        return f"{self.size} bytes"

    @property
    def content(self) -> bytes:
        """The letter as it came, byte for byte; empty when it was erased."""
        whole = io.BytesIO()
        for piece in self.pieces():
            whole.write(piece)
        # Gives away what it holds instead of a copy.
        return whole.getvalue()

    @property
    def beginning(self) -> bytes:
        """The first half megabyte of the letter, or more; empty when it was erased."""
        if not self.zstd:
            return b""
        return zstandard.decompress(bytes(self.zstd), max_output_size=self.size)

    def pieces(self) -> Iterator[bytes]:
        """Yield the letter in pieces, with one of them in memory at a time."""
        piece = self.beginning
        yield piece
        left = self.size - len(piece)
        number = 0
        while left > 0 and self.zstd:
            number += 1
            with binary.cursor() as cursor:
                cursor.execute(PIECE, [self.pk, number], binary=True)
                row = cursor.fetchone()
            if row is None:
                self._require_erased()
                return
            piece = zstandard.decompress(row[0], max_output_size=left)
            yield piece
            left -= len(piece)

    def _require_erased(self) -> None:
        self.refresh_from_db(fields=["zstd"])
        if self.zstd:
            raise self.NotWhole(f"Of letter {self.pk} only a part is stored.")


class RawPiece(models.Model):
    """More of a large letter, behind the beginning that its RawLetter holds."""

    # The index of the constraint serves for it.
    raw = models.ForeignKey(
        RawLetter, on_delete=models.CASCADE, related_name="further", db_index=False
    )
    # From 1 on.
    number = models.PositiveIntegerField()
    zstd = models.BinaryField()

    class Meta:
        constraints = [
            # A letter that two store at once has each piece once.
            models.UniqueConstraint(fields=["raw", "number"], name="one_raw_piece"),
        ]

    def __str__(self) -> str:
        return f"{self.raw_id}/{self.number}"


class Message(models.Model):
    """One e-mail in one mailbox.

    `received → processed | stuck`: stored before it is understood. The columns below
    `parsed` are empty until it is processed and may be read from `raw` again.
    `is_history` marks what was there before the folder was ticked, came from Sent or
    an import: it is never answered and never converted.
    """

    class State(models.TextChoices):
        """A stuck message waits for a person, with its reason."""

        RECEIVED = "received"
        PROCESSED = "processed"
        STUCK = "stuck"

    class Direction(models.TextChoices):
        """Written by people outside, or from this mailbox."""

        IN = "in"
        OUT = "out"

    mailbox = models.ForeignKey(
        "Mailbox", on_delete=models.CASCADE, related_name="messages"
    )
    raw = models.ForeignKey(RawLetter, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=9, choices=State.choices, default=State.RECEIVED
    )
    problem = models.TextField(blank=True)
    # Counted before each attempt: a letter that ends its worker shows by it.
    tries = models.PositiveSmallIntegerField(default=0)
    is_history = models.BooleanField(default=False)
    direction = models.CharField(
        max_length=3, choices=Direction.choices, default=Direction.IN
    )
    received_at = models.DateTimeField()
    stored_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True, blank=True)

    # parsed
    message_id = models.CharField(max_length=998, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    subject = models.TextField(blank=True)
    from_email = models.CharField(max_length=320, blank=True)
    from_name = models.TextField(blank=True)
    # [[name, email], …] under "to", "cc", "bcc", "reply_to"; and "original" where a
    # person said who wrote what a colleague has forwarded.
    recipients = models.JSONField(default=dict, blank=True)
    text = models.TextField(blank=True)
    new_text = models.TextField(blank=True)
    snippet = models.CharField(max_length=250, blank=True)
    has_html = models.BooleanField(default=False)
    # One object per attachment, the fields of mime.letter.Attachment.
    attachments = models.JSONField(default=list, blank=True)
    kind = models.CharField(max_length=24, blank=True)
    language = models.CharField(max_length=12, blank=True)
    conversation = models.ForeignKey(
        "Conversation", on_delete=models.SET_NULL, null=True, related_name="messages"
    )
    contact = models.ForeignKey(
        "Contact", on_delete=models.SET_NULL, null=True, related_name="messages"
    )
    author = models.ForeignKey("User", on_delete=models.SET_NULL, null=True)
    # Who and what, as inbound.threading compares them; see inbound.joining.
    thread_facts: Any = models.JSONField(default=dict, blank=True)
    # What rules and guards saw of it that stands nowhere else; see inbound.facts.
    facts: Any = models.JSONField(default=dict, blank=True)
    # Step → verdict and why: the explain card.
    trace: Any = models.JSONField(default=dict, blank=True)
    # When its words were deleted by services.retention; the row stays, so that the
    # letter is known wherever the server shows it again.
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # The same bytes are one message, in however many folders they lie.
            models.UniqueConstraint(
                fields=["mailbox", "raw"], name="one_message_per_letter"
            ),
            models.CheckConstraint(
                condition=~Q(state="stuck") | ~Q(problem=""),
                name="stuck_message_has_problem",
            ),
        ]
        indexes = [
            # Read by inbound.pipeline: what is still to be processed, live mail first.
            models.Index(
                fields=["mailbox", "is_history", "id"],
                condition=Q(state="received"),
                name="message_received",
            ),
            # Read by web.system: what waits for a person.
            models.Index(
                fields=["mailbox", "id"],
                condition=Q(state="stuck"),
                name="message_stuck",
            ),
            # Read by sync: do we hold this letter already?
            models.Index(fields=["mailbox", "message_id"], name="message_by_id"),
            # Read by the conversation page.
            models.Index(fields=["conversation", "id"], name="message_in_order"),
            # Read by search for a common word: from the newest on, until enough.
            models.Index(fields=["-received_at", "-id"], name="message_newest"),
            # Read by search. New words only: a quote is found where it was written.
            GinIndex(
                SearchVector(
                    "subject",
                    "from_name",
                    "from_email",
                    "new_text",
                    config="simple",
                ),
                name="message_words",
            ),
        ]

    def __str__(self) -> str:
        return self.subject or gettext("(no subject)")

    @property
    def parts_on_server(self) -> list[dict[str, Any]]:
        """What a letter holds of which only the header is here; see Placement."""
        for place in self.placements.all():
            if place.structure and place.state == place.State.OVERSIZE:
                parts: list[dict[str, Any]] = place.structure
                return parts
        return []

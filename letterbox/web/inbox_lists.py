"""The views of the inbox: which conversations each shows, how many, and a page of them.

Only questions, and only over conversations that `access` handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from letterbox.models import Conversation, Message, User
from letterbox.web import inbox_rows
from letterbox.web.inbox_rows import Row

PAGE_ROWS = 50
MOST_ROWS = 300

Status = Conversation.Status


@dataclass(frozen=True, slots=True)
class View:
    """One line of the views pane; `holds` says what belongs to it, for this user now."""

    name: str
    label: str | Promise
    icon: str
    holds: Callable[[User, datetime], Q]
    is_counted: bool = True
    is_shown_empty: bool = True
    empty_title: str | Promise = ""
    empty_text: str | Promise = ""


def _awake(now: datetime) -> Q:
    return Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=now)


def _open(now: datetime) -> Q:
    return Q(status=Status.OPEN, is_spam=False) & _awake(now)


VIEWS = (
    View(
        "mine",
        _("Mine"),
        "user-check",
        lambda user, now: _open(now) & Q(assignee=user),
        empty_title=_("Nothing waits for you"),
        empty_text=_("What is assigned to you and needs an answer stands here."),
    ),
    View(
        "unassigned",
        _("Unassigned"),
        "user-question",
        lambda user, now: _open(now) & Q(assignee__isnull=True),
        empty_title=_("Everything has somebody"),
        empty_text=_("Open conversations that nobody has taken stand here."),
    ),
    View(
        "open",
        _("All open"),
        "inbox",
        lambda user, now: _open(now),
        empty_title=_("No open conversations"),
        empty_text=_("A new letter shows here by itself, within a second."),
    ),
    View(
        "undecided",
        _("To decide"),
        "arrows-split",
        lambda user, now: (
            ~Q(undecided="") & Q(is_spam=False) & ~Q(status=Status.CLOSED)
        ),
        is_counted=False,
        is_shown_empty=False,
        empty_title=_("Nothing to decide"),
        empty_text=_(
            "When somebody with an open case or lead writes anew, their letter waits "
            "here until you say whether it is about that."
        ),
    ),
    View(
        "waiting",
        _("Waiting"),
        "clock",
        lambda user, now: Q(status=Status.WAITING, is_spam=False) & _awake(now),
        empty_title=_("Nobody owes you an answer"),
        empty_text=_("What you have answered waits here until they write again."),
    ),
    View(
        "snoozed",
        _("Snoozed"),
        "alarm",
        lambda user, now: (
            Q(snoozed_until__gt=now, is_spam=False) & ~Q(status=Status.CLOSED)
        ),
        empty_title=_("Nothing is asleep"),
        empty_text=_("Snooze a conversation to see it again when its time has come."),
    ),
    View(
        "sent",
        _("Sent"),
        "send",
        lambda user, now: Q(
            Exists(
                Message.objects.filter(
                    conversation=OuterRef("pk"), direction=Message.Direction.OUT
                )
            ),
            is_spam=False,
        ),
        is_counted=False,
        empty_title=_("Nothing has been sent"),
        empty_text=_("Conversations with an answer of yours stand here."),
    ),
    View(
        "closed",
        _("Closed"),
        "circle-check",
        lambda user, now: Q(status=Status.CLOSED, is_spam=False),
        is_counted=False,
        empty_title=_("Nothing is closed yet"),
        empty_text=_("Close a conversation when it is done; a new letter reopens it."),
    ),
    View(
        "spam",
        _("Spam"),
        "mail-off",
        lambda user, now: Q(is_spam=True),
        is_counted=False,
        empty_title=_("No spam"),
        empty_text=_(
            "What people mark as spam stands here, for both errors to be mended."
        ),
    ),
)
BY_NAME = {view.name: view for view in VIEWS}
FIRST = "open"
UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, newest first; `before` continues below them, empty at the end."""

    rows: Sequence[Row]
    before: str


def page(
    conversations: QuerySet[Conversation],
    view: View,
    user: User,
    *,
    before: str = "",
    rows: int = PAGE_ROWS,
) -> Page:
    """A page by keyset: rows that arrive meanwhile never shift it."""
    size = max(1, min(rows, MOST_ROWS))
    held = conversations.filter(view.holds(user, timezone.now()))
    position = _read_position(before)
    if position is not None:
        moment, row_id = position
        held = held.filter(
            Q(last_message_at__lt=moment) | Q(last_message_at=moment, pk__lt=row_id)
        )
    # Which rows, by an index that is read in their order; only then all they show.
    in_order = held.order_by("-last_message_at", "-pk")
    found = list(in_order.values_list("pk", flat=True)[: size + 1])
    shown = inbox_rows.read(conversations, found[:size])
    has_more = len(found) > size and bool(shown)
    return Page(shown, _write_position(shown[-1]) if has_more else "")


def counts(
    conversations: QuerySet[Conversation], user: User, *, mailbox_id: int = 0
) -> tuple[dict[str, int], dict[int, int]]:
    """How many each view holds, and how many are open in each mailbox, in two queries.

    With a `mailbox_id` the views are counted in that mailbox only.
    """
    now = timezone.now()
    undecided = conversations.filter(BY_NAME[UNDECIDED].holds(user, now))
    counted = [view for view in VIEWS if view.is_counted]
    by_mailbox = cast(
        "Iterable[dict[str, int]]",
        conversations.exclude(status=Status.CLOSED)
        .order_by()
        .values("mailbox")
        .annotate(
            **{view.name: Count("pk", filter=view.holds(user, now)) for view in counted}
        ),
    )
    of_views = dict.fromkeys((view.name for view in counted), 0)
    of_mailboxes: dict[int, int] = {}
    for row in by_mailbox:
        of_mailboxes[row["mailbox"]] = row["open"]
        if mailbox_id in {0, row["mailbox"]}:
            for name in of_views:
                of_views[name] += row[name]
    if mailbox_id:
        undecided = undecided.filter(mailbox=mailbox_id)
    # By itself: it has an index of its own, which is nearly always empty.
    of_views[UNDECIDED] = undecided.count()
    return of_views, of_mailboxes


def _write_position(row: Row) -> str:
    return f"{row.last_message_at.isoformat()}~{row.pk}"


def _read_position(text: str) -> tuple[datetime, int] | None:
    """The place after which to go on; nonsense in an address begins at the top."""
    written, _, row_id = text.partition("~")
    if not row_id.isdecimal():
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return (moment, int(row_id)) if moment.tzinfo else None

"""The history of the whole system: filters, older lines, and all of it as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET

from letterbox import access
from letterbox.models import Event
from letterbox.web import history_words, record_lists
from letterbox.web.doors import UserRequest

HEADINGS = ("at", "who", "verb", "mailbox", "about", "field", "before", "after")
# What a line shows; a mailbox has forty columns more.
SHOWN = ("at", "verb", "data", "actor__name", "actor__email", "mailbox__label")
MOST_EXPORTED = 100_000
# A cell that begins so would be reckoned by a spreadsheet.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@require_GET
def system_history(request: UserRequest) -> HttpResponse:
    """Who changed what, newest first."""
    rows = _filtered(access.all_events(request.user), request.GET)
    page = record_lists.page(
        rows.select_related("actor", "mailbox").only(*SHOWN),
        before=request.GET.get("before", ""),
    )
    context = {
        "lines": [history_words.line(event) for event in page.rows],
        "page": page,
        "wish": request.GET,
        "verbs": sorted(history_words.WORDS.items(), key=lambda pair: str(pair[1])),
        "mailboxes": access.administered_mailboxes(request.user).values_list(
            "pk", "label"
        ),
        "shows_mailbox": True,
    }
    part = "_history_part" if request.GET.get("part") == "rows" else "history"
    return render(request, f"system/{part}.html", context)


@require_GET
def history_export(request: UserRequest) -> HttpResponse:
    """The lines that the filters leave, as CSV: one row for each field that changed."""
    rows = _filtered(access.all_events(request.user), request.GET)
    rows = rows.select_related("actor", "mailbox").order_by("-pk")[:MOST_EXPORTED]
    answer = HttpResponse(
        "".join(_as_csv(rows)), content_type="text/csv; charset=utf-8"
    )
    answer.headers["Content-Disposition"] = 'attachment; filename="history.csv"'
    return answer


def _filtered(rows: QuerySet[Event], query: QueryDict) -> QuerySet[Event]:
    verb = query.get("verb", "")
    who = query.get("who", "").strip()[:200]
    mailbox = query.get("mailbox", "")
    if verb:
        rows = rows.filter(verb=verb)
    if who:
        rows = rows.filter(actor__email__icontains=who) | rows.filter(
            actor__name__icontains=who
        )
    if mailbox.isascii() and mailbox.isdecimal() and len(mailbox) < 19:
        rows = rows.filter(mailbox=int(mailbox))
    since, until = _day(query.get("since", "")), _day(query.get("until", ""))
    if since:
        rows = rows.filter(at__gte=since)
    if until:
        rows = rows.filter(at__lt=until + timedelta(days=1))
    return rows


def _day(text: str) -> datetime | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None


class _Echo:
    """A file for `csv` that gives back what is written to it."""

    def write(self, value: str) -> str:
        return value


def _as_csv(rows: QuerySet[Event]) -> Iterator[str]:
    writer: Any = csv.writer(_Echo())
    yield writer.writerow(HEADINGS)
    for event in rows.iterator(chunk_size=1_000):
        line = history_words.line(event)
        common = [
            event.at.isoformat(),
            line.who,
            event.verb,
            event.mailbox.label if event.mailbox else "",
            line.about,
        ]
        changes = line.changes or (history_words.Change("", "", ""),)
        for change in changes:
            cells = [*common, change.field, change.before, change.after]
            yield writer.writerow([_harmless(cell) for cell in cells])


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell

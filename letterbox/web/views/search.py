"""Search over everything one may read: messages, cases, contacts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import connection, transaction
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from letterbox import access
from letterbox.web.doors import UserRequest

MOST_RESULTS = 50
LONGEST_QUERY = 300


@require_GET
def search(request: UserRequest) -> HttpResponse:
    """The newest messages, the cases and the contacts that hold all of the words."""
    words = request.GET.get("q", "").strip().replace("\0", "")[:LONGEST_QUERY]
    context: dict[str, Any] = {"search_text": words}
    if words:
        # The same expression as the index on Message, so that it is used.
        vector = SearchVector(
            "subject", "from_name", "from_email", "new_text", config="simple"
        )
        query = SearchQuery(words, config="simple", search_type="websearch")
        with _by_the_index():
            messages = list(
                access.messages(request.user)
                .alias(words=vector)
                .filter(words=query, conversation__isnull=False)
                .select_related("mailbox")
                .defer("text", "new_text", "trace", "facts", "thread_facts")
                .order_by("-received_at", "-pk")[:MOST_RESULTS]
            )
        number = words.lstrip("#")
        cases = access.cases(request.user).filter(
            Q(subject__icontains=words)
            | (Q(pk=int(number)) if _is_number(number) else Q(pk__in=[]))
        )
        contacts = access.contacts(request.user).filter(
            Q(name__icontains=words)
            | Q(
                pk__in=access.contacts(request.user)
                .filter(addresses__email__icontains=words)
                .values("pk")
            )
        )
        context |= {
            "messages_found": messages,
            "cases": cases.order_by("-pk")[:10],
            "contacts": contacts.prefetch_related("addresses")[:10],
        }
    return render(request, "search/page.html", context)


@contextmanager
def _by_the_index() -> Iterator[None]:
    """Have PostgreSQL take the index of the words for as cheap as it is.

    While a history comes, some letters wait for that index. PostgreSQL takes the look
    through those for so many jumps of a disk, and would rather cut all letters of the
    mailbox into words again, which takes seconds.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL random_page_cost = 1.1")
        yield


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19

"""Search over everything one may read: messages, cases, contacts."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from letterbox import access
from letterbox.services import letters
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
        with letters.by_the_index_of_words():
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


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19

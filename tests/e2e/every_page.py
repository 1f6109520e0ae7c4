"""Every page that an administrator can open, found by asking for every address.

Made from the list of addresses, as the access matrix is: a new page is looked at by
itself. What answers with a part of a page, a file or a redirection is no page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Page

# Rows of the demo, by what stands in addresses. A conversation has grown into a case.
NUMBERS = {"conversation_id": 3, "message_id": 3, "template_id": 3, "pk": 1}
# Every page of ours begins so; a letter in its frame does not.
MARK = "data-signed-out-words"
# A stream has no end; the inbox leads there; signing out would end the walk.
LEFT_OUT = {"events", "home", "account_logout"}
PARAMETER = re.compile(r"<int:(\w+)>")
# The letters of the demo arrive in any order, and one of them is HTML in a frame.
CONVERSATIONS = tuple(f"/conversations/{number}" for number in range(1, 6))
# The same page with something else in it.
AND_ALSO = (
    *(path for path in CONVERSATIONS if path != "/conversations/3"),
    "/inbox?view=closed",
    "/search?q=portal",
    "/system/mailboxes?text=nothing",
)


def found_by(page: Page, address: str) -> list[str]:
    """The paths of all pages; whoever is signed in should administer everything."""
    _ask_the_past(page, address)
    paths = [*_paths(get_resolver().url_patterns), *AND_ALSO]
    return [path for path in paths if _is_page(page, address + path)]


def _paths(
    entries: Iterable[URLPattern | URLResolver], before: str = "/"
) -> Iterator[str]:
    for entry in entries:
        path = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _paths(entry.url_patterns, path)
            continue
        path = PARAMETER.sub(lambda found: str(NUMBERS.get(found[1], 1)), path)
        # Other parameters are keys and tokens, which nobody can guess.
        if "<" not in path and "(" not in path and entry.name not in LEFT_OUT:
            yield path


def _is_page(page: Page, address: str) -> bool:
    answer = page.request.get(address, max_redirects=0)
    return answer.status == 200 and MARK in answer.text()


def _ask_the_past(page: Page, address: str) -> None:
    """A question to past mail has a page of its own, once somebody has asked it."""
    page.goto(f"{address}/system/mailboxes/1")
    token = page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    answer = page.request.post(
        f"{address}/system/mailboxes/1/processing-trials",
        form={"csrfmiddlewaretoken": token, "period": "month"},
        headers={"Referer": address},
    )
    assert answer.ok, answer.status
    assert "/system/trials/1" in answer.url, answer.url

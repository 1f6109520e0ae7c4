import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from letterbox.models import Conversation, User
from letterbox.services import cases, leads
from letterbox.web import csp

Browser = Callable[[User], Client]

# What anybody may open; every other address of ours asks for a sign-in.
OPEN_TO_ALL = {"account_login", "first_run", "invitation"}


def _ours() -> Iterator[tuple[str, str]]:
    """Name and pattern of each address that is not allauth's."""
    entries: list[URLPattern | URLResolver] = list(get_resolver().url_patterns)
    for entry in entries:
        if isinstance(entry, URLPattern):
            yield entry.name or "", str(entry.pattern)


ROUTES = sorted(_ours())


def _address(pattern: str, number: int) -> str:
    return "/" + re.sub(r"<int:\w+>", str(number), pattern)


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_every_address_asks_for_a_sign_in(
    client: Client, alice: User, method: str
) -> None:
    for name, pattern in ROUTES:
        if name in OPEN_TO_ALL:
            continue

        answer = getattr(client, method)(_address(pattern, 1))

        assert answer.status_code == 302, pattern
        assert answer.headers["Location"].startswith("/account/login/"), pattern


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_a_stranger_finds_nothing_behind_any_number(
    conversation: Conversation,
    alice: User,
    mallory: User,
    browser: Browser,
    method: str,
) -> None:
    case = cases.open_for(conversation, subject="lamp", description="", by=alice)
    lead = leads.open_for(
        conversation, name="lamp", notes="", sender_name="", email="", by=alice
    )
    numbers = {
        "cases": case.pk,
        "leads": lead.pk,
        "contacts": conversation.contact_id,
        "system": conversation.mailbox_id,
        "messages": conversation.messages.get().pk,
    }
    client = browser(mallory)

    for _, pattern in ROUTES:
        if "<int:" not in pattern:
            continue
        number = numbers.get(pattern.partition("/")[0]) or conversation.pk
        hidden = getattr(client, method)(_address(pattern, number))
        missing = getattr(client, method)(_address(pattern, 10**9))

        assert hidden.status_code == missing.status_code, pattern
        assert hidden.status_code in {404, 405}, pattern
        assert b"lamp" not in hidden.content, pattern


def test_refusals_look_like_pages_of_ours_and_carry_the_policy(
    conversation: Conversation, rita: User, browser: Browser
) -> None:
    client = browser(rita)

    missing = client.get("/conversations/999999")
    refused = client.post(f"/conversations/{conversation.pk}/closure")

    assert (missing.status_code, refused.status_code) == (404, 403)
    for answer in (missing, refused):
        assert "alone-card" in answer.content.decode()
        assert "default-src 'none'" in answer.headers[csp.HEADER]


def test_a_part_of_a_page_asked_for_after_signing_out_leads_the_page_to_sign_in(
    client: Client, alice: User
) -> None:
    answer = client.get(
        "/inbox?part=rows",
        headers={
            "HX-Request": "true",
            "HX-Current-URL": "https://x.example/inbox?view=mine",
        },
    )

    assert answer.status_code == 200
    assert (
        answer.headers["HX-Redirect"] == "/account/login/?next=%2Finbox%3Fview%3Dmine"
    )
    assert answer.content == b""


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/conversations/7?view=open", "/conversations/7?view=open"),
        ("https://evil.example/conversations/7", "/conversations/7"),
        ("http://testserver//evil.example/x", "/"),
        ("", "/"),
    ],
)
def test_a_form_sent_after_signing_out_leads_back_to_its_page(
    db: None, referer: str, back: str
) -> None:
    answer = Client().post("/conversations/7/replies", headers={"Referer": referer})

    assert answer.status_code == 302
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["next"] == [back]


def test_no_page_holds_an_inline_style_or_handler(
    conversation: Conversation, max_: User, browser: Browser
) -> None:
    client = browser(max_)
    pages = [
        "/inbox",
        f"/conversations/{conversation.pk}",
        "/cases",
        "/leads",
        "/contacts",
        f"/contacts/{conversation.contact_id}",
        "/search?q=lamp",
        "/system/mailboxes",
        "/system/mailboxes/new",
        f"/system/mailboxes/{conversation.mailbox_id}",
        f"/system/mailboxes/{conversation.mailbox_id}/folders",
        "/account/password/change/",
        "/account/2fa/",
        "/account/sessions/",
    ]

    for address in pages:
        answer = client.get(address)
        page = answer.content.decode()

        assert answer.status_code == 200, address
        assert not re.search(r"<[^>]+\s(?:style|on\w+)=", page), address
        assert not re.search(r"<script(?![^>]*(?:nonce=|application/json))", page)

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from letterbox.models import Conversation, User
from letterbox.web import csp

Browser = Callable[[User], Client]


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

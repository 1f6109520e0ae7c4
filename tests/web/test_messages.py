from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from letterbox.models import User
from letterbox.web import csp
from tests.conftest import Arrive
from tests.mail import mail

Browser = Callable[[User], Client]

HOSTILE = (
    "<script>alert(1)</script><p onclick=alert(2)>Good day</p>"
    '<form action="https://evil.example"><input name=x></form>'
    '<img src="https://tracker.example/p.gif"><a href="javascript:x()">here</a>'
)


def test_the_body_of_a_letter_can_do_nothing(
    arrive: Arrive, rita: User, browser: Browser
) -> None:
    message = arrive(mail(html=HOSTILE))

    answer = browser(rita).get(f"/messages/{message.pk}/body")

    page = answer.content.decode()
    assert "Good day" in page
    for danger in ("<script", "onclick", "<form", "tracker.example", "javascript:"):
        assert danger not in page
    policy = answer.headers[csp.HEADER]
    assert policy == csp.letter_policy()
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert 'name="letter-blocked" content="1"' in page


def test_the_raw_letter_is_given_back_byte_for_byte(
    arrive: Arrive, rita: User, browser: Browser
) -> None:
    raw = mail(text="Grüße\n", charset="iso-8859-1", headers=[("X-Odd", b"\xff\xfe")])
    message = arrive(raw)

    answer = browser(rita).get(f"/messages/{message.pk}/raw?save")

    assert answer.content == raw
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers[csp.HEADER] == csp.FILE_POLICY


@pytest.mark.parametrize(
    ("filename", "content_type", "is_shown"),
    [
        ("note.txt", "text/plain", True),
        ("photo.png", "image/png", True),
        ("page.html", "text/html", False),
        ("drawing.svg", "image/svg+xml", False),
        ('odd"; x=y.pdf', "application/pdf", False),
    ],
)
def test_an_attachment_is_shown_only_where_that_is_harmless(
    arrive: Arrive,
    rita: User,
    browser: Browser,
    filename: str,
    content_type: str,
    *,
    is_shown: bool,
) -> None:
    message = arrive(mail(attachments=[(filename, content_type, b"<b>content</b>")]))
    client = browser(rita)

    answer = client.get(f"/messages/{message.pk}/attachments/0")

    assert answer.content == b"<b>content</b>"
    assert answer.headers["Content-Disposition"].startswith("attachment") != is_shown
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"].startswith(content_type) == is_shown
    assert client.get(f"/messages/{message.pk}/attachments/1").status_code == 404


def test_every_part_of_a_hidden_message_is_missing(
    arrive: Arrive, mallory: User, browser: Browser
) -> None:
    message = arrive(mail(attachments=[("note.txt", "text/plain", b"x")]))
    client = browser(mallory)

    for part in ("", "/body", "/raw", "/attachments/0"):
        assert client.get(f"/messages/{message.pk}{part}").status_code == 404


def test_what_is_quoted_is_folded_and_never_cut(
    arrive: Arrive, rita: User, browser: Browser
) -> None:
    message = arrive(
        mail(text="Yes please.\n\nOn Monday, Support wrote:\n> Shall we?\n")
    )

    page = browser(rita).get(f"/messages/{message.pk}").content.decode()

    assert "Yes please." in page
    assert "Shall we?" in page.partition('class="fold"')[2]


def test_addresses_in_a_plain_letter_can_be_followed_but_nothing_else(
    arrive: Arrive, rita: User, browser: Browser
) -> None:
    message = arrive(mail(text='See https://a.example/"onx=1. And javascript:x()\n'))

    page = browser(rita).get(f"/messages/{message.pk}").content.decode()

    assert 'href="https://a.example/&quot;onx=1"' in page
    assert 'href="javascript' not in page


@pytest.mark.parametrize("page", ["/messages/{message}", "/conversations/{place}"])
def test_a_letter_deleted_on_the_server_stays_and_says_so(
    arrive: Arrive, rita: User, browser: Browser, page: str
) -> None:
    message = arrive(mail())
    address = page.format(message=message.pk, place=message.conversation_id)
    assert "Deleted on the server" not in browser(rita).get(address).content.decode()

    message.placements.update(gone_at=timezone.now())

    shown = browser(rita).get(address).content.decode()
    assert "Deleted on the server" in shown
    assert "the lamp you sent is broken" in shown

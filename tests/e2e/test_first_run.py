"""The first hour of an administrator, on a real mail server."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browsing import window
from tests.e2e.office import ADD_RULE, EMAIL, PASSWORD, Office
from tests.e2e.postman import Postman
from tests.product import Product, wait_until
from tests.wire.dovecot import Dovecot

CARLA = "carla@customer.example"
DORA = "dora@customer.example"


@pytest.fixture
def product(server_url: str, dovecot: Dovecot) -> Iterator[Product]:
    """An empty product that trusts the authority behind our Dovecot."""
    environment = {"LETTERBOX_CA_FILE": str(dovecot.authority_file)}
    with Product.started(server_url, environment) as product:
        yield product


def test_an_administrator_comes_from_nothing_to_an_answered_letter(
    chromium: Browser,
    product: Product,
    dovecot: Dovecot,
    postman: Postman,
    login: str,
) -> None:
    office = Office(product, dovecot, postman, login)
    with window(chromium, product.address) as opened:
        page = opened.open("/")
        _make_the_account(page)
        _be_told_what_is_wrong(page, office)
        _add_the_mailbox(page, office)
        _choose_folders_and_processing(page)
        office.wait_until_live()
        office.write(CARLA)
        row = page.locator("#rows .rows-item", has_text="carla")
        expect(row).to_contain_text("#1")
        product.run_python(ADD_RULE)
        office.write(DORA, subject="Where is my order?")
        expect(
            page.locator("#rows .rows-item", has_text="Where is my order?")
        ).to_contain_text("#2")
        postman.wait_for(DORA)
    answer = postman.letters_to(DORA)[0]
    assert answer["Subject"] == "Re: Where is my order?"
    assert answer["Auto-Submitted"] == "auto-replied"
    assert "Case 2 is open" in answer.get_payload()
    _see_it_on_the_server(office, answer["Message-ID"])
    assert postman.counts() == {DORA: 1}
    assert "Traceback" not in product.log


def _make_the_account(page: Page) -> None:
    expect(page.get_by_role("heading", name="Welcome to Letterbox")).to_be_visible()
    page.get_by_label("Your name").fill("Max Moore")
    page.get_by_label("Your e-mail address").fill(EMAIL)
    page.get_by_label("Password").fill("12345678")
    page.get_by_role("button", name="Make the account").click()
    expect(page.locator(".field-errors")).to_contain_text("too common")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.wait_for_url("**/system/mailboxes/new")


def _be_told_what_is_wrong(page: Page, office: Office) -> None:
    """Each step of a check has a line: the server's own words, and what to do."""
    page.get_by_label("Mailbox Label").fill("Support")
    page.get_by_label("Email", exact=True).fill("support@acme.example")
    page.get_by_role("textbox", name="Login").fill(office.login)
    page.get_by_label(re.compile("^Password")).fill("wrong")
    page.get_by_label("IMAP Host").fill("localhost")
    page.get_by_label("IMAP Port").fill(str(office.dovecot.imaps_port))
    page.get_by_label("SMTP Host").fill("mail.nowhere.invalid")
    page.get_by_label("SMTP Port").fill(str(office.postman.port))
    page.get_by_label("SMTP asks for the same login").uncheck()
    bad = _check(page).filter(has=page.get_by_label("failed"))
    expect(bad).to_have_count(2)
    expect(bad.nth(0)).to_contain_text("Login")
    expect(bad.nth(0)).to_contain_text("Authentication failed")
    expect(bad.nth(0)).to_contain_text("password")
    expect(bad.nth(1)).to_contain_text("mail.nowhere.invalid")


def _add_the_mailbox(page: Page, office: Office) -> None:
    page.get_by_label(re.compile("^Password")).fill("secret")
    page.get_by_label("SMTP Host").fill("127.0.0.1")
    # What goes over the wire unencrypted is a choice that somebody makes.
    bad = _check(page).filter(has=page.get_by_label("failed"))
    expect(bad).to_have_count(1)
    page.get_by_label("SMTP Encryption").select_option("none")
    lines = _check(page)
    expect(lines.filter(has=page.get_by_label("good"))).to_have_count(lines.count())
    expect(page.locator(".check-report")).to_contain_text("6 folders were found")
    page.get_by_role("button", name="Save and choose folders").click()


def _check(page: Page) -> Locator:
    page.locator(".check-report").evaluate("report => report.replaceChildren()")
    page.get_by_role("button", name="Check Connection / Retrieve Folders").click()
    lines = page.locator(".check-line")
    # Names are looked up and servers asked: it may take longer than a page.
    expect(lines.first).to_be_visible(timeout=20_000)
    return lines


def _choose_folders_and_processing(page: Page) -> None:
    page.wait_for_url("**/folders")
    expect(page.get_by_role("checkbox", name="INBOX")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Sent")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Junk")).not_to_be_checked()
    page.get_by_label("Convert To Case").check()
    # Its fields push the button down; a click before that may miss it.
    expect(page.get_by_label("Priority")).to_be_visible()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/inbox")


def _see_it_on_the_server(office: Office, message_id: str) -> None:
    """The copy lies in Sent, and the letter is marked as answered, R in Maildir."""
    sent = office.dovecot.maildir(office.login, "Sent") / "cur"
    inbox = office.dovecot.maildir(office.login) / "cur"
    wait_until(
        lambda: any(message_id in each.read_text() for each in sent.iterdir()),
        "the copy is in Sent",
        lambda: office.product.log,
    )
    wait_until(
        lambda: (
            ["R" in each.name.rpartition(",")[2] for each in inbox.iterdir()].count(
                True
            )
            == 1
        ),
        "the letter is answered",
        lambda: office.product.log,
    )

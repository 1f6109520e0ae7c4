"""The page people know, Manage System Mailboxes, done in its own order and words."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import window
from tests.e2e.office import EMAIL, PASSWORD
from tests.e2e.postman import Postman
from tests.product import Product
from tests.wire.dovecot import Dovecot

PEOPLE = """
from letterbox.models import Role
from letterbox.services import people
people.make_first_administrator(email={email!r}, name="Max Moore", password={password!r})
people.make_user(email="anna@acme.example", name="Anna", by=None)
Role.objects.create(name="Agents")
"""


def test_the_page_can_be_followed_step_by_step(
    chromium: Browser,
    empty_product: Product,
    dovecot: Dovecot,
    postman: Postman,
    login: str,
) -> None:
    empty_product.run_python(PEOPLE.format(email=EMAIL, password=PASSWORD))
    with window(chromium, empty_product.address) as opened:
        page = opened.sign_in(EMAIL, PASSWORD)
        _go_to_email_configuration(page)
        page.get_by_role("link", name="Add Mailbox").click()
        _general(page)
        _synchronization(page, dovecot, postman, login)
        page.get_by_role("button", name="Save").click()
        _first_mailbox(page)
        _email_processing(page)
        _email_management(page)
        _autoresponse_rules(page)
        _grid(page)
    assert "Traceback" not in empty_product.log


def test_what_was_typed_survives_a_session_that_ended(
    chromium: Browser, empty_product: Product
) -> None:
    empty_product.run_python(
        PEOPLE.format(email=EMAIL, password=PASSWORD)
        + "from letterbox.services import mailboxes\n"
        'mailboxes.add(label="Support", address="support@acme.example", by=None)'
    )
    with window(chromium, empty_product.address) as opened:
        page = opened.sign_in(EMAIL, PASSWORD)
        opened.open("/system/mailboxes/1")
        page.get_by_label("Mailbox Label").fill("Help desk")
        empty_product.query("DELETE FROM django_session RETURNING 1")
        page.locator("#general").get_by_role("button", name="Save").click()
        _sign_in_again(page)
        page.wait_for_url("**/system/mailboxes/1")

        expect(page.get_by_label("Mailbox Label")).to_have_value("Help desk")
        expect(page.locator(".kept-note")).to_be_visible()
        page.locator("#general").get_by_role("button", name="Save").click()
        expect(page.locator("#flashes")).to_contain_text("Saved.")
        page.reload()
        expect(page.locator(".kept-note")).to_have_count(0)
        expect(page.get_by_label("Mailbox Label")).to_have_value("Help desk")

        # A form that is sent as a whole leads back to its page, with its words.
        opened.open("/system/roles/new")
        page.get_by_label("Name").fill("Night shift")
        empty_product.query("DELETE FROM django_session RETURNING 1")
        page.get_by_role("button", name="Save").click()
        _sign_in_again(page)
        page.wait_for_url("**/system/roles/new")
        expect(page.get_by_label("Name")).to_have_value("Night shift")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#members-title")).to_be_visible()
        opened.open("/system/roles/new")
        expect(page.get_by_label("Name")).to_have_value("")


def _sign_in_again(page: Page) -> None:
    page.wait_for_url("**/account/login/**")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def _go_to_email_configuration(page: Page) -> None:
    """System → System Configuration → General Setup → Email Configuration."""
    page.get_by_role("link", name="System", exact=True).click()
    menu = page.get_by_role("navigation", name="System", exact=True)
    expect(menu.get_by_role("heading", name="System Configuration")).to_be_visible()
    expect(menu.get_by_role("heading", name="General Setup")).to_be_visible()
    menu.get_by_role("link", name="Email Configuration").click()
    expect(page.get_by_role("heading", name="System Mailboxes")).to_be_visible()


def _general(page: Page) -> None:
    expect(page.get_by_role("heading", name="General", exact=True)).to_be_visible()
    page.get_by_label("Mailbox Label").fill("Support")
    page.get_by_label("Email", exact=True).fill("support@acme.example")


def _synchronization(
    page: Page, dovecot: Dovecot, postman: Postman, login: str
) -> None:
    expect(page.get_by_role("heading", name="Synchronization")).to_be_visible()
    for protocol, port in (("IMAP", dovecot.imap_port), ("SMTP", postman.port)):
        page.get_by_label(f"Enable {protocol}").check()
        page.get_by_label(f"{protocol} Host").fill("127.0.0.1")
        page.get_by_label(f"{protocol} Port").fill(str(port))
        page.get_by_label(f"{protocol} Encryption").select_option("none")
    page.get_by_role("textbox", name="Login").fill(login)
    page.get_by_label(re.compile("^Password")).fill("secret")
    page.get_by_label("SMTP asks for the same login").uncheck()
    page.get_by_role("button", name="Check Connection / Retrieve Folders").click()
    # After a successful connection the list of available folders is loaded.
    inbox = page.get_by_role("checkbox", name="INBOX")
    expect(inbox).to_be_checked(timeout=20_000)
    page.get_by_role("checkbox", name="All", exact=True).check()
    expect(page.get_by_role("checkbox", name="Junk")).to_be_checked()
    page.get_by_role("checkbox", name="All", exact=True).uncheck()
    inbox.check()


def _first_mailbox(page: Page) -> None:
    """The first one leads on to its processing; then its page is open."""
    page.wait_for_url("**/folders")
    expect(page.get_by_role("checkbox", name="INBOX")).to_be_checked()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/inbox")
    _go_to_email_configuration(page)
    page.get_by_role("link", name="Support", exact=True).click()
    page.wait_for_url("**/system/mailboxes/1")


def _email_processing(page: Page) -> None:
    section = page.locator(
        "section", has=page.get_by_role("heading", name="Email Processing")
    )
    for action in ("Do Nothing", "Convert To Lead", "Convert To Case"):
        expect(section.get_by_label(action)).to_be_visible()
    section.get_by_label("Convert To Case").check()
    section.get_by_label("Owner").select_option(label="Anna")
    section.get_by_label("Priority").select_option("high")
    section.get_by_role("button", name="Save").click()
    expect(page.locator("#flashes")).to_contain_text("Saved.")
    expect(section.get_by_label("Owner")).to_have_value(re.compile(r"\d+"))


def _email_management(page: Page) -> None:
    section = page.locator(
        "section", has=page.get_by_role("heading", name="Email Management")
    )
    for label, ability in (("Agents", "reply"), ("Anna (anna@acme.example)", "read")):
        section.get_by_label("Role or user").select_option(label=label)
        section.locator("[name=ability]").select_option(label=ability)
        section.get_by_role("button", name="Save").click()
        expect(
            section.get_by_role("cell", name=label.partition(" ")[0])
        ).to_be_visible()
    section.get_by_text("Who can see this, and why").click()
    expect(section).to_contain_text("read, by name")


def _autoresponse_rules(page: Page) -> None:
    section = page.locator("#autoresponse-rules")
    section.get_by_role("link", name="Add Rule").click()
    expect(
        page.get_by_role("heading", name="Add Autoresponse Rule").first
    ).to_be_visible()
    page.get_by_label("Status").select_option(label="Active")
    page.get_by_label("Name", exact=True).fill("Lamps")
    _conditions(page)
    page.get_by_label("Type").select_option(label="Plain text")
    page.get_by_label("Subject", exact=True).fill("We have your letter")
    page.get_by_label("Content", exact=True).fill("Thank you.")
    page.get_by_label("Save Response as Email Template").check()
    page.locator(".btn-primary", has_text="Add").click()
    page.wait_for_url("**/system/mailboxes/1**")
    expect(section.get_by_role("link", name="Lamps", exact=True)).to_be_visible()


def _conditions(page: Page) -> None:
    """All conditions are summed up; + Add adds one, × removes one."""
    conditions = page.locator("#rule-conditions")
    rows = conditions.locator(".rule-row")
    add = conditions.get_by_role("button", name="Add", exact=True)
    before = rows.count()
    add.click()
    expect(rows).to_have_count(before + 1)
    add.click()
    expect(rows).to_have_count(before + 2)
    conditions.get_by_label("Value").first.fill("lamp")
    while rows.count() > 1:
        left = rows.count() - 1
        conditions.get_by_role("button", name="Remove this condition").last.click()
        expect(rows).to_have_count(left)
    expect(conditions.get_by_label("Value")).to_have_value("lamp")


def _grid(page: Page) -> None:
    _go_to_email_configuration(page)
    row = page.get_by_role("row", name=re.compile("Support"))
    expect(row).to_contain_text("Convert To Case")
    row.locator("summary").click()
    row.get_by_role("button", name="Switch off").click()
    expect(page.locator("#flashes")).to_contain_text("Support is off.")

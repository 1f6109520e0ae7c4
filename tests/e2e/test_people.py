"""People come in with their company's provider, and are out at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browsing import PHONE, Window, window
from tests.e2e.office import EMAIL, PASSWORD
from tests.product import Product
from tests.wire import oauth_provider

PREPARE = f"""
from letterbox.services import people, roles
people.make_first_administrator(email={EMAIL!r}, name="Max", password={PASSWORD!r})
roles.add(name="Agents", abilities=[], requires_two_factor=False, by=None)
"""


@pytest.fixture
def company() -> Iterator[oauth_provider.Provider]:
    """A provider on this machine, before which Anna has signed in."""
    with oauth_provider.provider() as running:
        running.account = "anna@acme.example"
        running.claims = {
            "email_verified": True,
            "name": "Anna Acker",
            "groups": ["support"],
        }
        yield running


def _without_the_company(opened: Window, company: oauth_provider.Provider) -> None:
    """Going to the provider is what was asked for."""
    opened.mishaps = [each for each in opened.mishaps if company.url not in each]


def test_people_come_in_with_their_company_and_are_out_at_once(
    chromium: Browser, empty_product: Product, company: oauth_provider.Provider
) -> None:
    empty_product.run_python(PREPARE)
    with (
        window(chromium, empty_product.address) as administrator,
        window(chromium, empty_product.address, size=PHONE, colours="dark") as person,
    ):
        page = administrator.sign_in(EMAIL, PASSWORD)
        administrator.open("/system/user-sign-in/new")
        page.get_by_label("Name on the button").fill("Acme ID")
        page.get_by_label("Issuer").fill(company.url)
        page.get_by_label("Client ID").fill(company.client_id)
        page.get_by_label("Client secret").fill(company.client_secret)
        page.get_by_label("Who has no account here gets one").check()
        page.get_by_label("Claim that roles").fill("groups")
        page.get_by_label("Which value gives").fill("support = Agents")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved.")).to_be_visible()
        administrator.picture("identity-provider")

        theirs = person.open("/account/login/?next=/contacts")
        person.picture("sign-in-with-provider")
        theirs.get_by_role("link", name="Sign in with Acme ID").click()
        theirs.wait_for_url("**/contacts")
        person.open("/inbox")

        administrator.open("/system/people")
        page.get_by_role("link", name="Anna Acker").click()
        expect(page.get_by_text("Agents, from sign-in with Acme ID")).to_be_visible()
        administrator.picture("person-from-sign-in")
        page.get_by_role("button", name="Switch off").click()
        expect(page.get_by_text("is switched off.")).to_be_visible()
        # Her page notices by itself, and leads to the sign-in.
        theirs.wait_for_url("**/account/login/**")

        theirs.get_by_role("link", name="Sign in with Acme ID").click()
        expect(theirs.get_by_text("Your account here is switched off")).to_be_visible()
        person.picture("refused")
        _without_the_company(person, company)
        # The stream that was refused, and the page that says so, are what is wanted.
        person.mishaps = [
            each
            for each in person.mishaps
            if "403" not in each and "/events" not in each
        ]

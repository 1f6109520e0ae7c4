"""A second factor, from setting it up to signing in with it, in a real browser."""

from __future__ import annotations

import re
import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import window
from tests.e2e.office import EMAIL, PASSWORD
from tests.product import Product

PREPARE = f"""
from letterbox.services import people
people.make_first_administrator(email={EMAIL!r}, name="Max", password={PASSWORD!r})
"""
REQUIRE = """
from letterbox.models import Role
Role.objects.update(requires_two_factor=True)
"""


@pytest.fixture
def address(empty_product: Product) -> str:
    """By its name: browsers give no passkey to a number."""
    empty_product.run_python(PREPARE)
    return empty_product.address.replace("127.0.0.1", "localhost")


def _code(secret: str) -> str:
    """What an authenticator app shows now (RFC 6238)."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def _say_it_is_me(page: Page) -> None:
    """The password once more, where a page asks for it."""
    if "reauthenticate" in page.url:
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()


def test_a_role_that_asks_for_it_leads_to_an_authenticator_and_recovery_codes(
    chromium: Browser, empty_product: Product, address: str
) -> None:
    with window(chromium, address) as opened:
        page = opened.sign_in(EMAIL, PASSWORD)
        empty_product.run_python(REQUIRE)
        opened.open("/inbox")
        page.wait_for_url("**/account/2fa/")
        opened.picture("second-factor-asked-for")
        opened.open("/account/2fa/totp/activate/")
        _say_it_is_me(page)
        secret = page.get_by_label("Authenticator secret").input_value()
        opened.picture("authenticator")
        page.get_by_label("Authenticator code").fill(_code(secret))
        page.get_by_role("button", name="Activate").click()
        page.wait_for_url("**/account/2fa/recovery-codes/**")
        opened.picture("recovery-codes")
        codes = re.findall(r"\d{8}", page.get_by_label("Unused codes").input_value())
        opened.open("/inbox")
        expect(page.get_by_role("heading", name="Inbox").first).to_be_visible()
    assert len(codes) == 10
    with window(chromium, address) as again:
        page = again.open("/account/login/")
        page.get_by_label("Email").fill(EMAIL)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url("**/account/2fa/authenticate/**")
        again.picture("second-factor-at-sign-in")
        page.locator("input[name=code]").fill(codes[0])
        page.get_by_role("button", name="Sign In").first.click()
        page.wait_for_url("**/inbox")


def test_a_passkey_is_added_and_signs_in_by_itself(
    chromium: Browser, address: str
) -> None:
    with window(chromium, address) as opened:
        tools = opened.page.context.new_cdp_session(opened.page)
        tools.send("WebAuthn.enable")
        tools.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        page = opened.sign_in(EMAIL, PASSWORD)
        opened.open("/account/2fa/webauthn/add/")
        _say_it_is_me(page)
        page.get_by_label("Name").fill("This laptop")
        opened.picture("passkey")
        page.get_by_label("Passwordless").check()
        page.get_by_role("button", name="Add").click()
        page.wait_for_url("**/account/2fa/recovery-codes/**")
        page.context.clear_cookies()

        opened.open("/account/login/")
        opened.picture("sign-in-with-passkey")
        page.get_by_role("button", name="Use a passkey").click()
        page.wait_for_url("**/inbox")

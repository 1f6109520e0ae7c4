"""A browser, a mail server to talk to, and the whole product in front of both."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import servers
from tests.e2e.office import Office
from tests.e2e.postman import Postman
from tests.product import Product
from tests.wire import dovecot as dovecots
from tests.wire.dovecot import Dovecot

# No phone calls home, and no HTTP/3 that would pass by the ports of the test.
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_numbers = count(1)


@pytest.fixture(autouse=True)
def sockets(socket_enabled: Callable[[], None]) -> None:
    """Allow sockets here, wherever else they are blocked."""


# Of this package, not of the session: while Playwright runs, its event loop stands in
# the way of Django's ORM, which the tests of other folders use.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Chromium, started once; each test opens windows of its own."""
    program = servers.path_of("chromium")
    if program is None:
        _miss("Chromium is missing: apt-get install chromium, or run as root.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=list(ARGUMENTS)
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def dovecot() -> Iterator[Dovecot]:
    """One Dovecot for all tests of a process; each makes its own people."""
    if dovecots.version() is None:
        _miss(dovecots.HOW_TO_GET)
    with Dovecot.started() as server:
        yield server


@pytest.fixture(scope="package")
def server_url() -> str:
    """The PostgreSQL of this run, where each product gets a database of its own."""
    return os.environ["LETTERBOX_DATABASE_URL"]


@pytest.fixture
def postman() -> Iterator[Postman]:
    """The SMTP server that takes what the product sends."""
    with Postman.started() as server:
        yield server


@pytest.fixture
def login(dovecot: Dovecot) -> str:
    """A new login at Dovecot, whose password is `secret`."""
    login = f"support{next(_numbers)}"
    dovecot.add_user(login, "secret")
    return login


@pytest.fixture
def empty_product(server_url: str) -> Iterator[Product]:
    """`letterbox run`, as it is on the first day."""
    with Product.started(server_url) as product:
        yield product


@pytest.fixture
def office(
    empty_product: Product, dovecot: Dovecot, postman: Postman, login: str
) -> Office:
    """A product whose mailbox support@acme.example answers every first letter."""
    return Office.opened(empty_product, dovecot, postman, login)


def _miss(sentence: str) -> None:
    if os.environ.get("LETTERBOX_REQUIRE_SERVERS") == "1":
        pytest.fail(sentence)
    pytest.skip(sentence)

"""The real servers that tests in this folder talk to."""

import os
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.wire import dovecot as dovecots
from tests.wire.dovecot import Dovecot
from tests.wire.keeping import EXTENSIONS

_numbers = count(1)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """One Dovecot for all tests of a process; each makes its own people."""
    if dovecots.version() is None:
        if os.environ.get("LETTERBOX_REQUIRE_SERVERS") == "1":
            pytest.fail(dovecots.HOW_TO_GET)
        pytest.skip(dovecots.HOW_TO_GET)
    with Dovecot.started() as server:
        yield server


@pytest.fixture(scope="session", params=sorted(EXTENSIONS))
def server(request: pytest.FixtureRequest) -> Iterator[Dovecot]:
    """A Dovecot that offers much, something, or next to nothing."""
    if dovecots.version() is None:
        request.getfixturevalue("dovecot")
    offered = EXTENSIONS[request.param]
    config = f"imap_capability = {offered}\n" if offered else ""
    with Dovecot.started(extra_config=config) as server:
        yield server


@pytest.fixture
def alice(dovecot: Dovecot) -> str:
    """The login of somebody new, called Alice, whose password is `secret`."""
    login = f"alice{next(_numbers)}"
    dovecot.add_user(login, "secret")
    return login


@pytest.fixture(autouse=True)
def sockets(socket_enabled: Callable[[], None]) -> None:
    """Allow sockets here, wherever else they are blocked."""

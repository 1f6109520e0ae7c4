"""Browsers that are signed in, one for each of the named people."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from letterbox.models import Conversation, User
from tests.conftest import Arrive
from tests.mail import mail


@pytest.fixture
def browser() -> Callable[[User], Client]:
    """`browser(alice)` is signed in as Alice."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def conversation(arrive: Arrive) -> Conversation:
    """Carla's lamp is broken; nobody has answered yet."""
    message = arrive(mail())
    assert message.conversation is not None
    return message.conversation

"""Signed addresses of pictures: who may have which picture of which letter fetched.

Without the signature our server would fetch whatever anybody names. Knows no network.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.core import signing
from django.urls import reverse

from letterbox.mime import clean
from letterbox.models import Message, User

# As long as the page of a letter may lie in a browser's cache, and a working day.
VALID_SECONDS = 24 * 60 * 60
# A letter with more pictures than this shows the first of them.
MOST_PICTURES = 300
_SALT = "letterbox.picture"


def proxy_for(message: Message, reader: User) -> Callable[[str], str]:
    """From the address that a letter names to one of ours, for this reader alone."""
    base = reverse("message_picture", args=[message.pk])
    given: dict[str, str] = {}

    def proxy(address: str) -> str:
        if address not in given:
            if len(given) >= MOST_PICTURES:
                return clean.BLOCKED_IMAGE
            signed = signing.dumps([message.pk, reader.pk, address], salt=_SALT)
            given[address] = f"{base}?{urlencode({'of': signed})}"
        return given[address]

    return proxy


def read(signed: str, message: Message, reader: User) -> str | None:
    """The address that was signed for this letter and this reader; None for others."""
    try:
        value = signing.loads(signed, salt=_SALT, max_age=VALID_SECONDS)
    except signing.BadSignature:
        return None
    match value:
        case [message.pk, reader.pk, str(address)]:
            return address
    return None

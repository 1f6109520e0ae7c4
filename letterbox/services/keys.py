"""What seals and opens secrets, and whom we trust on the wire.

One of each per process. Holds no secret of a mailbox itself.
"""

from __future__ import annotations

import ssl
from functools import lru_cache

from django.conf import settings

from letterbox import crypto


@lru_cache(maxsize=1)
def keyring() -> crypto.Keyring:
    """The keys of this installation; made on first use."""
    return crypto.Keyring.load(settings.KEY_FILE, keys=settings.SECRET_KEYS)


def seal(secret: str) -> str:
    """A secret as tables keep it; no secret stays none."""
    return keyring().seal(secret) if secret else ""


def open_sealed(sealed: str) -> str:
    """What `seal` was given; raises SealError."""
    return keyring().open_sealed(sealed) if sealed else ""


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """One context for all connections: building it costs 20 ms of CPU."""
    context = ssl.create_default_context()
    if settings.TRUSTED_CA_FILE:
        context.load_verify_locations(settings.TRUSTED_CA_FILE)
    return context

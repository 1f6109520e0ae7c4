"""How a mailbox is, or may be, signed in at a provider, for its page."""

from __future__ import annotations

from dataclasses import dataclass

from letterbox.models import Mailbox, OAuthProvider, SignIn
from letterbox.services import oauth


@dataclass(frozen=True, slots=True)
class Offer:
    """What system/sign_in.html shows; `sign_in` is the row there is, if there is one."""

    sign_in: SignIn | None
    choices: tuple[OAuthProvider, ...]


def offer(mailbox: Mailbox | None = None) -> Offer:
    """For the page of a mailbox; None for the page that adds one."""
    row = None
    if mailbox is not None:
        row = SignIn.objects.filter(mailbox=mailbox).select_related("provider").first()
    return Offer(row, tuple(oauth.choices()))

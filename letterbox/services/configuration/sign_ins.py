"""How a mailbox is signed in at a provider, in the file: where, as whom, never a token.

A permission cannot be written down: where the file comes to a new house, either a
refresh token is referred to, or a person signs in once on the mailbox's page.
"""

from __future__ import annotations

from typing import Any

from letterbox.models import Mailbox, OAuthProvider, SignIn, User
from letterbox.services import oauth
from letterbox.services.configuration import references

KEYS = {"provider", "account", "refresh_token"}


def of(mailbox: Mailbox) -> dict[str, Any] | None:
    """The sign-in that opens the mailbox; None where a password does."""
    row = _row(mailbox)
    if row is None:
        return None
    found: dict[str, Any] = {"provider": row.provider.name, "account": row.account}
    if row.is_connected:
        found["refresh_token"] = references.to_environment(
            "refresh_token", mailbox.address
        )
    return found


def apply(mailbox: Mailbox, value: dict[str, Any] | None, *, by: User | None) -> None:
    """Have the mailbox opened so. Raises ValueError and KeyError.

    Its servers come first. A token counts only where nobody is signed in: providers
    change it with time, and the file's would be an old one.
    """
    row = _row(mailbox)
    if value is None:
        if row is not None:
            raise ValueError(
                f"{row.provider.name} opens this mailbox. Disconnect it on its page, "
                "so that the provider is told, or name a password."
            )
        return
    unknown = sorted(set(value) - KEYS)
    if unknown:
        raise ValueError(f"sign_in: there is no {', '.join(unknown)}.")
    provider = OAuthProvider.objects.filter(name__iexact=value["provider"]).first()
    if provider is None:
        raise ValueError(
            f"There is no provider {value['provider']}. Write it under mail_sign_in."
        )
    token = references.read(value.get("refresh_token"))
    account = str(value.get("account") or mailbox.address)
    is_same = row and (row.provider, row.account) == (provider, account)
    if row is None or not is_same or (token and not row.is_connected):
        oauth.expect(
            mailbox, provider, account=account, refresh_token=token or "", by=by
        )


def _row(mailbox: Mailbox) -> SignIn | None:
    rows = SignIn.objects.filter(mailbox=mailbox, connections__isnull=False)
    return rows.select_related("provider").first()

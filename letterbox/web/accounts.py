"""How people sign in: by invitation only, nobody signs up by themselves."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Closes the open sign-up that allauth has by default."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made on the first-run page and by invitation."""
        return False

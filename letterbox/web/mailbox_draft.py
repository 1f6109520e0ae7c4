"""A mailbox that is not saved yet, as typed: kept while its rules are being written.

Half an hour in the session of one person, the password sealed with the key of mailboxes.
It never goes back to a browser: a field that is left empty means the one typed before,
and only for the servers that it was typed for.
"""

from __future__ import annotations

import time
from typing import Any

from django.http import QueryDict

from letterbox.crypto import SealError
from letterbox.services import keys
from letterbox.web.doors import UserRequest

GOOD_FOR_SECONDS = 30 * 60
# A session is read with every page; a list of folders may be long.
MOST_CHARACTERS = 400_000
_KEY = "new-mailbox"
_NOT_KEPT = ("csrfmiddlewaretoken", "do", "password")
_HOSTS = ("imap_host", "smtp_host")


def keep(request: UserRequest) -> bool:
    """Keep what was posted; False where it is too much for a session."""
    data = with_password(request).copy()
    password = data.get("password", "")
    hosts = {name: data.get(name, "").strip().lower() for name in _HOSTS}
    for name in _NOT_KEPT:
        data.pop(name, None)
    typed = data.urlencode()
    if len(typed) > MOST_CHARACTERS or len(password) > MOST_CHARACTERS:
        return False
    request.session[_KEY] = {
        "typed": typed,
        "password": keys.seal(password),
        "hosts": hosts,
        "at": time.time(),
    }
    return True


def typed(request: UserRequest) -> QueryDict | None:
    """What was typed, without the password; None where nothing is kept."""
    kept = _kept(request)
    return QueryDict(kept["typed"]) if kept else None


def has_password(request: UserRequest) -> bool:
    """Whether a password was typed before."""
    kept = _kept(request)
    return bool(kept and kept["password"])


def with_password(request: UserRequest) -> QueryDict:
    """What was posted, with the password from before where the field is empty."""
    kept = _kept(request)
    if request.POST.get("password") or not kept or not kept["password"]:
        return request.POST
    for name in _HOSTS:
        before, now = kept["hosts"][name], request.POST.get(name, "").strip().lower()
        if before and now and before != now:
            return request.POST
    data = request.POST.copy()
    try:
        data["password"] = keys.open_sealed(kept["password"])
    except SealError:
        # Its key went meanwhile; the form asks for the password.
        return request.POST
    return data


def forget(request: UserRequest) -> None:
    """The mailbox is saved."""
    request.session.pop(_KEY, None)


def _kept(request: UserRequest) -> dict[str, Any] | None:
    kept: dict[str, Any] | None = request.session.get(_KEY)
    if kept is None or time.time() - kept["at"] <= GOOD_FOR_SECONDS:
        return kept
    del request.session[_KEY]
    return None

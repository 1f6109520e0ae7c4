"""Who can let others in again: the questions that keep everybody from locking out."""

from __future__ import annotations

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import QuerySet

from letterbox.models import User

NO_WAY_IN = (
    "Somebody who may administer people must have a password: it is the way in when the "
    "provider fails."
)


def everybody() -> QuerySet[User]:
    """Everybody who may administer people, and so let others in again."""
    return User.objects.filter(
        is_active=True, roles__abilities__contains=["administer-people"]
    ).distinct()


def somebody_has_a_way_in() -> bool:
    """Whether one of them has a password, which no provider can take away."""
    found = everybody().exclude(password="")
    return found.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).exists()

"""Users and roles: who is inside, and what they may administer."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from letterbox import access, live
from letterbox.models import Grant, Mailbox, Role, User
from letterbox.services import history

ADMINISTRATORS = "Administrators"
FIRST_RUN_LOCK = 7_241_338


def has_anybody() -> bool:
    """Whether the first person has been made; the first-run page asks."""
    return User.objects.exists()


@transaction.atomic
def make_administrator(*, email: str, name: str, password: str) -> User:
    """Make somebody an administrator, or set the password of one who is.

    Raises ValidationError when the password is too weak.
    """
    email = email.strip().lower()
    user = User.objects.filter(email__iexact=email).first() or User(email=email)
    user.name = name.strip() or user.name
    validate_password(password, user)
    user.set_password(password)
    user.is_active = True
    user.save()
    role, _ = Role.objects.get_or_create(
        name=ADMINISTRATORS, defaults={"abilities": sorted(access.ABILITIES)}
    )
    user.roles.add(role)
    history.record("administrator-made", by=None, user=user.pk)
    return user


@transaction.atomic
def make_first_administrator(*, email: str, name: str, password: str) -> User:
    """The first-run page's verb: refused as soon as anybody is there."""
    # Serialises two browsers that both stand on the first-run page.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FIRST_RUN_LOCK])
    if has_anybody():
        raise ValidationError("Somebody has set Letterbox up already. Sign in instead.")
    return make_administrator(email=email, name=name, password=password)


@transaction.atomic
def make_user(
    *, email: str, name: str, by: User | None, password: str | None = None
) -> User:
    """Add a person; without a password they sign in by an invitation."""
    user = User.objects.create_user(email, password, name=name)
    history.record("user-made", by=by, user=user.pk)
    return user


@transaction.atomic
def grant(
    mailbox: Mailbox,
    *,
    ability: Grant.Ability | None,
    by: User | None,
    user: User | None = None,
    role: Role | None = None,
) -> None:
    """Say what one user or role may do in a mailbox; None takes the right away."""
    before = Grant.objects.filter(mailbox=mailbox, user=user, role=role).first()
    if ability is None:
        if before:
            before.delete()
    else:
        Grant.objects.update_or_create(
            mailbox=mailbox, user=user, role=role, defaults={"ability": ability}
        )
    history.record(
        "grant-changed",
        by=by,
        mailbox=mailbox,
        user=user and user.pk,
        role=role and role.pk,
        changes={"ability": [before and before.ability, ability]},
    )
    live.announce("access")

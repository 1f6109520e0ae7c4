"""Users and roles: who is inside, and what they may administer."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from letterbox import access, live
from letterbox.models import Grant, Mailbox, Role, User
from letterbox.services import administrators, history, settings


class NotPossible(Exception):
    """A change that would give too much away, or lock everybody out; says why."""


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
    history.record("administrator-made", by=None, user=user.pk, who=user.email)
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
    history.record("user-made", by=by, user=user.pk, who=user.email)
    return user


@transaction.atomic
def change(user: User, *, by: User | None, name: str) -> None:
    """Set what a person is called; the address is how they are known and stays."""
    changes = history.differences({"name": user.name}, {"name": name.strip()})
    if changes:
        user.name = name.strip()
        user.save(update_fields=["name"])
        history.record(
            "user-changed", by=by, user=user.pk, who=user.email, changes=changes
        )


@transaction.atomic
def choose_language(user: User, language: str) -> None:
    """Set the language that the pages speak to this person; empty for the company's."""
    if language != user.language:
        changes = {"language": [user.language, language]}
        user.language = language
        user.save(update_fields=["language"])
        history.record(
            "user-changed", by=user, user=user.pk, who=user.email, changes=changes
        )


@transaction.atomic
def set_roles(user: User, roles: Collection[Role], *, by: User | None) -> None:
    """Make the user a member of exactly these roles.

    Raises NotPossible when `by` would give or take more than they may do themselves,
    or nobody would be left to administer people.
    """
    before = {role.pk: role for role in user.roles.all()}
    after = {role.pk: role for role in roles}
    for pk in before.keys() ^ after.keys():
        require_own(by, (before.get(pk) or after[pk]).abilities)
    if before.keys() == after.keys():
        return
    user.roles.set(after.values())
    require_an_administrator()
    history.record(
        "user-changed",
        by=by,
        user=user.pk,
        who=user.email,
        changes={
            "roles": [
                sorted(role.name for role in before.values()),
                sorted(role.name for role in after.values()),
            ]
        },
    )
    live.announce("access")


@transaction.atomic
def switch(user: User, *, is_on: bool, by: User | None) -> None:
    """Let the person sign in, or not any more: sessions and open pages end at once."""
    if user.is_active == is_on:
        return
    if by is not None and user.pk == by.pk:
        raise NotPossible("You cannot switch yourself off. Ask a colleague.")
    require_own(by, [name for role in user.roles.all() for name in role.abilities])
    user.is_active = is_on
    user.save(update_fields=["is_active"])
    if not is_on:
        require_an_administrator()
        end_sessions(user)
    verb = "user-switched-on" if is_on else "user-switched-off"
    history.record(verb, by=by, user=user.pk, who=user.email)
    live.announce("access")


def end_sessions(user: User) -> int:
    """Sign the person out everywhere, with their streams; returns from how many."""
    sessions = UserSession.objects.filter(user=user)
    count = len(sessions)
    for session in sessions:
        session.end()
    live.announce("access")
    return count


def is_session(session_key: str | None) -> bool:
    """Whether this sign-in has not been ended."""
    return Session.objects.filter(session_key=session_key).exists()


def with_second_factor(users: Iterable[User]) -> set[int]:
    """Which of these, by id, have something beside their password."""
    rows = Authenticator.objects.filter(user__in=list(users))
    return set(rows.values_list("user", flat=True))


def count_sessions(user: User) -> int:
    """In how many places the person is signed in."""
    count: int = UserSession.objects.filter(user=user).count()
    return count


def require_own(by: User | None, abilities: Iterable[str]) -> None:
    """Nobody gives or takes what they may not do themselves: else raises NotPossible."""
    if by is None:
        return
    missing = set(abilities) - access.abilities_of(by)
    if missing:
        words = "; ".join(sorted(access.ABILITIES[name] for name in missing))
        raise NotPossible(f"Only who may do this can give or take it: {words}.")


def require_an_administrator() -> None:
    """Raise NotPossible when nobody could administer people, or get in to do it."""
    if not administrators.everybody().exists():
        raise NotPossible("Somebody must be left who may administer people.")
    if (
        settings.passwords_are_for_administrators()
        and not administrators.somebody_has_a_way_in()
    ):
        raise NotPossible(administrators.NO_WAY_IN)


def may_use_password(user: User) -> bool:
    """Whether the sign-in by password is open to this person."""
    if not settings.passwords_are_for_administrators():
        return True
    return access.has_ability(user, "administer-people")


@transaction.atomic
def forget_second_factor(user: User, *, by: User) -> None:
    """Take away what a person lost, so that they sign in without.

    Raises NotPossible for somebody who may do more, and for oneself. A role that asks
    for a second factor has them set up a new one.
    """
    if user.pk == by.pk:
        raise NotPossible("Change your own second factor under your account.")
    require_own(by, access.abilities_of(user))
    Authenticator.objects.filter(user=user).delete()
    end_sessions(user)
    history.record("second-factor-removed", by=by, user=user.pk, who=user.email)


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
        who=role.name if role else user and user.email,
        changes={"ability": [before and before.ability, ability]},
    )
    live.announce("access")

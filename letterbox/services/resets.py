"""A new password by a link: asked for by mail, or made by an administrator.

The link is signed and holds no secret of ours in the database. It works once: it dies
with the password and with the next sign-in, and after its time. Nobody learns from an
answer whether an address is known here.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from letterbox import access
from letterbox.models import User
from letterbox.services import account_mail, history, languages, people

SALT = "letterbox.new-password"
BY_MAIL_SECONDS = 3_600
BY_HAND_SECONDS = 24 * 3_600


def can_send() -> bool:
    """Whether links can go out by mail at all."""
    return account_mail.mailbox() is not None


@transaction.atomic
def send(email: str) -> bool:
    """Send a link to this address if it is known and may have one; whether it was."""
    user = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    mailbox = account_mail.mailbox()
    if user is None or mailbox is None or not _may_have(user):
        return False
    with translation.override(languages.of_person(user)):
        account_mail.send(
            user,
            through=mailbox,
            subject=_("Choose a new password for Letterbox"),
            text=_(
                "Hello %(name)s,\n\nsomebody asked for a new password for your account. "
                "If it was you, choose one here:\n\n%(link)s\n\nThe link works once, for "
                "an hour. If it was not you, do nothing: your password stays as it is.\n"
            )
            % {
                "name": user.name or user.email,
                "link": _link(user, BY_MAIL_SECONDS),
            },
            by=None,
        )
    history.record("reset-sent", by=None, user=user.pk, who=user.email)
    return True


@transaction.atomic
def link_by_hand(user: User, *, by: User) -> str:
    """A link to pass on, for somebody who cannot get in; raises NotPossible.

    Nobody opens an account by it that could do more than they can give themselves.
    """
    if user.pk == by.pk:
        raise people.NotPossible("Change your own password under your account.")
    if not _may_have(user):
        raise people.NotPossible("This person does not sign in with a password.")
    people.require_own(by, access.abilities_of(user))
    if not access.has_ability(by, "administer-mailboxes"):
        for mailbox in access.mailboxes(user):
            if access.ability_in(user, mailbox.pk) > access.ability_in(by, mailbox.pk):
                raise people.NotPossible(
                    f"{user} may do more in {mailbox} than you. Ask somebody who may "
                    "administer mailboxes."
                )
    history.record("reset-link-made", by=by, user=user.pk, who=user.email)
    return _link(user, BY_HAND_SECONDS)


def find(token: str) -> User | None:
    """The person whose link this is; None when it is wrong, used or too old."""
    try:
        said = signing.loads(token, salt=SALT, max_age=BY_HAND_SECONDS)
        signing.loads(token, salt=SALT, max_age=int(said["for"]))
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return None
    user = User.objects.filter(pk=said["user"]).first()
    if user is None or not _may_have(user):
        return None
    return user if constant_time_compare(_mark(user), said["mark"]) else None


@transaction.atomic
def choose(token: str, *, password: str) -> User | None:
    """Set the password and sign the person out everywhere; None as `find` says it.

    Raises ValidationError when the password is too weak.
    """
    found = find(token)
    if found is None:
        return None
    # Of two who use one link, the second finds it used.
    User.objects.select_for_update().get(pk=found.pk)
    user = find(token)
    if user is None:
        return None
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    people.end_sessions(user)
    history.record("password-reset", by=user, user=user.pk, who=user.email)
    return user


def _may_have(user: User) -> bool:
    return (
        user.is_active and user.has_usable_password() and people.may_use_password(user)
    )


def _link(user: User, seconds: int) -> str:
    said = {"user": user.pk, "mark": _mark(user), "for": seconds}
    path = reverse("new_password", args=[signing.dumps(said, salt=SALT)])
    return f"{settings.PUBLIC_URL}{path}"


def _mark(user: User) -> str:
    """Changes with the password and with each sign-in."""
    return salted_hmac(
        SALT, f"{user.password}{user.last_login}{user.email}", algorithm="sha256"
    ).hexdigest()[:32]

"""Invite people by a link that works once, for a week; send it through a mailbox.

The link is signed and holds no secret of ours in the database. It dies when a password
is set, when the person is switched off, and when a new one would not be needed.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import transaction
from django.utils import translation
from django.utils.http import base36_to_int, int_to_base36
from django.utils.translation import gettext as _

from letterbox import access
from letterbox.models import Connection, Mailbox, OutgoingMail, Role, User
from letterbox.services import account_mail, history, languages, people


class _Tokens(PasswordResetTokenGenerator):
    """Apart from links that reset a password: neither opens the other's door."""

    key_salt = "letterbox.invitation"


_tokens = _Tokens()


@transaction.atomic
def invite(*, email: str, name: str, roles: list[Role], by: User) -> User:
    """Add a person who has no password yet. Raises NotPossible as `set_roles` does."""
    user = people.make_user(email=email, name=name, by=by)
    people.set_roles(user, roles, by=by)
    history.record("invited", by=by, user=user.pk, who=user.email)
    return user


def is_open(user: User) -> bool:
    """Whether the person may still be invited: nobody takes over a living account."""
    return (
        user.is_active
        and not user.has_usable_password()
        and not user.identities.exists()
    )


def path_for(user: User) -> str:
    """The part of the link after the host: `/invitation/…`."""
    if not is_open(user):
        raise people.NotPossible("This person has signed in before.")
    return f"/invitation/{int_to_base36(user.pk)}/{_tokens.make_token(user)}"


def find(key: str, token: str) -> User | None:
    """The person whose link this is; None when it is wrong, used or too old."""
    try:
        user = User.objects.filter(pk=base36_to_int(key)).first()
    except (ValueError, OverflowError):
        return None
    if user is None or not is_open(user) or not _tokens.check_token(user, token):
        return None
    return user


@transaction.atomic
def accept(user: User, *, name: str, password: str) -> None:
    """Set the first password. Raises ValidationError when it is too weak."""
    user = User.objects.select_for_update().get(pk=user.pk)
    user.name = name.strip() or user.name
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["name", "password"])
    history.record("invitation-accepted", by=user, user=user.pk, who=user.email)


def mailboxes_that_send(by: User) -> list[Mailbox]:
    """The mailboxes through which this person may send an invitation.

    First the one for letters about accounts, then those that they may answer from.
    """
    chosen = account_mail.mailbox()
    rows = access.mailboxes(by, access.REPLY).filter(
        is_on=True, connections__protocol=Connection.Protocol.SMTP
    )
    others = [row for row in rows if chosen is None or row.pk != chosen.pk]
    return [*([chosen] if chosen else []), *others]


@transaction.atomic
def send(user: User, *, mailbox: Mailbox, link: str, by: User) -> OutgoingMail:
    """Send the link through a mailbox; it shows in that mailbox's outbox."""
    with translation.override(languages.of_person(user)):
        return account_mail.send(
            user,
            through=mailbox,
            subject=_("%(by)s invites you to Letterbox") % {"by": by},
            text=_(
                "Hello %(name)s,\n\n%(by)s invites you to work in Letterbox. Come in "
                "here:\n\n%(link)s\n\nThe link works once, for %(days)s days.\n"
            )
            % {
                "name": user.name or user.email,
                "by": by,
                "link": link,
                "days": settings.PASSWORD_RESET_TIMEOUT // 86400,
            },
            by=by,
        )

"""People who sign in with their company's provider: who they are here, and may do.

    begin ──► the browser goes there ──► identify(answer) ──► enter(claimant) ──► User

A person is known by the subject that the provider never gives to anybody else. An
address leads into an account that is there already only where the provider has
confirmed it; so nobody gets in as somebody else by claiming their address.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from letterbox import live
from letterbox.models import Identity, IdentityProvider, Role, User
from letterbox.oauth import claims, conversation, introduction
from letterbox.oauth.claims import Claimant
from letterbox.oauth.values import Beginning
from letterbox.services import history, identity_providers, people
from letterbox.services.keys import tls_context

logger = logging.getLogger(__name__)

ASK = "Ask an administrator."


class Refused(Exception):
    """The provider knows this person, but they do not get in; says why."""


def redirect_url() -> str:
    """Where providers send the browser back to; registered there beforehand."""
    return f"{settings.PUBLIC_URL}{reverse('provider_return')}"


def begin(provider: IdentityProvider) -> Beginning:
    """Begin a sign-in; the caller remembers what it says and sends the browser off."""
    return conversation.begin(
        identity_providers.values_of(provider), redirect_url=redirect_url()
    )


def identify(
    provider: IdentityProvider, answer: Mapping[str, str], *, verifier: str, nonce: str
) -> Claimant:
    """Who the browser came back as; raises OauthError."""
    return introduction.introduce(
        identity_providers.values_of(provider),
        answer,
        verifier=verifier,
        nonce=nonce,
        redirect_url=redirect_url(),
        trust=tls_context(),
    )


@transaction.atomic
def enter(
    provider: IdentityProvider, who: Claimant, *, joining: User | None = None
) -> User:
    """The person that this is here, with the roles that the provider gives them now.

    `joining` is who asked to be connected: they are inside already, or hold an
    invitation. Raises Refused, and OauthError where roles cannot be told.
    """
    # Two browsers of one new person follow one another.
    provider = IdentityProvider.objects.select_for_update().get(pk=provider.pk)
    given = _roles(provider, who)
    if provider.needs_role and not given:
        raise Refused(
            f"{provider} says who you are, but gives you no role in Letterbox. {ASK}"
        )
    identity = _identity(provider, who, joining)
    user = identity.user
    if not user.is_active:
        raise Refused(f"Your account here is switched off. {ASK}")
    identity.email, identity.used_at = who.email, timezone.now()
    identity.save(update_fields=["email", "used_at"])
    _give(identity, given)
    return user


@transaction.atomic
def disconnect(identity: Identity, *, by: User | None) -> None:
    """Let a provider speak for somebody no more; what it gave them goes as well."""
    _give(identity, set(), by=by)
    history.record(
        "identity-disconnected",
        by=by,
        user=identity.user_id,
        who=identity.user.email,
        provider=identity.provider.name,
    )
    identity.delete()


def given_roles(user: User) -> dict[int, str]:
    """The roles that a sign-in gave, by id, with the name of the provider."""
    rows = Identity.objects.filter(user=user, roles__isnull=False)
    return dict(rows.values_list("roles", "provider__name"))


def _roles(provider: IdentityProvider, who: Claimant) -> set[Role]:
    values = (
        claims.values_of(who, provider.roles_claim)
        if provider.roles_claim
        else frozenset()
    )
    return {
        claim.role
        for claim in identity_providers.claims_of(provider)
        if claim.value in values or claim.value == identity_providers.EVERYBODY
    }


def _identity(
    provider: IdentityProvider, who: Claimant, joining: User | None
) -> Identity:
    known = (
        Identity.objects.filter(provider=provider, subject=who.subject)
        .select_related("user", "provider")
        .first()
    )
    if known is not None:
        if joining is not None and known.user_id != joining.pk:
            raise Refused(
                f"You are signed in at {provider} as somebody who has another account "
                f"here. Sign out there first, or sign in here as {known.user.email}."
            )
        return known
    user = joining or _by_address(provider, who) or _new(provider, who)
    other = user.identities.filter(provider=provider).first()
    if other is not None:
        # The provider may have given an old address to somebody new.
        raise Refused(
            f"{user.email} is connected with another account of {provider}. {ASK}"
        )
    made = Identity.objects.create(
        user=user, provider=provider, subject=who.subject, email=who.email
    )
    history.record(
        "identity-connected",
        by=joining,
        user=user.pk,
        who=user.email,
        provider=provider.name,
        account=who.email,
    )
    return made


def _by_address(provider: IdentityProvider, who: Claimant) -> User | None:
    """The account that has this address, if the provider may open it."""
    user = User.objects.filter(email__iexact=who.email).first() if who.email else None
    if user is None:
        return None
    if not who.is_verified or not provider.joins_by_address:
        raise Refused(
            f"{who.email} has an account here, which {provider} alone does not open. "
            "Sign in as you did before and connect it under your account, or ask an "
            "administrator for an invitation."
        )
    _check_domain(provider, who)
    return user


def _new(provider: IdentityProvider, who: Claimant) -> User:
    if not provider.creates_people:
        raise Refused(
            f"{provider} says that you are {who.email or who.name or 'somebody'}, but "
            f"nobody has let you in here yet. {ASK}"
        )
    if not who.email:
        raise Refused(f"{provider} does not tell your e-mail address. {ASK}")
    if not who.is_verified and not provider.takes_unconfirmed:
        raise Refused(
            f"{provider} has not confirmed that {who.email} is yours. Confirm it there, "
            "and try once more."
        )
    _check_domain(provider, who)
    return people.make_user(email=who.email, name=who.name, by=None)


def _check_domain(provider: IdentityProvider, who: Claimant) -> None:
    domain = who.email.rpartition("@")[2]
    if provider.domains and domain not in provider.domains:
        raise Refused(f"Addresses at {domain} do not get in by themselves. {ASK}")


def _give(identity: Identity, roles: set[Role], *, by: User | None = None) -> None:
    """Make the roles that came from the provider exactly these.

    What a colleague gave stays. The last administrator stays one, whatever is claimed.
    """
    user = identity.user
    old = set(identity.roles.all())
    held = set(user.roles.all())
    new = (roles & old) | (roles - held)
    after = (held - (old - roles)) | new
    if after == held and new == old:
        return
    try:
        with transaction.atomic():
            user.roles.set(after)
            if any("administer-people" in role.abilities for role in held - after):
                people.require_an_administrator()
    except people.NotPossible:
        logger.warning("User %d keeps roles: nobody else could administer.", user.pk)
        history.record("roles-kept", by=None, user=user.pk, who=user.email)
        return
    identity.roles.set(new)
    if after != held:
        history.record(
            "roles-claimed",
            by=by,
            user=user.pk,
            who=user.email,
            provider=identity.provider.name,
            changes={"roles": [_names(held), _names(after)]},
        )
        live.announce("access")


def _names(roles: set[Role]) -> list[str]:
    return sorted(role.name for role in roles)

"""The only way from a user to a row.

Pages and the API reach everything through here. Hidden and missing look the same:
both raise NotFound. A person may do in a mailbox what the union of the grants to them
and to their roles says; administering gives no right to read mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Max, Q, QuerySet

from letterbox.models import (
    Alert,
    AutoresponseRule,
    Case,
    Contact,
    Conversation,
    EmailTemplate,
    Event,
    Grant,
    IdentityProvider,
    Lead,
    Mailbox,
    Message,
    OAuthProvider,
    OutgoingMail,
    Role,
    RuleTrial,
    User,
)

READ = Grant.Ability.READ
REPLY = Grant.Ability.REPLY
MANAGE = Grant.Ability.MANAGE

AnyT = TypeVar("AnyT")
RowT = TypeVar("RowT", Mailbox, Message, OutgoingMail, Case, Lead)

ABILITIES = {
    "administer-mailboxes": "Add, change and remove system mailboxes and their rules",
    "administer-people": "Invite people, switch them off, edit roles",
    "administer-templates": "Edit e-mail templates",
    "administer-system": "Change settings, see the system's history and health",
}

# So many mailboxes are named in a question; a longer list costs more than the grants.
MOST_NAMED = 100

# Verbs of history whose lines hold words from letters, even without a conversation.
ABOUT_MAIL = ("case-", "lead-", "contact-", "noted", "mail-")


class NotFound(Exception):
    """There is no such row, or this person may not know of it."""


class NotAllowed(Exception):
    """The person may know of the row, but not do this with it."""


def has_ability(user: User, name: str) -> bool:
    """Say whether one of the user's roles has this ability."""
    if name not in ABILITIES:
        raise ValueError(f"There is no ability {name!r}.")
    return name in abilities_of(user)


def abilities_of(user: User) -> frozenset[str]:
    """Everything that the user may administer.

    A page asks many times: its request has the roles fetched once (`web.once`).
    """
    if not user.is_active:
        return frozenset()
    held = (name for role in user.roles.all() for name in role.abilities)
    return frozenset(held) & ABILITIES.keys()


def require_ability(user: User, name: str) -> None:
    """Refuse whoever lacks the ability."""
    if not has_ability(user, name):
        raise NotAllowed(ABILITIES[name])


def may_administer(user: User) -> bool:
    """Say whether any part of System is open to the user."""
    return bool(abilities_of(user))


# --- Mailboxes ----------------------------------------------------------------------


def mailboxes(user: User, ability: int = READ) -> QuerySet[Mailbox]:
    """The mailboxes in which the user may do at least this."""
    return Mailbox.objects.filter(pk__in=_granted(user, ability))


def _granted(user: User, ability: int) -> QuerySet[Grant, Any] | list[int]:
    """The numbers of those mailboxes, to ask for rows in them without the mailboxes.

    Most pages ask so ten times, and each table less is found sooner.
    """
    if not user.is_active:
        return []
    if user.asks_once and len(found := _abilities_by_mailbox(user)) <= MOST_NAMED:
        return [number for number, most in found.items() if most >= ability]
    return _grants(user).filter(ability__gte=ability).values("mailbox")


def _abilities_by_mailbox(user: User) -> Mapping[int, int]:
    """The number of each mailbox with a grant, and the highest ability in it."""
    if user.granted is None:
        rows = _grants(user).order_by().values_list("mailbox")
        user.granted = dict(rows.annotate(most=Max("ability")))
    return user.granted


def _grants(user: User) -> QuerySet[Grant]:
    """What is granted to the user and to the user's roles."""
    return Grant.objects.filter(Q(user=user) | Q(role__members=user))


def administered_mailboxes(user: User) -> QuerySet[Mailbox]:
    """The mailboxes whose settings the user may see: as administrator or by grant."""
    if has_ability(user, "administer-mailboxes"):
        return Mailbox.objects.filter(removed_at__isnull=True)
    return mailboxes(user, MANAGE).filter(removed_at__isnull=True)


def administered_mailbox_ids(user: User) -> frozenset[int]:
    """Those of them that a page may lead to."""
    return frozenset(administered_mailboxes(user).values_list("pk", flat=True))


def get_mailbox(user: User, mailbox_id: int, *, ability: int = READ) -> Mailbox:
    """The mailbox, for somebody who works in it."""
    return _get(mailboxes(user, READ), mailbox_id, user, ability)


def get_administered_mailbox(user: User, mailbox_id: int) -> Mailbox:
    """The mailbox, for somebody who sets it up."""
    return _there(administered_mailboxes(user).filter(pk=mailbox_id).first())


def ability_in(user: User, mailbox_id: int) -> int:
    """The highest ability of the user in this mailbox; 0 for none."""
    if not user.is_active:
        return 0
    if user.asks_once:
        return _abilities_by_mailbox(user).get(mailbox_id, 0)
    found: int | None = (
        _grants(user).filter(mailbox=mailbox_id).aggregate(most=Max("ability"))["most"]
    )
    return found or 0


def people_in(mailbox: Mailbox, ability: int = READ) -> QuerySet[User]:
    """Everybody who may do at least this in the mailbox."""
    granted = Grant.objects.filter(mailbox=mailbox, ability__gte=ability)
    members = User.roles.through.objects.filter(
        role__in=granted.filter(role__isnull=False).values("role")
    )
    # Two lists of numbers and no join: who is on both is found once all the same.
    return User.objects.filter(
        Q(pk__in=granted.filter(user__isnull=False).values("user"))
        | Q(pk__in=members.values("user")),
        is_active=True,
    )


# --- Mail ---------------------------------------------------------------------------


def conversations(user: User, ability: int = READ) -> QuerySet[Conversation]:
    """The conversations of the user's mailboxes, without those merged away."""
    return Conversation.objects.filter(
        mailbox__in=_granted(user, ability), merged_into__isnull=True
    )


def get_conversation(
    user: User, conversation_id: int, *, ability: int = READ
) -> Conversation:
    """The conversation; a merged one leads to where it went."""
    found = Conversation.objects.filter(
        pk=conversation_id, mailbox__in=_granted(user, READ)
    ).select_related("mailbox", "assignee", "contact")
    conversation = found.first()
    steps = 0
    while conversation is not None and conversation.merged_into_id is not None:
        conversation = conversation.merged_into
        steps += 1
        if steps > 50:
            raise NotFound
    if conversation is None:
        raise NotFound
    _require(user, conversation.mailbox_id, ability)
    return conversation


def messages(user: User, ability: int = READ) -> QuerySet[Message]:
    """The messages of the user's mailboxes, but for those that retention erased."""
    return Message.objects.filter(
        mailbox__in=_granted(user, ability), erased_at__isnull=True
    )


def get_message(user: User, message_id: int, *, ability: int = READ) -> Message:
    """One message."""
    return _get(messages(user), message_id, user, ability)


def outbox(user: User, ability: int = READ) -> QuerySet[OutgoingMail]:
    """What is to be sent, or was, from the user's mailboxes."""
    return OutgoingMail.objects.filter(mailbox__in=_granted(user, ability))


def get_outgoing(user: User, outgoing_id: int, *, ability: int = READ) -> OutgoingMail:
    """One promise to send."""
    return _get(outbox(user), outgoing_id, user, ability)


# --- Cases, leads, contacts ---------------------------------------------------------


def cases(user: User, ability: int = READ) -> QuerySet[Case]:
    """The cases that grew from the user's mailboxes."""
    return Case.objects.filter(mailbox__in=_granted(user, ability))


def get_case(user: User, case_id: int, *, ability: int = READ) -> Case:
    """One case."""
    return _get(cases(user), case_id, user, ability)


def leads(user: User, ability: int = READ) -> QuerySet[Lead]:
    """The leads that grew from the user's mailboxes."""
    return Lead.objects.filter(mailbox__in=_granted(user, ability))


def get_lead(user: User, lead_id: int, *, ability: int = READ) -> Lead:
    """One lead."""
    return _get(leads(user), lead_id, user, ability)


def contacts(user: User) -> QuerySet[Contact]:
    """The people outside who wrote to, or were written to from, the user's mailboxes."""
    return Contact.objects.filter(
        pk__in=Message.objects.filter(mailbox__in=_granted(user, READ)).values(
            "contact"
        )
    )


def get_contact(user: User, contact_id: int) -> Contact:
    """One contact."""
    return _there(contacts(user).filter(pk=contact_id).first())


# --- Settings of mailboxes ----------------------------------------------------------


def rules(user: User) -> QuerySet[AutoresponseRule]:
    """The rules of the mailboxes that the user sets up."""
    return AutoresponseRule.objects.filter(mailbox__in=administered_mailboxes(user))


def get_rule(user: User, rule_id: int) -> AutoresponseRule:
    """One rule, for somebody who sets its mailbox up."""
    return _there(
        rules(user).filter(pk=rule_id).select_related("mailbox", "template").first()
    )


def get_trial(user: User, trial_id: int) -> RuleTrial:
    """A question to the past, for who asked it and still sets that mailbox up."""
    rows = RuleTrial.objects.filter(
        pk=trial_id, author=user, mailbox__in=administered_mailboxes(user)
    )
    return _there(rows.select_related("mailbox").first())


def templates(user: User) -> QuerySet[EmailTemplate]:
    """The e-mail templates, without the hidden words of single rules."""
    if not has_ability(user, "administer-templates"):
        return EmailTemplate.objects.none()
    return EmailTemplate.objects.filter(is_visible=True)


def get_template(user: User, template_id: int) -> EmailTemplate:
    """One template."""
    return _there(templates(user).filter(pk=template_id).first())


def events(user: User, mailbox: Mailbox) -> QuerySet[Event]:
    """The history of a mailbox that the user sets up or manages."""
    if not administered_mailboxes(user).filter(pk=mailbox.pk).exists():
        raise NotFound
    return _without_mail(user, Event.objects.filter(mailbox=mailbox))


def all_events(user: User) -> QuerySet[Event]:
    """The history of the whole system, for who administers it."""
    require_ability(user, "administer-system")
    return _without_mail(user, Event.objects.all())


def _without_mail(user: User, rows: QuerySet[Event]) -> QuerySet[Event]:
    """Lines about letters and what grew from them, only where the user may read."""
    is_about_mail = Q(conversation__isnull=False)
    for start in ABOUT_MAIL:
        is_about_mail |= Q(verb__startswith=start)
    return rows.filter(~is_about_mail | Q(mailbox__in=_granted(user, READ)))


def oauth_providers(user: User) -> QuerySet[OAuthProvider]:
    """The registrations at providers, for somebody who may change settings."""
    rows = OAuthProvider.objects.all()
    return rows if has_ability(user, "administer-system") else rows.none()


def get_oauth_provider(user: User, provider_id: int) -> OAuthProvider:
    """One registration at a provider."""
    return _there(oauth_providers(user).filter(pk=provider_id).first())


def identity_providers(user: User) -> QuerySet[IdentityProvider]:
    """The providers that people sign in with, for who administers people."""
    rows = IdentityProvider.objects.all()
    return rows if _sees_people(user) else rows.none()


def get_identity_provider(user: User, identity_provider_id: int) -> IdentityProvider:
    """One of them."""
    return _there(identity_providers(user).filter(pk=identity_provider_id).first())


def alerts(user: User) -> QuerySet[Alert]:
    """What the user must look at: in the mailboxes they set up, and in all of it."""
    mine = Q(mailbox__in=administered_mailboxes(user))
    if has_ability(user, "administer-system"):
        mine |= Q(mailbox__isnull=True)
    return Alert.objects.filter(mine)


def readable_mailbox_ids(user: User) -> frozenset[int]:
    """What an event stream of this user may speak of."""
    return frozenset(mailboxes(user).values_list("pk", flat=True))


def users(user: User) -> QuerySet[User]:
    """Everybody, for who administers people."""
    return User.objects.all() if _sees_people(user) else User.objects.none()


def get_user(user: User, user_id: int) -> User:
    """One person, for who administers people."""
    return _there(users(user).filter(pk=user_id).first())


def roles(user: User) -> QuerySet[Role]:
    """Every role, for who administers people."""
    return Role.objects.all() if _sees_people(user) else Role.objects.none()


def get_role(user: User, role_id: int) -> Role:
    """One role, for who administers people."""
    return _there(roles(user).filter(pk=role_id).first())


def _sees_people(user: User) -> bool:
    return has_ability(user, "administer-people")


def _there(row: AnyT | None) -> AnyT:
    if row is None:
        raise NotFound
    return row


def _get(rows: QuerySet[RowT, RowT], row_id: int, user: User, ability: int) -> RowT:
    row = rows.filter(pk=row_id).first()
    if row is None:
        raise NotFound
    mailbox_id = row.pk if isinstance(row, Mailbox) else row.mailbox_id
    _require(user, mailbox_id, ability)
    return row


def _require(user: User, mailbox_id: int | None, ability: int) -> None:
    if ability > READ and ability_in(user, mailbox_id or 0) < ability:
        raise NotAllowed

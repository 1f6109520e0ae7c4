"""Every address × every kind of person × what is theirs and what is not.

Made from the list of addresses, so that a new one is asked about by itself. Hidden must
look like missing: same status, none of the words, and nothing may have happened.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from letterbox.mime.letter import Address
from letterbox.models import (
    Event,
    Grant,
    IdentityProvider,
    Lead,
    Mailbox,
    OAuthProvider,
    OutgoingMail,
    Role,
    RuleTrial,
    User,
)
from letterbox.services import cases, replies, rules, templates
from tests import people
from tests.conftest import Arrive
from tests.mail import mail

OPEN_TO_ALL = {
    "brand_style",
    "brand_logo",
    "account_login",
    "first_run",
    "invitation",
    "new_password",
    "password_forgotten",
    "provider_sign_in",
    "provider_return",
}
METHODS = ("get", "post", "delete")
MISSING = 10**9
# Nothing that a person may not see holds one of these words.
WORDS = (b"zanzibar", b"carla@customer.example")

MAIL = {
    "conversation_id",
    "message_id",
    "outgoing_id",
    "record_id",
    "contact_id",
}
SETUP = {"mailbox_id", "rule_id"}
# A trial shows letters: it takes both rights.
TRIALS = {"trial_id"}
HOUSE = {"user_id", "role_id", "template_id", "provider_id", "identity_provider_id"}
# Parameters that name a place inside of something else.
INSIDE = {"folder_id": 1, "index": 0, "inner": 0, "number": 1, "event_id": 1}

# Routes that their parameters do not tell: they ask for what is named here.
ASKS_FOR = {
    # A stuck letter is looked after by who sets the mailbox up.
    "stuck_retry": {"mailbox_id"},
    "stuck_plain": {"mailbox_id"},
    # Whoever sets a mailbox up may sign in for it at any provider.
    "mailbox_sign_in": {"mailbox_id"},
    # Answers that are held are decided about by who may reply.
    "held_answers": {"conversation_id"},
}
# They need more than a number, such as a signature.
NEED_MORE = {"message_picture"}

# Which kinds of rows each person may know of.
KNOWN = {
    "stranger": set(),
    "reader": MAIL,
    "agent": MAIL,
    "manager": MAIL | SETUP | TRIALS,
    "administrator": SETUP | HOUSE,
}


@dataclass(frozen=True)
class World:
    """Somebody of each kind, and one row of each kind in Support."""

    people: dict[str, User]
    ids: dict[str, int]

    def browser(self, who: str) -> Client:
        client = Client()
        client.force_login(self.people[who])
        return client


def _routes() -> Iterator[tuple[str, str]]:
    entries: list[URLPattern | URLResolver] = list(get_resolver().url_patterns)
    for entry in entries:
        if isinstance(entry, URLPattern):
            yield entry.name or "", str(entry.pattern)


ROUTES = sorted(_routes())


@pytest.fixture
def world(
    mailbox: Mailbox,
    alice: User,
    rita: User,
    mallory: User,
    arrive: Arrive,
) -> World:
    """A letter from Carla about Zanzibar, and everything that grew from it."""
    manager = people.make("Manja")
    people.allow(mailbox, manager, Grant.Ability.MANAGE)
    gone = people.make("Gone")
    people.allow(mailbox, gone, Grant.Ability.MANAGE)
    administrator = people.make_administrator("Nora")
    message = arrive(mail(subject="Zanzibar", from_="Carla <carla@customer.example>"))
    conversation = message.conversation
    assert conversation is not None
    case = cases.open_for(conversation, subject="Zanzibar", description="", by=alice)
    # One number, so that one parameter names both kinds of record.
    Lead.objects.create(
        pk=case.pk, conversation=conversation, mailbox=mailbox, name="Zanzibar"
    )
    outgoing = replies.queue(
        conversation,
        author=alice,
        text="Zanzibar",
        to=[Address("carla@customer.example", "Carla")],
    )
    template = templates.add(
        templates.Draft(type="plain", subject="x", content="x", name="Zanzibar"),
        by=None,
    )
    rule = rules.add(
        mailbox,
        name="Zanzibar",
        conditions={"every": True},
        template=template,
        by=None,
    )
    trial = RuleTrial.objects.create(mailbox=mailbox, author=manager, question={})
    provider = OAuthProvider.objects.create(name="Zanzibar", kind="google")
    identity_provider = IdentityProvider.objects.create(name="Zanzibar", key="x")
    role = Role.objects.create(name="Zanzibar")
    return World(
        people={
            "stranger": mallory,
            "reader": rita,
            "agent": alice,
            "manager": manager,
            "administrator": administrator,
            "switched off": gone,
        },
        ids={
            "mailbox_id": mailbox.pk,
            "conversation_id": conversation.pk,
            "message_id": message.pk,
            "outgoing_id": outgoing.pk,
            "record_id": case.pk,
            "contact_id": conversation.contact_id or 0,
            "rule_id": rule.pk,
            "trial_id": trial.pk,
            "template_id": template.pk,
            "provider_id": provider.pk,
            "identity_provider_id": identity_provider.pk,
            "role_id": role.pk,
            "user_id": rita.pk,
        },
    )


def _parameters(pattern: str) -> set[str]:
    return set(re.findall(r"<int:(\w+)>", pattern)) - INSIDE.keys()


def _asks_for(name: str, pattern: str) -> set[str]:
    return ASKS_FOR.get(name) or _parameters(pattern)


def _address(pattern: str, ids: dict[str, int]) -> str:
    filled = re.sub(
        r"<int:(\w+)>", lambda found: str((ids | INSIDE)[found[1]]), pattern
    )
    return "/" + re.sub(r"<str:\w+>", "x", filled)


def _request(client: Client, method: str, address: str) -> tuple[int, bytes]:
    """The answer; whatever it did is undone."""
    with transaction.atomic():
        answer = getattr(client, method)(address)
        content = b"" if answer.streaming else answer.content
        transaction.set_rollback(True)
    return answer.status_code, content.lower()


def test_every_parameter_has_a_row_to_ask_for(world: World) -> None:
    for _name, pattern in ROUTES:
        assert _parameters(pattern) <= world.ids.keys(), pattern


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("who", ["nobody", "switched off"])
def test_who_is_not_inside_is_asked_to_sign_in_everywhere(
    world: World, who: str, method: str
) -> None:
    client = Client() if who == "nobody" else world.browser(who)
    if who != "nobody":
        User.objects.filter(pk=world.people[who].pk).update(is_active=False)

    for name, pattern in ROUTES:
        if name in OPEN_TO_ALL:
            continue
        for ids in (world.ids, dict.fromkeys(world.ids, MISSING)):
            answer = getattr(client, method)(_address(pattern, ids))

            assert answer.status_code == 302, pattern
            assert answer.headers["Location"].startswith("/account/login/"), pattern


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("who", sorted(KNOWN))
def test_hidden_and_missing_look_the_same(world: World, who: str, method: str) -> None:
    client = world.browser(who)
    events = Event.objects.count()

    for name, pattern in ROUTES:
        wanted = _asks_for(name, pattern)
        if not wanted or wanted <= KNOWN[who]:
            continue
        hidden, content = _request(client, method, _address(pattern, world.ids))
        missing, _content = _request(
            client, method, _address(pattern, dict.fromkeys(world.ids, MISSING))
        )

        assert hidden == missing, (who, pattern)
        assert hidden in {404, 405}, (who, pattern)
        assert not any(word in content for word in WORDS), (who, pattern)
    assert Event.objects.count() == events


@pytest.mark.parametrize("who", sorted(KNOWN))
def test_no_list_shows_what_is_not_theirs(world: World, who: str) -> None:
    """Pages without a number: lists, search, history, exports."""
    client = world.browser(who)
    sees_mail = bool(KNOWN[who]) and who != "administrator"

    for _name, pattern in ROUTES:
        if "<" in pattern or pattern == "events":
            continue
        for query in ("", "?q=zanzibar", "?part=rows", "?view=open"):
            status, content = _request(client, "get", _address(pattern, {}) + query)

            assert status in {200, 302, 403, 404, 405}, (who, pattern)
            if not sees_mail:
                assert WORDS[1] not in content, (who, pattern, query)
            if who == "stranger" and query != "?q=zanzibar":
                assert WORDS[0] not in content, (who, pattern, query)


@pytest.mark.parametrize("who", ["reader", "agent", "manager", "administrator"])
def test_what_is_theirs_is_there(world: World, who: str) -> None:
    client = world.browser(who)

    for name, pattern in ROUTES:
        wanted = _asks_for(name, pattern)
        # A letter without attachments, a rule with one version.
        if (
            name in NEED_MORE
            or not wanted
            or not wanted <= KNOWN[who]
            or INSIDE.keys() & set(re.findall(r"<int:(\w+)>", pattern))
        ):
            continue
        status, _content = _request(client, "get", _address(pattern, world.ids))

        assert status in {200, 302, 403, 405}, (who, pattern)


def test_a_reader_changes_nothing(world: World) -> None:
    client = world.browser("reader")
    states = list(OutgoingMail.objects.values_list("state", flat=True))

    for name, pattern in ROUTES:
        wanted = _asks_for(name, pattern)
        if not wanted or not wanted <= MAIL or name in READERS_MAY_POST:
            continue
        for method in ("post", "delete"):
            status, _content = _request(client, method, _address(pattern, world.ids))

            assert status in {403, 404, 405}, (name, method)
    assert list(OutgoingMail.objects.values_list("state", flat=True)) == states


# Reading all of a letter is reading, though the rest must be fetched first.
READERS_MAY_POST = {"message_whole"}

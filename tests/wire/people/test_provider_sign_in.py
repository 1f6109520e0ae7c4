"""People who sign in with their company's provider, through every redirect."""

import base64
import json
import time
from typing import Any

import pytest
from django.test import Client
from joserfc import jwt
from joserfc.jwk import RSAKey

from letterbox.models import Event, Identity, IdentityProvider, Role, User
from letterbox.services import (
    identities,
    identity_providers,
    invitations,
    people,
    settings,
)
from letterbox.services.configuration import applying, exporting
from letterbox.services.identity_providers import Claim
from tests import people as named
from tests.wire.people.conftest import Visit


def change(row: IdentityProvider, **fields: Any) -> None:
    fields.setdefault("issuer", row.issuer)
    identity_providers.save(row, client_secret=None, by=None, **fields)


@pytest.fixture
def anna(db: None) -> User:
    return named.make("Anna", password=named.PASSWORD)


@pytest.fixture
def agents(db: None) -> Role:
    return Role.objects.create(name="Agents")


def test_who_has_an_account_gets_into_it_by_a_confirmed_address(
    visit: Visit, anna: User
) -> None:
    answer = visit.sign_in()

    assert answer.headers["Location"] == "/inbox"
    assert visit.is_inside
    assert anna.identities.get().subject == "anna-1"
    assert Event.objects.filter(verb="identity-connected").count() == 1


def test_they_are_known_by_their_subject_ever_after(visit: Visit, anna: User) -> None:
    visit.sign_in()
    visit.provider.account = "anna.married@acme.example"
    visit.provider.claims = {}
    again = Visit(visit.provider)

    again.sign_in()

    assert again.is_inside
    assert User.objects.count() == 1


@pytest.mark.parametrize("confirmed", [False, None, "no", 1, [True]])
def test_an_address_that_is_not_confirmed_opens_nobodys_account(
    visit: Visit, registration: IdentityProvider, anna: User, confirmed: object
) -> None:
    change(registration, creates_people=True, takes_unconfirmed=True)
    visit.provider.claims = {"email_verified": confirmed}

    answer = visit.sign_in()

    assert answer.status_code == 403
    assert "has an account here, which Acme ID alone does not open" in text(answer)
    assert not visit.is_inside
    assert not Identity.objects.exists()


def test_an_address_that_went_to_somebody_new_opens_nothing(
    visit: Visit, anna: User
) -> None:
    visit.sign_in()
    visit.provider.subject = "another-anna"
    other = Visit(visit.provider)

    answer = other.sign_in()

    assert "connected with another account of Acme ID" in text(answer)
    assert not other.is_inside


def test_what_stands_beside_the_token_about_somebody_else_is_not_heard(
    visit: Visit, anna: User
) -> None:
    visit.provider.claims = {}
    visit.provider.userinfo = {"sub": "somebody-else", "email_verified": True}

    assert visit.sign_in().status_code == 403
    visit.provider.userinfo = {"email_verified": True}
    visit.sign_in()

    assert visit.is_inside


def test_an_unknown_person_is_refused_or_made_as_the_administrator_chose(
    visit: Visit, registration: IdentityProvider
) -> None:
    refused = visit.sign_in()
    change(registration, creates_people=True)
    visit.sign_in()

    assert "nobody has let you in here yet" in text(refused)
    assert visit.is_inside
    made = User.objects.get()
    assert (made.email, made.name) == ("anna@acme.example", "Anna Acker")
    assert not made.has_usable_password()


def test_a_new_person_needs_a_confirmed_address_of_the_right_domain(
    visit: Visit, registration: IdentityProvider
) -> None:
    change(registration, creates_people=True, domains=["acme.example"])
    visit.provider.claims = {"email_verified": False}
    unconfirmed = visit.sign_in()
    visit.provider.claims = {"email_verified": True}
    visit.provider.account = "anna@thief.example"
    elsewhere = visit.sign_in()

    assert "has not confirmed that anna@acme.example is yours" in text(unconfirmed)
    assert "Addresses at thief.example do not get in" in text(elsewhere)
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"nonce": "other"}, "that we did not begin"),
        ({"nonce": None}, "that we did not begin"),
        ({"aud": "somebody"}, "meant for somebody else"),
        ({"aud": ["letterbox", "other"]}, "meant for somebody else"),
        ({"azp": "other"}, "meant for somebody else"),
        ({"iss": "https://thief.example"}, "came from another provider"),
        ({"exp": 1}, "is not of now"),
        ({"exp": "soon"}, "until when"),
        ({"iat": time.time() + 86_400}, "is not of now"),
        ({"sub": ""}, "does not tell who"),
        ({"sub": 7}, "does not tell who"),
    ],
)
def test_a_wrong_answer_lets_nobody_in(
    visit: Visit, anna: User, wrong: dict[str, object], sentence: str
) -> None:
    visit.provider.claims |= wrong

    answer = visit.sign_in()

    assert answer.status_code == 403
    assert sentence in text(answer)
    assert not visit.is_inside


def test_a_token_that_somebody_else_signed_lets_nobody_in(
    visit: Visit, anna: User
) -> None:
    visit.provider.false_key = RSAKey.generate_key(2048)

    assert "is not signed by it" in text(visit.sign_in())
    assert not visit.is_inside


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_anybody_could_sign_lets_nobody_in(
    visit: Visit, anna: User, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    def forge(header: object, claims: dict[str, Any], key: object) -> str:
        head = {"alg": algorithm, "kid": "first"}
        parts = (
            base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
            for part in (head, claims)
        )
        return ".".join((*parts, "" if algorithm == "none" else "c2ln"))

    # The provider of the tests is made to lie; nothing of ours is patched.
    monkeypatch.setattr(jwt, "encode", forge)

    assert "is not signed by it" in text(visit.sign_in())


def test_an_answer_works_once_and_only_in_the_browser_that_asked(
    visit: Visit, anna: User
) -> None:
    there = visit.begin()
    thief = Visit(visit.provider)

    stolen = thief.come_back(there)
    wrong_state = visit.come_back(there, state="made-up")
    wrong_issuer = visit.come_back(there, iss="https://thief.example")
    again = visit.come_back(there)

    assert "not begun here" in text(stolen)
    assert "not begun here" in text(wrong_state)
    assert "came from another provider" in text(wrong_issuer)
    assert "not begun here" in text(again)
    assert not visit.is_inside
    assert not thief.is_inside


def test_nobody_is_signed_in_without_consent(visit: Visit, anna: User) -> None:
    visit.provider.consents = False

    assert "Nobody consented" in text(visit.sign_in())


def test_who_is_switched_off_stays_out(visit: Visit, anna: User, max_: User) -> None:
    visit.sign_in()
    people.switch(anna, is_on=False, by=max_)
    again = Visit(visit.provider)

    assert "switched off" in text(again.sign_in())
    assert not again.is_inside


def test_roles_are_taken_from_claims_with_each_sign_in(
    visit: Visit, registration: IdentityProvider, anna: User, agents: Role
) -> None:
    writers = Role.objects.create(name="Writers")
    by_hand = Role.objects.create(name="By hand")
    anna.roles.add(by_hand)
    change(
        registration,
        roles_claim="realm.groups",
        claims=[Claim("support", agents), Claim("press", writers)],
    )
    visit.provider.claims |= {"realm": {"groups": ["support", "else"]}}
    visit.sign_in()
    first = set(anna.roles.all())
    given = identities.given_roles(anna)

    visit.provider.claims["realm"] = {"groups": "press"}
    Visit(visit.provider).sign_in()
    second = set(anna.roles.all())
    visit.provider.claims.pop("realm")
    Visit(visit.provider).sign_in()

    assert first == {by_hand, agents}
    assert given == {agents.pk: "Acme ID"}
    assert second == {by_hand, writers}
    assert set(anna.roles.all()) == {by_hand}
    assert Event.objects.filter(verb="roles-claimed").count() == 3


def test_a_role_that_a_colleague_gave_is_not_taken_by_a_claim(
    visit: Visit, registration: IdentityProvider, anna: User, agents: Role
) -> None:
    anna.roles.add(agents)
    change(registration, roles_claim="groups", claims=[Claim("support", agents)])
    visit.provider.claims["groups"] = ["support"]
    visit.sign_in()

    visit.provider.claims["groups"] = []
    Visit(visit.provider).sign_in()

    assert set(anna.roles.all()) == {agents}


def test_who_has_no_role_can_be_refused(
    visit: Visit, registration: IdentityProvider, anna: User, agents: Role
) -> None:
    change(
        registration,
        roles_claim="groups",
        claims=[Claim("support", agents)],
        needs_role=True,
    )

    assert "gives you no role in Letterbox" in text(visit.sign_in())
    visit.provider.claims["groups"] = ["support"]
    visit.sign_in()

    assert visit.is_inside


def test_groups_that_are_held_back_take_no_role_away(
    visit: Visit, registration: IdentityProvider, anna: User, agents: Role
) -> None:
    change(registration, roles_claim="groups", claims=[Claim("support", agents)])
    visit.provider.claims["groups"] = ["support"]
    visit.sign_in()
    del visit.provider.claims["groups"]
    visit.provider.claims["_claim_names"] = {"groups": "src1"}

    answer = Visit(visit.provider).sign_in()

    assert "more groups than the provider sends" in text(answer)
    assert set(anna.roles.all()) == {agents}


def test_no_claim_takes_the_last_administrator_away(
    visit: Visit, registration: IdentityProvider, anna: User
) -> None:
    role = Role.objects.create(name="Bosses", abilities=["administer-people"])
    change(registration, roles_claim="groups", claims=[Claim("boss", role)])
    visit.provider.claims["groups"] = ["boss"]
    visit.sign_in()

    visit.provider.claims["groups"] = []
    Visit(visit.provider).sign_in()

    assert set(anna.roles.all()) == {role}
    assert Event.objects.filter(verb="roles-kept").exists()


def test_an_invitation_can_be_taken_up_at_the_provider(
    visit: Visit, max_: User
) -> None:
    visit.provider.claims = {}
    bob = invitations.invite(email="bob@acme.example", name="Bob", roles=[], by=max_)
    link = invitations.path_for(bob)
    page = visit.browser.get(link)
    key_and_token = link.removeprefix("/invitation/")

    visit.sign_in(f"?invitation={key_and_token}")

    assert "Sign in with Acme ID" in text(page)
    assert visit.is_inside
    assert bob.identities.get().subject == "anna-1"
    assert invitations.find(*key_and_token.split("/")) is None


def test_an_account_is_connected_only_from_our_own_page(
    visit: Visit, anna: User
) -> None:
    visit.provider.claims = {}
    visit.browser.post(
        "/account/login/", {"login": anna.email, "password": named.PASSWORD}
    )
    asked = visit.browser.get("/account/connections")
    visit.browser.post(
        "/account/reauthenticate/?next=/account/connections",
        {"password": named.PASSWORD},
    )
    page = text(visit.browser.get("/account/connections"))
    link = page.split("/account/sign-in/acme-id")[1].split('"')[0]

    foreign = visit.sign_in("?connecting=made-up")
    there_are = Identity.objects.count()
    visit.sign_in(link)

    assert asked.headers["Location"].startswith("/account/reauthenticate")
    assert foreign.status_code == 403
    assert there_are == 0
    assert anna.identities.get().subject == "anna-1"


def test_where_passwords_are_closed_only_administrators_use_theirs(
    visit: Visit, anna: User, max_: User
) -> None:
    settings.change({"password-sign-in": "administrators"}, by=max_)
    clients = {}
    for person in (anna, max_):
        clients[person.name] = client = Client()
        client.post(
            "/account/login/", {"login": person.email, "password": named.PASSWORD}
        )
    visit.sign_in()

    assert clients["Anna"].get("/inbox").status_code == 302
    assert "Passwords are closed here" in text(clients["Anna"].get("/account/login/"))
    assert clients["Max"].get("/inbox").status_code == 200
    assert visit.is_inside


def test_passwords_are_not_closed_before_an_administrator_has_one(
    visit: Visit, max_: User
) -> None:
    max_.set_unusable_password()
    max_.save(update_fields=["password"])

    with pytest.raises(settings.SettingInvalid, match="must have a password"):
        settings.change({"password-sign-in": "administrators"}, by=None)
    max_.set_password(named.PASSWORD)
    max_.save(update_fields=["password"])
    settings.change({"password-sign-in": "administrators"}, by=None)
    other = named.make_administrator("Nora")
    with pytest.raises(people.NotPossible, match="must have a password"):
        people.switch(max_, is_on=False, by=other)


def test_a_second_factor_is_asked_for_unless_the_provider_did(
    visit: Visit, registration: IdentityProvider, anna: User
) -> None:
    anna.roles.add(Role.objects.create(name="Careful", requires_two_factor=True))
    visit.sign_in()
    before = visit.browser.get("/inbox")
    change(registration, has_second_factor=True)
    after = Visit(visit.provider)
    after.sign_in()

    assert before.headers["Location"] == "/account/2fa/"
    assert after.is_inside


def test_only_who_may_do_everything_decides_how_people_sign_in(
    visit: Visit, registration: IdentityProvider, max_: User, anna: User
) -> None:
    anna.roles.add(Role.objects.create(name="HR", abilities=["administer-people"]))
    browser = Client()
    browser.force_login(anna)
    address = f"/system/user-sign-in/{registration.pk}"
    typed = {
        "name": "Mine",
        "issuer": visit.provider.url,
        "client_id": "mine",
        "joins_by_address": "on",
    }

    refused = browser.post(address, typed)
    removal = browser.post(f"{address}/removal")
    browser.force_login(max_)
    saved = browser.post(address, typed | {"claims": "* = Administrators"})

    assert refused.status_code == 422
    assert removal.status_code == 302
    registration.refresh_from_db()
    assert saved.status_code == 302
    assert registration.name == "Mine"
    assert registration.claimed_roles.get().value == "*"


def test_the_issuer_cannot_change_under_people_who_are_known_by_it(
    visit: Visit, registration: IdentityProvider, anna: User
) -> None:
    visit.sign_in()

    with pytest.raises(people.NotPossible, match="provider of its own"):
        change(registration, issuer="https://other.example")


def test_no_secret_is_stored_or_shown(
    visit: Visit, registration: IdentityProvider, max_: User
) -> None:
    browser = Client()
    browser.force_login(max_)

    page = text(browser.get(f"/system/user-sign-in/{registration.pk}"))

    stored = str(IdentityProvider.objects.values()) + str(Event.objects.values())
    assert visit.provider.client_secret not in stored + page


def test_a_provider_travels_in_the_configuration_file_without_its_secret(
    visit: Visit,
    registration: IdentityProvider,
    anna: User,
    agents: Role,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change(registration, roles_claim="groups", claims=[Claim("support", agents)])
    written = exporting.document()
    IdentityProvider.objects.all().delete()
    monkeypatch.setenv("LETTERBOX_CLIENT_SECRET_ACME_ID", visit.provider.client_secret)

    applying.apply(written)
    visit.provider.claims["groups"] = ["support"]
    visit.sign_in()

    assert visit.provider.client_secret not in str(written)
    assert exporting.document() == written
    assert visit.is_inside
    assert set(anna.roles.all()) == {agents}


def text(answer: Any) -> str:
    content: bytes = answer.content
    return content.decode()

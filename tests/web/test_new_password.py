"""A forgotten password: by mail, by an administrator, and by nobody else."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from letterbox.models import Event, Grant, Mailbox, OutgoingMail, Role, User
from letterbox.services import people, resets, settings
from tests import people as named

Browser = Callable[[User], Client]
STRONG = "seven quiet green lamps"


@pytest.fixture
def noreply(db: None) -> Mailbox:
    """noreply@acme.example, which nobody reads; letters about accounts go through it."""
    made = named.make_mailbox("Noreply")
    settings.change({"account-mailbox": made.address}, by=None)
    return made


def ask(client: Client, email: str) -> str:
    answer = client.post("/account/password/forgotten", {"email": email})
    assert answer.status_code == 200
    # The nonce of the page's scripts is another one each time.
    page = answer.content.decode().partition("<body")[2]
    return re.sub(r"X-CSRFToken[^}]*", "", page).replace(email, "")


def link_in(mail: OutgoingMail) -> str:
    text = mail.raw.content.decode().replace("=\r\n", "").replace("=3D", "=")
    found = re.search(r"(/account/password/new/\S+)", text)
    assert found is not None
    return found[1]


def test_a_link_comes_by_mail_and_works_once(
    noreply: Mailbox, alice: User, client: Client
) -> None:
    inside = Client()
    inside.post("/account/login/", {"login": alice.email, "password": named.PASSWORD})
    ask(client, alice.email)
    mail = OutgoingMail.objects.get()
    link = link_in(mail)

    weak = client.post(link, {"password": "short"})
    answer = client.post(link, {"password": STRONG}, follow=True)
    again = client.get(link)
    client.post("/account/login/", {"login": alice.email, "password": STRONG})

    assert (mail.mailbox, mail.recipients) == (noreply, [alice.email])
    assert weak.status_code == 422
    assert "The new password is set" in answer.content.decode()
    assert again.status_code == 404
    assert client.get("/inbox").status_code == 200
    assert inside.get("/inbox").status_code == 302
    assert Event.objects.filter(verb="password-reset").count() == 1


def test_nobody_learns_whether_an_address_is_known(
    noreply: Mailbox, alice: User, client: Client
) -> None:
    off = named.make("Gone", password=named.PASSWORD)
    named.make_administrator("Nora")
    people.switch(off, is_on=False, by=None)
    invited = named.make("Bob")

    answers = {
        ask(client, email)
        for email in (alice.email, "nobody@acme.example", off.email, invited.email)
    }

    assert len(answers) == 1
    assert [mail.recipients for mail in OutgoingMail.objects.all()] == [[alice.email]]


def test_the_same_address_may_be_asked_about_only_so_often(
    noreply: Mailbox, alice: User, client: Client
) -> None:
    for _ in range(5):
        ask(client, alice.email)

    answer = client.post("/account/password/forgotten", {"email": alice.email.upper()})

    assert answer.status_code == 429
    assert OutgoingMail.objects.count() == 5


@pytest.mark.parametrize("ends_it", ["time", "sign-in", "new password", "switched off"])
def test_a_link_dies(
    noreply: Mailbox, alice: User, max_: User, client: Client, ends_it: str
) -> None:
    ask(client, alice.email)
    link = link_in(OutgoingMail.objects.get())
    assert client.get(link).status_code == 200

    match ends_it:
        case "time":
            with time_machine.travel(datetime.now(UTC) + timedelta(minutes=61)):
                assert client.get(link).status_code == 404
            return
        case "sign-in":
            form = {"login": alice.email, "password": named.PASSWORD}
            Client().post("/account/login/", form)
        case "new password":
            alice.set_password(STRONG)
            alice.save(update_fields=["password"])
        case "switched off":
            people.switch(alice, is_on=False, by=max_)

    assert client.get(link).status_code == 404
    assert client.post(link, {"password": STRONG}).status_code == 404


@pytest.mark.parametrize("token", ["x", "a:b:c", "1:1:1"])
def test_a_made_up_link_opens_nothing(client: Client, db: None, token: str) -> None:
    assert client.get(f"/account/password/new/{token}").status_code == 404


def test_where_no_mailbox_may_send_the_page_says_whom_to_ask(
    alice: User, client: Client
) -> None:
    page = client.get("/account/password/forgotten").content.decode()
    posted = client.post("/account/password/forgotten", {"email": alice.email})

    assert "Ask an administrator" in page
    assert "Ask an administrator" in posted.content.decode()
    assert not OutgoingMail.objects.exists()


def test_a_mailbox_that_others_read_sends_no_links(
    noreply: Mailbox, alice: User, rita: User, max_: User, client: Client
) -> None:
    named.allow(noreply, max_, Grant.Ability.READ)
    assert resets.can_send()

    named.allow(noreply, rita, Grant.Ability.READ)

    assert not resets.can_send()
    assert not resets.send(alice.email)


def test_an_administrator_makes_a_link_that_shows_once(
    alice: User, max_: User, browser: Browser, client: Client
) -> None:
    page = browser(max_).post(f"/system/people/{alice.pk}/password-link")
    found = re.search(r'value="http[^"]*(/account/[^"]+)"', page.content.decode())
    assert found is not None
    answer = client.post(found[1], {"password": STRONG})

    assert answer.status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(STRONG)
    made = Event.objects.get(verb="reset-link-made")
    assert (made.actor, made.data["who"]) == (max_, alice.email)
    assert found[1] not in str(Event.objects.values())


def test_nobody_opens_an_account_that_may_do_more_than_they_do(
    alice: User, max_: User, rita: User
) -> None:
    rita.roles.add(Role.objects.create(name="HR", abilities=["administer-people"]))

    for person in (max_, alice, rita):
        with pytest.raises(people.NotPossible):
            resets.link_by_hand(person, by=rita)


def test_a_second_factor_is_asked_for_after_a_new_password_too(
    alice: User, max_: User, client: Client
) -> None:
    TOTP.activate(alice, generate_totp_secret())
    link = resets.link_by_hand(alice, by=max_).partition("127.0.0.1:8000")[2]
    client.post(link, {"password": STRONG})

    answer = client.post("/account/login/", {"login": alice.email, "password": STRONG})

    assert answer.headers["Location"].startswith("/account/2fa/authenticate")
    assert client.get("/inbox").status_code == 302


@pytest.mark.parametrize(
    "address",
    ["signup/", "email/", "confirm-email/", "confirm-email/x/", "password/reset/"],
)
def test_nobody_gives_themselves_an_account_or_an_address(
    alice: User, browser: Browser, address: str
) -> None:
    client = browser(alice)

    posted = client.post(f"/account/{address}", {"email": "ceo@acme.example"})

    assert client.get(f"/account/{address}").status_code == 404
    assert posted.status_code == 404

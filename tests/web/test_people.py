import re
from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from letterbox.models import Event, Grant, Mailbox, OutgoingMail, Role, User
from letterbox.services import invitations, people
from tests import people as named

Browser = Callable[[User], Client]
STRONG = "seven quiet green lamps"


@pytest.fixture
def agents(db: None) -> Role:
    """A role that administers nothing."""
    return Role.objects.create(name="Agents")


def test_an_invited_person_chooses_a_password_and_is_inside(
    max_: User, agents: Role, browser: Browser, client: Client
) -> None:
    page = browser(max_).post(
        "/system/people/new",
        {"email": "Bob@acme.example", "name": "Bob", "roles": [agents.pk]},
        follow=True,
    )
    link = re.search(r'value="http[^"]*(/invitation/[^"]+)"', page.content.decode())
    assert link is not None

    weak = client.post(link[1], {"name": "Bob", "password": "short"})
    answer = client.post(link[1], {"name": "Bob Berg", "password": STRONG})
    again = Client().get(link[1])

    bob = User.objects.get(email="bob@acme.example")
    assert weak.status_code == 422
    assert answer.headers["Location"] == "/inbox"
    assert client.get("/inbox").status_code == 200
    assert (bob.name, list(bob.roles.all())) == ("Bob Berg", [agents])
    assert again.status_code == 404


def test_an_invitation_can_go_out_through_a_mailbox_one_may_answer_from(
    mailbox: Mailbox, sales: Mailbox, max_: User, browser: Browser
) -> None:
    form = {"email": "bob@acme.example", "name": "Bob"}

    refused = browser(max_).post(
        "/system/people/new", form | {"through": str(sales.pk)}
    )
    browser(max_).post("/system/people/new", form | {"through": str(mailbox.pk)})

    assert refused.status_code == 422
    sent = OutgoingMail.objects.get()
    assert (sent.mailbox, sent.recipients) == (mailbox, ["bob@acme.example"])
    assert b"/invitation/" in sent.raw.content


def test_no_link_opens_an_account_that_somebody_uses(alice: User) -> None:
    with pytest.raises(people.NotPossible):
        invitations.path_for(alice)


@pytest.mark.parametrize("link", ["/invitation/1/x-y", "/invitation/zzzzzzzzzzzzz/1-1"])
def test_a_made_up_link_opens_nothing(client: Client, db: None, link: str) -> None:
    assert client.get(link).status_code == 404


def test_who_is_switched_off_is_out_at_once(
    max_: User, alice: User, client: Client, browser: Browser
) -> None:
    client.post("/account/login/", {"login": alice.email, "password": named.PASSWORD})
    assert client.get("/inbox").status_code == 200

    browser(max_).post(f"/system/people/{alice.pk}/switch", {"_method": "DELETE"})

    assert client.get("/inbox").status_code == 302
    alice.refresh_from_db()
    people.switch(alice, is_on=True, by=max_)
    # The old session is gone, not asleep.
    assert client.get("/inbox").status_code == 302


def test_nobody_switches_off_themselves_or_the_last_administrator(
    max_: User, browser: Browser
) -> None:
    page = browser(max_).post(
        f"/system/people/{max_.pk}/switch", {"_method": "DELETE"}, follow=True
    )

    assert "You cannot switch yourself off" in page.content.decode()
    with pytest.raises(people.NotPossible):
        people.switch(max_, is_on=False, by=None)
    with pytest.raises(people.NotPossible):
        people.set_roles(max_, [], by=None)


def test_nobody_gives_what_they_may_not_do_themselves(
    max_: User, alice: User, browser: Browser
) -> None:
    registrar = Role.objects.create(name="HR", abilities=["administer-people"])
    alice.roles.add(registrar)
    client = browser(alice)
    all_mighty = Role.objects.get(name=people.ADMINISTRATORS)

    promoted = client.post(
        f"/system/people/{alice.pk}",
        {"name": "Alice", "roles": [registrar.pk, all_mighty.pk]},
    )
    made = client.post(
        "/system/roles/new", {"name": "Mine", "abilities": ["administer-system"]}
    )
    deposed = client.post(f"/system/people/{max_.pk}/switch", {"_method": "DELETE"})

    assert promoted.status_code == made.status_code == 422
    assert deposed.status_code == 302
    assert list(alice.roles.all()) == [registrar]
    assert not Role.objects.filter(name="Mine").exists()
    assert User.objects.get(pk=max_.pk).is_active


def test_administering_people_opens_no_mail(mailbox: Mailbox, browser: Browser) -> None:
    nora = named.make_administrator("Nora")

    assert browser(nora).get(f"/inbox?mailbox={mailbox.pk}").status_code == 200
    assert "support@acme.example" not in browser(nora).get("/inbox").content.decode()


def test_the_page_of_a_person_says_what_they_see_and_why(
    mailbox: Mailbox, max_: User, alice: User, agents: Role, browser: Browser
) -> None:
    alice.roles.add(agents)
    people.grant(mailbox, ability=Grant.Ability.MANAGE, by=None, role=agents)

    page = browser(max_).get(f"/system/people/{alice.pk}").content.decode()

    assert "manage, by the role Agents" in page
    assert "reply, by name" in page


def test_a_role_can_require_a_second_factor(
    alice: User, agents: Role, browser: Browser
) -> None:
    alice.roles.add(agents)
    client = browser(alice)
    before = client.get("/inbox")
    Role.objects.update(requires_two_factor=True)

    after = client.get("/inbox")
    part = client.get("/inbox?part=rows", headers={"HX-Request": "true"})
    account = client.get("/account/2fa/")

    assert before.status_code == 200
    assert after.headers["Location"] == "/account/2fa/"
    assert part.headers["HX-Redirect"] == "/account/2fa/"
    assert account.status_code == 200


def test_roles_are_added_changed_and_removed(max_: User, browser: Browser) -> None:
    client = browser(max_)
    client.post(
        "/system/roles/new", {"name": "Editors", "abilities": ["administer-templates"]}
    )
    role = Role.objects.get(name="Editors")

    taken = client.post("/system/roles/new", {"name": "editors"})
    client.post(f"/system/roles/{role.pk}", {"name": "Writers"})
    role.refresh_from_db()
    client.post(f"/system/roles/{role.pk}/removal")

    assert taken.status_code == 422
    assert (role.name, role.abilities) == ("Writers", [])
    assert not Role.objects.filter(pk=role.pk).exists()
    verbs = set(Event.objects.values_list("verb", flat=True))
    assert {"role-added", "role-changed", "role-removed"} <= verbs


def test_signing_in_is_throttled(client: Client, alice: User) -> None:
    form = {"login": alice.email, "password": "wrong"}
    for _ in range(5):
        client.post("/account/login/", form)

    answer = client.post("/account/login/", form | {"password": named.PASSWORD})

    assert "Too many" in answer.content.decode()
    assert client.get("/inbox").status_code == 302


@pytest.mark.parametrize(
    ("query", "is_there"),
    [("text=ali", True), ("text=bob", False), ("state=off", False), ("role=0", False)],
)
def test_the_grid_of_users_can_be_narrowed(
    max_: User, alice: User, browser: Browser, query: str, is_there: bool
) -> None:
    page = browser(max_).get(f"/system/people?part=rows&{query}").content.decode()

    assert ("alice@acme.example" in page) == is_there


def test_a_lost_second_factor_is_removed_by_who_may_do_as_much(
    max_: User, alice: User, rita: User, browser: Browser, client: Client
) -> None:
    TOTP.activate(alice, generate_totp_secret())
    rita.roles.add(Role.objects.create(name="HR", abilities=["administer-people"]))
    TOTP.activate(max_, generate_totp_secret())

    refused = browser(rita).post(f"/system/people/{max_.pk}/second-factor", follow=True)
    browser(rita).post(f"/system/people/{alice.pk}/second-factor")
    client.post("/account/login/", {"login": alice.email, "password": named.PASSWORD})

    assert "Only who may do this can give or take it" in refused.content.decode()
    assert people.with_second_factor([max_, alice]) == {max_.pk}
    assert client.get("/inbox").status_code == 200


def test_signing_out_elsewhere_leaves_only_this_place(
    alice: User, client: Client
) -> None:
    elsewhere = Client()
    for each in (client, elsewhere):
        each.post("/account/login/", {"login": alice.email, "password": named.PASSWORD})
        assert each.get("/inbox").status_code == 200

    page = client.get("/account/sessions/").content.decode()
    client.post("/account/sessions/")

    assert "Where you are signed in" in page
    assert client.get("/inbox").status_code == 200
    assert elsewhere.get("/inbox").status_code == 302

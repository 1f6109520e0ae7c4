from collections.abc import Callable

import pytest
from django.test import Client

from letterbox.models import User
from letterbox.services import people

Browser = Callable[[User], Client]
ACCOUNT = {
    "name": "Max",
    "email": "max@acme.example",
    "password": "seven quiet green lamps",
}


def test_an_empty_installation_leads_to_its_first_page(
    client: Client, db: None
) -> None:
    page = client.get("/", follow=True)

    assert page.redirect_chain[-1][0] == "/first-run"
    assert "Welcome to Letterbox" in page.content.decode()


def test_the_first_person_may_administer_and_goes_on_to_the_first_mailbox(
    client: Client, db: None
) -> None:
    answer = client.post("/first-run", ACCOUNT, follow=True)

    assert answer.redirect_chain == [("/system/mailboxes/new", 302)]
    assert answer.status_code == 200
    assert User.objects.get().roles.get().name == people.ADMINISTRATORS


@pytest.mark.parametrize("password", ["short", "max@acme.example", "12345678901"])
def test_a_weak_password_is_refused_and_nothing_typed_is_lost(
    client: Client, db: None, password: str
) -> None:
    answer = client.post("/first-run", ACCOUNT | {"password": password})

    assert answer.status_code == 422
    assert "max@acme.example" in answer.content.decode()
    assert not User.objects.exists()


def test_it_is_closed_for_good_once_somebody_is_there(
    client: Client, alice: User
) -> None:
    client.post("/first-run", ACCOUNT)

    assert User.objects.get() == alice
    assert "password" in client.get("/account/login/").content.decode()

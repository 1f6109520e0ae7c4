import re
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.test.utils import override_settings

from letterbox.models import (
    Case,
    Connection,
    Event,
    Folder,
    Grant,
    Mailbox,
    Message,
    Role,
    User,
)
from letterbox.services import connections
from letterbox.web.forms import mailbox_folders
from tests import people
from tests.conftest import Arrive
from tests.mail import mail

Browser = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
SERVERS = {
    "imap_on": "on",
    "imap_host": "imap.acme.example",
    "imap_port": "",
    "imap_encryption": "tls",
    "smtp_on": "on",
    "smtp_host": "smtp.acme.example",
    "smtp_port": "",
    "smtp_encryption": "starttls",
    "smtp_signs_in": "on",
    "login": "",
    "password": "a secret of the server",
}


@pytest.fixture
def client(max_: User, browser: Browser) -> Iterator[Client]:
    """Max's browser, in a house whose firewall lets nobody out."""
    with override_settings(ALLOWED_MAIL_HOSTS=[]):
        yield browser(max_)


def _page(mailbox: Mailbox, part: str = "") -> str:
    return f"/system/mailboxes/{mailbox.pk}" + (f"/{part}" if part else "")


def test_the_path_through_system_has_the_words_that_people_know(
    client: Client, mailbox: Mailbox
) -> None:
    page = client.get("/system", follow=True).content.decode()

    for words in (
        "System Configuration",
        "General Setup",
        "Email Configuration",
        "System Mailboxes",
        "Add Mailbox",
    ):
        assert words in page


def test_the_mailbox_page_has_every_section_and_field_under_its_name(
    client: Client, mailbox: Mailbox
) -> None:
    page = client.get(_page(mailbox)).content.decode()

    for words in (
        "General",
        "Mailbox Label",
        "Email",
        "Synchronization",
        "Enable IMAP",
        "IMAP Host",
        "IMAP Port",
        "IMAP Encryption",
        "Enable SMTP",
        "SMTP Host",
        "Login",
        "Password",
        "Check Connection / Retrieve Folders",
        "Email Processing",
        "Do Nothing",
        "Convert To Lead",
        "Convert To Case",
        "Email Management",
        "Autoresponse Rules",
        "Health",
        "Activity",
    ):
        assert words in page, words


def test_the_grid_tells_receiving_sending_people_and_trouble(
    client: Client, mailbox: Mailbox, alice: User, rita: User
) -> None:
    role = Role.objects.create(name="Agents")
    gone = people.make("Gone")
    for person in (alice, people.make("Bob"), gone):
        person.roles.add(role)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    Grant.objects.create(mailbox=mailbox, role=role, ability=Grant.Ability.REPLY)
    Connection.objects.filter(mailbox=mailbox, protocol="smtp").delete()

    page = client.get("/system/mailboxes").content.decode()

    # Alice twice, Bob, Rita and Max, and not who was switched off.
    assert re.search(r'data-head="People">4<', page)
    assert re.search(r'data-head="Sending"><span class="soft">not set up', page)


@pytest.mark.parametrize(
    ("query", "is_there"),
    [
        ("text=supp", True),
        ("text=sales", False),
        ("action=convert-to-case", False),
        ("action=do-nothing", True),
        ("state=live", False),
        ("state=nonsense&sort=nonsense&page=x", True),
        ("sort=last-letter", True),
    ],
)
def test_the_grid_can_be_narrowed_and_sorted(
    client: Client, mailbox: Mailbox, query: str, is_there: bool
) -> None:
    page = client.get(f"/system/mailboxes?part=rows&{query}").content.decode()

    assert ("support@acme.example" in page) == is_there


def test_a_mailbox_is_saved_while_its_server_is_away_with_a_warning(
    client: Client,
) -> None:
    answer = client.post(
        "/system/mailboxes/new",
        {"label": "Orders", "address": "orders@acme.example"} | SERVERS,
        follow=True,
    )

    made = Mailbox.objects.get(label="Orders")
    assert answer.redirect_chain == [(_page(made), 302)]
    assert "its server could not be asked" in answer.content.decode()
    smtp = made.connections.get(protocol="smtp")
    assert (smtp.port, smtp.login) == (587, "orders@acme.example")


def test_every_error_of_a_new_mailbox_shows_at_once_and_nothing_typed_is_lost(
    client: Client, mailbox: Mailbox
) -> None:
    answer = client.post(
        "/system/mailboxes/new",
        {"label": "support", "address": "new@acme.example"}
        | SERVERS
        | {"smtp_host": "", "imap_port": "70000"},
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "There is a mailbox of this name already." in page
    assert "Say which server, or switch it off." in page
    assert "new@acme.example" in page
    assert "imap.acme.example" in page
    assert "a secret of the server" not in page


def test_a_mailbox_may_only_send(client: Client) -> None:
    client.post(
        "/system/mailboxes/new",
        {"label": "Out", "address": "out@acme.example"}
        | {name: value for name, value in SERVERS.items() if name != "imap_on"},
    )

    made = Mailbox.objects.get(label="Out")
    assert [row.protocol for row in made.connections.all()] == ["smtp"]


def test_with_imap_one_folder_at_least_must_be_ticked(
    client: Client, mailbox: Mailbox, folder: Folder
) -> None:
    answer = client.post(
        _page(mailbox, "synchronization"),
        SERVERS | {"tree": "1", "mailbox": str(mailbox.pk)},
        headers=HTMX,
    )

    assert answer.status_code == 422
    assert "Tick at least one folder" in answer.content.decode()
    folder.refresh_from_db()
    assert folder.is_ticked


def test_ticks_are_kept_while_the_server_is_away(
    client: Client, mailbox: Mailbox, folder: Folder
) -> None:
    sent = people.make_folder(mailbox, "Sent", Folder.Role.SENT)
    page = client.get(_page(mailbox)).content.decode()
    keys = re.findall(r'name="folder" value="(\w+)" checked', page)
    assert len(keys) == 2

    answer = client.post(
        _page(mailbox, "synchronization"),
        SERVERS | {"tree": "1", "folder": keys[:1]},
        headers=HTMX,
    )

    assert answer.status_code == 200
    assert "Saved, but the server could not be reached" in answer.content.decode()
    folder.refresh_from_db()
    sent.refresh_from_db()
    assert (folder.is_ticked, sent.is_ticked) == (True, False)


def test_an_empty_password_keeps_the_stored_one_but_never_for_another_server(
    client: Client, mailbox: Mailbox, folder: Folder
) -> None:
    stored = {
        "imap_host": "127.0.0.1",
        "imap_port": "1143",
        "imap_encryption": "none",
        "smtp_host": "127.0.0.1",
        "smtp_port": "1025",
        "smtp_encryption": "none",
        "password": "",
    }

    same = client.post(_page(mailbox, "synchronization"), SERVERS | stored)
    moved = client.post(
        _page(mailbox, "synchronization"),
        SERVERS | stored | {"imap_host": "thief.example"},
    )

    assert same.status_code in {200, 302}
    assert moved.status_code == 422
    assert "type the password again" in moved.content.decode()
    row = mailbox.connections.get(protocol="imap")
    assert row.host == "127.0.0.1"
    assert connections.password_of(row) == people.PASSWORD


def test_a_typed_password_is_not_swapped_for_the_stored_one_by_an_error(
    client: Client, mailbox: Mailbox, folder: Folder
) -> None:
    wrong = SERVERS | {"tree": "1", "imap_port": "0"}

    part = client.post(_page(mailbox, "synchronization"), wrong, headers=HTMX)
    page = client.post(_page(mailbox, "synchronization"), wrong)

    # The field stays in the page with its words, or its empty twin says so.
    assert part.status_code == page.status_code == 422
    assert 'hx-preserve="true"' in part.content.decode()
    assert 'hx-preserve="true"' not in page.content.decode()
    assert "Type it again: no page shows a password." in page.content.decode()
    for answer in (part, page):
        assert str(SERVERS["password"]) not in answer.content.decode()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://imap.acme.example/", "imap.acme.example"),
        (" imap.acme.example ", "imap.acme.example"),
        ("imap.acme.example/mail", None),
        ("", None),
        ("support@acme.example", None),
    ],
)
@pytest.mark.parametrize("password", ["", "secret"])
def test_a_host_is_the_name_of_a_server(
    client: Client,
    mailbox: Mailbox,
    folder: Folder,
    typed: str,
    kept: str | None,
    password: str,
) -> None:
    answer = client.post(
        _page(mailbox, "synchronization"),
        SERVERS | {"imap_host": typed, "folder": str(folder.pk), "password": password},
        headers=HTMX,
    )

    page = answer.content.decode()
    says = "Only the name of the server" in page or "Say which server" in page
    assert says == (kept is None)
    if kept is not None and password:
        assert mailbox.connections.get(protocol="imap").host == kept


def test_one_section_is_saved_without_touching_the_others(
    client: Client, mailbox: Mailbox
) -> None:
    answer = client.post(
        _page(mailbox, "general"),
        {
            "label": "Help desk",
            "address": "support@acme.example",
            "aliases": "help@acme.example, desk@acme.example",
            "is_on": "on",
        },
        headers=HTMX,
    )

    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'id="general"' in page
    assert 'id="synchronization"' not in page
    mailbox.refresh_from_db()
    assert mailbox.aliases == ["help@acme.example", "desk@acme.example"]


def test_an_alias_of_another_mailbox_is_taken(
    client: Client, mailbox: Mailbox, sales: Mailbox
) -> None:
    answer = client.post(
        _page(mailbox, "general"),
        {
            "label": "Support",
            "address": "support@acme.example",
            "aliases": "sales@acme.example",
        },
    )

    assert answer.status_code == 422
    assert "has the address sales@acme.example already" in answer.content.decode()


def test_processing_is_chosen_with_its_own_fields(
    client: Client, mailbox: Mailbox, alice: User, arrive: Arrive
) -> None:
    fields = client.get(
        _page(mailbox, "processing/options"), {"action": "convert-to-case"}
    ).content.decode()
    answer = client.post(
        _page(mailbox, "processing"),
        {
            "action": "convert-to-case",
            "owner": str(alice.pk),
            "distribution": "round-robin",
            "status": "in-progress",
            "priority": "high",
            "tags": "urgent, lamp, Urgent",
        },
        headers=HTMX,
    )

    assert "Assigned To" in fields
    assert answer.status_code == 200
    arrive(mail())
    case = Case.objects.get()
    assert (case.owner, case.priority, case.status) == (alice, "high", "in-progress")
    assert sorted(tag.name for tag in case.tags.all()) == ["lamp", "urgent"]


def test_a_fixed_person_must_be_named(client: Client, mailbox: Mailbox) -> None:
    answer = client.post(
        _page(mailbox, "processing"),
        {
            "action": "convert-to-case",
            "distribution": "person",
            "status": "open",
            "priority": "low",
        },
        headers=HTMX,
    )

    assert answer.status_code == 422
    assert "Choose the person." in answer.content.decode()


def test_roles_and_users_are_let_in_and_out(
    client: Client, mailbox: Mailbox, rita: User, mallory: User
) -> None:
    role = Role.objects.create(name="Night shift")
    mallory.roles.add(role)
    grant = Grant.objects.get(mailbox=mailbox, user=rita)

    client.post(
        _page(mailbox, "management"),
        {f"grant-{grant.pk}": "20", "who": f"role-{role.pk}", "ability": "10"},
        headers=HTMX,
    )
    why = client.get(_page(mailbox, "access")).content.decode()
    client.post(_page(mailbox, "management"), {f"grant-{grant.pk}": ""}, headers=HTMX)

    assert "read, by the role Night shift" in why
    assert "reply, by name" in why
    assert not Grant.objects.filter(mailbox=mailbox, user=rita).exists()
    assert Grant.objects.filter(mailbox=mailbox, role=role, ability=10).exists()


def test_who_takes_the_mailbox_from_themselves_is_led_away(
    mailbox: Mailbox, mallory: User, sales: Mailbox, browser: Browser
) -> None:
    grant = Grant.objects.get(mailbox=sales, user=mallory)

    answer = browser(mallory).post(
        _page(sales, "management"), {f"grant-{grant.pk}": ""}, headers=HTMX
    )

    assert answer.headers["HX-Redirect"] == "/inbox"


def test_stuck_letters_show_with_reason_and_can_be_retried(
    client: Client, mailbox: Mailbox, arrive: Arrive
) -> None:
    message = arrive(mail(subject="The lamp"))
    Message.objects.filter(pk=message.pk).update(state="stuck", problem="It was odd.")

    page = client.get(_page(mailbox, "health")).content.decode()
    answer = client.post(_page(mailbox, f"stuck/{message.pk}/retry"), headers=HTMX)

    assert "It was odd." in page
    assert answer.status_code == 200
    assert Message.objects.get().state == "received"


def test_who_sets_up_but_may_not_read_sees_no_subject(
    mailbox: Mailbox, browser: Browser, arrive: Arrive
) -> None:
    message = arrive(mail(subject="The lamp"))
    Message.objects.filter(pk=message.pk).update(state="stuck", problem="It was odd.")

    client = browser(people.make_administrator("Nora"))
    page = client.get(_page(mailbox, "health"))

    assert "The lamp" not in page.content.decode()
    assert f"Letter {message.pk}" in page.content.decode()


def test_activity_tells_before_and_after_and_no_secret(
    client: Client, mailbox: Mailbox
) -> None:
    client.post(
        _page(mailbox, "synchronization"),
        SERVERS | {"imap_host": "127.0.0.1", "smtp_host": "127.0.0.1"},
    )
    client.post(
        _page(mailbox, "general"),
        {"label": "Help desk", "address": "support@acme.example", "is_on": "on"},
    )

    page = client.get(_page(mailbox, "activity")).content.decode()

    assert "<del>Support</del> → <ins>Help desk</ins>" in page
    assert "changed how the mailbox is reached" in page
    assert "a secret of the server" not in page
    assert not Event.objects.filter(data__icontains="a secret").exists()


def test_unticking_asks_what_becomes_of_the_letters(
    client: Client, mailbox: Mailbox, arrive: Arrive
) -> None:
    people.make_folder(mailbox, "Archive", Folder.Role.ARCHIVE)
    arrive(mail())
    inbox, archive = mailbox_folders.of_mailbox(mailbox).rows
    posted = SERVERS | {"tree": "1", "folder": [archive.key]}

    asked = client.post(_page(mailbox, "synchronization"), posted)

    assert asked.status_code == 422
    page = asked.content.decode()
    assert "Say what becomes of the letters of: INBOX." in page
    assert "Letterbox holds 1 letter of what you have unticked" in page
    assert f'value="{inbox.key}" checked' not in page
    assert mailbox.folders.filter(is_ticked=True).count() == 2
    client.post(_page(mailbox, "synchronization"), posted | {"unticked": "forget"})
    folder = mailbox.folders.get(path="INBOX")
    assert (folder.is_ticked, folder.is_forgetting) == (False, True)


def test_a_folder_without_letters_is_unticked_without_a_question(
    client: Client, mailbox: Mailbox, folder: Folder
) -> None:
    people.make_folder(mailbox, "Archive", Folder.Role.ARCHIVE)
    inbox, _archive = mailbox_folders.of_mailbox(mailbox).rows

    client.post(
        _page(mailbox, "synchronization"),
        SERVERS | {"tree": "1", "folder": [inbox.key]},
    )

    assert [each.path for each in mailbox.folders.filter(is_ticked=True)] == ["INBOX"]


def test_older_letters_are_paused_on_the_page(
    client: Client, mailbox: Mailbox, folder: Folder
) -> None:
    Folder.objects.filter(pk=folder.pk).update(is_backfilling=True)
    assert (
        "Older letters are coming"
        in client.get(_page(mailbox, "health")).content.decode()
    )

    client.post(_page(mailbox, f"folders/{folder.pk}/pause"), {"pause": "1"})

    folder.refresh_from_db()
    assert folder.is_paused
    assert (
        "Older letters: paused" in client.get(_page(mailbox, "health")).content.decode()
    )
    client.post(_page(mailbox, f"folders/{folder.pk}/pause"), {"resume": "1"})
    folder.refresh_from_db()
    assert not folder.is_paused


def test_older_letters_are_asked_for_on_the_page(
    client: Client, mailbox: Mailbox, folder: Folder
) -> None:
    address = _page(mailbox, f"folders/{folder.pk}/past")

    client.post(address, {"since": "2026-01-31"})
    refused = client.post(address, {"since": "2026-02-01"}, follow=True)

    folder.refresh_from_db()
    assert folder.sync_from == "date"
    assert folder.is_backfilling
    assert "Choose a day before" in refused.content.decode()
    client.post(address, {"everything": "1"})
    folder.refresh_from_db()
    assert folder.sync_from == "everything"


def test_a_stuck_letter_is_taken_in_as_an_attachment(
    client: Client, mailbox: Mailbox, arrive: Arrive
) -> None:
    message = arrive(mail(), is_processed=False)
    Message.objects.filter(pk=message.pk).update(state="stuck", problem="It was odd.")

    client.post(_page(mailbox, f"stuck/{message.pk}/plain"))

    message.refresh_from_db()
    assert message.state == "processed"
    shown = client.get(f"/conversations/{message.conversation_id}").content.decode()
    assert "letter.eml" in shown


def test_a_copy_is_off_and_has_no_password(
    client: Client, mailbox: Mailbox, alice: User
) -> None:
    client.post(
        _page(mailbox, "copy"), {"label": "Orders", "address": "orders@acme.example"}
    )

    made = Mailbox.objects.get(label="Orders")
    assert not made.is_on
    assert made.connections.get(protocol="imap").host == "127.0.0.1"
    assert not made.connections.exclude(sealed_password="").exists()
    assert Grant.objects.filter(mailbox=made, user=alice).exists()


def test_deleting_asks_what_shall_become_of_the_letters(
    client: Client, mailbox: Mailbox, arrive: Arrive
) -> None:
    arrive(mail())

    page = client.get(_page(mailbox, "removal"))
    hasty = client.post(_page(mailbox, "removal"))
    client.post(_page(mailbox, "removal"), {"letters": "keep"})

    assert "What shall become of its 1 letter?" in page.content.decode()
    assert hasty.status_code == 422
    mailbox.refresh_from_db()
    assert mailbox.removed_at is not None
    assert client.get(_page(mailbox)).status_code == 404


def test_switching_off_and_on(client: Client, mailbox: Mailbox) -> None:
    client.post(_page(mailbox, "switch"), {"_method": "DELETE"})
    off = Mailbox.objects.get(pk=mailbox.pk).is_on
    client.post(_page(mailbox, "switch"))

    assert not off
    assert Mailbox.objects.get(pk=mailbox.pk).is_on

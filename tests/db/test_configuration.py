from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from letterbox.models import (
    AutoresponseRule,
    EmailTemplate,
    Event,
    Grant,
    IdentityProvider,
    Mailbox,
    OAuthProvider,
    Role,
    Setting,
    SignIn,
    User,
)
from letterbox.services import (
    alert_settings,
    branding,
    connections,
    folders,
    mailboxes,
    oauth,
    people,
    rules,
    settings,
    tags,
    templates,
)
from letterbox.services.configuration import applying, exporting
from letterbox.services.keys import keyring
from tests import people as named


@pytest.fixture
def world(mailbox: Mailbox, alice: User, rita: User) -> dict[str, Any]:
    """A mailbox with everything that can be set, as a file would hold it."""
    agents = Role.objects.create(name="Agents", abilities=["administer-templates"])
    people.grant(mailbox, ability=Grant.Ability.REPLY, by=None, role=agents)
    named.make_folder(mailbox)
    shared = templates.add(
        templates.Draft(
            type="plain",
            subject="Re: {{ email.subject }}",
            content="Thank you.",
            translations={"de": templates.Words("", "Danke.")},
            name="Thanks",
        ),
        by=None,
    )
    rules.add(
        mailbox, name="Thank", conditions={"every": True}, template=shared, by=None
    )
    own = templates.keep_custom(
        templates.Draft(type="plain", subject="Lamps", content="We are on it."), by=None
    )
    rules.add(
        mailbox,
        name="Lamps",
        conditions={
            "all": [{"field": "subject", "operator": "contains", "value": "lamp"}]
        },
        template=own,
        by=None,
        is_active=False,
    )
    mailboxes.set_processing(
        mailbox,
        action="convert-to-case",
        options={
            "owner": alice.pk,
            "tags": [tag.pk for tag in tags.named(["lamp"])],
            "priority": "high",
        },
        by=None,
    )
    settings.change({"undo-seconds": 30}, by=None)
    return _travelled(exporting.document())


def _travelled(document: Any) -> dict[str, Any]:
    """Through YAML and back, as a file goes."""
    read: dict[str, Any] = yaml.safe_load(yaml.safe_dump(document))
    return read


def test_what_was_exported_changes_nothing_when_it_is_applied(
    world: dict[str, Any],
) -> None:
    assert applying.plan(world) == []
    events = Event.objects.count()

    applying.apply(world)

    assert _travelled(exporting.document()) == world
    # One line: that a file was applied.
    assert [each.verb for each in Event.objects.order_by("pk")[events:]] == [
        "configuration-applied"
    ]


def test_the_same_file_makes_the_same_installation_anew(
    world: dict[str, Any], mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for protocol in ("imap", "smtp"):
        name = exporting.variable_name(mailbox.address, protocol)
        monkeypatch.setenv(name, "the secret of the server")
    Mailbox.objects.all().delete()
    AutoresponseRule.objects.all().delete()
    EmailTemplate.objects.filter(is_system=False).delete()
    Setting.objects.all().delete()
    Role.objects.all().delete()

    applying.apply(world)

    assert _travelled(exporting.document()) == world
    made = Mailbox.objects.get()
    row = made.connections.get(protocol="imap")
    assert connections.password_of(row) == "the secret of the server"


def test_no_secret_is_exported(world: dict[str, Any]) -> None:
    assert named.PASSWORD not in yaml.safe_dump(world)
    assert world["mailboxes"]["support@acme.example"]["imap"]["password"] == {
        "env": "LETTERBOX_PASSWORD_SUPPORT_ACME_EXAMPLE_IMAP"
    }


def test_the_difference_is_shown_before_anything_changes(
    world: dict[str, Any], mailbox: Mailbox
) -> None:
    box = world["mailboxes"]["support@acme.example"]
    box["label"] = "Help desk"
    box["rules"] = box["rules"][1:]
    del box["people"]["user rita@acme.example"]
    world["settings"]["undo-seconds"] = 5

    lines = [str(each) for each in applying.plan(world)]

    assert sorted(lines) == [
        "mailboxes › support@acme.example › label: Support → Help desk",
        "mailboxes › support@acme.example › people › user rita@acme.example: read → –",
        "mailboxes › support@acme.example › rules › Thank: a rule → –",
        "settings › undo-seconds: 30 → 5",
    ]
    mailbox.refresh_from_db()
    assert mailbox.label == "Support"


def test_what_the_file_says_is_done(world: dict[str, Any], mailbox: Mailbox) -> None:
    box = world["mailboxes"]["support@acme.example"]
    box["label"] = "Help desk"
    box["rules"].reverse()
    box["rules"][0]["is_active"] = True
    box["people"] = {"role Agents": "manage"}
    box["smtp"] = None

    applying.apply(world)

    assert _travelled(exporting.document()) == world
    mailbox.refresh_from_db()
    assert mailbox.label == "Help desk"
    assert [rule.name for rule in mailbox.rules.all()] == ["Lamps", "Thank"]


def test_a_file_that_names_nothing_takes_nothing_away(
    world: dict[str, Any],
) -> None:
    applying.apply({"version": 1, "mailboxes": {"support@acme.example": {}}})

    assert _travelled(exporting.document()) == world


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "version: 1"),
        ({"people": {}}, "there is no people"),
        ({"mailboxes": {"support@acme.example": {"lable": "x"}}}, "there is no lable"),
        ({"mailboxes": {"nonsense": {"label": "x"}}}, "nonsense"),
        (
            {"mailboxes": {"support@acme.example": {"people": {"user x@y.z": "read"}}}},
            "Nobody has the address x@y.z",
        ),
        (
            {
                "mailboxes": {
                    "support@acme.example": {
                        "imap": {
                            "host": "h",
                            "port": 993,
                            "encryption": "tls",
                            "password": "plain",
                        }
                    }
                }
            },
            "never written out",
        ),
        ({"settings": {"undo-seconds": 9999}}, "Choose a number"),
    ],
)
def test_nonsense_is_refused_with_its_place_and_changes_nothing(
    world: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    with pytest.raises(applying.ConfigurationInvalid, match=words):
        applying.apply(
            {
                "version": 1,
                "mailboxes": {"support@acme.example": {"label": "Changed"}},
            }
            | change
        )

    assert _travelled(exporting.document()) == world


def test_a_password_may_come_from_a_file(
    world: dict[str, Any], mailbox: Mailbox, tmp_path: Path
) -> None:
    secret = tmp_path / "password"
    secret.write_text("from a file\n")
    box = world["mailboxes"]["support@acme.example"]
    box["imap"]["password"] = {"file": str(secret)}

    applying.apply(world)

    row = mailbox.connections.get(protocol="imap")
    assert connections.password_of(row) == "from a file"


def test_a_folder_may_be_named_before_its_server_was_asked(sales: Mailbox) -> None:
    applying.apply(
        {
            "version": 1,
            "mailboxes": {"sales@acme.example": {"folders": {"INBOX": {}}}},
        }
    )

    assert sales.folders.get().is_ticked
    folders.choose(sales, [], by=None)


def test_what_stands_beside_mailboxes_travels_too(
    world: dict[str, Any], mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = keyring().seal("the secret of the provider")
    role = Role.objects.get(name="Agents")
    provider = IdentityProvider.objects.create(
        key="acme-id",
        name="Acme ID",
        issuer="https://id.acme.example",
        client_id="letterbox",
        sealed_client_secret=sealed,
        roles_claim="groups",
    )
    provider.claimed_roles.create(value="support", role=role)
    OAuthProvider.objects.create(
        name="Google",
        kind="google",
        client_id="letterbox",
        sealed_client_secret=sealed,
        client_secret_expires_on=date(2027, 1, 31),
    )
    logo = branding.read_logo(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    branding.change(by=None, colour="#112233", brand_logo=logo)
    alert_settings.change(
        by=None,
        webhook_secret="the secret of the webhook",
        webhook_url="https://hook.acme.example/",
        recipients=("ops@acme.example",),
    )
    settings.change(
        {"account-mailbox": mailbox.address, "retain-closed-days": 400}, by=None
    )
    written = _travelled(exporting.document())
    events = Event.objects.count()

    same = applying.plan(written)
    applying.apply(written)
    after = list(Event.objects.order_by("pk").values_list("verb", flat=True)[events:])
    monkeypatch.setenv("LETTERBOX_CLIENT_SECRET_GOOGLE", "the secret of the provider")
    monkeypatch.setenv("LETTERBOX_ALERTS_WEBHOOK", "the secret of the webhook")
    OAuthProvider.objects.all().delete()
    Setting.objects.all().delete()
    applying.apply(written)

    assert "the secret of" not in yaml.safe_dump(written)
    assert same == []
    assert after == ["configuration-applied"]
    assert _travelled(exporting.document()) == written
    stored = OAuthProvider.objects.get()
    assert keyring().open_sealed(stored.sealed_client_secret) == (
        "the secret of the provider"
    )


@pytest.fixture
def google() -> OAuthProvider:
    """Where mailboxes may sign in."""
    return OAuthProvider.objects.create(name="Google", kind="google", client_id="box")


def test_a_sign_in_travels_without_its_tokens(
    world: dict[str, Any],
    mailbox: Mailbox,
    google: OAuthProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    oauth.expect(
        mailbox, google, account="help@acme.example", refresh_token="abc", by=None
    )
    written = _travelled(exporting.document())
    same = applying.plan(written)
    applying.apply(written)
    kept = SignIn.objects.get()
    Mailbox.objects.all().delete()
    applying.apply(written)
    waiting = SignIn.objects.get()
    monkeypatch.setenv("LETTERBOX_REFRESH_TOKEN_SUPPORT_ACME_EXAMPLE", "abc")
    applying.apply(written)
    signed_in = SignIn.objects.get()
    monkeypatch.setenv("LETTERBOX_REFRESH_TOKEN_SUPPORT_ACME_EXAMPLE", "an older one")
    applying.apply(written)
    untouched = SignIn.objects.get()

    assert same == []
    assert "abc" not in yaml.safe_dump(written)
    assert (kept.fence, kept.is_connected) == (1, True)
    assert not waiting.is_connected
    assert waiting.problem == "Nobody has signed in yet."
    assert keyring().open_sealed(signed_in.sealed_refresh_token) == "abc"
    assert untouched.sealed_refresh_token == signed_in.sealed_refresh_token
    assert _travelled(exporting.document()) == written
    imap = Mailbox.objects.get().connections.get(protocol="imap")
    assert (imap.sign_in, imap.sealed_password) == (untouched, "")


def test_a_sign_in_is_not_dropped_behind_the_back_of_its_provider(
    world: dict[str, Any], mailbox: Mailbox, google: OAuthProvider
) -> None:
    oauth.expect(mailbox, google, account="", refresh_token="abc", by=None)

    with pytest.raises(applying.ConfigurationInvalid, match="Disconnect it"):
        applying.apply(world)

    assert SignIn.objects.get().is_connected


@pytest.mark.parametrize(
    ("section", "value"),
    [
        ("branding", {"brand-logo": "PHN2Zz4="}),
        ("branding", {"colour": "red"}),
        ("alerts", {"colour": "red"}),
        ("mail_sign_in", {"Acme": {"kind": "unknown"}}),
        ("user_sign_in", {"Acme": {"client_secret": "written out"}}),
    ],
)
def test_nonsense_beside_mailboxes_changes_nothing(
    world: dict[str, Any], section: str, value: dict[str, Any]
) -> None:
    before = _travelled(exporting.document())

    with pytest.raises(applying.ConfigurationInvalid):
        applying.apply({"version": 1, section: value})

    assert _travelled(exporting.document()) == before

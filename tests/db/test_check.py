"""`letterbox check`: what is well, what is wrong, and what to do, in sentences."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from letterbox import crypto
from letterbox.management import check
from letterbox.models import Connection, Mailbox
from letterbox.services.keys import keyring
from tests import people


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """A key of this test's own."""
    settings.KEY_FILE = tmp_path / "mailbox-key"
    keyring.cache_clear()
    yield settings.KEY_FILE
    keyring.cache_clear()


def said(findings: Iterator[check.Finding]) -> list[str]:
    return [str(finding).strip() for finding in findings]


def test_the_database_says_its_version(db: None) -> None:
    found = check.database()

    assert found.is_good
    assert found.sentence.startswith("PostgreSQL 1")


def test_before_the_first_password_no_key_is_made(db: None, keys: Path) -> None:
    (found,) = check.keys()

    assert found.is_good
    assert not keys.exists()


def test_keys_that_open_every_password_are_well(mailbox: Mailbox) -> None:
    (found,) = check.keys()

    assert found.is_good
    assert found.sentence == "They open all 2 sealed passwords."


def test_a_lost_key_is_told_and_not_replaced(mailbox: Mailbox, keys: Path) -> None:
    keys.unlink()

    (found,) = check.keys()

    assert not found.is_good
    assert "is gone, and 2 passwords are sealed" in found.sentence
    assert "backup" in found.advice
    assert not keys.exists()


def test_another_key_is_told_for_each_connection(mailbox: Mailbox, keys: Path) -> None:
    keys.write_text(crypto.new_key())
    keyring.cache_clear()

    found = list(check.keys())

    assert [each.is_good for each in found] == [False, False]
    assert [each.subject for each in found] == ["Support, imap", "Support, smtp"]
    assert people.PASSWORD not in "".join(said(iter(found)))


def test_a_server_that_is_away_is_told_with_advice(
    mailbox: Mailbox, socket_enabled: None
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        # Bound and not listening: nobody answers here.
        Connection.objects.update(port=taken.getsockname()[1])

        found = list(check.connections_of(mailbox))

    assert [each.subject for each in found] == ["Support, IMAP", "Support, SMTP"]
    assert not any(each.is_good for each in found)
    assert all(each.sentence.endswith(".") for each in found)
    assert found[0].advice.startswith("Check host and port")


def test_a_mailbox_without_connections_is_told(mailbox: Mailbox) -> None:
    Connection.objects.all().delete()

    found = said(check.connections_of(mailbox))

    assert found == [
        f"WRONG  Support, {protocol}: There is no connection. "
        "Add one under System, Support, Synchronization."
        for protocol in ("IMAP", "SMTP")
    ]


def test_a_port_that_another_program_has_is_told(
    settings: Settings, socket_enabled: None
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings.WEB_HOST, settings.WEB_PORT = taken.getsockname()
        # It accepts and says nothing, as a program that is not ours may.
        found = check.web_port()

    assert not found.is_good
    assert "LETTERBOX_WEB_PORT" in found.sentence


def test_a_full_disk_is_told(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    settings.DATA_FOLDER = tmp_path / "not" / "made" / "yet"
    monkeypatch.setattr(check, "LEAST_FREE_BYTES", 10**18)

    found = check.disk()

    assert not found.is_good
    assert "GB are free" in found.sentence


@pytest.mark.parametrize(("is_well", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_tells_whether_all_is_well(
    db: None,
    settings: Settings,
    socket_enabled: None,
    capsys: pytest.CaptureFixture[str],
    *,
    is_well: bool,
    code: int,
) -> None:
    settings.WEB_PORT = 0
    if not is_well:
        people.make_mailbox("Support")
        Connection.objects.all().delete()

    assert check.command(argparse.Namespace()) == code

    last = capsys.readouterr().out.splitlines()[-1]
    assert last == ("Everything is well." if is_well else "2 things are wrong.")

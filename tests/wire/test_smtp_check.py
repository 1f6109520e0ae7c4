from __future__ import annotations

from dataclasses import replace

from letterbox.smtp.check import CheckStep, check
from letterbox.smtp.settings import Encryption, SmtpSettings
from tests.wire.smtp_servers import HANG_UP, OddServer

LOGIN = {"EHLO": "250-odd.example\r\n250 AUTH PLAIN LOGIN"}


def settings(port: int) -> SmtpSettings:
    return SmtpSettings("127.0.0.1", port, Encryption.NONE, timeout_seconds=5)


def test_good_settings_show_every_step() -> None:
    with OddServer({**LOGIN, "AUTH": "235 welcome"}) as server:
        lines = check(replace(settings(server.port), login="alice", password="secret"))

    assert [line.step for line in lines] == list(CheckStep)
    assert all(line.is_good for line in lines)
    assert "235" in lines[-1].server_words
    assert "odd.example" in lines[2].server_words


def test_a_wrong_password_fails_at_the_last_step_with_the_servers_words() -> None:
    with OddServer({**LOGIN, "AUTH": "535 5.7.8 no"}) as server:
        lines = check(replace(settings(server.port), login="alice", password="wrong"))

    assert [line.is_good for line in lines] == [True, True, True, False]
    assert lines[-1].server_words.startswith("535")
    assert "app password" in lines[-1].advice


def test_a_name_that_leads_nowhere_ends_the_check_at_once() -> None:
    [line] = check(replace(settings(25), host="no such host.invalid"))

    assert line.step is CheckStep.NAME
    assert not line.is_good
    assert "spelling" in line.advice


def test_a_closed_port_ends_the_check_with_the_usual_ports() -> None:
    with OddServer({}) as server:
        port = server.port

    name, connection = check(settings(port))

    assert name.is_good
    assert not connection.is_good
    assert "587" in connection.advice


def test_missing_encryption_is_told() -> None:
    with OddServer({}) as server:
        lines = check(replace(settings(server.port), encryption=Encryption.STARTTLS))

    assert lines[-1].step is CheckStep.ENCRYPTION
    assert not lines[-1].is_good


def test_a_server_that_hangs_up_is_told() -> None:
    with OddServer({"greeting": HANG_UP}) as server:
        lines = check(settings(server.port))

    assert "hung up" in lines[-1].sentence

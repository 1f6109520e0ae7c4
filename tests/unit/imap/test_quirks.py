"""How each kind of server is known, and what we then do for it."""

import pytest

from letterbox.imap.capabilities import Capabilities
from letterbox.imap.folder_names import FolderRole
from letterbox.imap.quirks import ORDINARY, PROVIDERS, Quirks, quirks_for

NOTHING = Capabilities(frozenset({"IMAP4REV1"}))
BY_NAME = {row.name: row for row in PROVIDERS}


def known_by(*, host: str = "mail.example.org", can: str = "", name: str = "") -> str:
    return quirks_for(
        host, Capabilities(frozenset({"IMAP4REV1", can})), {"name": name}
    ).name


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("imap.gmail.com", "Gmail"),
        ("IMAP.GoogleMail.com.", "Gmail"),
        ("outlook.office365.com", "Microsoft 365"),
        ("imap.mail.yahoo.com", "Yahoo"),
        ("imap.aol.com", "Yahoo"),
        ("imap.mail.me.com", "iCloud"),
        ("imap.163.com", "NetEase"),
        ("imap.exmail.qq.com", "QQ"),
        ("imappro.zoho.eu", "Zoho"),
        ("imap.rambler.ru", "Rambler"),
        ("imap.naver.com", "Naver"),
        ("imap.yandex.com", "Yandex"),
        ("imap.larksuite.com", "Lark"),
        ("notgmail.com", "other"),
        ("gmail.com.example.org", "other"),
        ("example.org", "other"),
    ],
)
def test_a_provider_is_known_by_its_host(host: str, name: str) -> None:
    assert known_by(host=host) == name


def test_a_provider_is_known_by_what_it_says_under_any_host() -> None:
    assert known_by(can="X-GM-EXT-1") == "Gmail"
    assert known_by(name="GImap") == "Gmail"
    assert known_by(can="XYMHIGHESTMODSEQ") == "Yahoo"
    assert known_by(can="XAPPLEPUSHSERVICE") == "iCloud"
    assert known_by(name="Coremail Imap") == "NetEase"
    assert known_by(name="Microsoft.Exchange.Imap4.Imap4Server") == "Exchange"
    assert known_by(name="Courier-IMAP") == "Courier"
    assert known_by(name="Dovecot") == "Dovecot"
    assert quirks_for("example.org", NOTHING) is ORDINARY


def test_gmail_has_budgets_labels_and_files_what_it_sends() -> None:
    gmail = BY_NAME["Gmail"]

    assert gmail.daily_download_bytes == 2_500_000_000
    assert gmail.daily_upload_bytes == 500_000_000
    assert gmail.max_connections <= 5
    assert gmail.files_sent_itself
    assert set(gmail.whole_mail_in) == {
        FolderRole.ALL,
        FolderRole.JUNK,
        FolderRole.TRASH,
    }


def test_microsoft_shows_letters_before_they_can_be_had() -> None:
    assert BY_NAME["Microsoft 365"].shows_letters_late
    assert BY_NAME["Microsoft 365"].needs_oauth
    assert BY_NAME["Microsoft 365"].files_sent_itself
    assert BY_NAME["Exchange"].sizes_are_guesses


def test_yahoo_shows_ten_thousand_and_wants_a_break_every_three_minutes() -> None:
    assert BY_NAME["Yahoo"].newest_letters == 10_000
    assert BY_NAME["Yahoo"].idle_seconds <= 180


@pytest.mark.parametrize("name", ["Rambler", "Zoho", "Naver"])
def test_some_drop_who_idles_for_a_minute(name: str) -> None:
    assert BY_NAME[name].idle_seconds <= 55


def test_zoho_drops_who_is_silent_for_five_minutes() -> None:
    assert BY_NAME["Zoho"].silence_seconds < 295


@pytest.mark.parametrize("name", ["NetEase", "QQ"])
def test_noop_is_no_sign_of_life_in_china(name: str) -> None:
    assert BY_NAME[name].keeps_alive_by_status


def test_courier_allows_four_connections() -> None:
    assert BY_NAME["Courier"].max_connections < 4


@pytest.mark.parametrize("row", [ORDINARY, *PROVIDERS], ids=lambda row: row.name)
def test_every_row_stays_within_what_every_server_bears(row: Quirks) -> None:
    assert 0 <= row.idle_seconds < 29 * 60
    assert 0 < row.silence_seconds < 30 * 60
    assert 2 <= row.max_connections <= 10
    assert 1 <= row.fetch_batch <= 500

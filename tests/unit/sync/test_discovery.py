import pytest

from letterbox.sync import discovery, providers
from letterbox.sync.discovery import Record
from letterbox.sync.providers import Place


def answers(**records: list[Record]) -> discovery.Ask:
    def ask(name: str, kind: str, seconds: float) -> list[Record]:
        assert 0 < seconds <= discovery.PATIENCE_SECONDS
        return records.get(kind if kind == "MX" else name.split(".", maxsplit=1)[0], [])

    return ask


def nothing(url: str, seconds: float) -> bytes | None:
    return None


def nobody(name: str, kind: str, seconds: float) -> list[Record]:
    raise AssertionError("Nothing had to be asked.")


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("support@gmail.com", "imap.gmail.com"),
        ("Info@WEB.DE", "imap.web.de"),
        ("team@icloud.com", "imap.mail.me.com"),
    ],
)
def test_the_providers_own_addresses_need_no_question(address: str, host: str) -> None:
    found = discovery.find(address, nobody)

    assert found.imap is not None
    assert found.imap.host == host


def test_a_company_domain_is_known_by_where_its_mail_is_delivered() -> None:
    ask = answers(
        MX=[
            Record(20, "backup.acme.example"),
            Record(10, "acme-example.mail.protection.outlook.com"),
        ]
    )

    found = discovery.find("support@acme.example", ask)

    assert found.provider == "microsoft-365"
    assert found.smtp == Place("smtp.office365.com", 587, "starttls")


def test_the_longest_end_of_an_exchanger_wins() -> None:
    provider = providers.of_exchanger("x.olc.protection.outlook.com.")

    assert provider is not None
    assert provider.name == "outlook"


def test_an_exchanger_that_only_looks_alike_is_nobody() -> None:
    assert providers.of_exchanger("notgoogle.com") is None


def test_srv_records_tell_host_port_and_encryption() -> None:
    ask = answers(
        _imaps=[
            Record(10, "slow.acme.example", 993),
            Record(0, "imap.acme.example", 10993, weight=5),
        ],
        _submission=[Record(0, "smtp.acme.example", 587)],
    )

    found = discovery.find("support@acme.example", ask)

    assert found.imap == Place("imap.acme.example", 10993, "tls")
    assert found.smtp == Place("smtp.acme.example", 587, "starttls")


def test_a_lone_dot_means_that_there_is_no_such_service() -> None:
    found = discovery.find(
        "a@acme.example", answers(_imaps=[Record(0, "", 0)]), nothing
    )

    assert found == discovery.Found()


@pytest.mark.parametrize(
    "address", ["", "support", "support@", "a@b", "a@..", "a@-x.y"]
)
def test_what_is_no_address_is_no_question(address: str) -> None:
    assert discovery.find(address, lambda *question: []) == discovery.Found()


def test_every_provider_has_a_name_of_its_own_and_an_encrypted_way() -> None:
    assert len(providers.BY_NAME) == len(providers.PROVIDERS)
    for each in providers.PROVIDERS:
        assert {each.imap.encryption, each.smtp.encryption} <= {"tls", "starttls"}

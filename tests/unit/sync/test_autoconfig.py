import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox.sync import autoconfig, discovery
from letterbox.sync.discovery import Record
from letterbox.sync.providers import Place

CONFIGURATION = b"""<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1"><emailProvider id="acme.example">
  <domain>acme.example</domain>
  <incomingServer type="pop3"><hostname>pop.acme.example</hostname>
    <port>995</port><socketType>SSL</socketType></incomingServer>
  <incomingServer type="imap"><hostname>old.acme.example</hostname>
    <port>143</port><socketType>plain</socketType></incomingServer>
  <incomingServer type="imap"><hostname>IMAP.acme.example</hostname>
    <port>993</port><socketType>SSL</socketType>
    <username>%EMAILADDRESS%</username></incomingServer>
  <outgoingServer type="smtp"><hostname>smtp.acme.example</hostname>
    <port>587</port><socketType>STARTTLS</socketType></outgoingServer>
</emailProvider></clientConfig>"""

LAUGHTER = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<clientConfig><incomingServer type="imap"><hostname>&b;</hostname>
</incomingServer></clientConfig>"""


def no_records(name: str, kind: str, seconds: float) -> list[Record]:
    return []


def test_the_first_encrypted_server_of_each_kind_is_taken() -> None:
    found = autoconfig.read(CONFIGURATION)

    assert found.imap == Place("imap.acme.example", 993, "tls")
    assert found.smtp == Place("smtp.acme.example", 587, "starttls")


@pytest.mark.parametrize("body", [LAUGHTER, b"", b"<html>", b"\xff\xfe", b"<a/>" * 9])
def test_what_is_no_configuration_is_refused(body: bytes) -> None:
    with pytest.raises(autoconfig.NoConfiguration):
        autoconfig.read(body)


def test_a_configuration_without_end_is_refused() -> None:
    with pytest.raises(autoconfig.NoConfiguration):
        autoconfig.read(b"<a>" + b"<b/>" * 10_000 + b"</a>")


@given(
    host=st.text(max_size=20),
    port=st.text(max_size=8),
    kind=st.sampled_from(["SSL", "STARTTLS", "plain", ""]),
)
def test_whatever_is_written_there_a_place_can_be_connected_to(
    host: str, port: str, kind: str
) -> None:
    escaped = [
        value.replace("&", "&amp;").replace("<", "&lt;") for value in (host, port)
    ]
    body = (
        f'<c><incomingServer type="imap"><hostname>{escaped[0]}</hostname>'
        f"<port>{escaped[1]}</port><socketType>{kind}</socketType></incomingServer></c>"
    ).encode("utf-8", "surrogatepass")

    try:
        place = autoconfig.read(body).imap
    except autoconfig.NoConfiguration:
        return

    if place is not None:
        assert 0 < place.port < 65536
        assert place.host.isascii()
        assert place.encryption in {"tls", "starttls"}


def test_a_domain_is_asked_over_tls_at_both_places_and_the_source_is_told() -> None:
    asked: list[str] = []

    def get(url: str, seconds: float) -> bytes | None:
        assert 0 < seconds <= discovery.AUTOCONFIG_SECONDS
        asked.append(url)
        return CONFIGURATION if "well-known" in url else None

    found = discovery.find("a+b@acme.example", no_records, get)

    assert found.source == "autoconfig"
    assert found.imap == Place("imap.acme.example", 993, "tls")
    assert asked == [
        "https://autoconfig.acme.example/mail/config-v1.1.xml"
        "?emailaddress=a%2Bb%40acme.example",
        "https://acme.example/.well-known/autoconfig/mail/config-v1.1.xml",
    ]


def test_records_of_dns_go_before_what_is_published_by_http() -> None:
    def ask(name: str, kind: str, seconds: float) -> list[Record]:
        if name.startswith("_imaps"):
            return [Record(0, "dns.acme.example", 993)]
        return []

    found = discovery.find("a@acme.example", ask, lambda url, seconds: CONFIGURATION)

    assert found.source == "srv"
    assert found.imap == Place("dns.acme.example", 993, "tls")
    assert found.smtp == Place("smtp.acme.example", 587, "starttls")

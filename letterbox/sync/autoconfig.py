"""What a domain publishes for mail programs: Mozilla's autoconfig, config-v1.1.xml.

Asked over TLS only, so that nobody on the way, and no machine of our own network, can
answer in the domain's name. The XML is a stranger's: no DTD, no entities, no more than
a few kilobytes are read.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote
from xml.parsers import expat

from letterbox import http_client
from letterbox.sync.providers import Place

MOST_BYTES = 64 * 1024
MOST_ELEMENTS = 2_000
ENCRYPTIONS = {"SSL": "tls", "STARTTLS": "starttls"}
# How a domain answers: (address, the mail address that is asked about).
ADDRESSES = (
    "https://autoconfig.{domain}/mail/config-v1.1.xml?emailaddress={address}",
    "https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
)

# (url, seconds it may take) → the body, or nothing.
Get = Callable[[str, float], bytes | None]


class NoConfiguration(Exception):
    """What was read is not a configuration that we take."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Where mail is read and handed over; None where the domain does not say."""

    imap: Place | None = None
    smtp: Place | None = None


def find(
    address: str,
    domain: str,
    *,
    get: Get,
    seconds_left: Callable[[], float],
    addresses: tuple[str, ...] = ADDRESSES,
) -> Configuration | None:
    """The first configuration that the domain gives out."""
    for pattern in addresses:
        left = seconds_left()
        if left <= 0:
            return None
        url = pattern.format(domain=domain, address=quote(address))
        body = get(url, left)
        if body is None:
            continue
        try:
            found = read(body)
        except NoConfiguration:
            continue
        if found.imap or found.smtp:
            return found
    return None


def get_over_tls(url: str, seconds: float) -> bytes | None:
    """One request; nothing where there is no answer, or a refusal."""
    request = http_client.Request(
        url, redirects=2, timeout_seconds=seconds, most_bytes=MOST_BYTES
    )
    try:
        answer = http_client.send(request, trust=ssl.create_default_context())
    except http_client.HttpError:
        return None
    return answer.body if answer.is_good else None


def read(body: bytes) -> Configuration:
    """Read a configuration; raises NoConfiguration."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    # Entities could be made to grow without end, or to read files.
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(body, True)  # noqa: FBT003 (expat takes no names)
    except expat.ExpatError as error:
        raise NoConfiguration("This is not XML.") from error
    return Configuration(
        imap=_best(reader.servers, "incomingServer", "imap"),
        smtp=_best(reader.servers, "outgoingServer", "smtp"),
    )


@dataclass(frozen=True, slots=True)
class _Server:
    element: str
    kind: str
    fields: dict[str, str]


class _Reader:
    """Collects the servers; everything else is passed over."""

    def __init__(self) -> None:
        self.servers: list[_Server] = []
        self._server: _Server | None = None
        self._field = ""
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS:
            raise NoConfiguration("This configuration is too long.")
        if name in {"incomingServer", "outgoingServer"}:
            self._server = _Server(name, attributes.get("type", ""), {})
            self.servers.append(self._server)
        elif self._server is not None:
            self._field = name

    def end(self, name: str) -> None:
        if self._server is not None and name == self._server.element:
            self._server = None
        self._field = ""

    def text(self, words: str) -> None:
        if self._server is not None and self._field:
            before = self._server.fields.get(self._field, "")
            self._server.fields[self._field] = (before + words)[:300]


def _refuse(*_: object) -> None:
    raise NoConfiguration("A configuration has no document type and no entities.")


def _best(servers: list[_Server], element: str, kind: str) -> Place | None:
    """The first one that is encrypted: they come in order of preference."""
    for server in servers:
        if server.element != element or server.kind != kind:
            continue
        host = server.fields.get("hostname", "").strip().lower()
        port = server.fields.get("port", "").strip()
        encryption = ENCRYPTIONS.get(server.fields.get("socketType", "").strip())
        is_port = port.isascii() and port.isdecimal() and len(port) < 6
        if encryption and _is_host(host) and is_port and 0 < int(port) < 65536:
            return Place(host, int(port), encryption)
    return None


def _is_host(host: str) -> bool:
    return (
        0 < len(host) < 254
        and "." in host
        and host.isascii()
        and all(letter.isalnum() or letter in "-." for letter in host)
    )

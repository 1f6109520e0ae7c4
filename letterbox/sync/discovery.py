"""Find the servers of an address: known providers, MX, SRV (RFC 6186), autoconfig.

Bounded in time; whatever DNS does, the answer is a proposal or nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import dns.exception
import dns.resolver
import idna

from letterbox.sync import autoconfig, providers
from letterbox.sync.providers import Place

# All questions together; a person waits for it.
PATIENCE_SECONDS = 4.0
# What the domain publishes by HTTP, if DNS did not tell: so much longer.
AUTOCONFIG_SECONDS = 4.0
# Service → encryption, the better one first (RFC 8314, section 5.1).
SERVICES = {
    "imap": (("_imaps._tcp", "tls"), ("_imap._tcp", "starttls")),
    "smtp": (("_submissions._tcp", "tls"), ("_submission._tcp", "starttls")),
}


@dataclass(frozen=True, slots=True)
class Record:
    """An MX or SRV record; an SRV has a port."""

    priority: int
    host: str
    port: int = 0
    weight: int = 0


# (name, "MX" or "SRV", seconds it may take) → records; none when there are none.
Ask = Callable[[str, str, float], list[Record]]


@dataclass(frozen=True, slots=True)
class Found:
    """Where the mail of an address seems to be; `provider` is empty for others.

    `source` says where that was found: list, mx, srv, autoconfig, or nothing.
    """

    provider: str = ""
    imap: Place | None = None
    smtp: Place | None = None
    hint: str = ""
    source: str = ""


def find(
    address: str, ask: Ask | None = None, get: autoconfig.Get | None = None
) -> Found:
    """What is known, or can be asked, about the domain of this address."""
    domain = _ascii(address.rpartition("@")[2])
    if not domain or "." not in domain:
        return Found()
    known = providers.of_domain(domain)
    if known is not None:
        return _of(known, "list")
    deadline = time.monotonic() + PATIENCE_SECONDS
    ask = ask or _ask_dns

    def question(name: str, kind: str) -> list[Record]:
        left = deadline - time.monotonic()
        return ask(name, kind, left) if left > 0 else []

    for record in sorted(question(domain, "MX"), key=lambda each: each.priority):
        known = providers.of_exchanger(record.host)
        if known is not None:
            return _of(known, "mx")
    places = {
        protocol: next(
            (
                place
                for service, encryption in services
                if (place := _place(question(f"{service}.{domain}", "SRV"), encryption))
            ),
            None,
        )
        for protocol, services in SERVICES.items()
    }
    imap, smtp = places["imap"], places["smtp"]
    if imap and smtp:
        return Found(imap=imap, smtp=smtp, source="srv")
    until = time.monotonic() + AUTOCONFIG_SECONDS
    published = autoconfig.find(
        address.strip(),
        domain,
        get=get or autoconfig.get_over_tls,
        seconds_left=lambda: until - time.monotonic(),
    )
    if published is not None:
        # A record of DNS, where there is one, is the standard and goes first.
        source = "srv" if imap or smtp else "autoconfig"
        return Found(
            imap=imap or published.imap, smtp=smtp or published.smtp, source=source
        )
    return Found(imap=imap, smtp=smtp, source="srv" if imap or smtp else "")


def _of(provider: providers.Provider, source: str) -> Found:
    return Found(
        provider.name, provider.imap, provider.smtp, provider.hint, source=source
    )


def _place(records: list[Record], encryption: str) -> Place | None:
    """The preferred target; a lone dot means that there is no such service."""
    usable = [each for each in records if each.host and 0 < each.port < 65536]
    if not usable:
        return None
    best = min(usable, key=lambda each: (each.priority, -each.weight))
    return Place(best.host, best.port, encryption)


def _ascii(domain: str) -> str:
    try:
        return idna.encode(domain.strip().rstrip("."), uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""


def _ask_dns(name: str, kind: str, seconds: float) -> list[Record]:
    try:
        answer = dns.resolver.resolve(name, kind, lifetime=seconds)
    except (dns.exception.DNSException, OSError):
        # No name server, no such name, no answer in time: nothing is known.
        return []
    records = []
    for row in answer:
        if kind == "MX":
            host = row.exchange.to_text(omit_final_dot=True)
            records.append(Record(row.preference, host.strip(".")))
        else:
            host = row.target.to_text(omit_final_dot=True)
            records.append(Record(row.priority, host.strip("."), row.port, row.weight))
    return records

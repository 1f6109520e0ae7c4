"""Ask the servers of a mailbox, with what is typed in a form or with what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from letterbox.models import Connection, Mailbox
from letterbox.services import keys
from letterbox.services.connections import Endpoint
from letterbox.sync import probe


@dataclass(frozen=True, slots=True)
class Reports:
    """What was found on the way in and on the way out; None where nothing was asked."""

    receiving: probe.Report | None = None
    sending: probe.Report | None = None

    @property
    def problem(self) -> str:
        """What went wrong first on each way, with what to do about it."""
        return " ".join(
            f"{name}: {first_problem(report.lines)}"
            for name, report in (("IMAP", self.receiving), ("SMTP", self.sending))
            if report is not None and not report.is_good
        )


def typed(
    endpoints: Mapping[str, Endpoint | None], stored: Mapping[str, Connection]
) -> Reports:
    """Check what is typed; a password that is not typed is the stored one."""
    return _check(
        {
            protocol: _row(protocol, endpoint, stored.get(protocol))
            for protocol, endpoint in endpoints.items()
            if endpoint is not None
        }
    )


def saved(mailbox: Mailbox) -> Reports:
    """Check what is stored."""
    return _check({row.protocol: row for row in mailbox.connections.all()})


def imap_row(
    endpoints: Mapping[str, Endpoint | None], stored: Mapping[str, Connection]
) -> Connection | None:
    """The typed IMAP connection, never saved."""
    endpoint = endpoints.get("imap")
    return _row("imap", endpoint, stored.get("imap")) if endpoint else None


def first_problem(lines: Iterable[probe.Line]) -> str:
    """What went wrong first, with what to do about it."""
    bad = next((line for line in lines if not line.is_good), None)
    return f"{bad.sentence} {bad.advice}".strip() if bad else ""


def _check(rows: Mapping[str, Connection]) -> Reports:
    imap, smtp = rows.get("imap"), rows.get("smtp")
    return Reports(
        receiving=probe.check_receiving(imap) if imap else None,
        sending=probe.check_sending(smtp) if smtp else None,
    )


def _row(protocol: str, endpoint: Endpoint, stored: Connection | None) -> Connection:
    row = Connection(
        protocol=protocol,
        host=endpoint.host,
        port=endpoint.port,
        encryption=endpoint.encryption,
        login=endpoint.login,
    )
    if endpoint.password is not None:
        row.sealed_password = keys.seal(endpoint.password)
    elif stored is not None:
        row.sealed_password, row.sign_in = stored.sealed_password, stored.sign_in
    return row

"""Who lives in the demo world; values only."""

from __future__ import annotations

from dataclasses import dataclass

COMPANY = "Acme Garden Tools"
DOMAIN = "acme.example"
SUPPORT = f"support@{DOMAIN}"
SALES = f"sales@{DOMAIN}"
# Every account of the pretend server; it listens on loopback only.
MAIL_PASSWORD = "demo-mail"  # noqa: S105
SIGN_IN_PASSWORD = "letterbox demo"  # noqa: S105
CUSTOMERS_DOMAIN = "customer.example"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in to the demo."""

    email: str
    name: str
    role: str


PEOPLE = (
    Person(f"alice@{DOMAIN}", "Alice Archer", "Agents"),
    Person(f"rita@{DOMAIN}", "Rita Reed", "Readers"),
    Person(f"max@{DOMAIN}", "Max Moore", "Administrators"),
)
FOLDERS = ("Sent", "Junk", "Trash", "Archive")

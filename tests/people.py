"""The people of every test, and the mailbox they share.

Alice answers, Rita reads, Max manages and administers, Mallory is elsewhere.
"""

from __future__ import annotations

from letterbox import access
from letterbox.models import Connection, Folder, Grant, Mailbox, Role, User
from letterbox.services import connections, people

PASSWORD = "a quiet green lamp"
UID_VALIDITY = 17


def make(name: str, *, password: str | None = None) -> User:
    """A person inside: `make("Alice")` is alice@acme.example."""
    return people.make_user(
        email=f"{name.lower()}@acme.example", name=name, by=None, password=password
    )


def make_administrator(name: str, *, password: str | None = None) -> User:
    """A person with every ability of access.ABILITIES."""
    person = make(name, password=password)
    role, _ = Role.objects.get_or_create(
        name=people.ADMINISTRATORS, defaults={"abilities": sorted(access.ABILITIES)}
    )
    person.roles.add(role)
    return person


def make_mailbox(name: str) -> Mailbox:
    """A mailbox with both connections: `make_mailbox("Support")`."""
    mailbox = Mailbox.objects.create(
        label=name, address=f"{name.lower()}@acme.example", display_name=f"Acme {name}"
    )
    for protocol, port in (
        (Connection.Protocol.IMAP, 1143),
        (Connection.Protocol.SMTP, 1025),
    ):
        connections.save(
            mailbox,
            protocol=protocol,
            host="127.0.0.1",
            port=port,
            encryption=Connection.Encryption.NONE,
            login=mailbox.address,
            password=PASSWORD,
        )
    return mailbox


def allow(mailbox: Mailbox, person: User, ability: Grant.Ability) -> None:
    """Let somebody into a mailbox."""
    people.grant(mailbox, ability=ability, by=None, user=person)


def make_folder(
    mailbox: Mailbox, path: str = "INBOX", role: Folder.Role = Folder.Role.INBOX
) -> Folder:
    """A ticked folder after its first pass: every letter from UID 1 on is live."""
    return Folder.objects.create(
        mailbox=mailbox,
        wire_name=path,
        path=path,
        delimiter="/",
        role=role,
        is_ticked=True,
        uid_validity=UID_VALIDITY,
        next_uid=1,
        backfill_uid=1,
        live_uid=1,
    )

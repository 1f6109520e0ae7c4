"""A mailbox made by signing in: its name, and its servers where they can be found."""

from __future__ import annotations

from letterbox.models import Connection, Mailbox, OAuthProvider, User
from letterbox.oauth import providers as sign_in_providers
from letterbox.services import connections, mailboxes
from letterbox.sync import discovery, providers


def add_for(address: str, provider: OAuthProvider, *, by: User) -> Mailbox:
    """Add a mailbox for the account that signed in."""
    mailbox = mailboxes.add(label=_label(address), address=address, by=by)
    add_servers(mailbox, provider)
    return mailbox


def add_servers(mailbox: Mailbox, provider: OAuthProvider) -> None:
    """Say where its mail is, unless somebody has said so already."""
    known = set(mailbox.connections.values_list("protocol", flat=True))
    if known == set(Connection.Protocol.values):
        return
    place = providers.BY_NAME.get(sign_in_providers.KINDS[provider.kind].mail_provider)
    found = discovery.find(mailbox.address) if place is None else None
    places = {
        "imap": place.imap if place else found and found.imap,
        "smtp": place.smtp if place else found and found.smtp,
    }
    for protocol, where in places.items():
        if where and protocol not in known:
            connections.save(
                mailbox,
                protocol=Connection.Protocol(protocol),
                host=where.host,
                port=where.port,
                encryption=where.encryption,
                login=mailbox.address,
                password=None,
            )
    if place is not None:
        mailboxes.change(
            mailbox,
            by=None,
            provider=place.name,
            appends_sent=mailbox.appends_sent and not place.saves_sent,
        )


def _label(address: str) -> str:
    """The word before the @, with a number where another mailbox has it already."""
    name = address.partition("@")[0].replace(".", " ").replace("_", " ").capitalize()
    taken = {
        label.casefold()
        for label in Mailbox.objects.filter(removed_at__isnull=True).values_list(
            "label", flat=True
        )
    }
    label, number = name, 1
    while label.casefold() in taken:
        number += 1
        label = f"{name} ({number})"
    return label

"""Make a mailbox like another: its servers, work, people and rules, but no letters."""

from __future__ import annotations

from django.db import transaction

from letterbox.models import Connection, Grant, Mailbox, User
from letterbox.services import mailboxes, people, rules

# What a new mailbox must have of its own: what it is called, where it is, that it is on.
OWN = {"label", "address", "aliases", "is_on"}
COPIED = (*(name for name in mailboxes.EDITABLE if name not in OWN), "answer_settings")


@transaction.atomic
def copy(source: Mailbox, *, label: str, address: str, by: User | None) -> Mailbox:
    """A new mailbox that is off, and that lacks what must be its own: the password.

    Rules come over switched off, so that nothing answers before somebody looked.
    """
    made = mailboxes.add(label=label, address=address, by=by)
    for name in COPIED:
        setattr(made, name, getattr(source, name))
    made.is_on = False
    made.save(update_fields=[*COPIED, "is_on", "updated_at"])
    mailboxes.set_processing(
        made,
        action=source.processing_action,
        options=dict(source.processing_settings),
        by=by,
    )
    for row in source.connections.all():
        Connection.objects.create(
            mailbox=made,
            protocol=row.protocol,
            host=row.host,
            port=row.port,
            encryption=row.encryption,
            login=made.address if row.login == source.address else row.login,
        )
    _copy_people(source, made, by=by)
    _copy_rules(source, made, by=by)
    return made


def _copy_people(source: Mailbox, made: Mailbox, *, by: User | None) -> None:
    for grant in source.grants.select_related("user", "role"):
        if grant.user_id is None or by is None or grant.user_id != by.pk:
            people.grant(
                made,
                ability=Grant.Ability(grant.ability),
                by=by,
                user=grant.user,
                role=grant.role,
            )


def _copy_rules(source: Mailbox, made: Mailbox, *, by: User | None) -> None:
    for rule in source.rules.select_related("template"):
        rules.copy(rule, by=by, into=made)

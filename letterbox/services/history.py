"""Write what was done, by whom, with the values before and after; never a secret."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Model

from letterbox.models import Conversation, Event, Mailbox, User


def record(
    verb: str,
    *,
    by: User | None,
    mailbox: Mailbox | None = None,
    conversation: Conversation | None = None,
    changes: Mapping[str, list[Any]] | None = None,
    **data: Any,
) -> Event:
    """Add one line; `by` is None when Letterbox acted by itself.

    `changes` is field → [before, after], as `differences` gives it.
    """
    if changes:
        data["changes"] = dict(changes)
    return Event.objects.create(
        verb=verb,
        actor=by,
        mailbox_id=_mailbox_id(mailbox, conversation),
        conversation=conversation,
        data=data,
    )


def _mailbox_id(
    mailbox: Mailbox | None, conversation: Conversation | None
) -> int | None:
    if conversation is not None:
        return conversation.mailbox_id
    return mailbox.pk if mailbox is not None else None


def assign(
    row: Model, fields: Mapping[str, Any], *, editable: Collection[str]
) -> dict[str, list[Any]]:
    """Set fields of a row without saving it; the changes as `record` takes them.

    Raises ValueError for a field that is not among the editable ones.
    """
    unknown = sorted(set(fields) - set(editable))
    if unknown:
        kind = row._meta.verbose_name
        raise ValueError(f"A {kind} has no editable {', '.join(unknown)}.")
    before = {name: plain(getattr(row, name)) for name in fields}
    for name, value in fields.items():
        setattr(row, name, value)
    return differences(before, {name: plain(fields[name]) for name in fields})


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """The fields that changed, as name → [before, after]."""
    return {
        name: [before.get(name), value]
        for name, value in after.items()
        if before.get(name) != value
    }


def plain(value: Any) -> Any:
    """A value as JSON can keep it: a row by its id."""
    return value.pk if hasattr(value, "pk") else value

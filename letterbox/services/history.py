"""Write what was done, by whom, with the values before and after; never a secret."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
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
    require_editable(type(row), fields, editable)
    before = {name: plain(getattr(row, name)) for name in fields}
    for name, value in fields.items():
        setattr(row, name, value)
    return differences(before, {name: plain(fields[name]) for name in fields})


def require_editable(
    kind: type[Model], fields: Collection[str], editable: Collection[str]
) -> None:
    """Raise ValueError for fields of such rows that nobody may set."""
    unknown = sorted(set(fields) - set(editable))
    if unknown:
        name = kind._meta.verbose_name
        raise ValueError(f"A {name} has no editable {', '.join(unknown)}.")


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """The fields that changed, as name → [before, after]."""
    return {
        name: [before.get(name), value]
        for name, value in after.items()
        if before.get(name) != value
    }


def plain(value: Any) -> Any:
    """A value as JSON can keep it: a row by its id, a day as it is written."""
    if isinstance(value, date):
        return value.isoformat()
    return value.pk if hasattr(value, "pk") else value

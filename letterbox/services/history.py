"""Write what was done, by whom, with the values before and after; never a secret."""

from __future__ import annotations

from typing import Any

from letterbox.models import Conversation, Event, Mailbox, User


def record(
    verb: str,
    *,
    by: User | None,
    mailbox: Mailbox | None = None,
    conversation: Conversation | None = None,
    **data: Any,
) -> Event:
    """Add one line; `by` is None when Letterbox acted by itself."""
    return Event.objects.create(
        verb=verb,
        actor=by,
        mailbox_id=conversation.mailbox_id if conversation else mailbox and mailbox.pk,
        conversation=conversation,
        data=data,
    )


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """The fields that changed, as name → [before, after]."""
    return {
        name: [before.get(name), value]
        for name, value in after.items()
        if before.get(name) != value
    }

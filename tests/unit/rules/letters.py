"""Letters and rules for the tests of decisions, as facts: everything has a default."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from letterbox.mime.letter import Address
from letterbox.rules.conditions import EveryMessage
from letterbox.rules.engine import Rule
from letterbox.rules.facts import Facts

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SUPPORT = "support@acme.example"
SALES = "sales@acme.example"


def letter(**changes: Any) -> Facts:
    """A person's first letter to support, which nothing forbids to answer."""
    plain: dict[str, Any] = {
        "message": 1,
        "message_id": "one@customer.example",
        "conversation": 1,
        "ledger_position": 10,
        "received_at": NOON,
        "author": Address("anna@customer.example", "Anna Berg"),
        "to": (Address(SUPPORT),),
        "subject": "Where is my order?",
        "body": "Hello, where is order 4711?",
        "new_text": "Hello, where is order 4711?",
        "mailbox_addresses": (SUPPORT,),
        "own_addresses": (SUPPORT, SALES),
    }
    return Facts(**{**plain, **changes})


def rule(number: int = 1, **changes: Any) -> Rule:
    """An active rule that answers every message."""
    plain: dict[str, Any] = {
        "id": number,
        "version": 1,
        "name": f"Rule {number}",
        "conditions": EveryMessage(),
        "template": 7,
        "position": number,
    }
    return Rule(**{**plain, **changes})


def later(**span: float) -> datetime:
    """Noon, and so many hours or minutes more."""
    return NOON + timedelta(**span)

"""Answers that were taken back, until they are sent after all; kept in the session.

Holds words and recipients, never files: a browser lets no page choose those again.
"""

from __future__ import annotations

from typing import Any

from letterbox.mime.letter import Address
from letterbox.services.outbox import TakenBack
from letterbox.web.doors import UserRequest


def keep(request: UserRequest, conversation_id: int, taken: TakenBack) -> None:
    """Let the form of this conversation begin with what was taken back."""
    request.session[_key(conversation_id)] = {
        "text": taken.text.rstrip(),
        "people": {
            name: [[each.name, each.email] for each in people]
            for name, people in taken.people.items()
        },
    }


def initial(request: UserRequest, conversation_id: int) -> dict[str, Any]:
    """The fields of the form that stand in for those of a new answer."""
    kept = request.session.get(_key(conversation_id))
    if kept is None:
        return {}
    people = {
        name: [Address(email=email, name=shown) for shown, email in rows]
        for name, rows in kept["people"].items()
    }
    return {"text": kept["text"], **people}


def forget(request: UserRequest, conversation_id: int) -> None:
    """An answer has been sent: the next one begins anew."""
    request.session.pop(_key(conversation_id), None)


def _key(conversation_id: int) -> str:
    return f"taken-back-{conversation_id}"

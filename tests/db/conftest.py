"""What the tests of services and the pipeline share: rules that are easy to add."""

from __future__ import annotations

from typing import Any, Protocol

import pytest

from letterbox.models import AutoresponseRule, EmailTemplate, Mailbox
from letterbox.services import rules

EVERY: dict[str, Any] = {"every": True}


class AddRule(Protocol):
    """Adds a rule with a template of its own."""

    def __call__(
        self,
        name: str = "Confirm",
        *,
        mailbox: Mailbox | None = None,
        conditions: dict[str, Any] = EVERY,
        content: str = "We have your letter.",
        subject: str = "",
        type_: str = EmailTemplate.Type.PLAIN,
        **fields: Any,
    ) -> AutoresponseRule: ...


@pytest.fixture
def add_rule(mailbox: Mailbox) -> AddRule:
    """`add_rule("Offer", conditions={…})` answers in the mailbox from now on."""

    def add(
        name: str = "Confirm",
        *,
        mailbox: Mailbox | None = mailbox,
        conditions: dict[str, Any] = EVERY,
        content: str = "We have your letter.",
        subject: str = "",
        type_: str = EmailTemplate.Type.PLAIN,
        **fields: Any,
    ) -> AutoresponseRule:
        assert mailbox is not None
        template = EmailTemplate.objects.create(
            name=f"{name} of {mailbox}", subject=subject, content=content, type=type_
        )
        return rules.add(
            mailbox,
            name=name,
            conditions=conditions,
            template=template,
            by=None,
            **fields,
        )

    return add

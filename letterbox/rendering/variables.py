"""What people may write between the braces of a template, and what it means.

The one table that the picker, the documentation and the check on saving read. A new
variable is one line here and one value where templates are rendered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeAlias

#: A value as templates see it.
Value: TypeAlias = str | int | date | list[str] | None
#: Values under their names: {"case": {"number": "2041"}, "today": date(…)}. A name with
#: None, such as "case" of a letter that has none, reads as empty everywhere.
Values: TypeAlias = Mapping[str, "Value | Mapping[str, Value]"]


@dataclass(frozen=True, slots=True)
class Variable:
    """One documented variable: `case.number`, its meaning, an example of its value."""

    name: str
    help: str
    example: Value

    @property
    def group(self) -> str:
        """What it belongs to: `case` of `case.number`; a date stands under `dates`."""
        root, dot, _ = self.name.partition(".")
        return root if dot else "dates"

    @property
    def as_written(self) -> str:
        """What the picker inserts."""
        return "{{ " + self.name + " }}"


_A_DAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

VARIABLES: tuple[Variable, ...] = (
    Variable("email.subject", "Subject of the letter", "Where is my order?"),
    Variable("email.text", "What the sender wrote, without quotes", "Hello, …"),
    Variable("email.date", "When the letter came", _A_DAY),
    Variable("email.to", "Addresses of the To field", ["support@example.com"]),
    Variable("email.attachments", "Names of the attachments", ["invoice.pdf"]),
    Variable("sender.name", "Name of the sender, or the address", "Anna Berg"),
    Variable("sender.first_name", "First name, if it is known", "Anna"),
    Variable("sender.last_name", "Last name, if it is known", "Berg"),
    Variable("sender.email", "Address of the sender", "anna@example.org"),
    Variable("mailbox.name", "Label of the mailbox", "Support"),
    Variable("mailbox.address", "Address of the mailbox", "support@example.com"),
    Variable("case.number", "Number of the case", "2041"),
    Variable("case.subject", "Subject of the case", "Where is my order?"),
    Variable("case.status", "Status of the case", "open"),
    Variable("case.priority", "Priority of the case", "normal"),
    Variable("lead.number", "Number of the lead", "77"),
    Variable("lead.name", "Name of the lead", "500 chairs"),
    Variable("lead.status", "Status of the lead", "new"),
    Variable("agent.name", "Who works on it, if anybody does", "Alice Olsen"),
    Variable("agent.first_name", "First name of the agent", "Alice"),
    Variable("agent.email", "Address of the agent", "alice@example.com"),
    Variable("agent.signature", "Signature of the agent or mailbox", "Alice Olsen"),
    Variable("company.name", "Name of your company", "Example Ltd"),
    Variable("company.website", "Web address of your company", "https://example.com"),
    Variable("today", "The day of the answer", _A_DAY.date()),
    Variable("now", "The time of the answer", _A_DAY),
)

NAMES: frozenset[str] = frozenset(each.name for each in VARIABLES)


def sample_values() -> dict[str, Value | dict[str, Value]]:
    """The example of every variable, for the preview of a template."""
    values: dict[str, Value | dict[str, Value]] = {}
    for each in VARIABLES:
        root, dot, leaf = each.name.partition(".")
        if dot:
            group = values.setdefault(root, {})
            if isinstance(group, dict):
                group[leaf] = each.example
        else:
            values[root] = each.example
    return values

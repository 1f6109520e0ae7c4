"""What a template may say about one letter: the values behind its variables."""

from __future__ import annotations

from typing import Any

from django.conf import settings as environment
from django.utils import timezone

from letterbox.models import Case, Lead, Mailbox, Message, User
from letterbox.services import leads, letters, settings


def of(
    *,
    message: Message,
    mailbox: Mailbox,
    case: Case | None = None,
    lead: Lead | None = None,
    agent: User | None = None,
) -> dict[str, Any]:
    """What a template may say; the names are those of rendering.VARIABLES."""
    now = timezone.localtime()
    company = settings.all_values()
    first_name, last_name = leads.split_name(message.from_name, message.from_email)
    values: dict[str, Any] = {
        "email": {
            "subject": message.subject,
            "text": message.new_text,
            "date": message.sent_at or message.received_at,
            "to": [each.email for each in letters.recipients_of(message, "to")],
            "attachments": [each["filename"] for each in message.attachments],
        },
        "sender": {
            "name": message.from_name or message.from_email,
            "first_name": first_name,
            "last_name": last_name,
            "email": message.from_email,
        },
        "mailbox": {"name": mailbox.label, "address": mailbox.address},
        "company": {
            "name": company["company-name"] or mailbox.display_name or mailbox.label,
            "website": company["company-website"] or environment.PUBLIC_URL,
        },
        "today": now.date(),
        "now": now,
    }
    if case is not None:
        values["case"] = {
            "number": str(case.pk),
            "subject": case.subject,
            "status": case.get_status_display(),
            "priority": case.get_priority_display(),
        }
    if lead is not None:
        values["lead"] = {
            "number": str(lead.pk),
            "name": lead.name,
            "status": lead.get_status_display(),
        }
    if agent is not None:
        values["agent"] = {
            "name": str(agent),
            "first_name": agent.name.partition(" ")[0],
            "email": agent.email,
            "signature": agent.signature or mailbox.signature,
        }
    return values

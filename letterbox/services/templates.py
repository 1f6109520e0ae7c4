"""E-mail templates: which words in which language, and what they may speak of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone

from letterbox.models import Case, EmailTemplate, Lead, Mailbox, Message, User


@dataclass(frozen=True, slots=True)
class Words:
    """The subject and content of a template in one language."""

    subject: str
    content: str


def in_language(template: EmailTemplate, language: str) -> Words:
    """The template's words in this language; each empty field falls back."""
    wanted = [language.lower(), language.lower().partition("-")[0]]
    translations = {each.language.lower(): each for each in template.translations.all()}
    chosen = next((translations[each] for each in wanted if each in translations), None)
    return Words(
        subject=(chosen and chosen.subject) or template.subject,
        content=(chosen and chosen.content) or template.content,
    )


def variables(
    *,
    message: Message,
    mailbox: Mailbox,
    case: Case | None = None,
    lead: Lead | None = None,
    agent: User | None = None,
) -> dict[str, Any]:
    """What a template may say; the names are those of rendering.VARIABLES."""
    now = timezone.localtime()
    first_name, _, last_name = message.from_name.partition(" ")
    return {
        "email": {
            "subject": message.subject,
            "body": message.new_text,
            "date": message.sent_at or message.received_at,
        },
        "sender": {
            "name": message.from_name,
            "first_name": first_name,
            "last_name": last_name,
            "email": message.from_email,
        },
        "mailbox": {"label": mailbox.label, "address": mailbox.address},
        "case": case
        and {
            "number": case.pk,
            "subject": case.subject,
            "status": case.get_status_display(),
            "priority": case.get_priority_display(),
        },
        "lead": lead and {"name": lead.name, "status": lead.get_status_display()},
        "agent": agent and {"name": agent.name, "email": agent.email},
        "company": {
            "name": mailbox.display_name or mailbox.label,
            "url": settings.PUBLIC_URL,
        },
        "date": {"today": now.date(), "now": now},
    }

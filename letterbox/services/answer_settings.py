"""Budgets, business hours and age limit of a mailbox's automatic answers."""

from __future__ import annotations

import logging

from django.db import transaction

from letterbox.models import Mailbox, User
from letterbox.rules import answer_settings
from letterbox.rules.answer_settings import AnswerSettings
from letterbox.rules.calendars import BusinessCalendar
from letterbox.services import history, mailboxes, settings

logger = logging.getLogger(__name__)


def of(mailbox: Mailbox) -> AnswerSettings:
    """The settings of a mailbox; the defaults where what is stored makes none.

    Mail must go on whatever an older version or a hand in the database has written, and
    the defaults are the careful choice.
    """
    try:
        return answer_settings.load(mailbox.answer_settings or {})
    except (answer_settings.AnswerSettingsInvalid, AttributeError):
        logger.warning("The answer settings of mailbox %d make no sense.", mailbox.pk)
        return AnswerSettings()


def calendar_of(mailbox: Mailbox) -> BusinessCalendar | None:
    """The mailbox's own business hours, else those of the company.

    To its own holidays come those of the company, where the mailbox says so.
    """
    chosen, company = of(mailbox), settings.business_calendar()
    if chosen.calendar is None or company is None or not chosen.with_company_holidays:
        return chosen.calendar or company
    return chosen.calendar.with_holidays(company.holidays)


@transaction.atomic
def change(mailbox: Mailbox, chosen: AnswerSettings, *, by: User | None) -> None:
    """Set them; they count from the next letter on."""
    before, after = of(mailbox).to_json(), chosen.to_json()
    changes = history.differences(before, after)
    if not changes:
        return
    mailbox.answer_settings = after
    mailbox.save(update_fields=["answer_settings", "updated_at"])
    history.record("answer-settings-changed", by=by, mailbox=mailbox, changes=changes)
    mailboxes.announce(mailbox)

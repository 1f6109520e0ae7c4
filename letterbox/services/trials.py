"""Questions to the past: what would this rule, or this processing, have done?

Asking writes one row and wakes a worker; `inbound.trials` answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from letterbox import jobs
from letterbox.models import AutoresponseRule, Mailbox, RuleTrial, User
from letterbox.rules import engine
from letterbox.services import rules

TRY = "try-rules"
KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was asked; `rule` None asks about processing alone."""

    rule: engine.Rule | None
    since: datetime | None
    until: datetime | None


@transaction.atomic
def ask(
    mailbox: Mailbox,
    *,
    by: User,
    rule: AutoresponseRule | None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> RuleTrial:
    """Ask; `rule` need not be stored, and an edited one is asked about as it is typed.

    Raises ValueError where it makes no rule. An earlier question of the same person in
    this mailbox that still waits is withdrawn.
    """
    question: dict[str, Any] = {
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
        "rule": _dump(rule) if rule is not None else None,
    }
    if rule is not None:
        rules.as_engine(rule)
    mine = RuleTrial.objects.filter(mailbox=mailbox, author=by)
    unanswered = [RuleTrial.State.WAITING, RuleTrial.State.RUNNING]
    mine.filter(state__in=unanswered).delete()
    RuleTrial.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    trial = RuleTrial.objects.create(mailbox=mailbox, author=by, question=question)
    jobs.wake(TRY, mailbox.pk)
    return trial


def read(trial: RuleTrial) -> Asked:
    """The question of a trial; ValueError where it makes no rule any more."""
    question = trial.question
    rule = question.get("rule")
    return Asked(
        rule=rules.as_engine(AutoresponseRule(**rule)) if rule else None,
        since=_moment(question.get("since")),
        until=_moment(question.get("until")),
    )


def _dump(rule: AutoresponseRule) -> dict[str, Any]:
    names = {"id", "version", "position", "template_id"} | set(rules.EDITABLE)
    content = {name: getattr(rule, name) for name in sorted(names - {"template"})}
    if not rule.pk:
        # A new rule is asked last.
        content["position"] = rule.mailbox.rules.count()
    return content | {"is_active": True}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

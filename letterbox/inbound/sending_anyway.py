"""Send anyway: a person overrules what kept a rule from answering a letter.

Some guards stand even then: those that stop loops, and that one letter gets one answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from letterbox.inbound import answering, facts, previewing
from letterbox.models import AutoresponseRule, Mailbox, Message, OutgoingMail, User
from letterbox.rules import engine
from letterbox.rules.conditions import EveryMessage
from letterbox.rules.guards import GUARDS
from letterbox.rules.questions import Say
from letterbox.rules.trace import Fit
from letterbox.services import answer_settings, history, rules

#: What no person can overrule.
STANDING_GUARDS = (
    "machine",
    "own-address",
    "no-recipient",
    "muted",
    "already-answered",
)


# Those of them that say the same however often they are asked about a letter.
_FOR_EVER = frozenset({"machine", "no-recipient"})


class CannotSend(Exception):
    """A guard that nobody can overrule stands in the way; the text says which."""


def rules_refused(trace: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """The rules (id, name) that a guard kept from a letter, where one may overrule it."""
    decided = (trace.get("answer") or {}).get("trace") or {}
    said = decided.get("guards", [])
    if any(each["guard"] in _FOR_EVER and each["says"] == Say.REFUSE for each in said):
        return
    for rule in decided.get("rules", []):
        if rule["fit"] == Fit.REFUSED:
            yield rule["rule"], rule["name"]


@transaction.atomic
def send_anyway(message: Message, rule: AutoresponseRule, *, by: User) -> OutgoingMail:
    """Answer this letter with this rule, because a person says so. Raises CannotSend."""
    mailbox = Mailbox.objects.select_for_update(no_key=True).get(pk=message.mailbox_id)
    if rule.mailbox_id != mailbox.pk or message.conversation is None:
        raise CannotSend("This rule cannot answer this letter.")
    work = previewing.work_of(mailbox, message)
    work.conversation = message.conversation
    seen = facts.make(
        facts.Columns.of(message),
        facts.Remembered.from_json(message.facts),
        work.letter.headers,
    )
    asked = replace(
        rules.as_engine(rule),
        conditions=EveryMessage(),
        is_active=True,
        active_since=0,
        timing=engine.Timing.ALWAYS,
        frequency=engine.Frequency.EVERY_LETTER,
        first_letter_only=False,
    )
    chosen = answer_settings.of(mailbox)
    verdict = engine.decide(
        seen,
        [asked],
        now=timezone.now(),
        past=answering.past_answers(mailbox, seen, [asked], chosen.budgets),
        settings=answering.settings_of(mailbox, seen, chosen),
        guards_to_ask=[GUARDS[name] for name in STANDING_GUARDS],
    )
    if not verdict.answers:
        raise CannotSend(verdict.sentence)
    mail = answering.promise(work, rule, verdict.answers[0])
    history.record(
        "sent-anyway",
        by=by,
        conversation=message.conversation,
        rule=rule.pk,
        mail=mail.pk,
    )
    return mail

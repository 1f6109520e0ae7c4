"""Autoresponse rules: add, change, order, switch, copy, roll back; each state is kept.

Every change makes a new version, so that a trace can say which one spoke. A rule that
is switched on answers letters from that moment on, never what was here before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from letterbox.models import (
    AutoresponseRule,
    EmailTemplate,
    Mailbox,
    OutgoingMail,
    RuleVersion,
    User,
)
from letterbox.rules import compare as comparing
from letterbox.rules import conditions, engine
from letterbox.rules import lint as linting
from letterbox.rules.compare import Difference
from letterbox.rules.lint import Advice
from letterbox.services import history, mailboxes, templates

EDITABLE = (
    "name",
    "is_active",
    "conditions",
    "template",
    "goes_on",
    "timing",
    "frequency",
    "period_hours",
    "first_letter_only",
)
NAME_LENGTH = 255
MOST_PERIOD_HOURS = 24 * 365
FIRED_DAYS = 30


class RuleProblem(ValueError):
    """A rule cannot be kept as it is; the text says what to change."""


class NameTaken(RuleProblem):
    """Two rules of a mailbox cannot have one name."""


@transaction.atomic
def add(
    mailbox: Mailbox,
    *,
    name: str,
    conditions: dict[str, Any],
    template: EmailTemplate,
    by: User | None,
    **fields: Any,
) -> AutoresponseRule:
    """Add a rule at the end of the order; it answers letters from now on.

    Raises ConditionsInvalid, or RuleProblem, with what to change.
    """
    given = {"name": name, "conditions": conditions, "template": template, **fields}
    rule = AutoresponseRule(mailbox=mailbox, **_checked(given))
    last = mailbox.rules.aggregate(last=Max("position"))["last"]
    rule.position = 0 if last is None else last + 1
    rule.active_since_id = mailboxes.newest_message_id()
    _save(rule)
    _keep_version(rule, by=by)
    history.record("rule-added", by=by, mailbox=mailbox, rule=rule.pk, name=rule.name)
    mailboxes.announce(mailbox)
    return rule


@transaction.atomic
def change(rule: AutoresponseRule, *, by: User | None, **fields: Any) -> bool:
    """Set some of EDITABLE, as a new version; False when nothing is different.

    Raises ConditionsInvalid, or RuleProblem, with what to change.
    """
    rule = _locked(rule)
    after = _checked(fields)
    before = {name: getattr(rule, name) for name in after}
    changes = history.differences(
        {name: history.plain(value) for name, value in before.items()},
        {name: history.plain(value) for name, value in after.items()},
    )
    if not changes:
        return False
    for name, value in after.items():
        setattr(rule, name, value)
    if after.get("is_active") and not before.get("is_active"):
        # What came while it was off is not answered when it is switched on.
        rule.active_since_id = mailboxes.newest_message_id()
    rule.version += 1
    _save(rule, [*after, "version", "active_since_id", "updated_at"])
    _keep_version(rule, by=by)
    history.record(
        "rule-changed",
        by=by,
        mailbox=rule.mailbox,
        changes=changes,
        rule=rule.pk,
        version=rule.version,
    )
    mailboxes.announce(rule.mailbox)
    return True


def switch(rule: AutoresponseRule, *, is_on: bool, by: User | None) -> bool:
    """Switch it on, for letters from now on, or off; False when it was so already."""
    return change(rule, by=by, is_active=is_on)


@transaction.atomic
def copy(
    rule: AutoresponseRule, *, by: User | None, into: Mailbox | None = None
) -> AutoresponseRule:
    """A second rule like it, here or in another mailbox, with custom words of its own.

    It is switched off: nothing answers before somebody looked.
    """
    template = rule.template
    if not template.is_visible:
        template = templates.keep_custom(templates.draft_of(template), by=by)
    return add(
        into or rule.mailbox,
        name=rule.name if into else _free_name(rule),
        conditions=rule.conditions,
        template=template,
        by=by,
        is_active=False,
        goes_on=rule.goes_on,
        timing=rule.timing,
        frequency=rule.frequency,
        period_hours=rule.period_hours,
        first_letter_only=rule.first_letter_only,
    )


@transaction.atomic
def delete(rule: AutoresponseRule, *, by: User | None) -> None:
    """Remove it with its versions; what it sent stays, and so do its held answers."""
    custom = {rule.template_id} | {
        version.content.get("template") for version in rule.versions.all()
    }
    mailbox, rule_id, name = rule.mailbox, rule.pk, rule.name
    rule.delete()
    templates.forget_custom(custom)
    history.record("rule-deleted", by=by, mailbox=mailbox, rule=rule_id, name=name)
    mailboxes.announce(mailbox)


@transaction.atomic
def reorder(mailbox: Mailbox, rule_ids: Sequence[int], *, by: User | None) -> None:
    """Ask the rules in this order; those that are not named come after, as they were."""
    rows = list(mailbox.rules.select_for_update().order_by("position", "id"))
    before = [row.pk for row in rows]
    wanted = {rule_id: place for place, rule_id in enumerate(rule_ids)}
    rows.sort(key=lambda row: wanted.get(row.pk, len(wanted)))
    after = [row.pk for row in rows]
    for place, row in enumerate(rows):
        row.position = place
    AutoresponseRule.objects.bulk_update(rows, ["position"])
    if before != after:
        history.record(
            "rules-ordered", by=by, mailbox=mailbox, changes={"order": [before, after]}
        )
        mailboxes.announce(mailbox)


def move(rule: AutoresponseRule, *, steps: int, by: User | None) -> None:
    """Move it up (negative) or down by so many places."""
    order = list(
        rule.mailbox.rules.order_by("position", "id").values_list("pk", flat=True)
    )
    place = order.index(rule.pk)
    order.insert(max(place + steps, 0), order.pop(place))
    reorder(rule.mailbox, order, by=by)


def roll_back(rule: AutoresponseRule, number: int, *, by: User | None) -> bool:
    """Make it what it was in an earlier version, as a new version.

    Raises RuleProblem where that cannot be: its template is gone.
    """
    content = rule.versions.get(number=number).content
    template = EmailTemplate.objects.filter(pk=content["template"]).first()
    if template is None:
        raise RuleProblem("The template of that version has been deleted.")
    return change(rule, by=by, **{**content, "template": template})


def compare(rule: AutoresponseRule, old: int, new: int) -> list[Difference]:
    """What changed from one version to another, in sentences."""
    versions = {
        each.number: each for each in rule.versions.filter(number__in=[old, new])
    }
    before, after = (_of_version(rule, versions[number]) for number in (old, new))
    names = EmailTemplate.objects.filter(pk__in=[before.template, after.template])
    return comparing.compare(
        before,
        after,
        template_names={
            each.pk: each.name if each.is_visible else f"custom text “{each.subject}”"
            for each in names
        },
    )


def advice(
    rule: engine.Rule, mailbox: Mailbox, *, now: datetime | None = None
) -> list[Advice]:
    """What is probably wrong with a rule of this mailbox; empty when nothing is."""
    return linting.lint(
        rule,
        above=readable(mailbox.rules.exclude(pk=rule.id)),
        own_addresses=mailboxes.own_addresses(),
        now=now or timezone.now(),
    )


def as_engine(row: AutoresponseRule) -> engine.Rule:
    """The rule as the engine sees it; ValueError where what is stored makes none."""
    return engine.Rule(
        id=row.pk or 0,
        version=row.version,
        name=row.name,
        conditions=conditions.recall(row.conditions),
        template=row.template_id or 0,
        is_active=row.is_active,
        goes_on=row.goes_on,
        timing=engine.Timing(row.timing),
        frequency=engine.Frequency(row.frequency),
        period=timedelta(hours=row.period_hours),
        first_letter_only=row.first_letter_only,
        active_since=row.active_since_id,
        position=row.position,
    )


def readable(rows: Iterable[AutoresponseRule]) -> list[engine.Rule]:
    """The rules among these that make one; the pipeline tells people of the others."""
    found = []
    for row in rows:
        try:
            found.append(as_engine(row))
        except (ValueError, TypeError, KeyError):
            continue
    return found


def with_firings(
    rows: QuerySet[AutoresponseRule], *, now: datetime | None = None
) -> QuerySet[AutoresponseRule]:
    """The rules with `last_fired` and `fired_lately`, the answers of FIRED_DAYS.

    Held answers count, for the rule did fire; discarded ones do not.
    """
    since = (now or timezone.now()) - timedelta(days=FIRED_DAYS)
    fired = Q(sent__continues=None) & ~Q(sent__state=OutgoingMail.State.DISCARDED)
    return rows.annotate(
        last_fired=Max("sent__created_at", filter=fired),
        fired_lately=Count("sent", filter=fired & Q(sent__created_at__gte=since)),
    )


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields as they are stored; raises where a rule could not be read again."""
    history.require_editable(AutoresponseRule, fields, EDITABLE)
    checked = dict(fields)
    if "name" in fields:
        checked["name"] = str(fields["name"]).strip()
        if not 1 <= len(checked["name"]) <= NAME_LENGTH:
            raise RuleProblem("Give the rule a name.")
    if "conditions" in fields:
        checked["conditions"] = conditions.dump(conditions.load(fields["conditions"]))
    if "timing" in fields:
        checked["timing"] = engine.Timing(fields["timing"]).value
    if "frequency" in fields:
        checked["frequency"] = engine.Frequency(fields["frequency"]).value
    if not 1 <= int(fields.get("period_hours", 1)) <= MOST_PERIOD_HOURS:
        raise RuleProblem("Choose a period between an hour and a year.")
    return checked


def _save(rule: AutoresponseRule, update_fields: Iterable[str] | None = None) -> None:
    try:
        with transaction.atomic():
            rule.save(update_fields=update_fields)
    except IntegrityError as error:
        raise NameTaken(
            f"This mailbox has a rule named “{rule.name}” already; choose another name."
        ) from error


def _locked(rule: AutoresponseRule) -> AutoresponseRule:
    """The row itself, freshly read, so that two changes make two versions."""
    fresh = AutoresponseRule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
    for field in AutoresponseRule._meta.concrete_fields:
        setattr(rule, field.attname, getattr(fresh, field.attname))
    return rule


def _keep_version(rule: AutoresponseRule, *, by: User | None) -> None:
    content = {name: history.plain(getattr(rule, name)) for name in EDITABLE}
    RuleVersion.objects.create(
        rule=rule, number=rule.version, author=by, content=content
    )


def _of_version(rule: AutoresponseRule, version: RuleVersion) -> engine.Rule:
    content = {**version.content, "template_id": version.content["template"]}
    del content["template"]
    return as_engine(
        AutoresponseRule(
            pk=rule.pk, position=rule.position, version=version.number, **content
        )
    )


def _free_name(rule: AutoresponseRule) -> str:
    taken = {each.lower() for each in rule.mailbox.rules.values_list("name", flat=True)}
    base = f"Copy of {rule.name}"[: NAME_LENGTH - 10]
    names = (base, *(f"{base} {number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name.lower() not in taken)

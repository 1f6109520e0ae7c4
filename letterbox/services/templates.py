"""E-mail templates: their words in each language, and what they may speak of.

A rule's custom text is a hidden template: it is never edited, for versions of the rule
point to it, but replaced by another one. A system template is cloned, not edited.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import IntegrityError, transaction

from letterbox import rendering
from letterbox.models import (
    AutoresponseRule,
    EmailTemplate,
    RuleVersion,
    TemplateTranslation,
    User,
)
from letterbox.services import history, template_files
from letterbox.services.template_files import File

NAME_LENGTH = 255
SUBJECT_LENGTH = 998
_OF_RULES = (EmailTemplate.Entity.EMAIL, EmailTemplate.Entity.ANY)


@dataclass(frozen=True, slots=True)
class Words:
    """The subject and content of a template in one language; empty fields fall back."""

    subject: str
    content: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A template as it is written, stored or not yet."""

    type: str
    subject: str
    content: str
    translations: Mapping[str, Words] = field(default_factory=dict)
    name: str = ""
    entity: str = EmailTemplate.Entity.EMAIL
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a draft: `part` is "subject", "content", "files" or "name".

    `language` is empty for the default words.
    """

    part: str
    message: str
    language: str = ""


class TemplateInvalid(ValueError):
    """A template cannot be kept; `problems` says why, one sentence each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(each.message for each in problems))
        self.problems = tuple(problems)


class IsSystem(Exception):
    """A system template is neither changed nor deleted; clone it."""

    def __init__(self) -> None:
        super().__init__(
            "System templates cannot be changed. Clone it, and change that."
        )


class InUse(Exception):
    """A template cannot be deleted while rules answer with it."""

    def __init__(self, rules: Sequence[AutoresponseRule]) -> None:
        names = ", ".join(f"“{each.name}” ({each.mailbox.label})" for each in rules[:5])
        super().__init__(
            f"Rules answer with this template: {names}. Change them first."
        )
        self.rules = tuple(rules)


def for_rules() -> Any:
    """The templates that a rule may choose: those for Email, or for nothing special."""
    return EmailTemplate.objects.filter(
        is_visible=True, is_system=False, entity__in=_OF_RULES
    )


def check(draft: Draft) -> list[Problem]:
    """Everything wrong with a draft; an empty list says that it can be kept."""
    problems: list[Problem] = []
    if not draft.subject.strip():
        problems.append(Problem("subject", "This value must not be blank."))
    if not draft.content.strip():
        problems.append(Problem("content", "This value must not be blank."))
    for language, words in {
        "": Words(draft.subject, draft.content),
        **draft.translations,
    }.items():
        if len(words.subject) > SUBJECT_LENGTH:
            problems.append(
                Problem(
                    "subject", f"Use at most {SUBJECT_LENGTH} characters.", language
                )
            )
        problems += [
            Problem(part, str(each), language)
            for part, source in (("subject", words.subject), ("content", words.content))
            for each in rendering.check_template(source)
        ]
    problems += [
        Problem("files", each) for each in template_files.problems(draft.files)
    ]
    return problems


@transaction.atomic
def add(draft: Draft, *, by: User | None) -> EmailTemplate:
    """Keep a new template that people may choose. Raises TemplateInvalid."""
    _require_sound(draft)
    template = _new(draft, is_visible=True)
    history.record("template-added", by=by, template=template.pk, name=template.name)
    return template


@transaction.atomic
def change(template: EmailTemplate, draft: Draft, *, by: User | None) -> bool:
    """Set its words; rules that use it answer with them from now on.

    Raises IsSystem or TemplateInvalid. False when nothing is different.
    """
    if template.is_system:
        raise IsSystem
    _require_sound(draft)
    before, after = _plain(draft_of(template)), _plain(draft)
    changes = history.differences(before, after)
    if not changes:
        return False
    template.name, template.entity = draft.name.strip(), draft.entity
    template.type, template.subject = draft.type, draft.subject
    template.content, template.attachments = draft.content, _stored_files(draft)
    fields = ["name", "entity", "type", "subject", "content", "attachments"]
    fields.append("updated_at")
    _save(template, fields)
    template.translations.all().delete()
    _translate(template, draft)
    template_files.forget_unused()
    history.record("template-changed", by=by, changes=changes, template=template.pk)
    return True


@transaction.atomic
def clone(template: EmailTemplate, *, by: User | None) -> EmailTemplate:
    """A copy of one's own to change, of a system template or of any other."""
    draft = replace(draft_of(template), name=_free_name(template.name, template.entity))
    copy = _new(draft, is_visible=True, cloned_from=template)
    history.record("template-cloned", by=by, template=copy.pk, source=template.pk)
    return copy


def rules_with(template: EmailTemplate) -> list[AutoresponseRule]:
    """The rules that answer with it; while there is one, it cannot be deleted."""
    rules = template.rules.select_related("mailbox")
    return list(rules.order_by("mailbox__label", "position", "pk"))


def require_deletable(template: EmailTemplate) -> None:
    """Raise IsSystem, or InUse where rules answer with it."""
    if template.is_system:
        raise IsSystem
    users = rules_with(template)
    if users:
        raise InUse(users)


@transaction.atomic
def delete(template: EmailTemplate, *, by: User | None) -> None:
    """Remove it. Raises IsSystem, or InUse where rules answer with it."""
    require_deletable(template)
    history.record("template-deleted", by=by, template=template.pk, name=template.name)
    template.delete()
    template_files.forget_unused()


@transaction.atomic
def keep_custom(draft: Draft, *, by: User | None, name: str = "") -> EmailTemplate:
    """Keep the words of one rule: hidden, or with a name as a template for Email.

    This is "Save Response as Email Template". Raises TemplateInvalid.
    """
    shown = replace(
        draft, name=name or draft.subject, entity=EmailTemplate.Entity.EMAIL
    )
    if name:
        return add(shown, by=by)
    problems = check(draft)
    if problems:
        raise TemplateInvalid(problems)
    return _new(shown, is_visible=False)


def forget_custom(template_ids: Iterable[int | None]) -> None:
    """Remove hidden templates of these that no rule and no version points to."""
    hidden = EmailTemplate.objects.filter(
        pk__in=[each for each in template_ids if each], is_visible=False, rules=None
    )
    for template in hidden:
        if not RuleVersion.objects.filter(content__template=template.pk).exists():
            template.delete()


def draft_of(template: EmailTemplate) -> Draft:
    """A stored template as a draft."""
    return Draft(
        type=template.type,
        subject=template.subject,
        content=template.content,
        translations={
            each.language: Words(each.subject, each.content)
            for each in template.translations.all()
        },
        name=template.name,
        entity=template.entity,
        files=template_files.of_json(template.attachments),
    )


def in_language(template: EmailTemplate | Draft, *languages: str) -> Words:
    """The words in the first of these languages that it has; empty fields fall back.

    `pt-BR` is answered in `pt` where there is nothing nearer.
    """
    draft = template if isinstance(template, Draft) else draft_of(template)
    known = {name.lower(): words for name, words in draft.translations.items()}
    wanted = [
        each
        for language in languages
        for each in (language.lower(), language.lower().partition("-")[0])
    ]
    chosen = next((known[each] for each in wanted if each in known), None)
    return Words(
        subject=(chosen and chosen.subject) or draft.subject,
        content=(chosen and chosen.content) or draft.content,
    )


@transaction.atomic
def add_system(draft: Draft) -> None:
    """Add a template that comes with Letterbox, unless it is there."""
    if EmailTemplate.objects.filter(is_system=True, name=draft.name).exists():
        return
    if not _is_taken(draft.name, draft.entity):
        _new(draft, is_visible=True, is_system=True)


def _require_sound(draft: Draft) -> None:
    problems = check(draft)
    if not 1 <= len(draft.name.strip()) <= NAME_LENGTH:
        problems.insert(0, Problem("name", "Give the template a name."))
    if problems:
        raise TemplateInvalid(problems)


def _new(draft: Draft, *, is_visible: bool, **fields: Any) -> EmailTemplate:
    template = EmailTemplate(
        name=draft.name.strip()[:NAME_LENGTH],
        entity=draft.entity,
        type=draft.type,
        subject=draft.subject,
        content=draft.content,
        attachments=_stored_files(draft),
        is_visible=is_visible,
        **fields,
    )
    _save(template)
    _translate(template, draft)
    return template


def _save(
    template: EmailTemplate, update_fields: Collection[str] | None = None
) -> None:
    try:
        with transaction.atomic():
            template.save(update_fields=update_fields)
    except IntegrityError as error:
        raise TemplateInvalid(
            [
                Problem(
                    "name", "There is a template of this name for this entity already."
                )
            ]
        ) from error


def _translate(template: EmailTemplate, draft: Draft) -> None:
    TemplateTranslation.objects.bulk_create(
        TemplateTranslation(
            template=template,
            language=language,
            subject=words.subject,
            content=words.content,
        )
        for language, words in draft.translations.items()
    )


def _plain(draft: Draft) -> dict[str, Any]:
    return {
        "name": draft.name.strip(),
        "entity": str(draft.entity),
        "type": str(draft.type),
        "subject": draft.subject,
        "content": draft.content,
        "translations": {
            language: [words.subject, words.content]
            for language, words in sorted(draft.translations.items())
        },
        "attachments": [f"{each.name} ({each.digest[:12]})" for each in draft.files],
    }


def _stored_files(draft: Draft) -> list[dict[str, Any]]:
    return [each.to_json() for each in draft.files]


def _is_taken(name: str, entity: str) -> bool:
    return EmailTemplate.objects.filter(
        is_visible=True, name__iexact=name, entity=entity
    ).exists()


def _free_name(name: str, entity: str) -> str:
    base = f"Copy of {name}"[: NAME_LENGTH - 10]
    number, candidate = 1, base
    while _is_taken(candidate, entity):
        number += 1
        candidate = f"{base} {number}"
    return candidate

"""Autoresponse rules, their versions, and the templates that they send."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class EmailTemplate(models.Model):
    """Text with variables that people edit, for an entity.

    A rule's custom text is a template with `is_visible` off; "Save Response as Email
    Template" switches it on. A system template is cloned rather than edited.
    """

    class Entity(models.TextChoices):
        """What the variables speak of; empty means any."""

        ANY = "", _("none")
        EMAIL = "email", _("Email")
        CASE = "case", _("Case")
        LEAD = "lead", _("Lead")

    class Type(models.TextChoices):
        """How the content is written."""

        HTML = "html", _("Html")
        PLAIN = "plain", _("Plain text")

    name = models.CharField(max_length=255)
    entity = models.CharField(max_length=8, choices=Entity.choices, blank=True)
    type = models.CharField(max_length=5, choices=Type.choices, default=Type.PLAIN)
    subject = models.CharField(max_length=998, blank=True)
    content = models.TextField(blank=True)
    # What services.template_files keeps: name, type, size and digest of each file.
    attachments: Any = models.JSONField(default=list, blank=True)
    is_visible = models.BooleanField(default=True)
    is_system = models.BooleanField(default=False)
    cloned_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                "entity",
                condition=Q(is_visible=True),
                name="one_template_per_name",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TemplateTranslation(models.Model):
    """A template's words in one more language; empty fields fall back."""

    template = models.ForeignKey(
        EmailTemplate, on_delete=models.CASCADE, related_name="translations"
    )
    language = models.CharField(max_length=12)
    subject = models.CharField(max_length=998, blank=True)
    content = models.TextField(blank=True)

    class Meta:
        ordering = ["language"]
        constraints = [
            models.UniqueConstraint(
                fields=["template", "language"], name="one_translation_per_language"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template_id} in {self.language}"


class TemplateFile(models.Model):
    """The bytes of files that templates take along, each kept once."""

    digest = models.CharField(max_length=64, primary_key=True)
    content = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"File {self.digest[:12]}"


class AutoresponseRule(models.Model):
    """Status, name, conditions, template: answers by itself.

    `conditions` is the JSON form of rules.conditions; `timing` and `frequency` are
    names that rules.engine lists. `active_since_id` is the ledger position the rule was
    last switched on at: messages up to it are never answered by it.
    """

    mailbox = models.ForeignKey(
        "Mailbox", on_delete=models.CASCADE, related_name="rules"
    )
    name = models.CharField(max_length=255)
    is_active = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0)
    conditions: Any = models.JSONField(default=dict)
    # A template in use cannot be deleted under a rule.
    template = models.ForeignKey(
        EmailTemplate, on_delete=models.PROTECT, related_name="rules"
    )
    goes_on = models.BooleanField(default=False)
    timing = models.CharField(max_length=20, default="always")
    frequency = models.CharField(max_length=30, default="once-per-conversation")
    period_hours = models.PositiveIntegerField(default=24)
    first_letter_only = models.BooleanField(default=False)
    active_since_id = models.BigIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint("mailbox", Lower("name"), name="one_rule_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class RuleVersion(models.Model):
    """A rule as it stood; traces point here, and a rule can be rolled back to it."""

    rule = models.ForeignKey(
        AutoresponseRule, on_delete=models.CASCADE, related_name="versions"
    )
    number = models.PositiveIntegerField()
    content = models.JSONField()
    author = models.ForeignKey("User", on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "number"], name="one_row_per_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} version {self.number}"


class RuleTrial(models.Model):
    """A question to the past: what would this rule, or this processing, have done?

    `waiting → running → done | failed`; a worker answers it, so that a page may be left
    and found again. `question` and `report` are the JSON of inbound.trials.
    """

    class State(models.TextChoices):
        """How far the answer is."""

        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    mailbox = models.ForeignKey(
        "Mailbox", on_delete=models.CASCADE, related_name="trials"
    )
    author = models.ForeignKey("User", on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    question: Any = models.JSONField()
    report: Any = models.JSONField(default=dict, blank=True)
    looked_at = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Trial {self.pk} in mailbox {self.mailbox_id}: {self.state}"

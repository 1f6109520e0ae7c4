"""What is set up here, as plain values that YAML can hold, keyed by names."""

from __future__ import annotations

import base64
from typing import Any

from letterbox.models import (
    AutoresponseRule,
    Connection,
    EmailTemplate,
    Folder,
    Grant,
    Mailbox,
    Role,
    Tag,
    User,
)
from letterbox.services import (
    answer_settings,
    mailboxes,
    settings,
    template_files,
    templates,
)
from letterbox.services.configuration import house, references, sign_ins

VERSION = 1
# The address is what a mailbox is known by in the file.
MAILBOX_FIELDS = tuple(name for name in mailboxes.EDITABLE if name != "address")
RULE_FIELDS = (
    "is_active",
    "conditions",
    "goes_on",
    "timing",
    "frequency",
    "period_hours",
    "first_letter_only",
)
PEOPLE = ("owner", "assignee")

Document = dict[str, Any]


def document() -> Document:
    """Everything; equal installations give equal documents."""
    return {
        "version": VERSION,
        "settings": settings.changed_values(),
        "roles": {
            role.name: {
                "abilities": sorted(role.abilities),
                "requires_two_factor": role.requires_two_factor,
            }
            for role in Role.objects.all()
        },
        "templates": {
            template_key(row): words_of(templates.draft_of(row))
            for row in EmailTemplate.objects.filter(
                is_visible=True, is_system=False
            ).prefetch_related("translations")
        },
        **house.document(),
        "mailboxes": {
            row.address: _mailbox(row)
            for row in Mailbox.objects.filter(removed_at__isnull=True).order_by(
                "address"
            )
        },
    }


def template_key(template: EmailTemplate) -> str:
    """A name is taken once per entity: `email/Confirmation`."""
    return f"{template.entity or 'any'}/{template.name}"


def variable_name(address: str, protocol: str) -> str:
    """The environment variable that an exported file asks for a password."""
    return references.to_environment("password", address, protocol)["env"]


def _mailbox(mailbox: Mailbox) -> Document:
    found: Document = {name: getattr(mailbox, name) for name in MAILBOX_FIELDS}
    found["processing"] = {
        "action": mailbox.processing_action,
        "options": _named(mailbox.processing_settings),
    }
    found["answers"] = answer_settings.of(mailbox).to_json()
    rows = {row.protocol: row for row in mailbox.connections.all()}
    for protocol in Connection.Protocol.values:
        row = rows.get(protocol)
        found[protocol] = _server(mailbox, row) if row else None
    found["sign_in"] = sign_ins.of(mailbox)
    found["folders"] = {
        row.wire_name: _folder(row)
        for row in mailbox.folders.filter(gone_at__isnull=True).order_by("wire_name")
        if row.is_ticked or row.has_chosen_role
    }
    found["people"] = {
        who(grant): Grant.Ability(grant.ability).name.lower()
        for grant in mailbox.grants.select_related("role", "user")
    }
    found["rules"] = [_rule(row) for row in mailbox.rules.select_related("template")]
    return found


def who(grant: Grant) -> str:
    """`role Agents` or `user anna@acme.example`."""
    if grant.role is not None:
        return f"role {grant.role.name}"
    return f"user {grant.user.email}" if grant.user is not None else ""


def _named(options: Document) -> Document:
    """People by address and tags by name: numbers differ from house to house."""
    found = dict(options)
    for name in PEOPLE:
        if name in found:
            person = User.objects.filter(pk=found[name]).first()
            found.pop(name)
            if person is not None:
                found[name] = person.email
    if "tags" in found:
        rows = Tag.objects.filter(pk__in=found["tags"])
        found["tags"] = sorted(row.name for row in rows)
    return found


def _server(mailbox: Mailbox, row: Connection) -> Document:
    found: Document = {
        "host": row.host,
        "port": row.port,
        "encryption": row.encryption,
        "login": row.login,
    }
    if row.sealed_password:
        found["password"] = {"env": variable_name(mailbox.address, row.protocol)}
    return found


def _folder(row: Folder) -> Document:
    found: Document = {"is_ticked": row.is_ticked, "role": row.role}
    if row.is_ticked:
        found["sync_from"] = row.sync_from
        found["since"] = row.sync_since.isoformat() if row.sync_since else None
    return found


def _rule(row: AutoresponseRule) -> Document:
    found: Document = {"name": row.name}
    found |= {name: getattr(row, name) for name in RULE_FIELDS}
    if row.template.is_visible:
        found["template"] = template_key(row.template)
    else:
        found["words"] = words_of(templates.draft_of(row.template))
    return found


def words_of(draft: templates.Draft) -> Document:
    """What a template says and takes along, without its name."""
    found: Document = {
        "type": draft.type,
        "subject": draft.subject,
        "content": draft.content,
        "translations": {
            language: {"subject": words.subject, "content": words.content}
            for language, words in sorted(draft.translations.items())
        },
    }
    if draft.files:
        found["attachments"] = [
            {"name": each.filename, "base64": base64.b64encode(each.content).decode()}
            for each in template_files.read(draft.files)
        ]
    return found

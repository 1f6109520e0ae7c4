"""A document → the verbs that make it so, in one transaction or not at all."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from letterbox.models import (
    AutoresponseRule,
    Connection,
    EmailTemplate,
    Folder,
    Grant,
    Mailbox,
    Role,
    User,
)
from letterbox.oauth.errors import OauthError
from letterbox.rules import answer_settings as answer_values
from letterbox.services import (
    answer_settings,
    connections,
    folders,
    history,
    mailboxes,
    people,
    roles,
    rules,
    settings,
    tags,
    template_files,
    templates,
)
from letterbox.services.configuration import (
    comparing,
    exporting,
    house,
    references,
    sign_ins,
)
from letterbox.services.configuration.comparing import Difference

SECTIONS = (
    *("version", "settings", "roles", "templates", "mailboxes"),
    *house.SECTIONS,
)
MAILBOX_KEYS = {
    *exporting.MAILBOX_FIELDS,
    *("processing", "answers", "imap", "smtp", "sign_in", "folders", "people", "rules"),
}
LATER = ("account-mailbox",)
ABILITIES = {each.name.lower(): each for each in Grant.Ability}


class ConfigurationInvalid(Exception):
    """The document cannot be applied; says where and why. Nothing was changed."""


def plan(document: Any) -> list[Difference]:
    """What applying would change; empty when everything is so already."""
    _check_shape(document)
    current = exporting.document()
    return [
        each
        for each in comparing.differences(current, document)
        if each.path != ("version",) and not _is_same_secret(each)
    ]


def apply(document: Any, *, by: User | None = None) -> None:
    """Make it so. Raises ConfigurationInvalid, and then nothing has changed."""
    _check_shape(document)
    place = "the file"
    try:
        # Providers may think for long: never inside the transaction.
        asked = house.ask(document)
        with transaction.atomic():
            chosen = document.get("settings") or {}
            # This one names a mailbox, which may come with this very file.
            later = {name: chosen[name] for name in LATER if name in chosen}
            settings.change(
                {name: chosen[name] for name in chosen if name not in LATER}, by=by
            )
            for place, value in (document.get("roles") or {}).items():
                _role(place, value, by=by)
            for place, value in (document.get("templates") or {}).items():
                _template(place, value, by=by)
            place = "what stands beside mailboxes"
            house.apply(document, asked=asked, by=by)
            for place, value in (document.get("mailboxes") or {}).items():
                _mailbox(place, value, by=by)
            place = "settings"
            settings.change(later, by=by)
            history.record("configuration-applied", by=by)
    except (
        ValueError,
        TypeError,
        KeyError,
        ValidationError,
        people.NotPossible,
        OauthError,
    ) as error:
        raise ConfigurationInvalid(f"{place}: {_words_of(error)}") from error


def _check_shape(document: Any) -> None:
    if not isinstance(document, dict):
        raise ConfigurationInvalid("The file must hold a mapping: version, mailboxes …")
    if document.get("version") != exporting.VERSION:
        raise ConfigurationInvalid(f"Write `version: {exporting.VERSION}` at the top.")
    _refuse_unknown("the file", document, SECTIONS)
    for section in SECTIONS[1:]:
        if not isinstance(document.get(section) or {}, dict):
            raise ConfigurationInvalid(f"{section} must be a mapping of names.")
    for address, value in (document.get("mailboxes") or {}).items():
        if not isinstance(value, dict):
            raise ConfigurationInvalid(f"{address} must be a mapping.")
        _refuse_unknown(address, value, MAILBOX_KEYS)


def _refuse_unknown(place: str, value: Mapping[str, Any], known: Any) -> None:
    unknown = sorted(str(key) for key in set(value) - set(known))
    if unknown:
        raise ConfigurationInvalid(f"{place}: there is no {', '.join(unknown)}.")


def _role(name: str, value: dict[str, Any], *, by: User | None) -> None:
    role = Role.objects.filter(name=name).first()
    fields: dict[str, Any] = {
        "name": name,
        "abilities": value.get("abilities", role.abilities if role else []),
        "requires_two_factor": bool(
            value.get(
                "requires_two_factor", role.requires_two_factor if role else False
            )
        ),
    }
    if role is None:
        roles.add(by=by, **fields)
    else:
        roles.change(role, by=by, **fields)


def _template(key: str, value: dict[str, Any], *, by: User | None) -> None:
    draft = _draft(value, key)
    row = _find_template(key)
    if row is None:
        templates.add(draft, by=by)
    else:
        templates.change(row, draft, by=by)


def _mailbox(address: str, value: dict[str, Any], *, by: User | None) -> None:
    mailbox = Mailbox.objects.filter(
        address__iexact=address, removed_at__isnull=True
    ).first()
    if mailbox is None:
        validate_email(address)
        mailbox = mailboxes.add(
            label=value.get("label", address), address=address, by=by
        )
    fields = {name: value[name] for name in exporting.MAILBOX_FIELDS if name in value}
    mailboxes.change(mailbox, by=by, **fields)
    _connect(mailbox, value, by=by)
    if "sign_in" in value:
        sign_ins.apply(mailbox, value["sign_in"], by=by)
    if "answers" in value:
        chosen = answer_values.load(value["answers"])
        answer_settings.change(mailbox, chosen, by=by)
    if "processing" in value:
        _process(mailbox, value["processing"], by=by)
    if "folders" in value:
        _choose_folders(mailbox, value["folders"] or {}, by=by)
    if "people" in value:
        _let_in(mailbox, value["people"] or {}, by=by)
    if "rules" in value:
        _answer(mailbox, value["rules"] or [], by=by)


def _connect(mailbox: Mailbox, value: dict[str, Any], *, by: User | None) -> None:
    endpoints: dict[str, connections.Endpoint | None] = {}
    for protocol in Connection.Protocol.values:
        if protocol not in value:
            continue
        server = value[protocol]
        if server is None:
            endpoints[protocol] = None
            continue
        if server["encryption"] not in Connection.Encryption.values:
            raise ValueError(f"{server['encryption']} is no encryption.")
        stored = mailbox.connections.filter(protocol=protocol).first()
        password = references.read(server.get("password"))
        if stored and password and password == connections.password_of(stored):
            password = None
        endpoints[protocol] = connections.Endpoint(
            host=str(server["host"]),
            port=int(server["port"]),
            encryption=server["encryption"],
            login=str(server.get("login", "")),
            password=password,
        )
    if endpoints:
        connections.change(mailbox, endpoints, by=by)


def _process(mailbox: Mailbox, value: dict[str, Any], *, by: User | None) -> None:
    options = dict(value.get("options") or {})
    for name in exporting.PEOPLE:
        if name in options:
            options[name] = _person(options[name]).pk
    if "tags" in options:
        options["tags"] = [tag.pk for tag in tags.named(options["tags"])]
    mailboxes.set_processing(
        mailbox, action=str(value["action"]), options=options, by=by
    )


def _choose_folders(
    mailbox: Mailbox, value: dict[str, dict[str, Any]], *, by: User | None
) -> None:
    known = set(mailbox.folders.values_list("wire_name", flat=True))
    for wire_name in value.keys() - known:
        # The server's own list completes it once the mailbox is being read.
        Folder.objects.create(mailbox=mailbox, wire_name=wire_name, path=wire_name)
    folders.choose(
        mailbox,
        [
            folders.Choice(
                wire_name=wire_name,
                is_ticked=bool(each.get("is_ticked", True)),
                role=each.get("role"),
                sync_from=each.get("sync_from", Folder.SyncFrom.NOW),
                since=datetime.fromisoformat(each["since"])
                if each.get("since")
                else None,
            )
            for wire_name, each in value.items()
        ],
        by=by,
    )


def _let_in(mailbox: Mailbox, value: dict[str, str], *, by: User | None) -> None:
    for grant in mailbox.grants.select_related("role", "user"):
        if exporting.who(grant) not in value:
            people.grant(mailbox, ability=None, by=by, user=grant.user, role=grant.role)
    for who, label in value.items():
        kind, _space, name = who.partition(" ")
        if label not in ABILITIES or kind not in {"role", "user"}:
            raise ValueError(f"“{who}: {label}” should read “role Agents: reply”.")
        stored = {exporting.who(each): each for each in mailbox.grants.all()}.get(who)
        if stored is None or stored.ability != ABILITIES[label]:
            people.grant(
                mailbox,
                ability=ABILITIES[label],
                by=by,
                user=_person(name) if kind == "user" else None,
                role=_named_role(name) if kind == "role" else None,
            )


def _answer(mailbox: Mailbox, value: list[dict[str, Any]], *, by: User | None) -> None:
    stored = {row.name: row for row in mailbox.rules.select_related("template")}
    for name in stored.keys() - {each["name"] for each in value}:
        rules.delete(stored[name], by=by)
    order = []
    for each in value:
        row = stored.get(each["name"])
        fields = {name: each[name] for name in exporting.RULE_FIELDS if name in each}
        template = _template_of(each, row, by=by)
        if row is None:
            fields.setdefault("conditions", {"every": True})
            row = rules.add(
                mailbox, name=each["name"], template=template, by=by, **fields
            )
        else:
            rules.change(row, template=template, by=by, **fields)
        order.append(row.pk)
    if order != list(mailbox.rules.values_list("pk", flat=True)):
        rules.reorder(mailbox, order, by=by)


def _template_of(
    each: dict[str, Any], row: AutoresponseRule | None, *, by: User | None
) -> EmailTemplate:
    """A shared template by its name, or words of the rule's own."""
    if "template" in each:
        found = _find_template(each["template"])
        if found is None:
            raise ValueError(f"There is no template {each['template']}.")
        return found
    draft = _draft(each["words"], "")
    if row is not None and not row.template.is_visible:
        stored = exporting.words_of(templates.draft_of(row.template))
        if stored == exporting.words_of(draft):
            return row.template
    return templates.keep_custom(draft, by=by)


def _draft(value: dict[str, Any], key: str) -> templates.Draft:
    entity, _slash, name = key.rpartition("/")
    return templates.Draft(
        type=value["type"],
        subject=value.get("subject", ""),
        content=value.get("content", ""),
        translations={
            language: templates.Words(words["subject"], words["content"])
            for language, words in (value.get("translations") or {}).items()
        },
        files=tuple(
            template_files.keep(each["name"], base64.b64decode(each["base64"]))
            for each in value.get("attachments") or []
        ),
        name=name,
        entity="" if entity == "any" else entity or EmailTemplate.Entity.EMAIL,
    )


def _find_template(key: str) -> EmailTemplate | None:
    entity, _slash, name = key.partition("/")
    return EmailTemplate.objects.filter(
        name=name, entity="" if entity == "any" else entity, is_visible=True
    ).first()


def _person(email: str) -> User:
    found = User.objects.filter(email__iexact=email).first()
    if found is None:
        raise ValueError(f"Nobody has the address {email}. Invite them first.")
    return found


def _named_role(name: str) -> Role:
    found = Role.objects.filter(name=name).first()
    if found is None:
        raise ValueError(f"There is no role {name}. Write it under roles.")
    return found


def _is_same_secret(each: Difference) -> bool:
    """A reference is no difference: what it leads to is compared when it is applied."""
    return not references.NAMES.isdisjoint(each.path[-2:])


def _words_of(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing."
    return str(error)

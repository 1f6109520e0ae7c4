"""What becomes of a first letter: the registry of processing actions.

An action is one function of a Work; it is called for the first letter of a conversation
in this mailbox, when a person wrote it after the action was switched on. Other packages
add theirs by the entry point `letterbox.processing`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any

from django.db.models import TextChoices

from letterbox.inbound import distribution
from letterbox.inbound.work import Work
from letterbox.mime.classify.values import MailKind
from letterbox.models import Case, Conversation, Lead, Tag, User
from letterbox.services import cases, conversations, leads, records

FROM_US = "It was sent by us."
HISTORY = "It was there before the folder was ticked, or lies in Sent or Junk."
NO_SUBJECT = "(no subject)"


@dataclass(frozen=True, slots=True)
class Action:
    """A processing action: its stored name, its label, what it does."""

    name: str
    label: str
    run: Callable[[Work, dict[str, Any]], None]


_ACTIONS: dict[str, Action] = {}


def action(
    name: str, label: str
) -> Callable[
    [Callable[[Work, dict[str, Any]], None]], Callable[[Work, dict[str, Any]], None]
]:
    """Register a function as a processing action."""

    def register(
        run: Callable[[Work, dict[str, Any]], None],
    ) -> Callable[[Work, dict[str, Any]], None]:
        _ACTIONS[name] = Action(name, label, run)
        return run

    return register


@lru_cache(maxsize=1)
def actions() -> dict[str, Action]:
    """Every action by name: ours in their order, then those of other packages."""
    for point in entry_points(group="letterbox.processing"):
        point.load()
    return dict(_ACTIONS)


def convert(work: Work) -> None:
    """Run the mailbox's action on a first letter; a reply wakes its record instead."""
    refusal = why_not(work)
    name = work.mailbox.processing_action
    chosen = actions().get(name)
    if chosen is None and not refusal:
        refusal = f"There is no processing action {name!r} any more; choose another."
    work.trace["convert"] = {"action": name, "refusal": refusal}
    if work.message.is_history:
        return
    if not work.is_first and work.is_inbound and work.conversation is not None:
        _wake_record(work, work.conversation)
    elif not refusal and chosen is not None:
        options = work.mailbox.processing_settings
        chosen.run(work, options if isinstance(options, dict) else {})
    if work.case is not None:
        work.trace["convert"]["case"] = work.case.pk
    if work.lead is not None:
        work.trace["convert"]["lead"] = work.lead.pk


def why_not(work: Work) -> str:
    """Why this letter converts into nothing; empty when it does."""
    message = work.message
    if not work.is_inbound:
        return FROM_US
    if message.is_history:
        return HISTORY
    refusal = why_not_this(kind=message.kind, is_first=work.is_first)
    if not refusal and message.pk <= work.mailbox.processing_since_id:
        return "It arrived before the action was switched on."
    return refusal


def why_not_this(*, kind: str, is_first: bool) -> str:
    """Why a letter of this kind converts into nothing, whenever it came; else empty."""
    if not is_first:
        return "It is not the first letter of its conversation."
    if kind != MailKind.HUMAN:
        return f"It is not from a person ({kind})."
    return ""


@action("do-nothing", "Do Nothing")
def do_nothing(work: Work, options: dict[str, Any]) -> None:
    """Keep the letter in the mailbox, and that is all."""


@action("convert-to-lead", "Convert To Lead")
def convert_to_lead(work: Work, options: dict[str, Any]) -> None:
    """Open a lead for the conversation."""
    assert work.conversation is not None  # noqa: S101
    message = work.message
    work.lead = leads.open_for(
        work.conversation,
        name=message.subject or NO_SUBJECT,
        notes=message.text,
        sender_name=message.from_name,
        email=message.from_email,
        contact=message.contact,
        owner=_user(options.get("owner")),
        source=str(options.get("source", "email")),
        by=None,
        is_new_conversation=work.is_first,
    )
    _tag(work, options, work.lead)


@action("convert-to-case", "Convert To Case")
def convert_to_case(work: Work, options: dict[str, Any]) -> None:
    """Open a case for the conversation, and give it to whom the mailbox says."""
    assert work.conversation is not None  # noqa: S101
    message = work.message
    assignee = _user(options.get("assignee")) or distribution.next_person(
        work.mailbox, str(options.get("distribution", ""))
    )
    work.case = cases.open_for(
        work.conversation,
        subject=message.subject or NO_SUBJECT,
        description=message.text,
        contact=message.contact,
        owner=_user(options.get("owner")),
        assignee=assignee,
        status=_choice(options.get("status"), Case.Status, Case.Status.OPEN),
        priority=_choice(options.get("priority"), Case.Priority, Case.Priority.NORMAL),
        by=None,
        is_new_conversation=work.is_first,
    )
    _tag(work, options, work.case)
    if assignee is not None:
        conversations.assign(work.conversation, to=assignee, by=None)


def _wake_record(work: Work, conversation: Conversation) -> None:
    """A person's reply reopens the case that grew from the conversation."""
    work.case = records.find_for(Case, conversation)
    work.lead = records.find_for(Lead, conversation)
    is_news = work.message.kind == MailKind.HUMAN
    if is_news and work.case is not None:
        cases.reopen_for_letter(work.case)


def _user(value: object) -> User | None:
    """An active person by id; one who has left owns nothing new."""
    if not isinstance(value, int):
        return None
    return User.objects.filter(pk=value, is_active=True).first()


def _choice(value: object, choices: type[TextChoices], otherwise: str) -> str:
    """One of the choices; what is none of them was stored by an older version."""
    return str(value) if value in choices.values else otherwise


def _tag(work: Work, options: dict[str, Any], record: Case | Lead) -> None:
    """Tag the record and its conversation; tags that are gone are left out."""
    wanted = options.get("tags")
    if not isinstance(wanted, list) or not wanted or work.conversation is None:
        return
    tags = Tag.objects.filter(pk__in=[each for each in wanted if type(each) is int])
    record.tags.add(*tags)
    work.conversation.tags.add(*tags)

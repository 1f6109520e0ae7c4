"""What becomes of a first letter: the registry of processing actions.

An action is one function of a Work; it is called for the first letter of a conversation
in this mailbox, when a person wrote it after the action was switched on. Other packages
add theirs by the entry point `letterbox.processing`. Where an action opens a case or a
lead and the sender has an open one here, no twin is made: the mailbox says whether
people are asked, the letter is added to the open one, or another is opened all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any

from django.db import transaction
from django.db.models import TextChoices

from letterbox.inbound import distribution
from letterbox.inbound.work import Work
from letterbox.mime.classify.values import MailKind
from letterbox.mime.letter import Letter
from letterbox.models import Case, Conversation, Lead, Mailbox, Message, Tag, User
from letterbox.rules import budgets
from letterbox.services import cases, conversations, leads, matters, records

FROM_US = "It was sent by us."
HISTORY = "It was there before the folder was ticked, or lies in Sent or Junk."
NO_SUBJECT = "(no subject)"


class SameSender(StrEnum):
    """What becomes of a first letter whose sender has an open case or lead here."""

    ASK = "ask"
    ADD = "add"
    OPEN_NEW = "open-new"


@dataclass(frozen=True, slots=True)
class Action:
    """A processing action: its stored name, its label, what it does."""

    name: str
    label: str
    run: Callable[[Work, dict[str, Any]], None]
    #: "case" or "lead", where that is what it opens; see services.matters.
    opens: str = ""


_ACTIONS: dict[str, Action] = {}


def action(
    name: str, label: str, *, opens: str = ""
) -> Callable[
    [Callable[[Work, dict[str, Any]], None]], Callable[[Work, dict[str, Any]], None]
]:
    """Register a function as a processing action."""

    def register(
        run: Callable[[Work, dict[str, Any]], None],
    ) -> Callable[[Work, dict[str, Any]], None]:
        _ACTIONS[name] = Action(name, label, run, opens)
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
    refusal = why_not(work, is_first=work.is_first)
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
        beside = _open_one(work, chosen)
        if beside is None or same_sender_of(work.mailbox) is SameSender.OPEN_NEW:
            chosen.run(work, options_of(work.mailbox))
        else:
            assert work.conversation is not None  # noqa: S101
            matters.leave_undecided(work.conversation, beside=beside)
            work.offered = beside
            work.trace["convert"]["offered"] = {chosen.opens: beside.pk}
    if work.case is not None:
        work.trace["convert"]["case"] = work.case.pk
    if work.lead is not None:
        work.trace["convert"]["lead"] = work.lead.pk


def matter_to_join(work: Work) -> Case | Lead | None:
    """The open case or lead that a first letter is added to, where the mailbox says so.

    None where it would not convert, or nothing is open. For the step that finds the
    conversation: what is added belongs there from the start.
    """
    chosen = actions().get(work.mailbox.processing_action)
    if chosen is None or same_sender_of(work.mailbox) is not SameSender.ADD:
        return None
    if not is_answered_to_author(work.letter):
        # Whoever writes in another's name must not get into their case.
        return None
    return None if why_not(work, is_first=True) else _open_one(work, chosen)


def is_answered_to_author(letter: Letter) -> bool:
    """Whether what we say goes to the address that it was written as."""
    recipient = next((each for each in letter.reply_to if each.email), letter.author)
    return budgets.key(recipient.email) == budgets.key(letter.author.email)


def _open_one(work: Work, chosen: Action) -> Case | Lead | None:
    if not chosen.opens or work.message.contact_id is None:
        return None
    found: Case | Lead | None = matters.open_ones(
        chosen.opens,
        contact_id=work.message.contact_id,
        mailbox_id=work.message.mailbox_id,
        but_of=work.conversation,
    ).first()
    return found


def options_of(mailbox: Mailbox) -> dict[str, Any]:
    """What the mailbox says to its action; nothing where a hand wrote nonsense."""
    options = mailbox.processing_settings
    return options if isinstance(options, dict) else {}


def same_sender_of(mailbox: Mailbox) -> SameSender:
    """What the mailbox says about a sender who has an open case or lead."""
    try:
        return SameSender(options_of(mailbox).get("same_sender", SameSender.ASK))
    except ValueError:
        return SameSender.ASK


def why_not(work: Work, *, is_first: bool) -> str:
    """Why this letter converts into nothing; empty when it does."""
    message = work.message
    if not work.is_inbound:
        return FROM_US
    if message.is_history:
        return HISTORY
    refusal = why_not_this(kind=message.kind, is_first=is_first)
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


@action("convert-to-lead", "Convert To Lead", opens="lead")
def convert_to_lead(work: Work, options: dict[str, Any]) -> None:
    """Open a lead for the conversation."""
    assert work.conversation is not None  # noqa: S101
    work.lead = _open_lead(
        work.conversation, work.message, options, is_new_conversation=work.is_first
    )


@action("convert-to-case", "Convert To Case", opens="case")
def convert_to_case(work: Work, options: dict[str, Any]) -> None:
    """Open a case for the conversation, and give it to whom the mailbox says."""
    assert work.conversation is not None  # noqa: S101
    work.case = _open_case(
        work.conversation, work.message, options, is_new_conversation=work.is_first
    )


@transaction.atomic
def open_by_hand(conversation: Conversation, kind: str, *, by: User) -> Case | Lead:
    """Open a case or a lead because a person says so, or give back the one there is.

    Owner, assignee and the rest are as the mailbox says where its action opens the same.
    Raises ValueError where nobody outside has written in the conversation.
    """
    message = (
        conversation.messages.filter(direction=Message.Direction.IN)
        .select_related("contact")
        .order_by("received_at", "id")
        .first()
    )
    if message is None:
        raise ValueError("There is no letter here that it could be about.")
    chosen = actions().get(conversation.mailbox.processing_action)
    is_same = chosen is not None and chosen.opens == kind
    options = options_of(conversation.mailbox) if is_same else {}
    if kind == "lead":
        return _open_lead(conversation, message, options, by=by)
    return _open_case(conversation, message, options, by=by)


def _open_lead(
    conversation: Conversation,
    message: Message,
    options: dict[str, Any],
    *,
    by: User | None = None,
    is_new_conversation: bool = False,
) -> Lead:
    lead = leads.open_for(
        conversation,
        name=message.subject or NO_SUBJECT,
        notes=message.text,
        sender_name=message.from_name,
        email=message.from_email,
        contact=message.contact,
        owner=_user(options.get("owner")),
        source=str(options.get("source", "email")),
        by=by,
        is_new_conversation=is_new_conversation,
    )
    _tag(conversation, options, lead)
    return lead


def _open_case(
    conversation: Conversation,
    message: Message,
    options: dict[str, Any],
    *,
    by: User | None = None,
    is_new_conversation: bool = False,
) -> Case:
    assignee = _user(options.get("assignee")) or distribution.next_person(
        conversation.mailbox, str(options.get("distribution", ""))
    )
    case = cases.open_for(
        conversation,
        subject=message.subject or NO_SUBJECT,
        description=message.text,
        contact=message.contact,
        owner=_user(options.get("owner")),
        assignee=assignee,
        status=_choice(options.get("status"), Case.Status, Case.Status.OPEN),
        priority=_choice(options.get("priority"), Case.Priority, Case.Priority.NORMAL),
        by=by,
        is_new_conversation=is_new_conversation,
    )
    _tag(conversation, options, case)
    if assignee is not None:
        conversations.assign(conversation, to=assignee, by=None)
    return case


def _wake_record(work: Work, conversation: Conversation) -> None:
    """A person's reply reopens the case that grew from the conversation."""
    work.case, work.lead = records.find_both(conversation)
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


def _tag(
    conversation: Conversation, options: dict[str, Any], record: Case | Lead
) -> None:
    """Tag the record and its conversation; tags that are gone are left out."""
    wanted = options.get("tags")
    if not isinstance(wanted, list) or not wanted:
        return
    tags = Tag.objects.filter(pk__in=[each for each in wanted if type(each) is int])
    record.tags.add(*tags)
    conversation.tags.add(*tags)

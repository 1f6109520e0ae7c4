"""What rules may see of letters that came as history, worked out when they are tried.

Nobody needs it while a history of many thousands is read, so it is made by the first
dry run that asks, and kept: the next one finds it. Nothing else is written.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Min, QuerySet

from letterbox.inbound import facts, reading
from letterbox.mime import bounces
from letterbox.mime.classify import classify
from letterbox.mime.classify.values import OwnMail
from letterbox.mime.parse import parse_letter
from letterbox.models import Case, Lead, Mailbox, Message, Placement
from letterbox.services import answer_settings, letters

logger = logging.getLogger(__name__)

CHUNK = 200


def complete(mailbox: Mailbox, ids: Sequence[int]) -> Iterator[int]:
    """Work them out for these messages; yields, by the chunk, how many are done.

    A letter that cannot be read, or is gone, is passed over.
    """
    own = reading.own_mail()
    zone = answer_settings.of(mailbox).time_zone
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        around = _Around(mailbox, chunk)
        for message in Message.objects.filter(pk__in=chunk).select_related("raw"):
            try:
                found = _facts(message, mailbox, own, around, zone)
            except Exception:
                # One odd letter must not end the trial of all others.
                logger.exception("Message %d has no facts.", message.pk)
                continue
            Message.objects.filter(pk=message.pk, facts={}).update(facts=found)
        yield start + len(chunk)


class _Around:
    """What stands around the letters of a chunk, in a query for each kind."""

    def __init__(self, mailbox: Mailbox, chunk: Sequence[int]) -> None:
        rows = Message.objects.filter(pk__in=chunk)
        conversations = rows.values("conversation").distinct()
        of_them = {"conversation__in": conversations}
        self.cases = _conversations(Case.objects.filter(**of_them))
        self.leads = _conversations(Lead.objects.filter(**of_them))
        of_mailbox = Message.objects.filter(mailbox=mailbox)
        self.began = dict(
            of_mailbox.filter(**of_them)
            .order_by()
            .values_list("conversation")
            .annotate(Min("received_at"))
        )
        self.first_letters = dict(
            of_mailbox.filter(contact__in=rows.values("contact").distinct())
            .order_by()
            .values_list("contact")
            .annotate(Min("received_at"))
        )
        self.places: dict[int, list[Placement]] = defaultdict(list)
        for each in (
            Placement.objects.filter(message__in=chunk, gone_at=None)
            .select_related("folder")
            .order_by("id")
        ):
            self.places[each.message_id or 0].append(each)


def _conversations(rows: QuerySet[Any]) -> set[int | None]:
    return set(rows.values_list("conversation_id", flat=True))


def _facts(
    message: Message, mailbox: Mailbox, own: OwnMail, around: _Around, zone: str
) -> dict[str, Any]:
    letter = parse_letter(message.raw.content)
    if "form" in message.trace:
        behind = reading.person_behind_form(letter, own)
        if behind is not None:
            letter, own, _ = behind
    known = facts.remember(
        message,
        letter,
        mailbox=mailbox,
        classification=classify(letter, own=own, bounce=bounces.read_bounce(letter)),
        own_addresses=own.addresses,
        is_first=around.began.get(message.conversation_id) == message.received_at,
        has_case=message.conversation_id in around.cases,
        has_lead=message.conversation_id in around.leads,
        sender_is_known=_is_known(message, around),
        time_zone=zone,
        places=around.places[message.pk],
    )
    stored: dict[str, Any] = letters.storable(known.to_json())
    return stored


def _is_known(message: Message, around: _Around) -> bool:
    """Whether an earlier letter here was from this person, or went to them."""
    if message.contact_id is None:
        return False
    return bool(around.first_letters[message.contact_id] < message.received_at)

"""Delete letters here for good, by the chunk; on the server nothing is touched.

Cases, leads and contacts stay, and so does what Letterbox itself has sent. The same
letter in another mailbox is a message of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from letterbox.models import Conversation, Message, Note, OutgoingMail, RawLetter
from letterbox.services import conversations

# Letters per transaction: no lock is held long, and a stop loses little.
CHUNK = 500


@transaction.atomic
def forget(messages: QuerySet[Message]) -> int:
    """Delete the next CHUNK of these messages; returns how many there were.

    What points at them in the ledger goes too. A conversation that has nothing left,
    neither a letter nor a note nor a record, goes with its last message.
    """
    rows = list(
        messages.order_by("pk").values_list("pk", "raw_id", "conversation_id")[:CHUNK]
    )
    Message.objects.filter(pk__in=[pk for pk, _raw, _conversation in rows]).delete()
    drop_unused_raw_letters(raw for _pk, raw, _conversation in rows)
    touched = {number for _pk, _raw, number in rows if number is not None}
    for conversation in (
        Conversation.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=touched)
        .order_by("pk")
    ):
        if _is_empty(conversation):
            conversation.delete()
        else:
            conversations.count_again(conversation)
    return len(rows)


def drop_unused_raw_letters(numbers: Iterable[int]) -> None:
    """Delete these bytes, but for those that another row still needs."""
    RawLetter.objects.filter(
        ~Exists(Message.objects.filter(raw=OuterRef("pk"))),
        ~Exists(OutgoingMail.objects.filter(raw=OuterRef("pk"))),
        pk__in=set(numbers),
        # Their bytes need not be loaded to be deleted.
    ).only("pk").delete()


def _is_empty(conversation: Conversation) -> bool:
    return not (
        Message.objects.filter(conversation=conversation).exists()
        or Note.objects.filter(conversation=conversation).exists()
        or OutgoingMail.objects.filter(conversation=conversation).exists()
        or Conversation.objects.filter(merged_into=conversation).exists()
        or hasattr(conversation, "case")
        or hasattr(conversation, "lead")
    )

"""An answer as it would go out, before it does: for a preview, and for a test letter.

Nothing here is kept or sent; the words come from a draft that may not be stored yet.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from letterbox import rendering
from letterbox.inbound import reading, writing
from letterbox.inbound.work import Work
from letterbox.mime import build
from letterbox.mime.letter import Address
from letterbox.mime.parse import parse_letter
from letterbox.mime.text import text_from_html
from letterbox.models import Case, EmailTemplate, Lead, Mailbox, Message
from letterbox.services import matters, templates

BYTES_SHOWN = 60_000
SAMPLE_PERSON = Address("anna@example.org", "Anna Berg")


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent, or why nothing could be."""

    subject: str = ""
    text: str = ""
    html: str = ""
    files: tuple[str, ...] = ()
    raw: bytes = b""
    problem: str = ""

    @property
    def shown_bytes(self) -> str:
        """The bytes as a page shows them: of a large file not every line."""
        shown = self.raw[:BYTES_SHOWN].decode("utf-8", "replace")
        left = len(self.raw) - BYTES_SHOWN
        return f"{shown}\n… and {left:,} bytes more" if left > 0 else shown


def preview(
    mailbox: Mailbox,
    words: templates.Draft,
    *,
    message: Message | None = None,
    to: Address | None = None,
    message_id: str = "",
) -> Preview:
    """The answer to a stored letter, or to a made-up one where none is given.

    `to` has it addressed to somebody else, and `message_id` named, for a test.
    """
    message_id = message_id or f"preview@{mailbox.address.rpartition('@')[2]}"
    try:
        if message is None:
            return _to_sample(mailbox, words, to or SAMPLE_PERSON, message_id)
        work = work_of(mailbox, message)
        written = writing.words_for(work, words)
        recipient = to or next(iter(work.letter.reply_to), work.letter.author)
        draft = writing.draft_of(
            work, written, origin="preview", recipient=recipient, message_id=message_id
        )
    except writing.PROBLEMS as error:
        return Preview(problem=str(error))
    return _shown(draft)


def work_of(mailbox: Mailbox, message: Message) -> Work:
    """A stored message in hand again, with the records that grew from it."""
    raw = message.raw.content
    work = Work(message, mailbox, raw, parse_letter(raw), reading.own_mail())
    if "form" in message.trace:
        reading.see_person_behind_form(work)
    if message.conversation_id is not None:
        of_it = {"conversation": message.conversation_id}
        work.case = Case.objects.filter(**of_it).order_by("-id").first()
        work.lead = Lead.objects.filter(**of_it).order_by("-id").first()
        work.offered = _offered(message)
    return work


def _offered(message: Message) -> Case | Lead | None:
    """What people were asked about when it came, while it still waits for an answer."""
    convert = message.trace.get("convert") or {}
    if message.conversation is None or not message.conversation.undecided:
        return None
    for kind, pk in (convert.get("offered") or {}).items():
        record: Case | Lead | None = (
            matters.KINDS[kind]._default_manager.filter(pk=pk).first()
        )
        return record
    return None


def _to_sample(
    mailbox: Mailbox, words: templates.Draft, to: Address, message_id: str
) -> Preview:
    values = {
        **rendering.sample_values(),
        "mailbox": {"name": mailbox.label, "address": mailbox.address},
    }
    is_html = words.type == EmailTemplate.Type.HTML
    body = rendering.render(words.content, values, html=is_html)
    subject = rendering.render_subject(words.subject, values)
    text = text_from_html(body) if is_html else body
    html = body if is_html else ""
    draft = build.Draft(
        from_=Address(mailbox.address, mailbox.display_name or mailbox.label),
        to=(to,),
        subject=subject,
        text=text,
        html=html,
        message_id=message_id,
        date=timezone.now(),
        attachments=writing.files_of(words),
        headers=build.automatic_answer_headers("preview"),
    )
    return _shown(draft)


def _shown(draft: build.Draft) -> Preview:
    return Preview(
        draft.subject,
        draft.text,
        draft.html,
        tuple(each.filename for each in draft.attachments),
        build.build_letter(draft),
    )

"""An automatic answer as bytes: the words of a template, marked as RFC 3834 wants.

Never raises for what people wrote: an answer that cannot be written comes back without
words and with the reason, to be held.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from letterbox import rendering
from letterbox.inbound import conversion
from letterbox.inbound.work import Work
from letterbox.mime import build, language, subjects
from letterbox.mime.letter import Address
from letterbox.mime.text import text_from_html
from letterbox.models import AutoresponseRule, Case, EmailTemplate, Lead
from letterbox.services import template_files, template_values, templates

#: Why the words of a template may not be written, with a sentence each.
PROBLEMS = (rendering.TemplateError, template_files.FileMissing)


@dataclass(frozen=True, slots=True)
class Written:
    """The bytes of an answer; with a problem they have no words and must not go out."""

    raw: bytes
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What a template says to one letter."""

    subject: str
    text: str = ""
    html: str = ""
    files: tuple[build.DraftAttachment, ...] = ()


def write(
    work: Work, rule: AutoresponseRule, *, recipient: Address, message_id: str
) -> Written:
    """The answer of a rule to the letter in hand."""
    problem = ""
    try:
        words = words_for(work, rule.template)
    except PROBLEMS as error:
        problem = f"The template “{rule.template.name}” could not be filled in: {error}"
        words = Words(subjects.reply_subject(work.message.subject))
    # An address that no header can hold would have been refused by the guards.
    draft = draft_of(
        work,
        words,
        origin=f"rule-{rule.pk}",
        recipient=recipient,
        message_id=message_id,
    )
    return Written(build.build_letter(draft), problem)


def words_for(work: Work, template: EmailTemplate | templates.Draft) -> Words:
    """The template in the sender's language, with its files; raises one of PROBLEMS."""
    # RFC 3282: what the writer would like to read, before what the letter is written in.
    wished = language.accepted_languages(work.letter)
    chosen = templates.in_language(template, *wished, work.message.language)
    case, lead = _records_to_name(work)
    variables = template_values.of(
        message=work.message, mailbox=work.mailbox, case=case, lead=lead
    )
    is_html = template.type == EmailTemplate.Type.HTML
    body = rendering.render(chosen.content, variables, html=is_html)
    subject = rendering.render_subject(chosen.subject, variables)
    return Words(
        subject=subject or subjects.reply_subject(work.message.subject),
        text=text_from_html(body) if is_html else body,
        html=body if is_html else "",
        files=files_of(template),
    )


def files_of(
    template: EmailTemplate | templates.Draft,
) -> tuple[build.DraftAttachment, ...]:
    """The files that the template takes along. Raises FileMissing."""
    if isinstance(template, EmailTemplate):
        return template_files.read(template_files.of_json(template.attachments))
    return template_files.read(template.files)


def draft_of(
    work: Work, words: Words, *, origin: str, recipient: Address, message_id: str
) -> build.Draft:
    """The answer as a draft: From as it was written to, whole References, marked."""
    mailbox = work.mailbox
    return build.Draft(
        from_=Address(_written_to(work), mailbox.display_name or mailbox.label),
        to=(recipient,),
        subject=words.subject,
        text=words.text,
        html=words.html,
        message_id=message_id,
        in_reply_to=work.letter.message_id,
        references=build.reply_references(work.letter),
        date=timezone.now(),
        attachments=words.files,
        headers=build.automatic_answer_headers(origin),
    )


def _written_to(work: Work) -> str:
    """The address of ours that the letter was written to, else the mailbox's own."""
    named = [address.email.lower() for address in (*work.letter.to, *work.letter.cc)]
    ours = work.mailbox.all_addresses
    return next((email for email in named if email in ours), work.mailbox.address)


def _records_to_name(work: Work) -> tuple[Case | None, Lead | None]:
    """The case and the lead that an answer may speak of.

    Before people have decided, those that are open: their numbers are right whatever is
    decided. But only to the address that they belong to, for anybody can write in
    another's name and have the answer sent elsewhere.
    """
    case, lead, offered = work.case, work.lead, work.offered
    if offered is not None and conversion.is_answered_to_author(work.letter):
        if isinstance(offered, Case):
            case = case or offered
        else:
            lead = lead or offered
    return case, lead

"""The step that answers by rule: gather, decide, promise.

`rules.engine.decide` decides. The answer is one more OutgoingMail row in the message's
own transaction, unique per rule and message: never two, never forgotten. Budgets are
counted in that transaction under a lock of the mailbox, so that parallel workers
cannot overshoot them.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from letterbox import rendering
from letterbox.inbound import facts as facts_module
from letterbox.inbound import reading
from letterbox.inbound.work import Work
from letterbox.mime import build, subjects
from letterbox.mime.letter import Address
from letterbox.models import (
    AutoresponseRule,
    ContactAddress,
    EmailTemplate,
    Mailbox,
    OutgoingMail,
)
from letterbox.rules import budgets, conditions, engine, guards
from letterbox.rules.facts import Facts
from letterbox.services import conversations, history, outbox, templates

NOT_LEFT = {
    OutgoingMail.State.HELD: budgets.Fate.HELD,
    OutgoingMail.State.DISCARDED: budgets.Fate.DISCARDED,
}


def answer(work: Work) -> None:
    """Ask the mailbox's rules, and promise what they say."""
    if not work.is_inbound or work.classification is None:
        return
    rows = list(
        AutoresponseRule.objects.filter(mailbox=work.mailbox).select_related("template")
    )
    if not rows:
        work.trace["answer"] = {"sentence": "This mailbox has no autoresponse rules."}
        return
    # Counting and promising must not interleave with another worker's.
    Mailbox.objects.select_for_update(of=("self",)).get(pk=work.mailbox.pk)
    facts = _facts(work)
    verdict = engine.decide(
        facts,
        [rule_of(row) for row in rows],
        now=timezone.now(),
        past=past_answers(work, facts.recipient.email),
        settings=settings_of(work.mailbox),
    )
    work.trace["answer"] = verdict.to_json()
    by_id = {row.pk: row for row in rows}
    for each in verdict.answers:
        mail = _promise(work, by_id[each.rule], each)
        work.trace["answer"].setdefault("mails", []).append(mail.pk)


def rule_of(row: AutoresponseRule) -> engine.Rule:
    """The rule as the engine sees it."""
    return engine.Rule(
        id=row.pk,
        version=row.version,
        name=row.name,
        conditions=conditions.load(row.conditions),
        template=row.template_id,
        is_active=row.is_active,
        goes_on=row.goes_on,
        timing=engine.Timing(row.timing),
        frequency=engine.Frequency(row.frequency),
        period=timedelta(hours=row.period_hours),
        first_letter_only=row.first_letter_only,
        active_since=row.active_since_id,
        position=row.position,
    )


def settings_of(mailbox: Mailbox) -> guards.Settings:
    """What people decided about the guards of this mailbox."""
    marked = ContactAddress.objects.filter(Q(is_trusted=True) | Q(is_muted=True))
    return guards.Settings(
        trusted=frozenset(each.email for each in marked if each.is_trusted),
        muted=frozenset(each.email for each in marked if each.is_muted),
        waived=frozenset({"not-addressed"} if mailbox.is_fed_by_forwarding else ()),
        breaker_is_open=mailbox.breaker_open_since is not None,
    )


def past_answers(work: Work, recipient: str) -> list[budgets.PastAnswer]:
    """The earlier automatic answers that budgets and frequencies count."""
    since = timezone.now() - budgets.longest_period(budgets.DEFAULT_BUDGETS)
    rows = (
        OutgoingMail.objects.filter(
            Q(created_at__gte=since)
            | Q(answers=work.message)
            | Q(conversation=work.conversation)
            | Q(recipients__contains=[recipient]),
            mailbox=work.mailbox,
            kind=OutgoingMail.Kind.AUTORESPONSE,
        )
        .select_related("answers")
        .order_by("-id")[:5000]
    )
    return [
        budgets.PastAnswer(
            rule=row.rule_id or 0,
            message=row.answers_id or 0,
            at=row.created_at,
            recipient=row.recipients[0] if row.recipients else "",
            author=row.answers.from_email if row.answers else "",
            message_id=row.answers.message_id if row.answers else "",
            conversation=row.conversation_id,
            fate=NOT_LEFT.get(OutgoingMail.State(row.state), budgets.Fate.PROMISED),
        )
        for row in rows
    ]


def _facts(work: Work) -> Facts:
    assert work.classification is not None  # noqa: S101
    has_case, has_lead = facts_module.records_of(work.message)
    return facts_module.facts_of(
        work.message,
        work.letter,
        mailbox=work.mailbox,
        classification=work.classification,
        own_addresses=reading.own_mail().addresses,
        is_first=work.is_first,
        has_case=has_case,
        has_lead=has_lead,
        sender_is_known=facts_module.sender_is_known(work.message),
    )


def _promise(work: Work, rule: AutoresponseRule, given: engine.Answer) -> OutgoingMail:
    """Write the answer and put it in the Outbox, held where a guard says so."""
    assert work.conversation is not None  # noqa: S101
    conversation = work.conversation
    message_id = outbox.new_message_id(work.mailbox, conversation)
    raw = build.build_letter(
        write(work, rule.template, recipient=given.recipient, message_id=message_id)
    )
    mail = outbox.promise(
        conversation,
        kind=OutgoingMail.Kind.AUTORESPONSE,
        raw=raw,
        message_id=message_id,
        recipients=[given.recipient.email],
        # RFC 3834, section 3.3: so that nobody's robot can answer the answer.
        sender="",
        due_at=timezone.now(),
        answers=work.message,
        rule=rule,
        dedupe_key=f"rule:{rule.pk}:message:{work.message.pk}",
        state=OutgoingMail.State.HELD if given.is_held else OutgoingMail.State.QUEUED,
        problem=given.reason,
    )
    if mail.sent_message is not None:
        conversations.add_message(conversation, mail.sent_message)
    history.record(
        "autoresponse-held" if given.is_held else "autoresponse-queued",
        by=None,
        conversation=conversation,
        rule=rule.pk,
        version=rule.version,
        mail=mail.pk,
    )
    return mail


def write(
    work: Work, template: EmailTemplate, *, recipient: Address, message_id: str
) -> build.Draft:
    """The answer as a draft: language of the sender, whole References, marked."""
    words = templates.in_language(template, work.message.language)
    variables = templates.variables(
        message=work.message, mailbox=work.mailbox, case=work.case, lead=work.lead
    )
    is_html = template.type == EmailTemplate.Type.HTML
    body = rendering.render(words.content, variables, html=is_html)
    subject = rendering.render_subject(words.subject, variables)
    mailbox = work.mailbox
    return build.Draft(
        from_=Address(_written_to(work), mailbox.display_name or mailbox.label),
        to=(recipient,),
        subject=subject or subjects.reply_subject(work.message.subject),
        text="" if is_html else body,
        html=body if is_html else "",
        message_id=message_id,
        in_reply_to=work.letter.message_id,
        references=build.reply_references(work.letter),
        date=timezone.now(),
        headers=build.automatic_answer_headers(f"rule {template.pk}"),
    )


def _written_to(work: Work) -> str:
    """The address of ours that the letter was written to, else the mailbox's own."""
    named = [address.email.lower() for address in (*work.letter.to, *work.letter.cc)]
    ours = work.mailbox.all_addresses
    return next((email for email in named if email in ours), work.mailbox.address)

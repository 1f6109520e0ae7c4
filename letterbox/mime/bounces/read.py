"""Read what became of a letter of ours from the report of a mail server.

`read_bounce` takes RFC 3464 first, then the words of servers that know none. It
returns what the report says; to which of our letters it belongs is for others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from letterbox.mime.address_kinds import AddressKind, kind_of_address
from letterbox.mime.bounces import report as bounces_report
from letterbox.mime.bounces import text as bounces_text
from letterbox.mime.bounces.reasons import (
    BounceReason,
    find_reply_code,
    find_status,
    reason_of,
)
from letterbox.mime.bounces.text import NamedRecipient, TextReport
from letterbox.mime.bounces.values import (
    BouncedRecipient,
    BounceOutcome,
    BounceReport,
)
from letterbox.mime.letter import Headers, Letter
from letterbox.mime.tables import read_tables

__all__ = [
    "BounceOutcome",
    "BounceReason",
    "BounceReport",
    "BouncedRecipient",
    "is_ses_complaint",
    "read_bounce",
]

MAX_HEADER_LINES = 400
MAX_RECIPIENTS = 500

_TABLES = read_tables("bounces.txt")
_WORST_FIRST = tuple(BounceOutcome)


def read_bounce(letter: Letter) -> BounceReport | None:
    """Read a delivery report, or None where the letter is none.

    RFC 3464 reports, Amazon SES notices, and reports in plain words of any server.
    """
    evidence = _look(letter)
    if evidence is None:
        return None
    report = _read_fields(letter, evidence)
    return report if report is not None else _read_words(letter, evidence)


def is_ses_complaint(text: str) -> bool:
    """Whether this is the JSON by which Amazon SES passes on a complaint."""
    notice = bounces_report.read_ses_notice(text)
    return notice is not None and notice[0] == "Complaint"


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What the outside of a letter says for its being a report."""

    has_status_part: bool
    from_mail_system: bool
    from_machine: bool
    has_subject: bool
    failed_recipients: tuple[str, ...]


def _look(letter: Letter) -> _Evidence | None:
    """Decide by the outside alone; None for nearly every letter of a person."""
    headers = letter.headers
    has_status_part = any(
        part.content_type.endswith("delivery-status") for part in letter.parts
    ) or any(
        value.lower().startswith("multipart/report")
        and "delivery-status" in value.lower()
        for value in headers.get_all("Content-Type")
    )
    failed = tuple(
        name
        for value in headers.get_all("X-Failed-Recipients")
        for name in bounces_text.names_in(value)
    )
    return_path = headers.get("Return-Path").strip(" <>\t")
    null_return_path = "Return-Path" in headers and not return_path
    automatic = any(
        value.strip().lower().startswith("auto-")
        for value in headers.get_all("Auto-Submitted")
    )
    mail_system = _is_a_mail_system(return_path) or (
        "X-MS-Exchange-Message-Is-Ndr" in headers
    )
    mail_system |= any(
        _is_a_mail_system(address.email) or _has_the_name_of_one(address.name)
        for address in letter.from_[:10]
    )
    # Programs that know no address of their own write a bare name into From.
    nameless = not any("@" in address.email for address in letter.from_)
    machine = null_return_path or automatic or nameless
    has_subject = is_a_report_subject(letter.subject)
    is_notice = letter.text[:100].lstrip().startswith("{")
    if has_status_part or mail_system or machine or failed or has_subject or is_notice:
        return _Evidence(
            has_status_part=has_status_part,
            from_mail_system=mail_system or bool(failed),
            from_machine=machine,
            has_subject=has_subject,
            failed_recipients=failed,
        )
    return None


def is_a_report_subject(subject: str) -> bool:
    """Whether a subject begins as those of delivery reports do, list tags aside."""
    text = subject[:300].casefold().replace("’", "'").strip()
    for _ in range(3):
        if text.startswith(_TABLES["subjects"]):
            return True
        if not text.startswith("["):
            break
        text = text.partition("]")[2].lstrip()
    return text.startswith("来自") and "退信" in text


def _is_a_mail_system(email: str) -> bool:
    return kind_of_address(
        email
    ) is AddressKind.MAIL_SYSTEM and not email.lower().startswith("bounce")


def _has_the_name_of_one(name: str) -> bool:
    return bool(name) and any(words in name[:100].lower() for words in _SYSTEM_NAMES)


_SYSTEM_NAMES = (
    "mail delivery s",
    "mail deliver s",
    "delivery subsystem",
    "mailer-daemon",
    "mailer daemon",
    "postmaster",
    "mail administrator",
    "mail system",
)


def _read_fields(letter: Letter, evidence: _Evidence) -> BounceReport | None:
    """RFC 3464 fields in their own part or in the text, or the JSON of SES."""
    notice = bounces_report.read_ses_notice(letter.text)
    if notice is not None:
        kind, message_id, rows = notice
        if kind == "Complaint":
            return None
        recipients = [_from_fields(row, "") for row in rows]
        return _report(recipients, Headers(), message_id)
    reported: list[bounces_report.ReportedRecipient] = []
    for part in letter.parts:
        if part.content_type.endswith("delivery-status"):
            reported += bounces_report.read_status_fields(part.text)
    if not reported and not _is_in_the_text(letter, evidence):
        return None
    words, original = bounces_text.split_report(letter.text)
    if not reported:
        reported = bounces_report.read_status_fields(letter.text)
    if not reported:
        return None
    headers = _original_headers(letter, original)
    recipients = [
        _from_fields(_with_an_address(row, evidence, headers), words)
        for row in reported[:MAX_RECIPIENTS]
    ]
    return _report(recipients, headers, _answered(letter))


def _is_in_the_text(letter: Letter, evidence: _Evidence) -> bool:
    if not (evidence.from_mail_system or evidence.from_machine):
        return False
    start = letter.text[: bounces_text.MAX_TEXT].lower()
    return "\nfinal-recipient:" in start or "\noriginal-recipient:" in start


def _with_an_address(
    row: bounces_report.ReportedRecipient, evidence: _Evidence, headers: Headers
) -> bounces_report.ReportedRecipient:
    """A file or a pipe that a server names as recipient is behind somebody's address."""
    if "@" in row.email:
        return row
    known = evidence.failed_recipients or bounces_text.names_in(headers.get("To"))
    return replace(row, email=known[0]) if len(known) == 1 else row


def _from_fields(row: bounces_report.ReportedRecipient, words: str) -> BouncedRecipient:
    diagnostic = row.diagnostic or _about(row.email, words)
    reason = reason_of(row.status, diagnostic)
    outcome = _outcome(row.action, row.status, reason)
    return BouncedRecipient(
        row.email, outcome, reason, row.status, row.action, diagnostic[:1_000]
    )


def _about(email: str, words: str) -> str:
    """What the text says near an address that the report's fields say nothing on."""
    place = words.find(email)
    return words[place : place + 500] if place >= 0 else words[:500]


def _outcome(action: str, status: str, reason: BounceReason) -> BounceOutcome:
    if action == "delayed":
        return BounceOutcome.DELAY
    if action in {"delivered", "relayed", "expanded"} or status.startswith("2."):
        return BounceOutcome.SUCCESS
    if reason.means_a_dead_address and not status.startswith("4."):
        return BounceOutcome.HARD
    return BounceOutcome.SOFT


def _read_words(letter: Letter, evidence: _Evidence) -> BounceReport | None:
    """Reports in plain words: only with the looks of a machine and its sentences."""
    ourselves = frozenset(
        address.email.lower() for address in (*letter.to[:50], *letter.from_[:50])
    )
    report = bounces_text.read_report(
        letter.text, not_these=ourselves, domain=letter.author.domain
    )
    speaks = bounces_text.speaks_of_a_failed_delivery(report.words)
    named = _named(report, evidence)
    has_code = any(_has_a_code(row.diagnostic) for row in named)
    has_reason = any(
        reason_of("", row.diagnostic) is not BounceReason.OTHER
        for row in report.certain
    )
    if evidence.has_status_part or evidence.failed_recipients:
        pass
    elif evidence.from_mail_system:
        if not (evidence.has_subject or speaks or has_code):
            return None
    elif evidence.from_machine:
        by_subject = evidence.has_subject and (speaks or bool(named))
        if not by_subject and not (speaks and (has_code or has_reason)):
            return None
    elif not (evidence.has_subject and has_code and report.certain):
        return None
    headers = _original_headers(letter, report.original)
    is_delay = _is_a_delay(letter.subject, report.words, has_code=has_code)
    recipients = [_from_words(row, report.words, is_delay=is_delay) for row in named]
    if not recipients:
        old_to = report.old_recipients or bounces_text.names_in(headers.get("To"))
        recipients = [
            _from_words(NamedRecipient(email), report.words, is_delay=is_delay)
            for email in old_to[:MAX_RECIPIENTS]
        ]
    if recipients:
        return _report(recipients, headers, _answered(letter))
    status = find_status(report.words, classes="45")
    reason = reason_of(status, report.words)
    outcome = BounceOutcome.DELAY if is_delay else _outcome("", status, reason)
    message_id = _message_id(headers) or _answered(letter)
    return BounceReport(outcome, reason, (), message_id, headers)


def _named(report: TextReport, evidence: _Evidence) -> list[NamedRecipient]:
    """The addresses that count: those in the surest place that has any."""
    if evidence.failed_recipients:
        known = {row.email.lower(): row for row in (*report.answers, *report.certain)}
        return [
            known.get(email.lower(), NamedRecipient(email))
            for email in dict.fromkeys(evidence.failed_recipients)
        ]
    for group in (report.certain, report.answers, report.loose):
        if group:
            return list(group)
    return []


def _from_words(row: NamedRecipient, words: str, *, is_delay: bool) -> BouncedRecipient:
    said = row.diagnostic
    status = find_status(said, classes="45")
    reason = reason_of(status, said)
    if reason is BounceReason.OTHER:
        status = status or find_status(words, classes="45")
        reason = reason_of(status, words)
    outcome = BounceOutcome.DELAY if is_delay else _outcome("", status, reason)
    return BouncedRecipient(row.email, outcome, reason, status, "", said[:1_000])


def _is_a_delay(subject: str, words: str, *, has_code: bool) -> bool:
    folded = subject[:300].casefold()
    text = " ".join(words[:8_000].casefold().split())
    if any(phrase in text for phrase in _TABLES["delays"]):
        return "permanent error" not in text and "failed permanently" not in text
    return not has_code and any(word in folded for word in _TABLES["delay-subjects"])


def _has_a_code(diagnostic: str) -> bool:
    return bool(find_reply_code(diagnostic) or find_status(diagnostic, classes="45"))


def _report(
    recipients: Iterable[BouncedRecipient], headers: Headers, message_id: str
) -> BounceReport | None:
    rows = tuple(recipients)
    if not rows:
        return None
    worst = min(rows, key=lambda row: _WORST_FIRST.index(row.outcome))
    return BounceReport(
        worst.outcome, worst.reason, rows, _message_id(headers) or message_id, headers
    )


def _answered(letter: Letter) -> str:
    """The letter that this one answers: some servers bring back nothing else."""
    return (*letter.in_reply_to[:1], *letter.references[-1:], "")[0]


def _original_headers(letter: Letter, original: str) -> Headers:
    """The headers of our letter, from a part of their own or from the text."""
    for part in letter.parts:
        if part.content_type in _ORIGINAL_PARTS and part.text:
            return read_header_block(part.text)
    return read_header_block(original) if original else Headers()


def read_header_block(text: str) -> Headers:
    """Read header fields as they stand at the top of a text, marker lines aside."""
    fields: list[tuple[str, str]] = []
    for line in text[: bounces_text.MAX_TEXT].split("\n")[:MAX_HEADER_LINES]:
        stripped = line.strip()
        if not stripped:
            if len(fields) > 1:
                break
            continue
        name, colon, value = line.partition(":")
        if line[0] in " \t" and fields:
            last, so_far = fields[-1]
            fields[-1] = (last, f"{so_far} {stripped}"[:2_000])
        elif colon and name.strip(" >").replace("-", "").isalnum():
            fields.append((name.strip(" >"), value.strip()[:2_000]))
    return Headers(tuple(fields))


def _message_id(headers: Headers) -> str:
    value = headers.get("Message-ID") or headers.get("X-Original-Message-ID")
    if "<" in value:
        value = value[value.index("<") + 1 :].partition(">")[0]
    return value.strip()[:998]


_ORIGINAL_PARTS = frozenset(
    {
        "message/rfc822",
        "message/global",
        "message/rfc822-headers",
        "message/global-headers",
        "text/rfc822-headers",
        "text/rfc822",
        "message/partial",
    }
)

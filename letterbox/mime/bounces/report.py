"""Delivery reports that are written for machines: RFC 3464 fields, and SES notices.

Reads fields and values; what a whole letter means is decided in `bounces.py`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from letterbox.mime.bounces.reasons import find_status

MAX_REPORT = 256 * 1024
MAX_LINES = 5_000
MAX_RECIPIENTS = 500
MAX_FIELD = 2_000


@dataclass(frozen=True, slots=True)
class ReportedRecipient:
    """One recipient as a report has it: raw values, an empty text where not said."""

    email: str
    action: str = ""
    status: str = ""
    diagnostic: str = ""


def read_status_fields(text: str) -> list[ReportedRecipient]:
    """Read the recipients out of RFC 3464, section 2.3, wherever the fields stand.

    Works on a delivery-status part and on the same fields put into plain words; each
    paragraph that names a recipient is one. A recipient named twice counts once.
    """
    found: dict[str, ReportedRecipient] = {}
    for fields in _paragraphs(text[:MAX_REPORT]):
        # The original recipient is whom we wrote to; the final one may be a forward.
        email = address_in_field(fields.get("original-recipient", ""))
        if "@" not in email:
            email = address_in_field(fields.get("final-recipient", ""))
        if not email:
            continue
        diagnostic = fields.get("diagnostic-code", "")
        status = find_status(fields.get("status", ""))
        if not status or status.endswith(".0.0"):
            status = find_status(diagnostic) or status
        recipient = ReportedRecipient(
            email,
            fields.get("action", "").partition(" ")[0].lower(),
            status,
            diagnostic,
        )
        found.setdefault(email.lower(), recipient)
        if len(found) >= MAX_RECIPIENTS:
            break
    return list(found.values())


def address_in_field(value: str) -> str:
    """The address of `rfc822; <anna@example.org> (comment)`, RFC 3464, section 2.1.2."""
    _, semicolon, rest = value.partition(";")
    text = (rest if semicolon else value).strip()
    if "<" in text and ">" in text:
        text = text[text.index("<") + 1 :].partition(">")[0]
    text = text.split("(")[0].strip().strip("<>\"' ,;")
    return text.split()[-1] if text else ""


def read_ses_notice(text: str) -> tuple[str, str, list[ReportedRecipient]] | None:
    """Read the JSON that Amazon SES mails: its type, the Message-ID, recipients.

    The type is `Bounce`, `Complaint` or `Delivery`; None where it is no such notice.
    """
    if text.lstrip()[:1] != "{" or len(text) > MAX_REPORT:
        return None
    start = text.index("{")
    try:
        notice, _ = json.JSONDecoder(strict=False).raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    inner = notice.get("Message")
    if isinstance(inner, str):
        # The notice within the envelope of the service that carries it, SNS.
        return read_ses_notice(inner) if '"Message"' not in inner else None
    kind = notice.get("notificationType") or notice.get("eventType")
    if not isinstance(kind, str) or kind not in {"Bounce", "Complaint", "Delivery"}:
        return None
    details = _dictionary(notice.get(kind.lower()))
    rows = details.get("bouncedRecipients") or details.get("complainedRecipients")
    if kind == "Delivery":
        rows = [
            {"emailAddress": email, "action": "delivered"}
            for email in _list(details.get("recipients"))
        ]
    recipients = [
        ReportedRecipient(
            str(row.get("emailAddress", "")),
            str(row.get("action", "")),
            str(row.get("status", "")),
            str(row.get("diagnosticCode", ""))[:MAX_FIELD],
        )
        for row in map(_dictionary, _list(rows)[:MAX_RECIPIENTS])
    ]
    mail = _dictionary(notice.get("mail"))
    common = _dictionary(mail.get("commonHeaders"))
    message_id = str(common.get("messageId") or "").strip("<> ")
    return kind, message_id, recipients


def _dictionary(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _paragraphs(text: str) -> list[dict[str, str]]:
    """Fields by lower-case name, for each run of lines without a blank one."""
    paragraphs: list[dict[str, str]] = [{}]
    name = ""
    for line in text.split("\n")[:MAX_LINES]:
        stripped = line.strip()
        if not stripped:
            paragraphs.append({})
            name = ""
            continue
        label, colon, value = line.partition(":")
        if colon and (label := label.strip(" \t>").lower()) in _FIELDS:
            name = label
            # A report may run two recipients together without a blank line.
            if name in paragraphs[-1] and name in {"final-recipient", "status"}:
                paragraphs.append({})
            paragraphs[-1].setdefault(name, value.strip()[:MAX_FIELD])
        elif line[0] in " \t" and name:
            _append(paragraphs[-1], name, stripped)
        else:
            name = ""
    return paragraphs


def _append(fields: dict[str, str], name: str, more: str) -> None:
    if len(fields[name]) < MAX_FIELD:
        fields[name] = f"{fields[name]} {more}"[:MAX_FIELD]


_FIELDS = frozenset(
    {
        "original-recipient",
        "final-recipient",
        "action",
        "status",
        "diagnostic-code",
    }
)

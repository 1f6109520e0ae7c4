"""What became of a letter of ours, as mail servers tell it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox.mime.bounces import (
    BounceOutcome,
    BounceReason,
    BounceReport,
    read_bounce,
)
from letterbox.mime.classify import MailKind, OwnMail, classify
from letterbox.mime.letter import Address, Headers, Letter, Part

SIGNED = "lb.7.12.abc@letterbox.example"
RETURNED = Part(
    "text/rfc822-headers",
    {},
    f"From: support@letterbox.example\nTo: gone@customer.example\n"
    f"Message-ID: <{SIGNED}>\nSubject: Your order\n",
)


def letter(
    text: str = "",
    *fields: tuple[str, str],
    subject: str = "Undelivered Mail Returned to Sender",
    sender: str = "MAILER-DAEMON@mx.example",
    parts: tuple[Part, ...] = (),
    in_reply_to: tuple[str, ...] = (),
) -> Letter:
    return Letter(
        headers=Headers(fields),
        subject=subject,
        from_=(Address(sender),),
        to=(Address("support@letterbox.example"),),
        text=text,
        parts=parts,
        in_reply_to=in_reply_to,
    )


def status_part(*lines: str) -> Part:
    head = "Reporting-MTA: dns; mx.example\n\n"
    return Part("message/delivery-status", {}, head + "\n".join(lines) + "\n")


def read(text: str, **others: str) -> BounceReport:
    report = read_bounce(letter(text, **others))  # type: ignore[arg-type]
    assert report is not None
    return report


def emails(report: BounceReport) -> list[str]:
    return [row.email for row in report.recipients]


def test_a_report_by_the_standard_is_read_field_by_field() -> None:
    part = status_part(
        "Final-Recipient: rfc822; gone@customer.example",
        "Action: failed",
        "Status: 5.1.1 (bad destination)",
        "Diagnostic-Code: smtp; 550 5.1.1 <gone@customer.example>:",
        "  User unknown in local table",
    )

    report = read_bounce(letter(parts=(part, RETURNED)))

    assert report is not None
    assert report.outcome is BounceOutcome.HARD
    assert report.original_message_id == SIGNED
    assert report.original_headers.get("subject") == "Your order"
    (row,) = report.recipients
    assert row.email == "gone@customer.example"
    assert row.reason is BounceReason.USER_UNKNOWN
    assert (row.status, row.action) == ("5.1.1", "failed")
    assert row.diagnostic.endswith("User unknown in local table")


def test_the_recipient_is_the_one_we_wrote_to_not_where_it_was_forwarded() -> None:
    part = status_part(
        "Original-Recipient: rfc822;anna@customer.example",
        "Final-Recipient: RFC822; <anna77@elsewhere.example>",
        "Action: failed",
        "Status: 5.2.2",
    )

    report = read_bounce(letter(parts=(part,)))

    assert report is not None
    assert emails(report) == ["anna@customer.example"]
    assert report.reason is BounceReason.MAILBOX_FULL
    assert report.outcome is BounceOutcome.SOFT


def test_each_recipient_has_an_outcome_and_the_worst_is_the_letters() -> None:
    part = status_part(
        "Final-Recipient: rfc822; late@a.example",
        "Action: delayed",
        "Status: 4.4.1",
        "",
        "Final-Recipient: rfc822; there@b.example",
        "Action: relayed",
        "Status: 2.0.0",
        "",
        "Final-Recipient: rfc822; gone@c.example",
        "Action: failed",
        "Status: 5.1.10",
    )

    report = read_bounce(letter(parts=(part,)))

    assert report is not None
    assert [row.outcome.value for row in report.recipients] == [
        "delay",
        "success",
        "hard",
    ]
    assert report.outcome is BounceOutcome.HARD


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("delayed", MailKind.BOUNCE_DELAY),
        ("delivered", MailKind.DELIVERY_SUCCESS),
        ("failed", MailKind.BOUNCE_SOFT),
    ],
)
def test_the_classification_says_what_the_report_says(
    action: str, kind: MailKind
) -> None:
    part = status_part(f"Final-Recipient: rfc822; a@b.example\nAction: {action}")
    report = letter(("Reported."), ("Return-Path", "<>"), parts=(part,))

    verdict = classify(report, own=OwnMail())

    assert verdict.kind is kind
    assert not verdict.may_answer


QMAIL = """Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<gone@customer.example>:
Sorry, no mailbox here by that name. (#5.1.1)

<full@customer.example>:
This person's mailbox is full. (#5.2.2)

--- Below this line is a copy of the message.

Return-Path: <support@letterbox.example>
Message-ID: <{id}>
To: other@elsewhere.example
"""
EXIM = """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  gone@customer.example
    (generated from info@customer.example)
    host mx.customer.example [192.0.2.1]: 550 Unrouteable address

------ This is a copy of the message, including all the headers. ------

Return-path: <support@letterbox.example>
Message-ID: <{id}>
"""
SENDMAIL = """The original message was received at Mon, 1 Jun 2026 10:00:00 +0200
from localhost

   ----- The following addresses had permanent fatal errors -----
<gone@customer.example>
    (reason: 550 No such user here)

   ----- Transcript of session follows -----
... while talking to mx.customer.example.:
>>> RCPT To:<gone@customer.example>
<<< 550 No such user here

   ----- Original message follows -----

Message-ID: <{id}>
From: support@letterbox.example
"""
EXCHANGE = """Your message

  To:      support@letterbox.example
  Subject: Your order

did not reach the following recipient(s):

gone@customer.example on Mon, 1 Jun 2026 10:00:00 +0200
    The recipient name is not recognized
"""
GERMAN = """Diese Nachricht wurde automatisch erzeugt.

Ihre E-Mail konnte nicht zugestellt werden. Empfänger:

gone@customer.example: 550 5.1.1 Empfänger unbekannt

Ursprüngliche Nachricht:

Message-ID: <{id}>
"""
JAPANESE = """以下のメールアドレスへの送信に失敗しました。

宛先: <gone@customer.example>
ユーザが見つかりません
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (QMAIL, ["gone@customer.example", "full@customer.example"]),
        (EXIM, ["gone@customer.example"]),
        (SENDMAIL, ["gone@customer.example"]),
        (EXCHANGE, ["gone@customer.example"]),
        (GERMAN, ["gone@customer.example"]),
        (JAPANESE, ["gone@customer.example"]),
    ],
    ids=["qmail", "exim", "sendmail", "exchange", "german", "japanese"],
)
def test_servers_that_know_no_standard_are_understood(
    text: str, expected: list[str]
) -> None:
    report = read(text.replace("{id}", SIGNED))

    assert emails(report) == expected
    assert report.outcome is BounceOutcome.HARD
    assert report.recipients[0].reason is BounceReason.USER_UNKNOWN
    assert report.original_message_id in ("", SIGNED)
    assert bool(report.original_message_id) is ("{id}" in text)


def test_each_recipient_in_words_has_a_reason_of_its_own() -> None:
    report = read(QMAIL)

    assert [row.reason.value for row in report.recipients] == [
        "user-unknown",
        "mailbox-full",
    ]


def test_a_warning_is_a_delay() -> None:
    text = (
        "This message was created automatically.\n"
        "A message that you sent has not yet been delivered to:\n\n"
        "  slow@customer.example\n\n"
        "No action is required on your part.\n"
    )

    report = read(text, subject="Warning: message 1abc delayed 24 hours")

    assert report.outcome is BounceOutcome.DELAY
    assert emails(report) == ["slow@customer.example"]


def test_the_failed_recipients_header_counts_above_the_words() -> None:
    header = ("X-Failed-Recipients", "gone@customer.example")

    report = read_bounce(letter(EXIM, header))

    assert report is not None
    assert emails(report) == ["gone@customer.example"]
    assert "Unrouteable" in report.recipients[0].diagnostic


def test_a_server_that_brings_nothing_back_but_answers_names_our_letter() -> None:
    part = status_part("Final-Recipient: rfc822; a@b.example\nAction: failed")

    report = read_bounce(letter(parts=(part,), in_reply_to=(SIGNED,)))

    assert report is not None
    assert report.original_message_id == SIGNED


def test_a_file_in_place_of_a_recipient_is_behind_the_one_we_wrote_to() -> None:
    part = status_part("Final-Recipient: rfc822;/home/anna/mail\nAction: failed")

    report = read_bounce(letter(parts=(part, RETURNED)))

    assert report is not None
    assert emails(report) == ["gone@customer.example"]


def test_amazon_tells_it_in_json() -> None:
    text = (
        '{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":'
        '"gone@b.example","action":"failed","status":"5.1.1"}]},"mail":{}}\n--\nBye'
    )

    report = read(text, sender="no-reply@sns.example", subject="Notification")

    assert emails(report) == ["gone@b.example"]
    assert report.outcome is BounceOutcome.HARD


@pytest.mark.parametrize(
    "text",
    [
        '{"notificationType": ["Bounce"]}',
        '{"notificationType": "Bounce", "bounce": [1], "mail": "x"}',
        '{"Message": "{}"}',
        '{"eventType": "Delivery", "delivery": {"recipients": [{}, 7]}}',
        "{" * 1_000,
    ],
)
def test_odd_json_is_no_trouble(text: str) -> None:
    verdict = classify(letter(text, sender="carla@b.example"), own=OwnMail())

    assert not verdict.kind.is_bounce


@pytest.mark.parametrize(
    "text",
    [
        "Failed recipient(s):\n* gone@customer.example (no such mailbox)\n",
        "Delivery failed to: gone@customer.example\nReason: unknown user\n",
        "550 User unknown: gone@customer.example was not delivered",
        ">>> RCPT TO:<gone@customer.example>\n<<< 550 unknown user\n",
        'Your message to "gone@customer.example" could not be delivered.',
        "Recipient address: gone@customer.example\n  Reason: user unknown\n",
        "Ваше письмо не может быть доставлено: \n\n  gone@customer.example\n",
        "Le message n'a pas pu être remis à :\n<gone@customer.example>: inconnu\n",
        "El mensaje no pudo ser entregado a gone@customer.example (no existe)\n",
        "您的邮件被退回\n收件人: gone@customer.example\n用户不存在\n",
    ],
)
def test_the_recipient_is_found_wherever_a_report_names_it(text: str) -> None:
    closing = "\nPlease contact postmaster@mx.example for assistance.\n"

    report = read(text + closing)

    assert emails(report) == ["gone@customer.example"]


@pytest.mark.parametrize(
    "subject",
    [
        "Unzustellbar: Ihre Bestellung",
        "Non remis : Votre commande",
        "No se puede entregar: Su pedido",
        "Não é possível entregar: Pedido",
        "Mancata consegna: Ordine",
        "Onbestelbaar: Uw bestelling",
        "Undelivered Mail Returned to Sender",
        "[list] Delivery Status Notification (Failure)",
        "Недоставленное сообщение",
        "配信不能",
        "系统退信",
    ],
)
def test_a_report_is_known_by_its_subject_in_many_languages(subject: str) -> None:
    text = "<gone@customer.example>: 550 5.1.1\n"

    assert emails(read(text, subject=subject)) == ["gone@customer.example"]


def test_the_name_of_a_mail_system_serves_as_its_address() -> None:
    report = letter(QMAIL, subject="Oh no", sender="carrier@mx.example")
    named = replace(
        report, from_=(Address("carrier@mx.example", "Mail Delivery System"),)
    )

    assert read_bounce(named) is not None
    assert read_bounce(report) is None


@pytest.mark.parametrize(
    ("subject", "sender", "text"),
    [
        ("Delivery failed", "carla@b.example", "My parcel could not be delivered."),
        ("Fwd: Undeliverable: Hi", "carla@b.example", EXIM),
        ("Undeliverable: my parcel", "carla@b.example", "See 550 Main St, a@b.example"),
        ("A question", "postmaster@small.example", "How much is it?"),
        ("Re: Failure notice", "carla@b.example", "> " + QMAIL),
        ("Hello", "carla@b.example", '{"notificationType": "Holiday"}'),
    ],
)
def test_what_people_write_is_no_bounce(subject: str, sender: str, text: str) -> None:
    human = letter(text, ("Return-Path", f"<{sender}>"), subject=subject, sender=sender)

    assert read_bounce(human) is None


def test_an_absence_with_an_empty_return_path_is_no_bounce() -> None:
    away = letter(
        "I am out of the office until Monday. Write to bob@customer.example.",
        ("Return-Path", "<>"),
        subject="Automatic reply: Your order",
        sender="carla@customer.example",
    )

    assert read_bounce(away) is None
    assert classify(away, own=OwnMail()).kind is MailKind.OUT_OF_OFFICE


@given(
    text=st.text(max_size=300),
    part=st.text(max_size=300),
    subject=st.sampled_from(["Failure notice", "Hi", ""]),
)
def test_nothing_makes_it_fail(text: str, part: str, subject: str) -> None:
    odd = letter(text, subject=subject, parts=(status_part(part),))

    report = read_bounce(odd)

    assert report is not None
    assert classify(odd, own=OwnMail()).kind.is_automatic


@pytest.mark.parametrize(
    "piece",
    ["a@", "@", "<", "a@b.", "x" * 50, "5.1.1 ", "a@b.example\n", "\n", "550 ", "Re"],
)
def test_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    start = time.process_time()

    read_bounce(letter(text, parts=(status_part(text),)))
    classify(letter(text, subject=text), own=OwnMail())

    assert time.process_time() - start < 2

"""Who wrote a letter, and whether it may be answered by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox.mime.classify import MailKind, OwnMail, Reason, classify
from letterbox.mime.letter import Address, Headers, Letter, Part
from letterbox.mime.message_ids import make_message_id

OURS = OwnMail(
    addresses=frozenset({"support@letterbox.example"}),
    user_addresses=frozenset({"alice@letterbox.example"}),
)
NOBODY = OwnMail()


def letter(
    *fields: tuple[str, str],
    subject: str = "A question",
    sender: str = "carla@customer.example",
    to: str = "support@letterbox.example",
    text: str = "How much is it?",
    content_type: str = "text/plain",
    parts: tuple[Part, ...] = (),
) -> Letter:
    return Letter(
        headers=Headers(fields),
        subject=subject,
        from_=(Address(sender),),
        to=(Address(to),),
        text=text,
        content_type=content_type,
        parts=parts,
    )


def test_a_customer_is_a_person_and_gets_an_answer() -> None:
    verdict = classify(letter(("Return-Path", "<carla@customer.example>")), own=OURS)

    assert verdict.kind is MailKind.HUMAN
    assert verdict.may_answer
    assert verdict.answer_refusals == ()


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("Auto-Submitted", "auto-replied", MailKind.AUTO_REPLY),
        ("auto-submitted", "Auto-Replied (vacation)", MailKind.OUT_OF_OFFICE),
        ("Auto-Submitted", 'auto-replied; owner-email="a@b"', MailKind.OUT_OF_OFFICE),
        ("Auto-Submitted", "auto-generated; x=y", MailKind.NOTIFICATION),
        ("Auto-Submitted", "auto-notified", MailKind.NOTIFICATION),
        ("X-Autoreply", "yes", MailKind.AUTO_REPLY),
        ("X-AutoReply-From", "", MailKind.AUTO_REPLY),
        ("X-Autorespond", "", MailKind.AUTO_REPLY),
        ("X-FC-MachineGenerated", "true", MailKind.NOTIFICATION),
        ("Precedence", "Bulk", MailKind.BULK),
        ("Precedence", "list", MailKind.LIST),
        ("X-Precedence", "auto_reply", MailKind.AUTO_REPLY),
        ("List-Id", "<talk.example.org>", MailKind.LIST),
        ("List-Unsubscribe", "<mailto:off@example.org>", MailKind.BULK),
        ("X-Failed-Recipients", "gone@example.org", MailKind.BOUNCE_SOFT),
        ("Return-Path", "<>", MailKind.NOTIFICATION),
        ("Return-Path", "<owner-talk@example.org>", MailKind.LIST),
        ("Return-Path", "<talk-request@example.org>", MailKind.LIST),
        ("X-Spam-Flag", "YES", MailKind.SPAM),
    ],
)
def test_one_header_tells_a_machine_and_forbids_an_answer(
    name: str, value: str, kind: MailKind
) -> None:
    verdict = classify(letter((name, value)), own=NOBODY)

    assert verdict.kind is kind
    assert not verdict.may_answer
    assert [signal.value for signal in verdict.signals if signal.name == name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Auto-Submitted", "no"),
        ("Auto-Submitted", "No (a person)"),
        ("X-Autoreply", "no"),
        ("X-Auto-Response-Suppress", "DR, RN, NRN"),
        ("X-Auto-Response-Suppress", "none"),
        ("Precedence", "normal"),
        ("Return-Path", "<bounces+SRS=abc@forwarder.example>"),
        ("Return-Path", "<www-data@webshop.example>"),
        ("X-Spam-Flag", "NO"),
        ("X-Spam-Status", "No, score=-2.1"),
        ("X-MS-Exchange-Inbox-Rules-Loop", "carla@customer.example"),
        ("Feedback-ID", "1.eu-west-1.AmazonSES"),
        ("Authentication-Results", "mx.example; spf=fail; dmarc=pass"),
    ],
)
def test_people_send_these_too(name: str, value: str) -> None:
    verdict = classify(letter((name, value)), own=NOBODY)

    assert verdict.kind is MailKind.HUMAN
    assert verdict.may_answer


def test_who_asks_for_no_answers_is_still_a_person() -> None:
    asked = letter(("X-Auto-Response-Suppress", "OOF, AutoReply"))

    verdict = classify(asked, own=NOBODY)

    assert verdict.kind is MailKind.HUMAN
    assert verdict.answer_refusals == (Reason.SUPPRESSED,)


def test_what_the_senders_domain_disowns_is_not_answered() -> None:
    forged = letter(("Authentication-Results", "mx.example; dmarc=fail (p=REJECT)"))

    verdict = classify(forged, own=NOBODY)

    assert verdict.kind is MailKind.HUMAN
    assert verdict.answer_refusals == (Reason.SENDER_NOT_PROVEN,)


def test_only_the_topmost_return_path_counts() -> None:
    forwarded = letter(
        ("Return-Path", "<carla@customer.example>"), ("Return-Path", "<>")
    )

    assert classify(forwarded, own=NOBODY).kind is MailKind.HUMAN


@pytest.mark.parametrize(
    "email",
    [
        "MAILER-DAEMON@mx.example",
        "postmaster@mx.example",
        "owner-talk@lists.example",
        "talk-request@lists.example",
        "noreply@shop.example",
        "no.reply@shop.example",
        "orders-do_not_reply@shop.example",
        "ne-pas-repondre@boutique.example",
        "no-reply+2187@shop.example",
        "LISTSERV@lists.example",
    ],
)
def test_nobody_reads_mail_there(email: str) -> None:
    verdict = classify(letter(sender=email), own=NOBODY)

    assert verdict.kind is not MailKind.HUMAN
    assert Reason.SYSTEM_ADDRESS in verdict.answer_refusals


@pytest.mark.parametrize(
    "email",
    ["norely@x.example", "root@small.example", "info@x.example", "d.noble@x.nl"],
)
def test_people_have_addresses_that_look_odd(email: str) -> None:
    assert classify(letter(sender=email), own=NOBODY).may_answer


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: A question",
        "Automatische Antwort: Eine Frage",
        "Réponse automatique : Une question",
        "自动回复: 问题",
        "Автоматический ответ: вопрос",
        "Out of Office: I am away",
        "OOO: till Monday",
        "Abwesenheitsnotiz",
        "[desk.example #12] AutoReply: A question",
    ],
)
def test_the_subject_prefix_of_an_answering_machine_tells_it(subject: str) -> None:
    verdict = classify(letter(subject=subject), own=NOBODY)

    assert verdict.kind.is_automatic
    assert not verdict.may_answer


@pytest.mark.parametrize(
    "subject",
    [
        "Re: Automatic reply: A question",
        "Out of office next week, please call before",
        "auto: Something",
        "Absence of a part in my delivery",
        "Automation of our replies",
        "",
    ],
)
def test_a_person_may_write_about_being_away(subject: str) -> None:
    assert classify(letter(subject=subject), own=NOBODY).kind is MailKind.HUMAN


def test_our_own_mail_is_never_answered() -> None:
    verdict = classify(letter(sender="Support+x@Letterbox.example"), own=OURS)

    assert verdict.kind is MailKind.OWN
    assert Reason.OUR_OWN in verdict.answer_refusals


def test_a_colleague_is_a_person_who_gets_no_automatic_answer() -> None:
    verdict = classify(letter(sender="alice@letterbox.example"), own=OURS)

    assert verdict.kind is MailKind.HUMAN
    assert verdict.answer_refusals == (Reason.OUR_OWN,)


def test_our_header_on_a_strangers_mail_forbids_an_answer_but_claims_nothing() -> None:
    verdict = classify(letter(("x-letterbox", "1")), own=OURS)

    assert verdict.kind is MailKind.HUMAN
    assert verdict.answer_refusals == (Reason.LOOP,)


def test_what_only_reached_us_blind_is_not_answered() -> None:
    verdict = classify(letter(to="all@customer.example"), own=OURS)

    assert verdict.answer_refusals == (Reason.NOT_ADDRESSED_TO_US,)


def test_an_alias_that_the_server_names_counts_as_ours() -> None:
    aliased = letter(
        ("Delivered-To", "support@letterbox.example"), to="help@letterbox.example"
    )

    assert classify(aliased, own=OURS).may_answer


def test_an_invitation_is_a_calendars() -> None:
    invitation = Part("text/calendar", {"method": "REQUEST"}, "BEGIN:VCALENDAR")

    verdict = classify(letter(parts=(invitation,)), own=NOBODY)

    assert verdict.kind is MailKind.CALENDAR
    assert not verdict.may_answer


def test_a_calendar_file_is_only_an_attachment() -> None:
    saved = Part("text/calendar", {"name": "holidays.ics"}, "BEGIN:VCALENDAR")

    assert classify(letter(parts=(saved,)), own=NOBODY).kind is MailKind.HUMAN


KEY = b"k" * 32
SIGNED = make_message_id(KEY, domain="letterbox.example", conversation_id=7, mail_id=12)
SIGNING = OwnMail(message_id_keys=(KEY,))


def test_what_we_signed_is_ours_even_without_our_address() -> None:
    echo = replace(letter(), message_id=SIGNED)

    assert classify(echo, own=SIGNING).kind is MailKind.OWN
    assert classify(echo, own=NOBODY).kind is MailKind.HUMAN


def test_customer_care_programs_of_one_person_are_answered() -> None:
    unsubscribe = ("List-Unsubscribe", "<https://crm.example/off>")
    stranger = letter(unsubscribe)
    answer = replace(stranger, in_reply_to=(SIGNED,))
    newsletter = replace(answer, headers=Headers((unsubscribe, ("Precedence", "bulk"))))

    assert not classify(stranger, own=SIGNING).may_answer
    assert classify(answer, own=SIGNING).may_answer
    assert not classify(newsletter, own=SIGNING).may_answer


def test_a_guard_that_asks_for_a_proof_is_no_person() -> None:
    guard = letter(
        subject="Re: Your offer",
        text="This account is protected by Guard. Click to deliver your letter.",
    )

    assert classify(guard, own=NOBODY).kind is MailKind.CHALLENGE


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Ich bin bis Montag nicht im Büro.", MailKind.OUT_OF_OFFICE),
        ("Je suis en congé jusqu'au 3 mai.", MailKind.OUT_OF_OFFICE),
        ("Estoy de vacaciones hasta el lunes.", MailKind.OUT_OF_OFFICE),
        ("Jag är på semester till måndag.", MailKind.OUT_OF_OFFICE),
        ("Я в отпуске до понедельника.", MailKind.OUT_OF_OFFICE),
        ("本日は休暇をいただいております。", MailKind.OUT_OF_OFFICE),
        ("Wir haben Ihre Nachricht erhalten.", MailKind.AUTO_ACKNOWLEDGEMENT),
        ("We have received your request.", MailKind.AUTO_ACKNOWLEDGEMENT),
        ("Wij hebben uw bericht ontvangen.", MailKind.AUTO_ACKNOWLEDGEMENT),
        ("お問い合わせありがとうございます。", MailKind.AUTO_ACKNOWLEDGEMENT),
        ("Hm.", MailKind.AUTO_REPLY),
    ],
)
def test_the_words_tell_what_kind_of_answering_machine_it_is(
    text: str, kind: MailKind
) -> None:
    answered = letter(("Auto-Submitted", "auto-replied"), text=text)
    human = letter(text=text)

    assert classify(answered, own=NOBODY).kind is kind
    assert classify(human, own=NOBODY).kind is MailKind.HUMAN


def test_an_answer_under_a_subject_about_being_away_is_a_machines() -> None:
    away = replace(letter(subject="Im Urlaub bis 3. Mai"), in_reply_to=("a@b.example",))

    assert classify(away, own=NOBODY).kind is MailKind.OUT_OF_OFFICE
    assert classify(replace(away, in_reply_to=()), own=NOBODY).may_answer
    answer = replace(away, subject="AW: Im Urlaub bis 3. Mai")
    assert classify(answer, own=NOBODY).may_answer


def test_a_forged_mail_program_is_not_answered() -> None:
    mailer = ("X-Mailer", "Microsoft Outlook Express 6.00.2900.2180")
    honest = replace(letter(mailer), message_id="000501c8$a95cd7e0$0a00a8c0@pc")

    assert classify(honest, own=NOBODY).may_answer
    forged = classify(replace(honest, message_id="1.2@host"), own=NOBODY)
    assert forged.answer_refusals == (Reason.SENDER_NOT_PROVEN,)


def test_every_refusal_has_a_sentence() -> None:
    assert all(reason.sentence.endswith(".") for reason in Reason)


names = st.sampled_from(
    [
        "Auto-Submitted",
        "Precedence",
        "Return-Path",
        "X-Auto-Response-Suppress",
        "Authentication-Results",
        "Content-Type",
        "Delivered-To",
        "X-Loop",
    ]
)


@given(
    fields=st.lists(st.tuples(names, st.text(max_size=50)), max_size=20),
    subject=st.text(),
    sender=st.text(),
    text=st.text(),
)
def test_nothing_makes_it_fail(
    fields: list[tuple[str, str]], subject: str, sender: str, text: str
) -> None:
    odd = letter(*fields, subject=subject, sender=sender, text=text)

    verdict = classify(odd, own=OURS)

    assert verdict.may_answer is not bool(verdict.answer_refusals)
    assert verdict.kind is MailKind.HUMAN or not verdict.may_answer

"""Folding: new words open, everything else closed, nothing ever lost."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox.mime.fold import Kind, fold, new_text

ANSWER = "Yes, please send it.\nWe are in on Friday."


def kinds(text: str, *known: str) -> list[Kind]:
    return [block.kind for block in fold(text, known=known)]


@pytest.mark.parametrize(
    "attribution",
    [
        "On Mon, 2 Mar 2026 at 12:30, Anna Berg <anna@acme.example> wrote:",
        "On Mon, 2 Mar 2026 at 12:30, Anna Berg\n<anna@acme.example> wrote:",
        "Am 02.03.2026 um 12:30 schrieb Anna Berg:",
        "Am Mo., 2. März 2026 um 12:30 Uhr schrieb Anna Berg <\nanna@acme.example>:",
        "Le lun. 2 mars 2026 à 12:30, Anna Berg <anna@acme.example>\na écrit :",
        "El lun, 2 mar 2026 a las 12:30, Anna Berg (<anna@acme.example>) escribió:",
        "Em seg., 2 de mar. de 2026 12:30, Anna <anna@acme.example> escreveu:",
        "Il giorno lun 2 mar 2026 alle 12:30 Anna <anna@acme.example> ha scritto:",
        "Op ma 2 mrt. 2026 om 12:30 schreef Anna Berg <anna@acme.example>:",
        "Den mån 2 mars 2026 kl 12:30 skrev Anna Berg <anna@acme.example>:",
        "man. 2. mar. 2026 kl. 12.30 skrev Anna Berg <anna@acme.example>:",
        "ma 2. maaliskuuta 2026 klo 12.30 Anna Berg (anna@acme.example) kirjoitti:",
        "pon., 2 mar 2026 o 12:30 Anna Berg <anna@acme.example> napisał(a):",
        "po 2. 3. 2026 v 12:30 odesílatel Anna Berg <anna@acme.example> napsal:",
        "Anna Berg <anna@acme.example> ezt írta (időpont: 2026. márc. 2., H, 12:30):",
        "пн, 2 мар. 2026 г. в 12:30, Анна <anna@acme.example>:",
        "2 марта 2026, 12:30, от Анна <anna@acme.example>:",
        "2 Mar 2026 Pzt, 12:30 tarihinde Anna <anna@acme.example> şunu yazdı:",
        "Vào 12:30, Th 2, 2 thg 3, 2026 Anna <anna@acme.example> đã viết:",
        "Anna Berg <anna@acme.example> 于2026年3月2日周一 12:30写道：",
        "2026年3月2日(月) 12:30 Anna Berg <anna@acme.example>:",
        "2026년 3월 2일 (월) 오후 12:30, Anna <anna@acme.example>님이 작성:",
        "\u202bבתאריך יום ב׳, 2 במרץ 2026 ב-12:30 מאת \u202aAnna\u202c\u200f <\u202aanna@acme.example\u202c\u200f>:\u202c",
        "---- On Mon, 02 Mar 2026 12:30:00 +0100 Anna <anna@acme.example> wrote ----",
        "Anna Berg <anna@acme.example> schrieb:",
    ],
)
def test_attributions_of_many_languages_open_a_quote(attribution: str) -> None:
    below = "Shall we send the parcel on Thursday?\n\nAnna"
    marked = "\n".join(f"> {line}" for line in below.split("\n"))

    for quote in (below, marked):
        blocks = fold(f"{ANSWER}\n\n{attribution}\n\n{quote}\n")
        assert new_text(blocks) == ANSWER
        assert blocks[-1].kind is Kind.QUOTE


@pytest.mark.parametrize(
    "header",
    [
        "From: Anna Berg <anna@acme.example>\nSent: Monday\nTo: Carla\nSubject: Parcel",
        "*From:* Anna <anna@acme.example>\n*Date:* Monday\n*To:* Carla\n*Subject:* x",
        "Von: Anna <anna@acme.example>\nGesendet: Montag\nAn: Carla\nBetreff: Paket",
        "De : Anna <anna@acme.example>\nEnvoyé : lundi\nÀ : Carla\nObjet : Colis",
        "De: Anna <anna@acme.example>\nEnviado: lunes\nPara: Carla\nAsunto: Paquete",
        "Da: Anna <anna@acme.example>\nInviato: lunedì\nA: Carla\nOggetto: Pacco",
        "Van: Anna <anna@acme.example>\nVerzonden: maandag\nAan: Carla\nOnderwerp: x",
        "Från: Anna <anna@acme.example>\nSkickat: måndag\nTill: Carla\nÄmne: Paket",
        "Fra: Anna <anna@acme.example>\nSendt: mandag\nTil: Carla\nEmne: Pakke",
        "Lähettäjä: Anna <anna@acme.example>\nLähetetty: ma\nVastaanottaja: C\nAihe: x",
        "Od: Anna <anna@acme.example>\nWysłano: pon\nDo: Carla\nTemat: Paczka",
        "От: Анна <anna@acme.example>\nОтправлено: пн\nКому: Carla\nТема: x",
        "Kimden: Anna <anna@acme.example>\nGönderildi: Pzt\nKime: Carla\nKonu: x",
        "发件人: Anna <anna@acme.example>\n发送时间: 2026年\n收件人: Carla\n主题: x",
        "差出人: Anna <anna@acme.example>\n送信日時: 2026年\n宛先: Carla\n件名: x",
        "________________________________\nFrom: Anna <anna@acme.example>\nSent: Monday"
        "\nTo: Carla\nSubject: Parcel",
        "-----Original Message-----\nFrom: Anna [mailto:anna@acme.example]",
        "-----Ursprüngliche Nachricht-----\nVon: Anna",
        "-------- Message d'origine --------\nDe : Anna",
        "##- Please type your reply above this line -##",
    ],
)
def test_header_lines_of_many_programs_open_a_quote(header: str) -> None:
    text = f"{ANSWER}\n\n{header}\n\nShall we send the parcel?\n\nAnna\n"

    assert new_text(fold(text)) == ANSWER


@pytest.mark.parametrize(
    "separator",
    [
        "---------- Forwarded message ---------",
        "Begin forwarded message:",
        "-------- Weitergeleitete Nachricht --------",
        "Anfang der weitergeleiteten Nachricht:",
        "---------- Message transféré ---------",
        "---------- Mensaje reenviado ----------",
        "-------- Пересылаемое сообщение --------",
        "---------- 转发的邮件 ----------",
    ],
)
def test_a_forwarded_letter_is_a_block_of_its_own(separator: str) -> None:
    blocks = fold(f"Please handle.\n\n{separator}\nFrom: Carla\n\nIt broke.\n")

    assert [block.kind for block in blocks] == [Kind.NEW, Kind.FORWARD]
    assert blocks[0].text.strip() == "Please handle."


def test_an_answer_to_a_forwarded_letter_quotes_it() -> None:
    text = (
        "Done.\n\nOn Mon, 2 Mar 2026, Anna wrote:\n> Please.\n>\n"
        "> ---------- Forwarded message ---------\n> From: Carla\n> It broke.\n"
    )

    assert kinds(text) == [Kind.NEW, Kind.QUOTE]


def test_answers_between_the_quotes_stay_open() -> None:
    text = (
        "On Mon, 2 Mar 2026, Anna wrote:\n"
        "> Shall we send the parcel?\n"
        "\nYes, please.\n\n"
        "> On Thursday?\n"
        "No, on Friday.\n"
    )

    assert new_text(fold(text)) == "Yes, please.\n\nNo, on Friday."


def test_what_the_conversation_holds_is_folded_without_any_mark() -> None:
    question = (
        "Dear Carla,\n\nshall we send the parcel on Thursday, or on Friday at noon?"
    )
    rewrapped = (
        "Dear Carla, shall we send the parcel on\nThursday, or on Friday at noon?"
    )
    text = f"On Friday, please.\n\n{rewrapped}\n"

    assert new_text(fold(text)) != "On Friday, please."
    assert new_text(fold(text, known=[question])) == "On Friday, please."


def test_an_answer_below_a_known_quote_stays_open() -> None:
    question = "Shall we send the parcel on Thursday, or on Friday at noon?"
    text = (
        f"See below.\n\nOn Mon, 2 Mar 2026, Anna Berg wrote:\n\n{question}\n\n"
        "Friday suits us best of all.\n"
    )

    assert "Friday suits us" not in new_text(fold(text))
    assert "Friday suits us" in new_text(fold(text, known=[question]))


def test_a_letter_sent_again_is_not_folded_away() -> None:
    text = "Where is my parcel? I have been waiting for it for two weeks now."

    assert new_text(fold(text, known=[text])) == text


@pytest.mark.parametrize(
    ("below", "kind"),
    [
        ("-- \nCarla Conti\nBuyer, Customer Inc", Kind.SIGNATURE),
        ("—\nCarla Conti\nBuyer", Kind.SIGNATURE),
        ("Sent from my iPhone", Kind.SIGNATURE),
        ("Von meinem iPhone gesendet", Kind.SIGNATURE),
        ("Envoyé depuis mon mobile", Kind.SIGNATURE),
        ("Get Outlook for iOS<https://aka.ms/o0ukef>", Kind.SIGNATURE),
        ("Kind regards,\nCarla", Kind.SIGN_OFF),
        ("Mit freundlichen Grüßen\n\nCarla Conti\nEinkauf", Kind.SIGN_OFF),
        ("/Carla", Kind.SIGN_OFF),
        (
            "This email and any attachments are confidential and intended solely "
            "for the addressee.",
            Kind.DISCLAIMER,
        ),
        (
            "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der "
            "richtige Adressat sind, informieren Sie den Absender.",
            Kind.DISCLAIMER,
        ),
    ],
)
def test_what_stands_under_the_words_is_told_apart(below: str, kind: Kind) -> None:
    blocks = fold(f"{ANSWER}\n\n{below}\n")

    assert [block.kind for block in blocks] == [Kind.NEW, kind]
    assert new_text(blocks, sign_offs=False) == ANSWER


def test_a_warning_of_the_mail_server_above_the_words_is_closed() -> None:
    text = f"CAUTION: This email originated from outside of Acme.\n\n{ANSWER}\n"

    assert kinds(text) == [Kind.DISCLAIMER, Kind.NEW]


@pytest.mark.parametrize(
    "text",
    [
        "Three points:\n-- the first\n-- the second\n-- the third\n\nThanks!",
        "My journey\nFrom: Berlin\nTo: Paris\nDate: 3 May 2026\nSeat: window",
        "Please order\n>50 pieces of A\nand 7 of B",
        "As the manual said in 2015, chapter 3 wrote nothing on this: why?",
        "The parcel was\nSent via DHL on Monday\nand it has not come. Please look.",
        "On Friday we are closed.\nOn Saturday too.",
        "It failed:\n<carla@x.example>:\nhost mx.x.example [192.0.2.12] said:\n550 no",
        "It failed:\nRCPT TO:<carla@x.example>: host 192.0.2.12: 550 5.1.1:\n\nHelp!",
        "Your message\n\nTo: Carla <c@x.example>\nSubject: x\nSent: Monday\n\nis lost.",
        "Key points\n----\n\nIt works.\n\n====\n\nMore below the line.",
    ],
)
def test_ordinary_words_stay_open(text: str) -> None:
    assert new_text(fold(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "> Only a quote.\n> Nothing else.",
        "Sent from my iPhone",
        "Kind regards,\nCarla",
        "-- \nCarla",
    ],
)
def test_something_always_stays_open(text: str) -> None:
    assert new_text(fold(text)) == text


def test_a_forward_without_words_of_its_own_stays_open() -> None:
    text = "---------- Forwarded message ---------\nFrom: C <c@x.example>\nDate: now\n"

    assert new_text(fold(f"{text}Subject: x\n\nIt broke.\n")) == "It broke."


_PIECES = st.sampled_from(
    ["> ", ">", "On Mon, 2 Mar 2026 A <a@b.example> wrote:", "From: a@b", "Sent: 1",
     "-- ", "-----Original Message-----", "Sent from my iPhone", "\n", "\r\n", "\u2028",
     "Regards,", "words and words and more words than that", "<", "wrote:", "____"]
)  # fmt: skip


@given(st.lists(_PIECES | st.text(max_size=20), max_size=40), st.text(max_size=60))
def test_nothing_is_lost_whatever_the_text(pieces: list[str], known: str) -> None:
    text = "".join(pieces)

    for blocks in (fold(text), fold(text, known=[known, text[:50]])):
        assert "".join(block.text for block in blocks) == text
        assert all(block.text for block in blocks)


@pytest.mark.parametrize(
    "piece",
    [
        "\n", " \n", ">\n", "> a\n", ">", "-----\n", "On 1 wrote:\n", "a@b 12:30:\n",
        "From: a@b\n", "From: a@b\n\n", "Sent from my iPhone\n", "-- \n", "x ", "<\n>:\n",
        "word\n\n", "Regards,\n", "This email is confidential\n\n", "On 1 ", "a\n> b\n",
        "-----Original Message-----\n\n\n",
    ],
)  # fmt: skip
def test_time_is_linear_in_the_text(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    began = time.process_time()

    blocks = fold(text, known=[text[:10_000]])

    assert time.process_time() - began < 5
    assert "".join(block.text for block in blocks) == text

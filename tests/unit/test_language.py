"""In which language a letter is written."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox.mime.language import (
    LanguageSource,
    detect_language,
    language_of_text,
)
from letterbox.mime.letter import Headers, Letter

LETTERS = {
    "en": "Hello, could you please tell me when my order will be sent? Thank you.",
    "de": "Guten Tag, können Sie mir bitte sagen, wann meine Bestellung kommt?",
    "fr": "Bonjour, pouvez-vous me dire quand ma commande sera envoyée ? Merci.",
    "es": "Hola, ¿me puede decir cuándo se envía mi pedido? Muchas gracias.",
    "pt": "Olá, gostaria de saber quando o meu pedido foi enviado. Obrigado.",
    "it": "Buongiorno, vorrei sapere quando arriva il mio ordine. Grazie.",
    "nl": "Goedemorgen, ik heb nog niet gehoord wanneer het pakket komt. Groeten.",
    "sv": "Hej, jag undrar när min beställning kommer att skickas. Tack!",
    "da": "Hej, hvad er der blevet af min ordre? Jeg har ikke hørt af jer. Tak.",
    "nb": "Hei, hva har skjedd med ordren min? Jeg har ikke hørt fra dere. Takk.",
    "fi": "Hei, voisitteko kertoa, milloin tilaukseni on perillä? Kiitos.",
    "et": "Tere, kas te saate öelda, kui kaua see veel aega võtab? Aitäh.",
    "pl": "Dzień dobry, proszę o informację, czy paczka jest już w drodze.",
    "cs": "Dobrý den, prosím o zprávu, kdy bude má objednávka. Děkuji.",
    "sk": "Dobrý deň, prosím o správu, kedy bude moja objednávka. Ďakujem, čo ďalej.",
    "hu": "Tisztelt Hölgyem, kérem, írja meg, hogy hol van a csomag. Köszönöm.",
    "ro": "Bună ziua, vă rog să îmi spuneți când este livrarea. Mulțumesc.",
    "hr": "Poštovani, molim vas da mi kažete gdje je što sam naručio. Hvala.",
    "sl": "Spoštovani, prosim, ali lahko poveste, kje je pošiljka? Hvala, lep pozdrav.",
    "lv": "Labdien, lūdzu, pasakiet, vai mans pasūtījums ir ceļā. Paldies.",
    "lt": "Laba diena, prašau pasakyti, ar mano užsakymas jau yra. Ačiū.",
    "tr": "Merhaba, siparişim için bir bilgi var mı? Çok teşekkür ederim.",
    "vi": "Xin chào, tôi muốn hỏi đơn hàng của tôi đã được gửi chưa. Cảm ơn.",
    "id": "Selamat pagi, saya ingin tahu apakah pesanan itu sudah ada. Terima kasih.",
    "ru": "Здравствуйте, скажите, пожалуйста, где мой заказ? Спасибо.",
    "uk": "Добрий день, скажіть, будь ласка, де моє замовлення? Дякую.",
    "bg": "Здравейте, моля кажете къде е поръчката ми. Благодаря ви много.",
    "sr": "Поштовани, молим вас, где је моја поруџбина? Хвала.",
    "el": "Καλημέρα, πού είναι η παραγγελία μου;",
    "he": "שלום, איפה ההזמנה שלי?",
    "ar": "مرحبا، أين الطلب الذي كان من المفترض أن يصل؟ شكرا",
    "fa": "سلام، لطفا بگویید سفارش من کجاست. با تشکر از شما",
    "hi": "नमस्ते, मेरा ऑर्डर कहाँ है?",
    "th": "สวัสดีค่ะ สินค้าของฉันอยู่ที่ไหน",
    "ja": "お世話になっております。注文した商品はいつ届きますか。",
    "zh": "您好，请问我的订单什么时候发货？谢谢。",
    "ko": "안녕하세요, 제 주문은 언제 도착하나요?",
}


@pytest.mark.parametrize("code", LETTERS)
def test_a_short_question_tells_its_language(code: str) -> None:
    found = language_of_text(LETTERS[code])

    assert found.code == code
    assert found.source is LanguageSource.TEXT


def letter(text: str, *fields: tuple[str, str]) -> Letter:
    return Letter(headers=Headers(fields), text=text)


def test_the_header_is_believed_where_the_words_are_few() -> None:
    found = detect_language(letter("OK", ("Content-Language", "pt-BR, en")))

    assert found == ("pt", 0.7, LanguageSource.CONTENT_LANGUAGE)


def test_the_language_of_the_menus_does_not_hide_that_of_the_writer() -> None:
    text = LETTERS["de"] + " Ich habe noch nicht von Ihnen gehört. Vielen Dank!"

    found = detect_language(letter(text, ("Content-Language", "en-US")))

    assert found.code == "de"
    assert found.source is LanguageSource.TEXT


def test_header_and_words_together_are_sure() -> None:
    found = detect_language(letter(LETTERS["fr"], ("Content-Language", "fr-CA")))

    assert found.code == "fr"
    assert found.confidence >= 0.95


def test_what_is_quoted_does_not_count() -> None:
    quoted = "\n".join(f"> {line}" for line in (LETTERS["en"], LETTERS["en"]))

    assert language_of_text(f"{LETTERS['it']}\n\n{quoted}").code == "it"


@pytest.mark.parametrize("text", ["", "12345", "www", "+++", "\n\n"])
def test_nothing_tells_nothing(text: str) -> None:
    assert detect_language(letter(text)).confidence == 0.0


def test_a_header_that_is_no_language_is_passed_over() -> None:
    found = detect_language(
        letter("OK", ("Content-Language", "??"), ("Accept-Language", "no-NO"))
    )

    assert found == ("nb", 0.5, LanguageSource.ACCEPT_LANGUAGE)


@given(text=st.text(), tag=st.text(max_size=20))
def test_nothing_makes_it_fail(text: str, tag: str) -> None:
    found = detect_language(letter(text, ("Content-Language", tag)))

    assert 0 <= found.confidence <= 1


def test_a_long_letter_costs_no_more_than_its_start() -> None:
    start = time.process_time()

    language_of_text("aé " * 1_000_000)

    assert time.process_time() - start < 0.5

"""What a subject is about once the prefixes of mail programs are taken away.

Holds the reply, forward and automatic prefixes of many languages and the questions
asked about them. Never decides who belongs together: that is `inbound.threading`.

Every function is linear in the subject and returns for any text.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Outlook and the web mailers put these before the subject of an answer. Each is
# looked up without case, with the spaces and the counter (`Re[2]:`) taken away.
_REPLY = _words(
    """
    re re. aw antw antwort sv vs va vá vast ref réf r rif ris res resp rsp răsp odp odg
    odpowiedź odpověď odpoveď отв ответ отг на відп ynt yan απ απ. σχετ ats atb bls tl
    回复 回覆 答复 答覆 回信 返信 답장 회신 השב תשובה رد الرد پاسخ ตอบ ตอบกลับ उत्तर
    """
) | {"trả lời", "på svar", "re aw"}

_FORWARD = _words(
    """
    fw fwd fwd. wg wtr doorst tr i rv enc vb vl vid videresendt vidarebefordrat pd
    przek ilt tov továbbítás tovabbitas předáno prep pos pros pers pārs edasi redir
    trs ct πρθ πρ пересл переслано yml encaminhada reenviado reenv
    转发 轉寄 轉發 転送 전달 הועבר העבר تحويل ส่งต่อ अग्रेषित
    """
) | {"إعادة توجيه", "chuyển tiếp"}

# Machines that answer, and calendars, name the subject they answer to.
_AUTOMATIC = frozenset(
    {
        "autoreply", "auto-reply", "auto reply", "autosvar", "automatisk svar",
        "automatiskt svar", "automatic reply", "out of office", "ooo",
        "automatische antwort", "abwesenheitsnotiz", "abwesenheit", "abwesend",
        "réponse automatique", "absence du bureau", "respuesta automática",
        "risposta automatica", "resposta automática", "automatisch antwoord",
        "automaattinen vastaus", "odpowiedź automatyczna", "automatická odpověď",
        "automatická odpoveď", "automatikus válasz", "автоматический ответ",
        "автоответ", "автоматична відповідь", "otomatik yanıt", "răspuns automat",
        "αυτόματη απάντηση", "自动答复", "自动回复", "自動回覆", "自動返信", "자동 회신",
        "accepted", "declined", "tentative", "tentatively accepted", "canceled",
        "cancelled", "zugesagt", "abgelehnt", "mit vorbehalt", "abgesagt", "accepté",
        "refusé", "aceptada", "rechazada", "accettato", "geaccepteerd", "read",
        "gelesen",
    }
)  # fmt: skip

# Words that many strangers write to one company.
_EVERYDAY = _words(
    """
    about account are bill booking can could delivery enquiry feedback for from hello
    help here how important info information inquiry invoice issue letter mail message
    new offer order our payment please price problem quote quotation receipt reminder
    request services service support test testing thank thanks the this ticket update
    urgent what with you your
    anfrage angebot auftrag bestellung bitte danke dringend eine frage fragen für hallo
    hilfe ihre ihr kündigung lieferung mein meine mit nachricht problem rechnung test
    und unsere von zahlung zur
    bonjour commande demande devis facture merci paiement pour question une votre
    consulta factura gracias hola pago para pedido pregunta presupuesto solicitud
    domanda fattura grazie ordine pagamento preventivo richiesta
    bestelling factuur offerte vraag fatura pergunta faktura zamówienie pytanie
    заказ вопрос счет счёт запрос
    """
)
_PUNCTUATION = ".,;:!?()[]{}<>\"'*#/\\-–—"
# Marks of writing direction, which right-to-left mailers put around the prefix.
_INVISIBLE = " \u200e\u200f\u202a\u202c"

# A subject is compared by its beginning; nobody writes a longer one.
_LONGEST_SUBJECT = 2_000
# `[Fwd: [Fwd: …]]`; deeper nesting is played, not written.
_MOST_BRACKETS = 20
# The longest prefix, with room for a counter; a longer first word is never looked up.
_LONGEST_PREFIX = 32
# A blob such as `[list-name]` longer than this is part of the subject.
_LONGEST_BLOB = 64
_COLONS = ":：﹕"
# Characters that mail programs use around a counter: `Re[2]`, `Re(3)`, `Re^4`, `Re*5`.
_COUNTER = "[](){}^*-0123456789 "
# A trailer of some Unix mailers, RFC 5256, section 2.1.
_FORWARD_TRAILER = "(fwd)"
# What mail programs write where the writer wrote nothing.
_PLACEHOLDERS = frozenset(
    {
        "(no subject)", "no subject", "(kein betreff)", "kein betreff", "(sans objet)",
        "sans objet", "(sin asunto)", "sin asunto", "(nessun oggetto)", "(sem assunto)",
        "(geen onderwerp)", "(inget ämne)", "(ingen emne)", "(ei aihetta)",
        "(bez tematu)", "(brak tematu)", "(bez předmětu)", "(nincs tárgy)",
        "(без темы)", "без темы", "(konu yok)", "(无主题)", "无主题", "(件名なし)",
        "(제목 없음)",
    }
)  # fmt: skip


class Prefix(StrEnum):
    """What one leading piece of a subject says."""

    REPLY = "reply"
    FORWARD = "forward"
    AUTOMATIC = "automatic"
    BLOB = "blob"


@dataclass(frozen=True, slots=True)
class _Leading:
    """The leading pieces of a subject, in order, and where the rest begins."""

    pieces: tuple[tuple[Prefix, str], ...]
    rest: str


def base_subject(subject: str) -> str:
    """The words of the subject alone, in lower case, as two letters are compared.

    Follows RFC 5256, section 2.1, in more languages. A blob that names a matter
    (`[#4711]`, `[ABC-12]`) stays: two numbered matters are never one subject.
    Empty where the subject says nothing.
    """
    text = " ".join(subject[:_LONGEST_SUBJECT].split())
    for _ in range(_MOST_BRACKETS):
        leading = _read_leading(text)
        kept = [
            blob
            for kind, blob in leading.pieces
            if kind is Prefix.BLOB and _names_a_matter(blob)
        ]
        rest = leading.rest
        while rest.lower().endswith(_FORWARD_TRAILER):
            rest = rest[: -len(_FORWARD_TRAILER)].rstrip()
        unwrapped = _without_forward_brackets(rest)
        if unwrapped is None:
            break
        text = unwrapped
    if not rest and leading.pieces and leading.pieces[-1][0] is Prefix.BLOB:
        # Nothing but a blob is left, so the blob is the subject.
        kept = [leading.pieces[-1][1]]
    base = " ".join([*kept, rest]).strip().casefold()
    return "" if base in _PLACEHOLDERS else base


def has_reply_prefix(subject: str) -> bool:
    """Tell whether a mail program marked the letter as an answer."""
    kind = _first_kind(subject)
    return kind in (Prefix.REPLY, Prefix.AUTOMATIC)


def has_forward_prefix(subject: str) -> bool:
    """Tell whether a mail program marked the letter as passed on."""
    if _first_kind(subject) is Prefix.FORWARD:
        return True
    text = " ".join(subject.split())
    return _without_forward_brackets(_read_leading(text).rest) is not None


def reply_subject(subject: str) -> str:
    """The subject of our answer: `Re:` exactly once, one line, whatever stood before.

    List names stay where they help the reader (`Re: [list] words`), and so does what
    was forwarded (`Re: Fwd: words`).
    """
    leading = _read_leading(" ".join(subject.split()))
    kept: list[str] = []
    passed_on = False
    for kind, piece in leading.pieces:
        passed_on = passed_on or kind in (Prefix.FORWARD, Prefix.AUTOMATIC)
        if passed_on or kind is Prefix.BLOB:
            kept.append(piece)
    return " ".join(["Re:", *kept, leading.rest]).strip()


def matter_numbers(subject: str) -> tuple[int, ...]:
    """The numbers in brackets that a helpdesk writes: `[#41]`, `[Case #41]`, `(#41)`.

    A number alone proves nothing; whoever uses it checks the sender.
    """
    numbers: list[int] = []
    for index, character in enumerate(subject):
        if character != "#" or not _stands_in_brackets(subject, index):
            continue
        digits = index + 1
        while digits < len(subject) and digits - index <= 12:
            if subject[digits] not in "0123456789":
                break
            digits += 1
        closed = digits < len(subject) and subject[digits] in ")]"
        if closed and digits > index + 1:
            numbers.append(int(subject[index + 1 : digits]))
    return tuple(dict.fromkeys(numbers))


def is_generic(base: str) -> bool:
    """Tell whether many unrelated people would write this base subject.

    `invoice`, `hello`, `your order`: such words say nothing about who belongs
    together.
    """
    if any(ord(character) > 0x2E80 for character in base):
        # Chinese, Japanese and Korean put a whole phrase into a few characters.
        return len(base) < 5
    words = [word.strip(_PUNCTUATION) for word in base.split()]
    telling = {word for word in words if len(word) > 2 and word not in _EVERYDAY}
    return len(telling) < 2 or sum(map(len, telling)) < 9


def _first_kind(subject: str) -> Prefix | None:
    """What the first piece that is not a list name says."""
    text = " ".join(subject.split())
    for kind, _piece in _read_leading(text).pieces:
        if kind is not Prefix.BLOB:
            return kind
    return None


# A letter is asked for its prefixes several times in a row.
@lru_cache(maxsize=20)
def _read_leading(text: str) -> _Leading:
    """Take prefixes and blobs from the front, each once; linear in the text."""
    pieces: list[tuple[Prefix, str]] = []
    start = 0
    while True:
        while start < len(text) and text[start] == " ":
            start += 1
        end, kind = _read_piece(text, start)
        if kind is None:
            break
        pieces.append((kind, text[start:end]))
        start = end
    return _Leading(tuple(pieces), text[start:].lstrip())


def _read_piece(text: str, start: int) -> tuple[int, Prefix | None]:
    """Where the piece that begins at `start` ends, and what it says."""
    if text.startswith("[", start):
        end = text.find("]", start, start + _LONGEST_BLOB)
        inner = text[start + 1 : end] if end > 0 else ""
        if (
            end > 0
            and "[" not in inner
            and _prefix_kind(inner.partition(":")[0]) is (None)
        ):
            return end + 1, Prefix.BLOB
        return start, None
    window = text[start : start + _LONGEST_PREFIX]
    colon = min((window.find(c) for c in _COLONS if c in window), default=-1)
    if colon <= 0:
        return start, None
    kind = _prefix_kind(window[:colon])
    return (start + colon + 1, kind) if kind else (start, None)


def _prefix_kind(written: str) -> Prefix | None:
    """Look the word before a colon up; `Re[2] ` and `RE ` are the same word."""
    # The dot above is what casefold leaves of the Turkish İ.
    word = written.strip(_INVISIBLE).casefold().replace("\u0307", "")
    for candidate in (word, word.rstrip(_COUNTER)):
        if candidate in _REPLY:
            return Prefix.REPLY
        if candidate in _FORWARD:
            return Prefix.FORWARD
        if candidate in _AUTOMATIC:
            return Prefix.AUTOMATIC
    return None


def _without_forward_brackets(text: str) -> str | None:
    """The inside of `[Fwd: …]`, which Netscape put around a whole subject."""
    if not (text.startswith("[") and text.endswith("]")):
        return None
    head, colon, _rest = text[1 : 1 + _LONGEST_PREFIX].partition(":")
    if colon and _prefix_kind(head) is not None:
        return text[1:-1].strip()
    return None


def _names_a_matter(blob: str) -> bool:
    """Tell `[#4711]` and `[ABC-12]` from `[list-name]` and `[PATCH v2 1/3]`."""
    inner = blob.strip("[] ")
    if "#" in inner:
        return any(map(str.isdigit, inner))
    key, dash, number = inner.rpartition("-")
    if dash and number.isdigit() and key.isalnum() and key.isupper():
        return True
    return len(inner) >= 4 and inner.isdigit()


def _stands_in_brackets(subject: str, index: int) -> bool:
    """Tell whether a bracket opens shortly before, with only words in between."""
    before = subject[max(0, index - 24) : index]
    opened = max(before.rfind("["), before.rfind("("))
    return opened >= 0 and not any(c in ")]" for c in before[opened:])

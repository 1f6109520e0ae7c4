"""The words of answering machines and of people who are away, in many languages.

Tables only, in lower case; `classify_subjects.py` says what each is worth.
"""

from __future__ import annotations


def _lines(table: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in table.splitlines() if line.strip())


# "Automatic reply", as mail programs translate it: people do not begin so.
ANSWER_OPENINGS = _lines(
    """
    automatic reply
    automatic response
    automatic answer
    automated reply
    automated response
    auto-reply
    auto reply
    autoreply
    auto-response
    auto response
    autoresponse
    autoresponder
    automatische antwort
    automatische rückantwort
    automatische antwoord
    automatisch antwoord
    automatische abwesenheit
    automatisk svar
    automatiskt svar
    autosvar
    automaattinen vastaus
    automaatvastus
    automaatne vastus
    automātiskā atbilde
    automatinis atsakymas
    réponse automatique
    reponse automatique
    respuesta automática
    respuesta automatica
    resposta automática
    resposta automàtica
    resposta automatica
    erantzun automatikoa
    risposta automatica
    răspuns automat
    raspuns automat
    automatyczna odpowiedź
    odpowiedź automatyczna
    autoodpowiedź
    automatická odpověď
    automatická odpoveď
    samodejni odgovor
    samodejno odgovor
    automatski odgovor
    аутоматски одговор
    automatikus válasz
    automatische nachricht
    автоматический ответ
    автоответ
    автоматична відповідь
    автовідповідь
    автоматичен отговор
    автоматски одговор
    otomatik yanıt
    otomatik cevap
    αυτόματη απάντηση
    תשובה אוטומטית
    מענה אוטומטי
    رد تلقائي
    الرد التلقائي
    پاسخ خودکار
    स्वचालित उत्तर
    การตอบกลับอัตโนมัติ
    ตอบกลับอัตโนมัติ
    trả lời tự động
    thư trả lời tự động
    balasan otomatis
    balas automatik
    自動応答
    自動返信
    自动答复
    自动回复
    自動回覆
    自動回復
    자동 회신
    자동회신
    자동 응답
    자동응답
    자동 답장
    """
)

# Prefixes of answering machines that only count before a colon or alone.
ABSENCE_OPENINGS = _lines(
    """
    out of office
    out of the office
    out-of-office
    out of office autoreply
    out of office reply
    ooo
    oof
    away from office
    away from my mail
    vacation reply
    vacation response
    vacation message
    on vacation
    on leave
    abwesenheitsnotiz
    abwesenheitsbenachrichtigung
    abwesenheitsmeldung
    abwesenheitsagent
    abwesenheitsassistent
    abwesenheit
    urlaubsmeldung
    absence du bureau
    message d'absence
    notification d'absence
    avis d'absence
    absence
    fuera de la oficina
    fuera de oficina
    ausente de la oficina
    ausencia
    fora do escritório
    fora do escritorio
    ausência temporária
    ausência
    fuori sede
    fuori ufficio
    assente dall'ufficio
    assenza
    afwezig
    afwezigheid
    afwezigheidsbericht
    afwezigheidsassistent
    niet aanwezig
    frånvaro
    frånvaromeddelande
    ej på plats
    fravær
    fraværsmelding
    fraværsmeddelelse
    ikke til stede
    ikke på kontoret
    poissa
    poissaoloviesti
    poissaoloilmoitus
    poza biurem
    nieobecność
    nieobecność w biurze
    mimo kancelář
    mimo kanceláriu
    nepřítomnost
    neprítomnosť
    házon kívül
    távollét
    în afara biroului
    plecat din birou
    izvan ureda
    odsotnost
    вне офиса
    нет на месте
    отсутствие
    поза офісом
    извън офиса
    ofis dışında
    ofis dışı
    εκτός γραφείου
    מחוץ למשרד
    خارج المكتب
    不在通知
    不在
    外出中
    外出
    休假
    不在办公室
    不在辦公室
    부재 중
    부재중
    vắng mặt
    di luar kantor
    """
)

# People who are in the office use these as well.
ABSENCE_WORDS = _lines(
    """
    out of office
    out of the office
    out-of-office
    away from the office
    on vacation
    annual leave
    maternity leave
    parental leave
    currently away
    i am away
    i'm away
    limited access to
    intermittent access
    abwesen
    nicht im büro
    nicht im hause
    im urlaub
    elternzeit
    absent
    en congé
    en vacances
    fuera de la oficina
    de vacaciones
    fora do escritório
    de férias
    fuori ufficio
    fuori sede
    in ferie
    afwezig
    niet op kantoor
    met vakantie
    op vakantie
    semester
    inte på kontoret
    på ferie
    ikke på kontoret
    lomalla
    poissa
    nieobecn
    na urlopie
    poza biurem
    nepřítom
    na dovolené
    dovolenk
    házon kívül
    szabadság
    concediu
    godišnjem odmoru
    в отпуске
    отсутствую
    у відпустці
    отпуска
    izinde
    ofis dışında
    εκτός γραφείου
    σε άδεια
    בחופשה
    מחוץ למשרד
    في إجازة
    خارج المكتب
    不在
    休暇
    休假
    出差
    휴가
    부재
    nghỉ phép
    cuti
    """
)

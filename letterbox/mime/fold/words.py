"""What mail programs write around quotes and under letters, in many languages.

Tables only. All entries are in lower case (casefold) and without trailing colons.
"""

from __future__ import annotations


def _phrases(text: str) -> tuple[str, ...]:
    """The phrases of a table, divided by bars; a line may end anywhere."""
    return tuple(" ".join(phrase.split()).casefold() for phrase in text.split("|"))


# The last words of `On Monday Anna wrote:`.
WROTE = tuple(
    """
    wrote|writes|sent|schrieb|schrieben|schreibt|a écrit|a ecrit|écrit|escribió|
    escribio|escribiu|escreveu|ha scritto|scrive|scritto|schreef|geschreven|skrev|
    skreiv|kirjoitti|napisał|napisała|napisał(a)|napisała(a)|napsal|napsal(a)|napísal|
    napísal(a)|napisal|napisal(a)|je napisao|je napisao/la|napisao|napisala|írta|
    irta|ezt írta|пишет|написал|написал(a)|написал(а)|написала|писал|писал(а)|писала|
    пише|написав|написав(ла)|написа|yazdı|şunu yazdı|έγραψε|a scris|scris|đã viết|
    viết|menulis|a escrit|va escriure|escrigué|parašė|rakstīja|kirjutas|skrifaði|
    写道|寫道|撰写|のメール|書きました|さんは書きました|작성|썼습니다|כתב|כתבה|כתב/ה|كتب|نوشت|
    เขียนว่า|berichtte|shkroi|idatzi du|ysgrifennodd
    """.replace("\n", "")
    .replace("    ", "")
    .strip()
    .split("|")
)

# The first word of the same line.
STARTERS = frozenset(
    """
    on at am le el em il op den dne dnia w na στις vào 在 于 於 dana în pe på ke in da
    dia a az в у il/la lundi mardi mercredi jeudi vendredi samedi dimanche ma ti ke to
    pe la su lør søn man tir ons tor fre mån tis lör sön pon wt śr czw pt sob nie út st
    čt pá so ne pondělí пн вт ср чт пт сб вс нд понедельник вторник среда четверг
    пятница суббота воскресенье mon tue wed thu fri sat sun monday tuesday wednesday
    thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag
    sonntag lunes martes miércoles jueves viernes sábado domingo pada tanggal hôm ngày
    2016 2017 2018 2019 2020 2021 2022 2023 2024 2025 2026 2027 2028
    """.split()  # noqa: SIM905 - a list of words reads better as text.
)

# Header lines that Outlook and others put above the letter they quote.
_LABELS = {
    "from": """
        from|von|de|da|van|fra|från|lähettäjä|od|od kogo|от|від|от кого|kimden|gönderen|
        από|feladó|expéditeur|remitente|mittente|afzender|kezdeményező|dari|từ|발신|
        보낸 사람|发件人|寄件者|寄件人|差出人|送信者|מאת|من|от кого|expeditor|de la|no|
        nuo|saatja|lähettäjältä|emetor|pošiljatelj|šalje|จาก|desde|gửi từ""",
    "sent": """
        sent|gesendet|envoyé|envoyé le|date d'envoi|enviado|enviado el|enviada em|
        enviada|inviato|verzonden|sendt|skickat|lähetetty|wysłano|data wysłania|
        odesláno|odoslané|datum odeslání|отправлено|надіслано|gönderme tarihi|
        gönderildi|εστάλη|elküldve|küldés ideje|küldve|trimis|terkirim|đã gửi|
        보낸 날짜|전송 날짜|发送时间|发送日期|寄件日期|傳送時間|送信日時|נשלח|
        تاريخ الإرسال|poslano|išsiųsta|nosūtīts|saadetud|ส่ง|enviat|message du""",
    "date": """
        date|datum|data|datert|dato|päivämäärä|päiväys|dátum|дата|tarih|ημερομηνία|
        dată|fecha|tanggal|ngày|날짜|日期|日付|日時|תאריך|التاريخ|วันที่|time""",
    "to": """
        to|an|à|a|para|aan|til|till|vastaanottaja|do|komu|pro|кому|do kogo|kime|alıcı|
        προς|címzett|destinataire|destinatario|destinatário|către|kepada|đến|tới|받는 사람|
        수신|收件人|收件者|宛先|אל|إلى|za|prima|kam|adresatas|ถึง|per|reply-to|réponse à""",
    "cc": """
        cc|kopie|kopi|copie|copia|cópia|cópia para|kopia|kopio|másolatot kap|másolat|
        копия|копія|bilgi|κοιν|κοινοποίηση|dw|ud|抄送|副本|참조|עותק|نسخة|bcc|cci|cco|w|
        kopie an|tembusan|kkopia""",
    "subject": """
        subject|betreff|objet|asunto|assunto|oggetto|onderwerp|emne|ämne|aihe|temat|
        předmět|predmet|tema|тема|konu|θέμα|tárgy|subiect|subjek|perihal|chủ đề|
        tiêu đề|제목|主题|主旨|主題|標題|件名|題名|נושא|الموضوع|موضوع|zadeva|temats|
        teema|เรื่อง|assumpte""",
    "other": """
        importance|priority|wichtigkeit|priorität|attachments|anlagen|reply-to|
        antwort an|organization|newsgroups|message-id|mailed-by|pièces jointes|
        priorité|datos adjuntos|anexos|allegati|bijlagen|x-mailer|list-id""",
}
LABELS = {
    label.strip().casefold(): kind
    for kind, labels in _LABELS.items()
    for label in labels.replace("\n", "").split("|")
}
LONGEST_LABEL = max(map(len, LABELS))

# `-----Original Message-----`: the letter quoted starts here. Dashes are taken away.
ORIGINAL = frozenset(
    _phrases(
        """
    original message|original appointment|original e-mail|original email|
    original-nachricht|originalnachricht|original nachricht|ursprüngliche nachricht|
    ursprungliche nachricht|ursprüngliche mail|ursprüngliche e-mail|originaltext|
    message original|message d'origine|message d’origine|message initial|
    e-mail d'origine|mail original|mensaje original|mensagem original|
    missatge original|messaggio originale|messaggio originario|oorspronkelijk bericht|
    origineel bericht|oorspronkelijke bericht|original besked|oprindelig besked|
    oprindelig meddelelse|original meddelelse|opprinnelig melding|original melding|
    originalmelding|ursprungligt meddelande|originalmeddelande|ursprungligt mail|
    alkuperäinen viesti|wiadomość oryginalna|oryginalna wiadomość|
    treść oryginalnej wiadomości|původní zpráva|původní e-mail|pôvodná správa|
    eredeti üzenet|исходное сообщение|исходное письмо|оригинальное сообщение|
    початкове повідомлення|вихідне повідомлення|orijinal mesaj|özgün ileti|
    özgün mesaj|αρχικό μήνυμα|mesaj original|mesajul original|izvorna poruka|
    originalna poruka|izvirno sporočilo|algne kiri|pesan asli|thư gốc|원본 메시지|원본 메일|
    原始邮件|原始郵件|邮件原件|原邮件|元のメッセージ|オリジナルメッセージ|הודעה מקורית|הודעה המקורית|الرسالة الأصلية|
    previous replies|vorherige antworten|réponses précédentes|respuestas anteriores|
    reply message|転送元メッセージ
        """
    )
)

# The letter passed on starts here.
FORWARDED = frozenset(
    _phrases(
        """
    forwarded message|forwarded messages|forwarded by|begin forwarded message|
    start of forwarded message|beginning of forwarded message|forwarded email|
    forwarded letter|weitergeleitete nachricht|weitergeleitete e-mail|
    anfang der weitergeleiteten nachricht|anfang der weitergeleiteten e-mail|
    beginn der weitergeleiteten nachricht|message transféré|message transmis|
    message réexpédié|début du message transféré|début du message réexpédié|
    e-mail transféré|mensaje reenviado|inicio del mensaje reenviado|
    mensagem encaminhada|mensagem reencaminhada|início da mensagem encaminhada|
    início da mensagem reencaminhada|missatge reenviat|messaggio inoltrato|
    inizio messaggio inoltrato|doorgestuurd bericht|begin doorgestuurd bericht|
    begin van doorgestuurd bericht|videresendt besked|videresendt meddelelse|
    videresendt melding|start på videresendt besked|start på videresendt melding|
    vidarebefordrat meddelande|vidarebefordrat brev|börja vidarebefordrat meddelande|
    välitetty viesti|edelleenlähetetty viesti|välitetty viesti alkaa|
    wiadomość przekazana dalej|przekazana wiadomość|treść przekazanej wiadomości|
    początek przekazywanej wiadomości|rozpoczęcie przekazywanej wiadomości|
    přeposlaná zpráva|předávaná zpráva|začátek přeposlané zprávy|preposlaná správa|
    továbbított üzenet|továbbított levél|пересылаемое сообщение|пересланное сообщение|
    пересылаемое письмо|начало переадресованного сообщения|
    начало пересылаемого сообщения|переслане повідомлення|iletilen mesaj|
    yönlendirilen mesaj|iletilmiş mesaj|προωθημένο μήνυμα|mesaj redirecționat|
    mesaj redirectionat|proslijeđena poruka|posredovano sporočilo|edastatud kiri|
    pesan terusan|pesan diteruskan|thư đã chuyển tiếp|chuyển tiếp thư|전달된 메시지|전달된 메일|
    转发的邮件|轉寄的郵件|已转发邮件|转发邮件信息|转发邮件|轉寄郵件|転送されたメッセージ|転送メッセージ|הודעה שהועברה|הודעה מועברת|
    رسالة معاد توجيهها|الرسالة المعاد توجيهها
        """
    )
)

# Everything under such a line is the helpdesk's own copy of the conversation.
ANSWER_ABOVE = _phrases(
    """
    reply above this line|type your reply above|write a reply above|
    reply above the line|add your reply above|bitte antworten sie oberhalb|
    antworten sie über dieser zeile|bitte oberhalb dieser linie antworten|
    répondez au-dessus de cette ligne|répondre au-dessus de cette ligne|
    responda por encima de esta línea|escriba su respuesta por encima|
    responda acima desta linha|rispondi sopra questa riga|scrivi la risposta sopra|
    antwoord boven deze lijn|typ uw antwoord boven|svara ovanför denna rad|
    odpowiedz powyżej tej linii
    """
)

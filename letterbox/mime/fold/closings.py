"""What stands under a letter: greetings, devices, duties of companies; tables only.

All entries are in lower case (casefold).
"""

from __future__ import annotations


def _phrases(text: str) -> tuple[str, ...]:
    """The phrases of a table, divided by bars; a line may end anywhere."""
    return tuple(" ".join(phrase.split()).casefold() for phrase in text.split("|"))


# A line that begins so, and is short, is the signature of a device or a program.
DEVICE = _phrases(
    """
    sent from my|sent from mail for|sent from outlook|sent from yahoo|
    sent from windows mail|sent from mailbox|sent from samsung|sent from proton|
    sent from the|sent from for|sent from nine|sent from bluemail|sent from spark|
    sent from aol|sent from gmail|sent from galaxy|sent from a|sent via|sent with|
    sent using|sent on the|sent by|(sent from|[sent from|<<sent by|get outlook for|
    get bluemail for|get typeapp for|from my iphone|from my ipad|from my android|
    from my samsung|written on my|via newton mail|von meinem|gesendet von|
    gesendet mit|von unterwegs gesendet|diese nachricht wurde von mein|
    holen sie sich outlook|outlook für ios|outlook für android|envoyé depuis|
    envoyé de mon|envoyé à partir de|envoyé avec|provenance : courrier|
    télécharger outlook|obtenez outlook|enviado desde|enviado do meu|
    enviado a partir d|enviado de mi|enviado do e-mail|enviado com|enviado con|
    obtener outlook|obter o outlook|inviato da|inviato dal|scarica outlook|
    ottieni outlook|verzonden vanaf|verzonden vanuit|verzonden met|verstuurd vanaf|
    verstuurd met|outlook voor|sendt fra|sendt via|sendt med|hent outlook|
    skickat från|skickat med|skaffa outlook|hämta outlook|lähetetty|hanki outlook|
    wysłane z|wysłano z|pobierz outlook|odesláno z|odoslané z|získat outlook|küldve a|
    elküldve a|iphone-ról küldve|отправлено с|отправлено из|надіслано з|
    iphone'umdan gönderildi|iphone’umdan gönderildi|ipad'imden gönderildi|
    benim iphone|samsung cihazımdan|στάλθηκε από|trimis de pe|trimis din|poslano s|
    poslano z|saadetud minu|dikirim dari|đã gửi từ|được gửi từ|나의 iphone에서 보냄|
    내 iphone에서 보냄|iphoneから送信|ipadから送信|发自我的|從我的|发送自|寄自我的|נשלח מה|נשלח מ|تم الإرسال من|
    أرسلت من
    """
)

# A greeting that closes a letter; name and address follow.
CLOSINGS = _phrases(
    """
    best regards|kind regards|kindest regards|warm regards|warmest regards|
    with regards|with best regards|with kind regards|regards|rgds|brgds|best wishes|
    best|all the best|cheers|sincerely|yours sincerely|sincerely yours|
    yours faithfully|yours truly|yours|respectfully|cordially|many thanks|thanks|
    thanks again|thanks in advance|thanks a lot|thanks and regards|thanks & regards|
    thank you|thank you very much|take care|br|mit freundlichen grüßen|
    mit freundlichen grüssen|mit freundlichem gruß|mit freundlichem gruss|
    mit besten grüßen|mit besten grüssen|mit herzlichen grüßen|freundliche grüße|
    freundliche grüsse|viele grüße|viele grüsse|liebe grüße|liebe grüsse|beste grüße|
    beste grüsse|herzliche grüße|herzliche grüsse|schöne grüße|gruß|grüße|gruss|
    hochachtungsvoll|vielen dank|mfg|vg|lg|cordialement|bien cordialement|
    très cordialement|bien à vous|salutations|meilleures salutations|
    sincères salutations|salutations distinguées|cdlt|amicalement|merci|
    merci d'avance|saludos|saludos cordiales|un saludo|un cordial saludo|
    cordiales saludos|atentamente|muchas gracias|gracias|atenciosamente|att|
    cumprimentos|melhores cumprimentos|com os melhores cumprimentos|abraço|abraços|
    obrigado|obrigada|cordiali saluti|distinti saluti|un saluto|saluti|cordialmente|
    grazie|met vriendelijke groet|met vriendelijke groeten|vriendelijke groet|
    vriendelijke groeten|hartelijke groet|groet|groeten|mvg|bedankt|alvast bedankt|
    med venlig hilsen|venlig hilsen|med vennlig hilsen|vennlig hilsen|hilsen|mvh|
    de bedste hilsner|med vänlig hälsning|med vänliga hälsningar|vänliga hälsningar|
    vänlig hälsning|hälsningar|bästa hälsningar|ystävällisin terveisin|terveisin|terv|
    parhain terveisin|pozdrawiam|serdecznie pozdrawiam|z poważaniem|z powazaniem|
    z wyrazami szacunku|s pozdravem|s přátelským pozdravem|pozdravem|s pozdravom|
    üdvözlettel|tisztelettel|köszönettel|с уважением|с наилучшими пожеланиями|
    всего доброго|з повагою|s poštovanjem|lep pozdrav|lp|pozdrav|cu stimă|cu respect|
    saygılarımla|saygılarımızla|iyi çalışmalar|με εκτίμηση|φιλικά|hormat saya|salam|
    trân trọng|lugupidamisega|pagarbiai|ar cieņu|此致|敬上|谢谢|謝謝|よろしくお願いいたします|よろしくお願いします|
    宜しくお願い致します|敬具|감사합니다|בברכה|תודה|مع تحياتي|مع أطيب التحيات|شكرا
    """
)

# A paragraph that begins so speaks for the company, the list or the virus checker.
DUTY_OPENINGS = _phrases(
    """
    disclaimer|confidentiality notice|confidentiality note|confidentiality warning|
    privileged/confidential|this email and any|this e-mail and any|
    this email, including|this e-mail, including|this email message|
    this e-mail message|this message and any|this message is intended|
    this message contains confidential|this communication is|this communication may|
    this transmission is|the information contained in this|
    the information transmitted|the content of this|the contents of this|notice: this|
    important notice:|please consider the environment|think before you print|
    virus-free|this email has been checked for viruses|this email has been scanned|
    this e-mail has been scanned|scanned by|caution: this email|caution: this e-mail|
    caution: external|external email|[external]|this email originated from outside|
    this message originated from outside|warning: this email|
    you don't often get email from|you received this message because|
    you received this email because|you are receiving this|you're receiving this|
    to unsubscribe from|to unsubscribe,|unsubscribe:|to stop receiving|
    to view this discussion|reply to this email directly or view it|
    diese e-mail enthält|diese e-mail kann|diese e-mail ist|diese e-mail und|
    diese e-mail wurde|diese nachricht ist|diese nachricht enthält|
    diese nachricht kann|diese mail|der inhalt dieser e-mail|
    die information in dieser|die in dieser e-mail|wichtiger hinweis:|
    vertraulichkeitshinweis|bitte denken sie an die umwelt|
    bitte prüfen sie, ob diese mail|achtung: diese e-mail|virenfrei|
    sie erhalten diese|ce message et|ce message est|ce message contient|ce courriel|
    cet e-mail|cet email|les informations contenues dans|pensez à l'environnement|
    avant d'imprimer|n'imprimez ce|sans virus|este mensaje|este correo|
    la información contenida en|aviso de confidencialidad|aviso legal|
    antes de imprimir|libre de virus|esta mensagem|este e-mail|este email|
    as informações contidas|questo messaggio|questa e-mail|questa email|
    le informazioni contenute|ai sensi del|prima di stampare|dit bericht|deze e-mail|
    deze email|de informatie in dit|de inhoud van dit bericht|virusvrij|denne e-mail|
    denne e-post|denne mail|denne meldingen|detta meddelande|detta e-postmeddelande|
    det här meddelandet|tämä viesti|tämä sähköposti|ta wiadomość|niniejsza wiadomość|
    wiadomość ta|treść tej wiadomości|tato zpráva|tento e-mail|táto správa|
    ez az üzenet|ez az e-mail|это сообщение|данное сообщение|это электронное письмо|
    настоящее сообщение|це повідомлення|bu e-posta|bu mesaj|το παρόν μήνυμα|
    acest mesaj|acest e-mail|ova poruka|本邮件|此邮件|本電子郵件|本メール|このメール|이 메일
    """
)

# … when it also says one of these. Short openings alone may begin any sentence.
DUTY_WORDS = (
    "confiden", "vertraul", "vertrouwel", "fortrolig", "konfid", "riservat", "poufn",
    "důvěrn", "dôvern", "luottamuks", "luottamuksel", "bizalmas", "конфиденц",
    "конфіденц", "gizli", "εμπιστευτ", "povjerljiv", "保密", "機密", "机密", "기밀",
    "privileged", "intended", "virus", "antivirus", "avast", "scanned", "unsubscribe",
    "abmelden", "désabonn", "darse de baja", "outside", "external", "environment",
    "umwelt", "environnement", "medio ambiente", "ambiente", "milieu", "destinatai",
    "destinatari", "bestimmt", "empfänger", "geadresseerde", "bestemd", "adresat",
    "mottakeren", "modtager", "mottagare", "mailing list", "google groups",
    "предназнач", "receiving this", "erhalten diese", "learnaboutsenderident",
    "github", "notification", "print", "imprim", "stampar", "disclaimer", "liab",
    "haftung", "legal",
)  # fmt: skip

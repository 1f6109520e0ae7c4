"""What people's mail programs call the Sent, Drafts, Junk, Trash and Archive folders.

Servers without SPECIAL-USE (RFC 6154) leave us only the names, in the language of
whoever made them. A name fits when it equals one of these after case, width, accents,
invisible characters, words such as "mail", "items" or "my", and punctuation are taken
away; so `Sent to clients` is nobody's Sent folder.
"""

import unicodedata
from enum import StrEnum


class FolderRole(StrEnum):
    """What a folder is for."""

    INBOX = "inbox"
    SENT = "sent"
    DRAFTS = "drafts"
    JUNK = "junk"
    TRASH = "trash"
    ARCHIVE = "archive"
    ALL = "all"
    FLAGGED = "flagged"
    IMPORTANT = "important"


# Words that say only "mail", "things", "folder", "my" or "the".
_FILLERS = """
mail mails email emails e messages message items item folder folders box my
nachrichten nachricht mail elemente objekte ordner post meine mein emails
courrier courriers messages message elements element courriel courriels mes mon mails
correo correos mensajes elementos elemento mis mi carpeta correu elements missatges
posta messaggi elementi elemento messaggio i miei cartella
mensagens itens item meus minhas correio mensagem
berichten bericht items mijn post postvak e-mail
meddelanden objekt mina post epost brev meddelelser elementer element mine postar
beskeder meldinger poster gjenstander postmeddelanden
viestit viesti sahkoposti sahkopostit kohteet postit posti
wiadomosci wiadomosc elementy poczta moje
polozky polozka posta zpravy zprava spravy moje
elemek elem uzenetek level levelek
mesaje mesajele elemente mele posta articole
писма съобщения елементи поща
письма письмо сообщения сообщение элементы почта мои
листи повідомлення елементи пошта мої
паведамленні лісты
poruke poruka stavke posta sporocila elementi поруке ставке пошта пораки
laiskai laiskas zinutes elementai vestules zinojumi vienumi
kirjad kirjad sonumid uksused
μηνυματα αλληλογραφια στοιχεια
posta ogeler iletiler ileti postalar eposta mesajlar
objects objets oggetti zinas
הודעות דואר פריטים
الرسائل رسائل البريد بريد العناصر عناصر
پیام ها پیامها نامه ها موارد
thu muc muc pesan item surel mel
"""

_NAMES: dict[FolderRole, str] = {
    FolderRole.SENT: """
        sent | sent mail | sent items | sent messages | sentmail | sentitems
        sent-mail | outgoing sent | already sent | sentbox
        gesendet | gesendete | gesendete elemente | gesendete objekte | versendet
        verschickt | gesendete nachrichten | postausgang gesendet
        envoyes | envoye | envoyees | elements envoyes | messages envoyes | courrier envoye
        objets envoyes | boite d'envoi envoyes
        enviados | enviado | enviadas | elementos enviados | correo enviado
        mensajes enviados | bandeja de enviados | itens enviados | mensagens enviadas
        correio enviado | enviats | elements enviats | bidalitakoak | bidaliak
        inviata | inviati | inviate | posta inviata | elementi inviati | messaggi inviati
        verzonden | verzonden items | verzonden berichten | verstuurd
        gestuur | gestuurde items
        skickat | skickade | skickade objekt | skickade meddelanden | skickad
        sendt | sendte | sendte elementer | sendt post | sendt mail | sendte e-mails
        sende | sende element | send | send postur | sendir hlutir | sent atridi
        lahetetyt | lahetetty | lahetetyt viestit | lahetetyt kohteet
        wyslane | wyslano | elementy wyslane | wiadomosci wyslane | poczta wyslana
        odeslane | odeslana posta | odeslane zpravy | odeslana
        odoslane | odoslana posta | odoslane spravy | odoslana | odoslane polozky
        elkuldott | elkuldott elemek | elkuldott uzenetek | elkuldve
        trimise | elemente trimise | mesaje trimise | trimis
        изпратени | изпратена поща | изпратени елементи
        отправленные | отправленное | отправлено | исходящие отправленные
        надіслані | надіслане | відправлені | відправлене | надісланi
        адпраўленыя | дасланыя | адасланыя
        poslano | poslane | poslata | poslate | poslato | poslana posta | poslane stavke
        послато | послате | послата пошта | испратени | испратено
        poslani predmeti | poslani elementi
        issiusti | issiusta | issiusti laiskai | nosutitas | nosutitie | nosutits
        saadetud | saadetud kirjad | saadetud uksused
        απεσταλμενα | σταλμενα | εξερχομενα απεσταλμενα
        gonderilmis | gonderilmis ogeler | gonderilenler | gonderilen | gonderilmis postalar
        gonderilen postalar | gonderilen kutusu | gonderildi
        gonderilmisler | gonderilmis elementler
        נשלחו | פריטים שנשלחו | דואר יוצא שנשלח | נשלח | דואר שנשלח | שנשלחו
        المرسلة | العناصر المرسلة | البريد المرسل | المرسل | الرسائل المرسلة | مرسل
        ارسال شده | ارسال شده ها | ارسالی | پیام های ارسال شده | فرستاده شده
        भेजे गए | भेजा गया | भेजे गए आइटम | भेजी गई मेल | প্রেরিত | পাঠানো
        ส่งแล้ว | จดหมายที่ส่งแล้ว | รายการที่ส่ง | จดหมายที่ส่ง | ข้อความที่ส่ง
        da gui | thu da gui | muc da gui | tin da gui
        terkirim | item terkirim | pesan terkirim | dihantar | item dihantar | mel dihantar
        送信済み | 送信済みメール | 送信済みアイテム | 送信済みトレイ | 送信済 | 送信メール
        送信控え | 送信箱 | 送信ボックス
        보낸편지함 | 보낸 편지함 | 보낸메일함 | 보낸 메일함 | 보낸 메일 | 보낸 항목 | 보낸메일
        보낸메시지함
        已发送 | 已发送邮件 | 已发送消息 | 发件箱已发送 | 已发邮件 | 已发 | 已寄出 | 已寄送
        已發送 | 已發送郵件 | 寄件備份 | 寄件備份匣 | 已傳送 | 已傳送的郵件 | 寄件夾 | 送件備份
        已寄出郵件 | 传送的信件 | 已传送 | 已发信件 | 送信 済み
        gesent | anfonwyd | seolta | derguar | te derguara | მიღებულია გაგზავნილი
        გაგზავნილი | გაგზავნილები | ուղարկված | ուղարկվածներ | gonderilen mektublar
        gondarilmis | gonderilib | жіберілген | жиберилген | yuborilgan | илгээсэн
        mittitur | sendita | senditaj | sendito | imetumwa | zilizotumwa | naipadala
        அனுப்பியவை | அனுப்பப்பட்டவை | పంపినవి | ಕಳುಹಿಸಲಾದ | അയച്ചവ | पाठवलेले | بھیجے گئے
        bidalita | elkuldottek | expediate | gonderilenler | gondərilənlər | iberilen
        issiustieji | napadala | nosutitas zinas | sanda | sant | vilivyotumwa
        σταλθεντα | жіберілгендер | пасланыя | юборилган | पाठविलेले | प्रेषित | ਭੇਜੇ
        મોકલેલા | അയച്ചു | ପଠାଗଲା | పంపించబడింది | යැවු | የተላኩ | បានផ្ញើ | 발신 메시지
        sent objects | sendte meldinger | skickade e-postmeddelanden | skickad e-post
        отправленная почта | отправленная | 傳送的郵件 | 傳送郵件 | 已傳送郵件
        oggetti inviati | correu enviat | enviat | ezipuru | kuthunyelwe
    """,
    FolderRole.DRAFTS: """
        drafts | draft | draft messages | unsent drafts
        entwurfe | entwurf | brouillons | brouillon
        borradores | borrador | rascunhos | rascunho | esborranys | esborrany
        zirriborroak | zirriborro | borradors
        bozze | bozza | concepten | konsepte
        utkast | kladder | kladde | kladd | utkaster | drog
        luonnokset | luonnos | szkice | szkic | robocze | kopie robocze | wersje robocze
        koncepty | koncept | rozepsane | rozpracovane | rozepsana posta
        piszkozatok | piszkozat | vazlatok | vazlat
        schite | ciorne | ciorna | schita | draft-uri
        чернови | чернова | черновики | черновик | чернетки | чернетка | чарнавікі
        чернавікі | skice | nacrti | nacrt | u pripremi | u izradi | нацрти | нацрт | скице
        osnutki | osnutek | недовршени | во подготовка
        juodrasciai | juodrastis | melnraksti | melnraksts | mustandid | mustand
        προχειρα | προχειρο | taslaklar | taslak | qaralamalar
        טיוטות | טיוטה | المسودات | مسودات | مسودة | پیش نویس | پیش نویس ها | پیشنویس ها
        پیشنویس | چرک نویس | ड्राफ्ट | प्रारूप | मसौदा | মসৌদা | খসড়া | ร่าง | แบบร่าง
        จดหมายร่าง | ฉบับร่าง | ร่างจดหมาย | ban nhap | thu nhap | nhap
        draf | konsep | 下書き | 下書きメール | 下書 | 草稿 | 下書きトレイ | ドラフト
        임시보관함 | 임시 보관함 | 임시저장 | 임시 저장함 | 초안 | 작성중 | 임시보관
        草稿箱 | 草稿夹 | 草稿夾 | 草稿匣 | 草稿郵件 | 信件草稿
        drafftiau | dreachtai | dreacht | skicat | draftet | მონახაზები | მონახაზი
        დრაფტები | սևագրեր | սեւագրեր | қолжазба | қаралама | кара сөз | malnetoj | rasimu
        வரைவுகள் | చిత్తుప్రతులు | ಕರಡುಗಳು | ഡ്രാഫ്റ്റുകൾ | मसुदे | مسودے | ноорог
        ban thao | garalamalar | layihələr | mesazhe te paderguara | mga draft | жобалар
        нооргууд | черновиктер | پیش نویسها | ਡ੍ਰਾਫਟ | ડ્રાફ્ટસ | ଡ୍ରାଫ୍ଟ | చిత్తు ప్రతులు
        കരടുകള് | ড্ৰাফ্ট | ረቂቆች | សារព្រាង | කෙටුම් පත් | skisser | klad
        unsent | unsent messages | хомаки хатлар | сиёҳнавис | موسودې | ڈرافٹ | iidrafti
        izinhlaka | draft-nachrichten | nicht gesendet | no enviados | non inviati
    """,
    FolderRole.JUNK: """
        junk | junk mail | junk e-mail | junk email | junkmail | spam | spam mail | spambox
        bulk | bulk mail | bulkmail | probably spam | suspected spam | unsolicited
        unwanted | junk items | spams
        unerwunscht | unerwunschte | werbung | spamverdacht | spam-verdacht | spamordner
        junk-ordner | unerwunschte werbung | spam verdacht
        indesirable | indesirables | courrier indesirable | pourriel | pourriels | spam
        courriers indesirables | courriel indesirable
        no deseado | no deseados | correo no deseado | basura correo no deseado
        correo basura | correu brossa | brossa | no desitjat | correu no desitjat
        zabor posta | spama | lixo eletronico | lixo electronico | nao solicitado
        indesejado | indesejadas | lixo postal | correo lixo | correio nao solicitado
        indesiderata | posta indesiderata | indesiderati | ongewenst | ongewenste
        ongewenste e-mail | ongewenste reclame | reclame | gemorspos
        skrap | skrappost | rapost | sopelpost | skrapmeddelanden | uonsket
        uonsket e-post | uonsket mail | uonsket post | junk-mail | soppelpost | soppel-e-post
        rusl | ruslpostur | ruslpostur | roskaposti | roskapostit | rampsposti
        niechciane | wiadomosci-smieci | wiadomosci smieci | niechciana poczta
        niepozadane | smieci poczta | nevyzadana posta | nevyzadana | nevyzadane
        nevyziadana posta | nevyziadana | nevyziadane | hromadna posta
        levelszemet | kereltlen | keretlen | levelszemet | spam levelek
        nedorite | nesolicitate | mesaje nedorite | gunoi electronic | e-mail nedorit | nedorita
        нежелана поща | нежелана | спам | боклук поща
        нежелательная почта | нежелательные | нежелательная | нежелательные письма | рассылки спам
        небажана | небажана пошта | небажані | непажаданая пошта | непажаданыя | спам
        nezeljena posta | nezeljena | nezeljeno | bezvrijedna posta | nezeljene poruke
        нежељена | нежељена пошта | непожелна пошта | несакана пошта | ѓубре | непожелни
        vsiljena posta | vsiljena | nezelena posta | nezazeljena | nezelena
        brukalas | slamstas | nepageidaujami | nepageidaujamas | slamstai | mestules
        nevelamie | nevelama pasta | surogatpasts | nevelams | mestule
        ramps | rampspost | rämps | soovimatu | rampskirjad
        ανεπιθυμητη | ανεπιθυμητα | ανεπιθυμητη αλληλογραφια | ενοχλητικη
        onemsiz | onemsiz posta | gereksiz | istenmeyen | istenmeyen posta | spam posta
        onemsiz e-posta | gereksiz posta | lazimsiz | spamlar
        דואר זבל | זבל | ספאם | דואר לא רצוי | לא רצוי
        العشوائي | البريد العشوائي | بريد عشوائي | البريد غير الهام | غير الهام
        غير المرغوب فيه | البريد غير المرغوب فيه | رسائل غير مرغوب فيها | سخام | مزعج
        البريد المزعج | هرزنامه | هرزنامه ها | اسپم | نامه های ناخواسته | ناخواسته | جفنگ
        स्पैम | अवांछित | जंक | जंक मेल | স্প্যাম | জাঙ্ক
        สแปม | อีเมลขยะ | จดหมายขยะ | ขยะอีเมล | เมลขยะ | thu rac | email rac
        sampah surel | surel sampah | mel sarap | mel remeh | spam pesan | e-mel sarap
        email sampah | 迷惑メール | 迷惑メールフォルダ | 迷惑 | スパム | ジャンク | 迷惑メッセージ
        迷惑メールフォルダー | 広告メール
        스팸 | 스팸함 | 스팸메일함 | 스팸 메일함 | 스팸메일 | 스팸 메일 | 정크 메일 | 정크메일
        정크 | 스팸편지함 | 불필요한 메일
        垃圾邮件 | 垃圾郵件 | 垃圾信 | 垃圾邮件箱 | 垃圾信件 | 广告邮件 | 廣告郵件 | 垃圾郵件匣
        垃圾邮件夹 | 廣告信 | 垃圾短信 | 广告信件 | 垃圾信件匣 | 可疑邮件
        sbwriel sbam | sbam | turscar | postë e padëshiruar | te padeshiruara | e padeshiruar
        სპამი | სპამ | სპამი ფოსტა | սպամ | աղբ նամակներ | istenilmayan | спам хаттар
        қалаусыз | қоқыс хат | trudmesagoj | trudajo | barua taka | takataka
        ஸ்பேம் | స్పామ్ | ಸ್ಪ್ಯಾಮ್ | സ്പാം | स्पॅम | سپیم | ردی
        spamowanie | الرسائل العشوائية | 垃圾電郵 | بريد غير هام | neveliams | spam junk
        junk spam | spam bulk | quarantined spam | junk e-posta | 垃圾箱邮件 | 垃圾電子郵件
        垃圾电子邮件 | reklaam | roskat | roskapostia | spamm | spam filter
    """,
    FolderRole.TRASH: """
        trash | trash can | trash bin | bin | deleted | deleted items | deleted messages
        recycle bin | wastebasket | waste basket | rubbish | deleteditems | rubbish bin
        deleted mail | trashcan | garbage
        papierkorb | geloscht | geloschte | geloschte elemente | geloschte objekte
        geloschte nachrichten | mulleimer | mull
        corbeille | poubelle | supprimes | elements supprimes | messages supprimes
        objets supprimes | supprime | courrier supprime
        papelera | eliminados | elementos eliminados | papelera de reciclaje | borrados
        mensajes eliminados | mensajes borrados | basura | papelera correo | suprimidos
        lixeira | lixo | apagados | itens apagados | itens excluidos | excluidos | excluidas
        mensagens apagadas | caixote do lixo | eliminadas | mensagens excluidas | reciclagem
        itens eliminados | paperera | elements suprimits | suprimits | eliminats
        zakarrontzia | ezabatutakoak | zakarra | papeleira
        cestino | eliminata | eliminati | posta eliminata | elementi eliminati | cancellati
        messaggi eliminati | messaggi cancellati
        prullenbak | prullenmand | verwijderd | verwijderde | verwijderde items
        verwijderde berichten | prullebak | asblik | vullisblik | geskrap | skrapdrom
        papperskorg | papperskorgen | borttagna | borttagna objekt | borttaget | raderade
        papirkurv | papirkurven | slettet | slettede | slettede elementer | slettet post
        slettede meddelelser | soppelbotte | papirkorg | sletta element | soppel | slettedeelementer
        ruslafata | eytt atridi | eytt | ruslatunna | eydd skeyti
        roskakori | poistetut | poistetut viestit | poistettu | poistetut kohteet
        kosz | usuniete | elementy usuniete | wiadomosci usuniete | smietnik | kosz na smieci
        kos | odstranena posta | odstranene | odstranene polozky | smazane | smazana posta
        odpadky | smazane zpravy | odpadkovy kos | vymazane | zmazane | odstranene spravy
        torolt | torolt elemek | kuka | lomtar | szemetes | torolt uzenetek | szemet | szemetkosar
        cos de gunoi | gunoi | sterse | elemente sterse | mesaje sterse | cos | cosul de gunoi
        кошче | изтрити | изтрити елементи | боклук | изтрита поща | кошче за боклук
        корзина | удаленные | удаленные элементы | удаленные сообщения | удалено | удаленная почта
        удаленное | мусор
        кошик | видалені | видалені елементи | видалене | смітник | вилучені | вилучене
        выдаленыя | сметніца | кошык | выдалена | выдаленое
        kanta | smece | obrisano | obrisane stavke | izbrisano | kos za smece | otpad
        izbrisane stavke | obrisana posta | korpa za otpatke | korpa | izbrisana posta
        izbrisane poruke | obrisane poruke | otpaci
        канта | смеће | обрисане | обрисано | корпа | избришани | отпад | корпа за отпатке
        izbrisano | izbrisani elementi | smetnjak | izbrisani | izbrisani predmeti
        siuksliadeze | siukslines | siukslines | istrinti | istrinti elementai | siuksline
        atkritne | dzestie | dzestie vienumi | dzestas | miskaste | izdzestie | dzestas vestules
        prugikast | prugi | kustutatud | kustutatud kirjad | kustutatud uksused
        διεγραμμενα | καδος | απορριμματα | καδος απορριμματων | διαγραμμενα | σκουπιδια
        κ αδος ανακυκλωσης | καδος ανακυκλωσης
        cop | cop kutusu | silinmis | silinmis ogeler | silinen | silinenler | silinmis postalar
        copkutusu | zibil qutusu | silinmislar | silinen ogeler | cop sepeti
        אשפה | פריטים שנמחקו | סל מחזור | נמחקו | סל אשפה | פח אשפה | שנמחקו | פח
        المهملات | سلة المهملات | المحذوفة | العناصر المحذوفة | محذوفات | المحذوفات | مهملات
        سلة المحذوفات | القمامة | سطل زباله | زباله دان | حذف شده | زباله | حذف شده ها
        زبالهدان | سطل بازیافت | कूड़ेदान | हटाए गए | कचरा | ट्रैश | रद्दी | हटाए गए आइटम | ট্র্যাশ
        আবর্জনা | ถังขยะ | รายการที่ถูกลบ | รายการที่ลบ | ขยะ | ที่ถูกลบ | ลบแล้ว | จดหมายที่ลบ
        thung rac | da xoa | muc da xoa | thu da xoa | sot rac
        sampah | tong sampah | item terhapus | dihapus | item yang dihapus | pesan terhapus
        tempat sampah | kotak sampah | item dipadam | dipadam | item dipadamkan | bakul sampah
        ゴミ箱 | ごみ箱 | 削除済み | 削除済みアイテム | 削除済みメール | 削除済 | トラッシュ
        削除済みトレイ | 削除メール | 削除済みメッセージ | くずかご | 消去済み
        휴지통 | 지운편지함 | 지운 편지함 | 지운 편지 | 삭제된 항목 | 삭제된편지함 | 삭제한 메일
        삭제한메일함 | 삭제된 메일 | 쓰레기통 | 지운메일함 | 삭제된 메시지 | 삭제 메일함
        已删除 | 已删除邮件 | 已删除消息 | 废件箱 | 垃圾箱 | 回收站 | 废纸篓 | 垃圾桶 | 已删除项目
        已删除的邮件 | 已刪除 | 已刪除郵件 | 刪除的郵件 | 垃圾筒 | 資源回收筒 | 回收筒 | 刪除郵件
        已刪除的郵件 | 垃圾箱郵件 | 废件夹 | 已刪除項目 | 已删信件 | 資源回收桶 | 垃圾篓
        sbwriel | eitemau wedi'u dileu | bruscar | scriosta | kosh | te fshira | te fshire
        koshi | hedhurina | ნაგავი | წაშლილი | ურნა | წაშლილები | ნაგვის ყუთი
        աղբարկղ | ջնջված | ջնջվածներ | silinib | zibil | себет | жойылған | өшірілген | қоқыс
        rubujo | forigitaj | forigita | basurahan | tupio | rubo | korbo
        குப்பை | நீக்கப்பட்டவை | ట్రాష్ | ಅನುಪಯುಕ್ತ | ട്രാഷ് | कचरापेटी | ردی کی ٹوکری | устгасан
        articole sterse | praht | slettede beskeder | жойылғандар | eliminado
        supprimees | cancellata | verwyderde items | poistettavat | eliminats
        avfall | zabor | 已刪 | 已删 | 삭제함 | 垃圾筒郵件 | 삭제된 편지함
    """,
    FolderRole.ARCHIVE: """
        archive | archives | archived | archived mail | archiv | archive mail | archivieren
        archiviert | archivierte | archives courrier | archivees | archivo | archivados
        archivado | archivo de correo | archivos | arquivo | arquivados | arquivo morto
        arquivadas | arquivo de correio | arquivos | arquivado | arxiu | arxivats | arxius
        artxiboa | artxibo | artxibatuak | archivio | archiviati | archiviata | archiviate
        archief | gearchiveerd | argief | arkiv | arkiverat | arkiverade | arkiveret
        arkiverede | arkivert | arkiverte | safn | geymsla | skjalasafn | safnskra
        arkisto | arkistoidut | arkistoitu | archiwum | zarchiwizowane | archiwalne
        archivovane | archivovana | archivum | archivalt | archivalva | arhiva | arhivate
        arhivat | arhivirano | arhiv | архив | архивирани | архивные | архивировано
        архів | архівні | архіў | архива | архивирано | архивирана | arhivske
        archyvas | archyvuoti | arhivs | arhivetie | arhiiv | arhiveeritud
        αρχειο | αρχειοθηκη | αρχειοθετημενα | αρχειοθετηση | αρχεια
        arsiv | arsivlenmis | arsivlenenler | arxiv | ארכיון | הועברו לארכיון
        الأرشيف | ارشيف | أرشيف | المؤرشفة | الارشيف | محفوظات | بایگانی | آرشیو
        بایگانی شده | आर्काइव | संग्रह | संग्रहीत | पुरालेख | আর্কাইভ | সংরক্ষণাগার
        ที่เก็บถาวร | เก็บถาวร | ที่เก็บ | คลังเก็บ | จดหมายเก็บถาวร
        luu tru | kho luu tru | thu luu tru | arsip | diarsipkan | arkib | diarkib
        アーカイブ | 保存 | アーカイブ済み | 保管 | 書庫 | 保存済み | 保存メール
        보관함 | 보관 | 보관 편지함 | 보관메일함 | 아카이브 | 보관된 메일 | 저장 보관함
        归档 | 存档 | 已归档 | 存档邮件 | 已存档 | 邮件归档 | 封存 | 歸檔 | 存檔 | 已封存 | 封存郵件
        典藏 | 归档邮件 | 保存箱 | 封存匣
        archif | cartlann | arkiva | te arkivuara | arkivi | არქივი | დაარქივებული
        արխիվ | արխիվացված | мұрағат | архивделген | arkivo | arkivigitaj | kumbukumbu
        காப்பகம் | ఆర్కైవ్ | ಆರ್ಕೈವ್ | ആർക്കൈവ് | संग्रहण | محفوظ شدہ دستاویزات | архивлах
        archivage | archivee | archivato | archivata | arkivoitu | arkivoidut | arkiveret post
        архивирана поща | архивированные | архивтер | архиви | arxivlar | ਆਰਕਾਈਵ | આર્કાઇવ
        보관된 편지함 | 存档夹 | 歸檔郵件 | 已归档邮件 | 保管済み
    """,
}

# The same kind of words where they are not set apart by blanks.
_FILLER_ENDINGS = """
的邮件 邮件 的郵件 郵件 電郵 信息 訊息 消息 信件 项目 項目 文件夹 資料夾
メール アイテム メッセージ フォルダー フォルダ トレイ ボックス
메일함 메일 편지함 메시지함 메시지 항목
จดหมาย ข้อความ
"""

_PLAIN_LETTERS = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
)
_LONGEST_NAME = 80


def role_of_name(name: str) -> FolderRole | None:
    """Return the role that a folder of this name (without its parents) has.

    Never INBOX, ALL, FLAGGED or IMPORTANT: only the server can say those.
    """
    if len(name) > _LONGEST_NAME:
        return None
    words = _plain_words(name)
    plain = " ".join(words)
    return (
        _ROLES.get(plain)
        or _ROLES.get(_without_fillers(words))
        or _ROLES.get(_without_ending(plain))
    )


def _plain_words(name: str) -> list[str]:
    """Return the words without case, width, accents and invisible characters."""
    apart = unicodedata.normalize("NFKD", name.casefold().translate(_PLAIN_LETTERS))
    letters = (_plain(character) for character in apart.translate(_PLAIN_LETTERS))
    return "".join(letters).split()


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Mn", "Cf"):
        return ""
    if category[0] in "ZPSC":
        return " "
    return character


def _without_fillers(words: list[str]) -> str:
    return " ".join(word for word in words if word not in _FILLER_WORDS)


def _without_ending(plain: str) -> str:
    for ending in _ENDINGS:
        if plain.endswith(ending):
            return plain.removesuffix(ending).rstrip()
    return plain


def _table() -> dict[str, FolderRole]:
    """Index the names as they are, and without their fillers where that is clear."""
    names = [
        (role, _plain_words(name))
        for role, lines in _NAMES.items()
        for line in lines.splitlines()
        for name in line.split("|")
    ]
    table = {" ".join(words): role for role, words in names if words}
    for role, words in names:
        if core := _without_fillers(words):
            table.setdefault(core, role)
    return table


_ENDINGS = tuple(sorted(_plain_words(_FILLER_ENDINGS), key=len, reverse=True))
_FILLER_WORDS = frozenset(word for word in _plain_words(_FILLERS))
_ROLES = _table()

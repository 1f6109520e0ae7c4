"""Which folder is for what."""

import pytest

from letterbox.imap.folder_names import FolderRole, role_of_name
from letterbox.imap.folders import roles_of
from letterbox.imap.responses import FolderListing
from letterbox.imap.utf7 import WireName


def listing(name: str, *attributes: str, delimiter: str = "/") -> FolderListing:
    return FolderListing(WireName(name), name, delimiter, attributes)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Sent", FolderRole.SENT),
        ("SENT-MAIL", FolderRole.SENT),
        ("Sent_Items", FolderRole.SENT),
        ("Gesendete Objekte", FolderRole.SENT),
        ("Messages envoyés", FolderRole.SENT),
        ("Enviadas", FolderRole.SENT),
        ("Skickat", FolderRole.SENT),
        ("Wysłane", FolderRole.SENT),
        ("Надіслані", FolderRole.SENT),
        ("已发送邮件", FolderRole.SENT),
        ("보낸편지함", FolderRole.SENT),
        ("Entwürfe", FolderRole.DRAFTS),
        ("Entwu\u0308rfe", FolderRole.DRAFTS),
        ("Bozze", FolderRole.DRAFTS),
        ("Σχέδια", None),
        ("Πρόχειρα", FolderRole.DRAFTS),
        ("下書き", FolderRole.DRAFTS),
        ("Spam", FolderRole.JUNK),
        ("Junk E-Mail", FolderRole.JUNK),
        ("Courrier indésirable", FolderRole.JUNK),
        ("Correo no deseado", FolderRole.JUNK),
        ("Roskaposti", FolderRole.JUNK),
        ("迷惑メール", FolderRole.JUNK),
        ("البريد العشوائي", FolderRole.JUNK),
        ("Deleted Messages", FolderRole.TRASH),
        ("Papierkorb", FolderRole.TRASH),
        ("Gelöschte Elemente", FolderRole.TRASH),
        ("ÇÖP KUTUSU", FolderRole.TRASH),
        ("Silinmiş Öğeler", FolderRole.TRASH),
        ("Kosz", FolderRole.TRASH),
        ("删除邮件", None),
        ("已删除邮件", FolderRole.TRASH),
        ("Archiwum", FolderRole.ARCHIVE),
        ("Sent to Berlin", None),
        ("Spam complaints", None),
        ("Trashy novels", None),
        ("Archive 2019", None),
        ("Items", None),
        ("My", None),
        ("", None),
        ("x" * 10_000, None),
    ],
)
def test_names_in_many_languages_tell_the_role(
    name: str, role: FolderRole | None
) -> None:
    assert role_of_name(name) == role


def test_what_the_server_says_goes_before_what_a_name_suggests() -> None:
    roles = roles_of(
        [listing("Sent"), listing("Post", "\\Sent"), listing("inbox/Trash")]
    )

    assert roles == {"Post": FolderRole.SENT, "inbox/Trash": FolderRole.TRASH}


def test_each_role_goes_to_one_folder_and_the_top_one_wins() -> None:
    roles = roles_of(
        [
            listing("Projects/Archive"),
            listing("INBOX.Drafts", delimiter="."),
            listing("Drafts"),
            listing("INBOX"),
        ]
    )

    assert roles == {"INBOX.Drafts": FolderRole.DRAFTS, "INBOX": FolderRole.INBOX}


def test_a_folder_that_cannot_hold_letters_has_no_role() -> None:
    assert (
        roles_of([listing("Sent", "\\NoSelect"), listing("Trash", "\\NonExistent")])
        == {}
    )


def test_xlist_servers_are_understood() -> None:
    roles = roles_of(
        [
            listing("[Gmail]/Tous les messages", "\\AllMail"),
            listing("[Gmail]/Spam", "\\Spam"),
            listing("Boîte", "\\Inbox"),
        ]
    )

    assert set(roles.values()) == {FolderRole.ALL, FolderRole.JUNK, FolderRole.INBOX}

"""What several STATUS lines of one folder add up to."""

from letterbox.imap.listing import merged
from letterbox.imap.responses import FolderStatus
from letterbox.imap.utf7 import INBOX, WireName


def test_news_between_the_answers_take_nothing_away() -> None:
    answer = FolderStatus(INBOX, messages=4, uid_next=9, highest_mod_seq=30)
    news = FolderStatus(INBOX, messages=3)
    other = FolderStatus(WireName("Sent"), messages=1)

    assert merged([answer, other, news]) == {
        INBOX: FolderStatus(INBOX, messages=3, uid_next=9, highest_mod_seq=30),
        "Sent": other,
    }
    assert merged([news, answer])[INBOX] == answer

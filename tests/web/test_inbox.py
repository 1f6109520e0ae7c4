from collections.abc import Callable
from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from letterbox.models import Conversation, Mailbox, User
from letterbox.services import conversations, removal
from letterbox.web import inbox_lists
from tests.conftest import Arrive
from tests.mail import mail

Browser = Callable[[User], Client]


def test_a_letter_shows_in_the_list_of_those_who_may_read(
    conversation: Conversation, alice: User, rita: User, browser: Browser
) -> None:
    for person in (alice, rita):
        page = browser(person).get("/inbox").content.decode()

        assert f'href="/conversations/{conversation.pk}?view=open"' in page
        assert "The lamp is broken" in page


def test_a_stranger_sees_neither_the_letter_nor_the_mailbox(
    conversation: Conversation, mallory: User, browser: Browser
) -> None:
    page = browser(mallory).get("/inbox").content.decode()

    assert "lamp" not in page
    assert "Support" not in page


def test_the_mailbox_in_an_address_opens_no_door(
    conversation: Conversation, mailbox: Mailbox, mallory: User, browser: Browser
) -> None:
    answer = browser(mallory).get(f"/inbox?mailbox={mailbox.pk}&view=open&part=rows")

    assert b"lamp" not in answer.content


def test_each_conversation_stands_in_the_views_that_hold_it(
    conversation: Conversation, alice: User, rita: User
) -> None:
    def where(user: User) -> set[str]:
        rows = Conversation.objects.all()
        return {
            view.name
            for view in inbox_lists.VIEWS
            if inbox_lists.page(rows, view, user).rows
        }

    assert where(alice) == {"unassigned", "open"}
    conversations.assign(conversation, to=alice, by=alice)
    assert where(alice) == {"mine", "open"}
    assert where(rita) == {"open"}
    conversations.snooze(
        conversation, until=timezone.now() + timedelta(hours=1), by=alice
    )
    assert where(alice) == {"snoozed"}
    conversations.wake(conversation, by=alice)
    conversations.close(conversation, by=alice)
    assert where(alice) == {"closed"}
    conversations.mark_spam(conversation, is_spam=True, by=alice)
    assert where(alice) == {"spam"}


def test_what_slept_long_enough_is_open_again(
    conversation: Conversation, alice: User
) -> None:
    conversations.snooze(
        conversation, until=timezone.now() - timedelta(seconds=1), by=alice
    )

    counts, of_mailboxes = inbox_lists.counts(Conversation.objects.all(), alice)

    assert counts["open"] == 1
    assert counts["snoozed"] == 0
    assert of_mailboxes == {conversation.mailbox_id: 1}


def test_paging_shows_every_conversation_once_while_letters_arrive(
    arrive: Arrive, alice: User
) -> None:
    for number in range(7):
        arrive(mail(subject=f"Letter {number}", from_=f"p{number}@customer.example"))
    rows = Conversation.objects.all()
    view = inbox_lists.BY_NAME["open"]

    first = inbox_lists.page(rows, view, alice, rows=3)
    arrive(mail(subject="A late one", from_="late@customer.example"))
    second = inbox_lists.page(rows, view, alice, rows=3, before=first.before)
    third = inbox_lists.page(rows, view, alice, rows=3, before=second.before)

    seen = [row.subject for page in (first, second, third) for row in page.rows]
    assert seen == [f"Letter {number}" for number in range(6, -1, -1)]
    assert third.before == ""


def test_nonsense_in_an_address_begins_at_the_top(
    conversation: Conversation, alice: User, browser: Browser
) -> None:
    client = browser(alice)

    for query in (
        "view=nothing",
        "before=x~y",
        "before=2026-01-01T00:00:00~1",
        "before=~9",
        "mailbox=" + "9" * 400,
        "mailbox=-1",
        "rows=999999999",
    ):
        answer = client.get(f"/inbox?{query}")

        assert answer.status_code == 200, query


def test_a_list_of_fifty_costs_no_more_questions_than_a_list_of_two(
    arrive: Arrive, alice: User, browser: Browser
) -> None:
    client = browser(alice)
    arrive(mail())
    # Who has no name is shown by an address, which is asked for.
    arrive(mail(subject="Anonymous", from_="nobody@customer.example"))
    client.get("/inbox")
    few = _count_queries(client)
    for number in range(6):
        arrive(mail(subject=f"Letter {number}", from_=f"p{number}@customer.example"))

    assert _count_queries(client) == few


def _count_queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as queries:
        client.get("/inbox")
    return len(queries)


def test_kept_letters_of_a_removed_mailbox_stand_apart_and_are_not_answered(
    conversation: Conversation,
    mailbox: Mailbox,
    alice: User,
    max_: User,
    browser: Browser,
) -> None:
    removal.remove(mailbox, keeps_letters=True, by=max_)
    client = browser(alice)

    inbox = client.get("/inbox").content.decode()
    page = client.get(f"/conversations/{conversation.pk}").content.decode()
    refused = client.post(
        f"/conversations/{conversation.pk}/replies",
        {"to": "carla@example.com", "text": "Hello", "version": "0"},
    )

    assert "Removed mailboxes" in inbox
    assert "The lamp is broken" in inbox
    assert "Its letters were kept for reading" in page
    assert "answer-form" not in page
    assert refused.status_code == 403
    assert not conversation.outgoing.exists()

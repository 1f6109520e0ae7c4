from collections.abc import Callable

import pytest
from django.test import Client

from letterbox.models import Conversation, Event, Message, User
from letterbox.services import cases, merging, replies
from tests.conftest import Arrive
from tests.mail import bounce, mail

Browser = Callable[[User], Client]
SAM = "Sam Stranger <sam@stranger.example>"


@pytest.fixture
def stranger(arrive: Arrive, alice: User) -> Message:
    """Sam, whom nobody knows, names a letter of Alice's."""
    first = arrive(mail())
    assert first.conversation is not None
    to, _cc = replies.default_recipients(first.conversation)
    ours = replies.queue(first.conversation, author=alice, text="We look.", to=to)
    return arrive(mail(from_=SAM, in_reply_to=ours.message_id))


def place(message: Message) -> int:
    message.refresh_from_db()
    assert message.conversation_id is not None
    return message.conversation_id


def test_a_stranger_is_announced_and_can_be_split_off_and_taken_back(
    stranger: Message, alice: User, browser: Browser
) -> None:
    client = browser(alice)
    old = place(stranger)
    page = client.get(f"/conversations/{old}").content.decode()
    assert "was not part of this conversation before" in page
    assert f"/messages/{stranger.pk}/separation" in page

    answer = client.post(f"/messages/{stranger.pk}/separation")

    new = place(stranger)
    assert answer.headers["Location"] == f"/conversations/{new}"
    assert new != old
    page = client.get(f"/conversations/{old}").content.decode()
    assert "was not part" not in page
    assert f'href="/conversations/{new}"' in page
    event = Event.objects.get(verb="split")
    undoing = f"/conversations/{old}/events/{event.pk}/undoing"
    assert undoing in page
    client.post(undoing)
    assert place(stranger) == old
    # What is taken back once stays so.
    assert undoing not in client.get(f"/conversations/{old}").content.decode()
    assert client.post(undoing).status_code == 302


def test_a_notice_can_be_put_away(
    stranger: Message, alice: User, browser: Browser
) -> None:
    client = browser(alice)

    client.post(f"/messages/{stranger.pk}/doubts", {"_method": "DELETE"})

    page = client.get(f"/conversations/{place(stranger)}").content.decode()
    assert "was not part of this conversation" not in page


def test_who_only_reads_is_offered_nothing_and_may_do_nothing(
    stranger: Message, rita: User, browser: Browser
) -> None:
    client = browser(rita)
    page = client.get(f"/conversations/{place(stranger)}").content.decode()
    assert "was not part of this conversation before" in page
    assert "/separation" not in page

    for what in ("separation", "doubts", "original-sender"):
        assert client.post(f"/messages/{stranger.pk}/{what}").status_code == 403
    merging = f"/conversations/{place(stranger)}/merging"
    assert client.get(merging).status_code == 403


def test_conversations_are_merged_by_hand_and_parted_again(
    arrive: Arrive, alice: User, browser: Browser, conversation: Conversation
) -> None:
    other = arrive(mail(subject="The same lamp, again", text="Still dark."))
    client = browser(alice)
    merging = f"/conversations/{place(other)}/merging"
    # The same contact is offered without a search; others by their words.
    assert f'value="{conversation.pk}"' in client.get(merging).content.decode()
    found = client.get(f"{merging}?q=nothing+like+it").content.decode()
    assert f'value="{conversation.pk}"' not in found
    was = place(other)

    client.post(merging, {"into": conversation.pk})

    assert place(other) == conversation.pk
    leads = client.get(f"/conversations/{was}")
    assert leads.headers["Location"] == f"/conversations/{conversation.pk}"
    event = Event.objects.get(verb="merged")
    client.post(f"/conversations/{conversation.pk}/events/{event.pk}/undoing")
    assert place(other) == was


def test_the_case_of_a_merged_conversation_leads_to_where_it_went(
    arrive: Arrive, alice: User, browser: Browser, conversation: Conversation
) -> None:
    other = arrive(mail(subject="An invoice", text="It is wrong."))
    assert other.conversation is not None
    case = cases.open_for(
        other.conversation, subject="Invoice", description="", by=alice
    )
    merging.merge(other.conversation, into=conversation, by=alice)
    client = browser(alice)

    page = client.get(f"/cases/{case.pk}").content.decode()

    assert f'href="/conversations/{conversation.pk}"' in page
    # And the conversation shows the case that came with it.
    page = client.get(f"/conversations/{conversation.pk}").content.decode()
    assert f'href="/cases/{case.pk}"' in page


def test_nothing_is_merged_across_mailboxes(
    arrive: Arrive, max_: User, browser: Browser, conversation: Conversation
) -> None:
    client = browser(max_)

    for into in ("", "x", "0", str(conversation.pk), "9" * 30):
        answer = client.post(
            f"/conversations/{conversation.pk}/merging", {"into": into}
        )
        assert answer.status_code == 404


def test_a_forwarded_letter_offers_its_writer_as_the_contact(
    arrive: Arrive, alice: User, browser: Browser
) -> None:
    message = arrive(
        mail(
            from_=alice.email,
            subject="Fwd: The heater",
            text="Please.\n\n---------- Forwarded message ---------\n"
            "From: Fred Friend <fred@friend.example>\n"
            "Date: Mon, 2 Mar 2026 at 10:00\nSubject: The heater\n"
            "To: Alice <alice@acme.example>\n\nThe heater whistles.\n",
        )
    )
    client = browser(alice)
    address = f"/conversations/{place(message)}"
    page = client.get(address).content.decode()
    assert 'value="fred@friend.example"' in page
    assert "whistles" in page.partition('class="fold"')[0]

    client.post(
        f"/messages/{message.pk}/original-sender",
        {"name": "Fred", "email": "fred@friend.example"},
    )

    page = client.get(address).content.decode()
    assert "Forwarded: written by Fred fred@friend.example." in page
    field = page.partition('<input type="text" name="to"')[2].partition(">")[0]
    assert "fred@friend.example" in field
    found = client.get("/search?q=whistles").content.decode()
    assert f"#message-{message.pk}" in found


def test_a_mail_that_came_back_says_so_where_it_stands(
    arrive: Arrive, alice: User, browser: Browser, conversation: Conversation
) -> None:
    to, _cc = replies.default_recipients(conversation)
    ours = replies.queue(conversation, author=alice, text="We look.", to=to)

    arrive(bounce(of=ours.message_id, recipient="carla@customer.example"))

    page = browser(alice).get(f"/conversations/{conversation.pk}").content.decode()
    assert (
        "Could not be delivered to carla@customer.example: the address does not exist."
        in page
    )


def test_an_invitation_is_shown_as_one(
    arrive: Arrive, rita: User, browser: Browser
) -> None:
    event = (
        b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Visit <b>\r\n"
        b"DTSTART:20260302T100000Z\r\nLOCATION:Room 7\r\n"
        b"ORGANIZER;CN=Anna:mailto:anna@berg.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    message = arrive(mail(attachments=[("visit.ics", "text/calendar", event)]))

    page = browser(rita).get(f"/messages/{message.pk}").content.decode()

    for words in ("Invitation: Visit &lt;b&gt;", "Room 7", "Anna"):
        assert words in page


def test_an_attached_letter_opens_as_a_letter(
    arrive: Arrive, rita: User, mallory: User, browser: Browser
) -> None:
    inner = mail(
        subject="Inside",
        html="<p>Inner words</p><img src='https://x.example/p.gif'>",
        attachments=[("note.txt", "text/plain", b"deep inside")],
    )
    message = arrive(mail(attachments=[("old.eml", "message/rfc822", inner)]))
    client = browser(rita)
    address = f"/messages/{message.pk}/attachments/0/letter"
    assert address in client.get(f"/messages/{message.pk}").content.decode()

    page = client.get(address).content.decode()

    assert "Inside" in page
    body = client.get(f"{address}/body").content.decode()
    assert "Inner words" in body
    assert "x.example" not in body
    assert client.get(f"{address}/0").content == b"deep inside"
    assert client.get(f"{address}/7").status_code == 404
    assert client.get(f"/messages/{message.pk}/attachments/9/letter").status_code == 404
    assert browser(mallory).get(address).status_code == 404


def test_a_letter_is_shown_as_plain_text_or_raw_on_request(
    arrive: Arrive, rita: User, browser: Browser
) -> None:
    message = arrive(mail(text="Plain words", html="<p>Pretty words</p>"))
    client = browser(rita)

    plain = client.get(f"/messages/{message.pk}?view=plain").content.decode()
    raw = client.get(f"/messages/{message.pk}?view=raw").content.decode()

    assert "Plain words" in plain
    assert "<iframe" not in plain
    assert "MIME-Version: 1.0" in raw
    assert "&lt;p&gt;Pretty" in raw

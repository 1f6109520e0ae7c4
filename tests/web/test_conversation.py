import html
import re
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from letterbox.mime import parse
from letterbox.models import Conversation, OutgoingMail, User
from letterbox.services import cases
from letterbox.web import timeline
from tests.conftest import Arrive
from tests.mail import mail

Browser = Callable[[User], Client]


def _reply(conversation: Conversation, **fields: object) -> dict[str, object]:
    conversation.refresh_from_db()
    return {
        "to": "Carla Customer <carla@customer.example>",
        "text": "We send a new one.",
        "version": conversation.version,
        **fields,
    }


def test_reading_it_takes_the_mark_away(
    conversation: Conversation, rita: User, browser: Browser
) -> None:
    page = browser(rita).get(f"/conversations/{conversation.pk}")

    assert "the lamp you sent is broken" in page.content.decode()
    conversation.refresh_from_db()
    assert not conversation.is_unread


def test_an_answer_is_promised_to_whom_one_wrote(
    conversation: Conversation, alice: User, browser: Browser
) -> None:
    file = SimpleUploadedFile("plan.txt", b"step one", content_type="text/plain")

    answer = browser(alice).post(
        f"/conversations/{conversation.pk}/replies",
        _reply(conversation, cc="max@acme.example", attachments=file),
    )

    assert answer.status_code == 302
    promise = OutgoingMail.objects.get()
    assert promise.recipients == ["carla@customer.example", "max@acme.example"]
    letter = parse.parse_letter(promise.raw.content)
    assert letter.author.email == "support@acme.example"
    assert letter.subject == "Re: The lamp is broken"
    assert [each.filename for each in letter.attachments] == ["plan.txt"]
    page = browser(alice).get(answer.headers["Location"]).content.decode()
    assert "We send a new one." in page
    assert "Undo" in page


def test_an_answer_written_on_an_older_page_is_shown_again_and_not_sent(
    conversation: Conversation, alice: User, arrive: Arrive, browser: Browser
) -> None:
    written = _reply(conversation)
    arrive(mail(text="It works again!", references=_ids(conversation)))
    client = browser(alice)

    answer = client.post(f"/conversations/{conversation.pk}/replies", written)

    assert answer.status_code == 422
    assert "We send a new one." in answer.content.decode()
    assert "It works again!" in answer.content.decode()
    assert not OutgoingMail.objects.exists()
    again = client.post(
        f"/conversations/{conversation.pk}/replies", _reply(conversation)
    )
    assert again.status_code == 302
    assert OutgoingMail.objects.count() == 1


def test_an_undone_answer_stands_in_the_form_again(
    conversation: Conversation, alice: User, browser: Browser
) -> None:
    client = browser(alice)
    client.post(
        f"/conversations/{conversation.pk}/replies",
        _reply(conversation, cc="boss@customer.example", bcc="keep@acme.example")
        | {"attachments": SimpleUploadedFile("price list.pdf", b"%PDF")},
    )
    promise = OutgoingMail.objects.get()

    client.post(f"/outbox/{promise.pk}/retraction")

    promise.refresh_from_db()
    assert promise.state == OutgoingMail.State.DISCARDED
    first, second = (
        client.get(f"/conversations/{conversation.pk}").content.decode()
        for _ in range(2)
    )
    assert "Attach the files again: price list.pdf." in first
    for page in (first, second):
        assert "\nWe send a new one.</textarea>" in page
        assert "boss@customer.example" in page
        assert "keep@acme.example" in page
    client.post(
        f"/conversations/{conversation.pk}/replies",
        _reply(Conversation.objects.get()),
    )
    sent = client.get(f"/conversations/{conversation.pk}").content.decode()
    assert "We send a new one.</textarea>" not in sent


def test_files_that_a_page_cannot_choose_again_are_named(
    conversation: Conversation, alice: User, browser: Browser
) -> None:
    answer = browser(alice).post(
        f"/conversations/{conversation.pk}/replies",
        _reply(conversation, to="nobody")
        | {"attachments": SimpleUploadedFile("price list.pdf", b"%PDF")},
    )

    assert answer.status_code == 422
    assert "Attach the files again: price list.pdf." in answer.content.decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"to": "nobody"},
        {"to": ""},
        {"text": " \n"},
        {"cc": "carla@customer.example, <broken"},
        {"to": ", ".join(f"p{n}@customer.example" for n in range(200))},
    ],
)
def test_what_cannot_be_sent_is_said_and_kept_on_the_page(
    conversation: Conversation,
    alice: User,
    browser: Browser,
    fields: dict[str, object],
) -> None:
    answer = browser(alice).post(
        f"/conversations/{conversation.pk}/replies",
        _reply(conversation, bcc="keep@acme.example", **fields),
    )

    assert answer.status_code == 422
    assert "keep@acme.example" in answer.content.decode()
    assert not OutgoingMail.objects.exists()


def test_who_may_only_read_has_no_form_and_no_door(
    conversation: Conversation, rita: User, browser: Browser
) -> None:
    client = browser(rita)

    page = client.get(f"/conversations/{conversation.pk}").content.decode()
    answer = client.post(
        f"/conversations/{conversation.pk}/replies", _reply(conversation)
    )

    assert "answer-form" not in page
    assert answer.status_code == 403
    assert not OutgoingMail.objects.exists()


def test_hidden_and_missing_look_the_same(
    conversation: Conversation, mallory: User, browser: Browser
) -> None:
    client = browser(mallory)

    answers = [
        client.get(f"/conversations/{number}") for number in (conversation.pk, 999_999)
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert len({_without_nonce(answer.content) for answer in answers}) == 1


def test_closing_leads_back_to_the_list_and_can_be_undone(
    conversation: Conversation, alice: User, browser: Browser
) -> None:
    client = browser(alice)
    address = f"/conversations/{conversation.pk}/closure"

    answer = client.post(address, {"page": "/inbox?view=mine"})

    assert answer.headers["Location"] == "/inbox?view=mine"
    conversation.refresh_from_db()
    assert conversation.status == Conversation.Status.CLOSED
    client.post(address, {"_method": "DELETE"})
    conversation.refresh_from_db()
    assert conversation.status == Conversation.Status.OPEN


@pytest.mark.parametrize("page", ["https://evil.example/", "//evil.example", "x"])
def test_a_form_leads_to_no_foreign_page(
    conversation: Conversation, alice: User, browser: Browser, page: str
) -> None:
    answer = browser(alice).post(
        f"/conversations/{conversation.pk}/closure", {"page": page}
    )

    assert answer.headers["Location"] == f"/conversations/{conversation.pk}"


def test_it_is_assigned_only_to_people_who_may_answer(
    conversation: Conversation, alice: User, rita: User, browser: Browser
) -> None:
    client = browser(alice)
    address = f"/conversations/{conversation.pk}/assignment"

    refused = client.post(address, {"to": rita.pk})
    client.post(address, {"to": alice.pk})

    assert refused.status_code == 404
    conversation.refresh_from_db()
    assert conversation.assignee == alice


def test_a_note_shows_to_colleagues_and_is_never_sent(
    conversation: Conversation, alice: User, browser: Browser
) -> None:
    client = browser(alice)

    client.post(f"/conversations/{conversation.pk}/notes", {"text": "Be <kind>."})

    page = client.get(f"/conversations/{conversation.pk}").content.decode()
    assert "Be &lt;kind&gt;." in page
    assert not OutgoingMail.objects.exists()


def test_an_open_page_asks_only_for_what_came_after_it(
    conversation: Conversation, alice: User, arrive: Arrive, browser: Browser
) -> None:
    client = browser(alice)
    page = client.get(f"/conversations/{conversation.pk}?view=mine").content.decode()
    address = page.partition(f'hx-get="/conversations/{conversation.pk}/newer')[2]
    address = f"/conversations/{conversation.pk}/newer" + html.unescape(
        address.partition('"')[0]
    )
    arrive(mail(text="One more thing.", references=_ids(conversation)))

    newer = client.get(address).content.decode()

    assert "One more thing." in newer
    # The way back leads to the list that one came from.
    assert '/inbox?view=mine"' in newer
    assert "the lamp you sent is broken" not in newer


def test_old_messages_are_folded_to_a_line_and_open_on_demand(
    conversation: Conversation, alice: User, arrive: Arrive, browser: Browser
) -> None:
    for number in range(4):
        arrive(mail(text=f"Word number {number}.", references=_ids(conversation)))
    client = browser(alice)

    page = client.get(f"/conversations/{conversation.pk}").content.decode()

    assert page.count("is-folded") == 3
    first = conversation.messages.order_by("pk").first()
    assert first is not None
    inside = client.get(f"/messages/{first.pk}", headers={"HX-Request": "true"})
    assert "the lamp you sent is broken" in inside.content.decode()
    assert "<html" not in inside.content.decode()


def test_letters_of_one_second_stand_in_the_order_they_came(
    conversation: Conversation, arrive: Arrive
) -> None:
    for number in range(4):
        arrive(mail(text=f"Word number {number}.", references=_ids(conversation)))
    conversation.messages.update(received_at=timezone.now())

    items, _position = timeline.build(conversation)

    shown = [item.row.pk for item in items if item.kind == timeline.Kind.MESSAGE]
    assert shown == sorted(shown)
    assert timeline.newest_letters(items)[0].pk == shown[-1]


def test_a_case_beside_it_changes_only_what_was_touched(
    conversation: Conversation, alice: User, browser: Browser
) -> None:
    case = cases.open_for(
        conversation, subject="The lamp", description="Broken", by=alice
    )

    browser(alice).post(f"/cases/{case.pk}", {"priority": "high"})

    case.refresh_from_db()
    assert (case.priority, case.subject, case.status) == ("high", "The lamp", "open")


def test_snoozing_hides_it_until_tomorrow_morning(
    conversation: Conversation, alice: User, browser: Browser
) -> None:
    client = browser(alice)
    address = f"/conversations/{conversation.pk}/snooze"

    client.post(address, {"until": "tomorrow"})

    asleep = Conversation.objects.get(snoozed_until__isnull=False)
    assert asleep.snoozed_until is not None
    assert asleep.snoozed_until.hour == 8
    client.post(address, {"_method": "DELETE"})
    assert not Conversation.objects.filter(snoozed_until__isnull=False).exists()


def _ids(conversation: Conversation) -> list[str]:
    return list(conversation.messages.values_list("message_id", flat=True))


def _without_nonce(page: bytes) -> bytes:
    page = re.sub(rb'nonce="[^"]*"', b"", page)
    return re.sub(rb"X-CSRFToken[^}]*}", b"", page)

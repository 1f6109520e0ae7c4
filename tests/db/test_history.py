"""History by the batch has the outcome of history one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from bench.letters import SMALL, letters
from letterbox import binary
from letterbox.inbound import pipeline, reading, receive
from letterbox.inbound.history import batches, board
from letterbox.inbound.history.readers import Readers, Reading, Storing
from letterbox.inbound.history.values import Desk, Placed
from letterbox.mime.letter import Address
from letterbox.models import (
    Contact,
    Conversation,
    Folder,
    Mailbox,
    Message,
    Reference,
    User,
)
from letterbox.services import mailboxes, replies
from tests import people
from tests.db.conftest import AddRule
from tests.mail import bounce, mail

COLUMNS = (
    "state",
    "direction",
    "message_id",
    "sent_at",
    "subject",
    "from_email",
    "from_name",
    "recipients",
    "text",
    "new_text",
    "snippet",
    "has_html",
    "attachments",
    "kind",
    "language",
    "thread_facts",
    "facts",
)


class HereAndNow(Executor):
    """Runs what it is given at once, on the connection of the test."""

    def submit(
        self, work: Callable[..., Any], /, *args: Any, **named: Any
    ) -> Future[Any]:
        """Do it."""
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args, **named))
        except Exception as error:  # noqa: BLE001 - as an executor does.
            future.set_exception(error)
        return future


class Postponed(Future[Any]):
    """Work that is done when somebody asks what came of it, and not before."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self._work = work

    def result(self, timeout: float | None = None) -> Any:
        """Do it now, if nobody has asked yet."""
        if not self.done():
            self.set_result(self._work())
        return super().result(timeout)


class AsLateAsCanBe(Executor):
    """As readers that are slow: nothing is stored before somebody waits for it."""

    def submit(
        self, work: Callable[..., Any], /, *args: Any, **named: Any
    ) -> Future[Any]:
        """Note it."""
        return Postponed(partial(work, *args, **named))


SUBJECT_OF_QUOTES = "The boiler in the second cellar"


def quoting(subject: str) -> Iterator[bytes]:
    """Strangers who know Dan write of one thing; only the second quotes the first."""
    said = [f"It has been cold in room number {number}." for number in range(4)]
    quote = "".join(f"> {line}\n" for line in said)
    for writer, start, text in (
        ("carla@customer.example", "", "\n".join(said)),
        ("erin@other.example", "Re: ", f"I can see to it.\n\n{quote}"),
        ("frank@third.example", "Re: ", "Who has seen to it?\n"),
    ):
        cc = "dan@customer.example"
        yield mail(from_=writer, cc=cc, subject=start + subject, text=text)


def special(mailbox: Mailbox) -> Iterator[bytes]:
    """What generated letters lack: late parents, merges, subjects, us, robots, dirt."""
    yield mail(
        subject="Late", message_id="child@c.example", in_reply_to="root@c.example"
    )
    yield mail(subject="Late", message_id="root@c.example")
    yield mail(subject="One", message_id="one@c.example")
    yield mail(subject="Two", message_id="two@c.example")
    yield mail(subject="Re: Two", references=["one@c.example", "two@c.example"])
    yield mail(subject="Tea on Friday", text="Shall we have tea on Friday afternoon?\n")
    yield mail(subject="Re: Tea on Friday")
    yield mail(subject="Re: Tea on Friday", from_="dan@other.example")
    yield from quoting(SUBJECT_OF_QUOTES)
    yield mail(from_=mailbox.address, to="carla@customer.example", subject="We wrote")
    yield mail(subject="Re: We wrote", from_="CARLA@customer.example")
    yield mail(headers=[("Auto-Submitted", "auto-replied")], subject="Away")
    yield bounce(of="unknown@acme.example", recipient="dan@customer.example")
    yield mail(subject=b"a\0b", from_=b"C\0 <c@customer.example>", text=b"\0")
    yield mail(message_id="\u4e00" * 2000 + "@customer.example")
    yield b""
    yield mail(
        from_=mailbox.address,
        to=mailbox.address,
        reply_to="visitor@customer.example",
        subject="Filled in on our website",
    )
    yield from (mail(subject="Your invoice", from_="shop@x.example") for _ in range(25))
    yield mail(from_="noname@n.example", subject="First, without a name")
    yield mail(from_="Nora <noname@n.example>", subject="Then with one")


def store(mailbox: Mailbox, raws: list[bytes], *, path: str = "Archive") -> None:
    folder = people.make_folder(mailbox, path, Folder.Role.ARCHIVE)
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    arrivals = [
        receive.Arrival(uid, raw, internal_date=moment + timedelta(minutes=uid))
        for uid, raw in enumerate(raws, start=1)
    ]
    receive.receive(
        folder,
        arrivals,
        uid_validity=people.UID_VALIDITY,
        cursor=receive.Cursor(next_uid=len(raws) + 1),
        is_history=True,
    )


def picture(mailbox: Mailbox) -> dict[str, Any]:
    """Everything that processing made, with ids replaced by places in an order."""
    messages = list(mailbox.messages.filter(is_history=True).order_by("id"))
    conversations = list(Conversation.objects.filter(mailbox=mailbox).order_by("id"))
    place = {row.pk: at for at, row in enumerate(conversations)}
    traces = []
    for message in messages:
        trace = {**message.trace, "answer": None}
        trace["conversation"] = {
            **trace["conversation"],
            "id": place[trace["conversation"]["id"]],
            "merged": [place[each] for each in trace["conversation"]["merged"]],
            "steps": len(trace["conversation"]["steps"]),
        }
        traces.append(trace)
    return {
        "messages": [
            {name: getattr(each, name) for name in COLUMNS} for each in messages
        ],
        "traces": traces,
        "where": [place[each.conversation_id or 0] for each in messages],
        "people": [str(each.contact) for each in messages],
        "conversations": [
            (
                row.subject,
                row.base_subject,
                row.status,
                row.is_unread,
                row.message_count,
                row.version,
                row.snippet,
                row.last_from,
                row.last_message_at,
                row.last_inbound_at,
                str(row.contact),
                place.get(row.merged_into_id or 0),
            )
            for row in conversations
        ],
        "references": sorted(
            (row.message_id, place[row.conversation_id])
            for row in Reference.objects.filter(mailbox=mailbox)
        ),
        "contacts": sorted(str(each) for each in Contact.objects.all()),
    }


def desk_of(mailbox: Mailbox) -> Desk:
    """What readers are told of the mailbox."""
    return Desk.of(mailbox, reading.own_mail())


def by_the_batch(mailbox: Mailbox) -> list[int]:
    """Process the history; returns the messages that went the ordinary way."""
    alone: list[int] = []
    own = reading.own_mail()

    def one_by_one(message_id: int) -> None:
        alone.append(message_id)
        pipeline.process(message_id, own=own)

    with AsLateAsCanBe() as pool:
        readers = Readers(desk_of(mailbox), [pool, pool], HereAndNow())
        batches.process(mailbox, readers=readers, one_by_one=one_by_one)
    return alone


@pytest.mark.usefixtures("db")
def test_both_ways_have_one_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    # Many batches, each of which is placed before the one before is stored.
    monkeypatch.setattr(batches, "BATCH", 35)
    raws: list[bytes] = []
    pictures = []
    for label in ("Support", "Again"):
        mailbox = people.make_mailbox("Support")
        mailbox.is_written_by_form = True
        mailbox.save(update_fields=["is_written_by_form"])
        raws = raws or [*letters(300, profile=SMALL), *special(mailbox)]
        store(mailbox, raws)
        if label == "Support":
            for message in mailbox.messages.order_by("id"):
                pipeline.process(message.pk)
        else:
            alone = by_the_batch(mailbox)
        pictures.append(picture(mailbox))
        mailbox.delete()
        Contact.objects.all().delete()

    one_by_one, batched = pictures
    for part, expected in one_by_one.items():
        assert batched[part] == expected, part
    assert len(alone) < 10


@pytest.mark.parametrize("batches_of", [1, 3])
def test_a_quote_alone_proves_an_answer(mailbox: Mailbox, batches_of: int) -> None:
    raws = list(quoting(SUBJECT_OF_QUOTES))
    for start in range(0, len(raws), batches_of):
        store(mailbox, raws[start : start + batches_of], path=f"Archive {start}")
        by_the_batch(mailbox)

    first, answer, other = mailbox.messages.order_by("id")
    assert answer.conversation == first.conversation != other.conversation


def test_our_own_mail_and_its_bounce_find_what_we_sent(
    mailbox: Mailbox, alice: User, add_rule: AddRule
) -> None:
    add_rule()
    mailboxes.set_processing(mailbox, action="convert-to-case", options={}, by=None)
    store(mailbox, [mail(subject="One")])
    by_the_batch(mailbox)
    conversation = Conversation.objects.get()
    sent = replies.queue(
        conversation, author=alice, text="Hello", to=[Address("dan@customer.example")]
    )
    copy = b"X-Provider: changed\r\n" + sent.raw.content
    report = bounce(of=sent.message_id, recipient="dan@customer.example")

    folder = people.make_folder(mailbox, "Sent", Folder.Role.SENT)
    receive.receive(
        folder,
        [receive.Arrival(1, copy), receive.Arrival(2, report)],
        uid_validity=people.UID_VALIDITY,
        cursor=receive.Cursor(next_uid=3),
    )
    by_the_batch(mailbox)

    sent.refresh_from_db()
    assert Message.objects.filter(message_id=sent.message_id).count() == 1
    assert sent.bounce["recipients"] == ["dan@customer.example"]
    assert not conversation.outgoing.filter(kind="autoresponse").exists()


def test_a_subject_is_looked_up_by_its_index_alone(mailbox: Mailbox) -> None:
    # As a first synchronisation finds it: thousands, and not a word of statistics.
    Conversation.objects.bulk_create(
        Conversation(
            mailbox=mailbox,
            subject=f"Order {number}",
            base_subject=f"order {number}",
            last_message_at=datetime(2026, 3, 1, tzinfo=UTC),
        )
        for number in range(2_000)
    )

    plan = "\n".join(
        line
        for (line,) in binary.rows(
            f"EXPLAIN {board.SAME_SUBJECT}",
            [["order 7", "order 8"], mailbox.pk, 20],
        )
    )

    assert "Index Scan using conversation_by_subject" in plan, plan
    assert "base_subject)::text = wanted" in plan, plan
    assert "Filter: ((base_subject" not in plan, plan


class BreaksOff(Readers):
    """Readers that are gone when they are to store."""

    def store(self, reading: Reading, placed: Sequence[Placed]) -> Storing:
        """Say so."""
        raise BrokenExecutor


@pytest.mark.parametrize("way", ["by the batch", "one by one"])
@pytest.mark.usefixtures("db")
def test_a_batch_broken_off_is_counted_once(way: str) -> None:
    pictures = []
    raws = [*letters(60, profile=SMALL), *special(people.make_mailbox("Like ours"))]
    for is_broken_off in (False, True):
        mailbox = people.make_mailbox("Support")
        store(mailbox, raws)
        if is_broken_off:
            readers = BreaksOff(desk_of(mailbox), [HereAndNow()], HereAndNow())
            with pytest.raises(BrokenExecutor):
                batches.process(mailbox, readers=readers, one_by_one=pipeline.process)
            waiting = mailbox.messages.filter(state="received", conversation=None)
            assert waiting.count() < len(raws)
        if way == "by the batch":
            by_the_batch(mailbox)
        else:
            for message in mailbox.messages.order_by("id"):
                pipeline.process(message.pk)
        pictures.append(picture(mailbox))
        mailbox.delete()
        Contact.objects.all().delete()

    expected, found = pictures
    for part in ("messages", "where", "people", "conversations", "references"):
        assert found[part] == expected[part], part


def test_one_odd_letter_of_a_batch_is_stuck_alone(mailbox: Mailbox) -> None:
    store(mailbox, [mail(subject=f"{number} x") for number in range(5)])
    odd = mailbox.messages.order_by("id")[2]
    # What no other code would store: a letter whose bytes are lost.
    odd.raw.zstd = b"broken"
    odd.raw.save(update_fields=["zstd"])

    by_the_batch(mailbox)

    states = mailbox.messages.order_by("id").values_list("state", flat=True)
    assert list(states) == ["processed"] * 2 + ["stuck"] + ["processed"] * 2

"""Letters that break every rule are kept, shown and searchable; none is stuck."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from letterbox.inbound import pipeline
from letterbox.models import Case, Mailbox, Message
from letterbox.services import mailboxes
from tests.conftest import Arrive
from tests.db.conftest import AddRule
from tests.mail import mail

SURROGATE_UTF7 = b"=?utf-7?q?+2AA-?="


@pytest.fixture
def _everything(mailbox: Mailbox, add_rule: AddRule) -> None:
    mailboxes.set_processing(mailbox, action="convert-to-case", options={}, by=None)
    add_rule(
        content="{{ email.subject }} {{ sender.name }} {{ email.text }}",
        frequency="every-letter",
    )


ODD = {
    "empty": b"",
    "only a line end": b"\r\n",
    "no header": b"just words",
    "NUL everywhere": mail(
        subject=b"a\0b",
        from_=b"C\0 <c\0a@customer.example>",
        message_id="a\0b@customer.example",
        in_reply_to="x\0@customer.example",
        text=b"a\0b",
        headers=[("X-Y", b"\0"), ("Thread-Index", b"\0\0")],
    ),
    "encoded NUL": mail(
        subject=b"=?utf-8?q?a=00b?=",
        from_=b"=?utf-8?q?a=00b?= <carla@customer.example>",
    ),
    "lone surrogates": mail(
        subject=SURROGATE_UTF7,
        from_=SURROGATE_UTF7 + b" <carla@customer.example>",
        text=b"+2AA-",
        charset="utf-7",
    ),
    "8-bit header": mail(
        subject="Gr\xfc\xdfe".encode("latin-1"),
        from_=b"J\xf6rg <j\xf6rg@customer.example>",
        to=["Support <support@acme.example>"],
    ),
    "8-bit id": mail(message_id="gr\u00fc\u00dfe@customer.example"),
    "id too long for an index": mail(
        message_id="\u4e00" * 2000 + "@customer.example",
        in_reply_to="\u4e8c" * 2000 + "@customer.example",
        references=["\u4e09" * 990 + f"{n}@customer.example" for n in range(20)],
    ),
    "very long subject": mail(subject="x y" * 80_000),
    "very long words": mail(text="x" * 300_000),
    "many words": mail(text=" ".join(f"word{n}" for n in range(60_000))),
    "very long name": mail(from_="n" * 5_000 + " <carla@customer.example>"),
    "very long address": mail(from_="a" * 5_000 + "@customer.example"),
    "long attachment name": mail(
        attachments=[("n" * 5_000 + "\0.pdf", "application/pdf", b"x")]
    ),
    "a thousand recipients": mail(
        to=["support@acme.example", *(f"p{n}@many.example" for n in range(1000))]
    ),
    "a thousand references": mail(
        references=[f"r{n}@customer.example" for n in range(1000)]
    ),
    "a thousand authors": mail(from_=", ".join(f"p{n}@a.example" for n in range(1000))),
    "numbers beyond all ids": mail(subject="Re: [#99999999999999999999] [Case 1e99]"),
    "date beyond all years": mail(headers=[("Date", "Fri, 31 Dec 99999 0:0:0 +9999")]),
    "unknown charset": mail(
        charset="utf-8", headers=[("Content-Type", "x; charset=?")]
    ),
    "own id": mail(message_id="lb.99999999999999999.x.aaaaaaaaaaaaaaaaaaaaaaaa@x.y"),
    "language of odd length": mail(headers=[("Content-Language", "x" * 500)]),
    "liquid in the letter": mail(subject="{{ 1 | divided_by: 0 }}", text="{% raw %}"),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.usefixtures("_everything")
def test_an_odd_letter_is_processed(arrive: Arrive, name: str) -> None:
    message = arrive(ODD[name])

    assert message.state == Message.State.PROCESSED, message.problem
    assert message.conversation is not None


@pytest.mark.usefixtures("_everything")
def test_a_reply_to_an_id_too_long_for_an_index_finds_its_conversation(
    arrive: Arrive,
) -> None:
    long = "\u4e00" * 900 + "@customer.example"
    first = arrive(mail(message_id=long))

    reply = arrive(mail(subject="Other", in_reply_to=long))

    assert reply.conversation == first.conversation
    assert Case.objects.count() == 1


LINES = st.lists(
    st.sampled_from(
        [
            *(b"From: ", b"To: support@acme.example", b"Subject: ", b"Message-ID: <"),
            *(b"References: <", b"In-Reply-To: ", b"Thread-Index: ", b"Reply-To: "),
            *(b"Content-Type: multipart/mixed; boundary=x", b"--x", b"--x--", b""),
            *(b"a@b", b"> ", b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"=?utf-8?q?=00?="),
            *(
                b"=?utf-7?q?+2AA-?=",
                b"[#1]",
                b"Re: ",
                b"<",
                b">",
                b"\r\n",
                b"\n ",
                b",",
            ),
        ]
    )
    | st.binary(max_size=20),
    max_size=40,
)


@pytest.mark.usefixtures("_everything")
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(LINES)
def test_no_bytes_stick(arrive: Arrive, pieces: list[bytes]) -> None:
    message = arrive(b"".join(pieces))

    message.refresh_from_db()
    assert message.state == Message.State.PROCESSED, message.problem


def test_one_stuck_letter_holds_nothing_up_and_can_be_tried_again(
    arrive: Arrive, mailbox: Mailbox
) -> None:
    stuck = arrive(mail(), is_processed=False)
    # What no other code would store: a letter whose bytes are lost.
    raw = stuck.raw
    packed, raw.zstd = raw.zstd, b"broken"
    raw.save(update_fields=["zstd"])

    after = arrive(mail(subject="After"))

    stuck.refresh_from_db()
    assert after.state == Message.State.PROCESSED
    assert stuck.state == Message.State.STUCK
    assert "ZstdError" in stuck.problem
    raw.zstd = packed
    raw.save(update_fields=["zstd"])
    pipeline.retry(stuck)
    pipeline.process_mailbox(mailbox.pk)
    stuck.refresh_from_db()
    assert stuck.state == Message.State.PROCESSED
    assert stuck.problem == ""

"""Letters built, and read back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from letterbox.mime import build
from letterbox.mime.attachments import read_attachment
from letterbox.mime.build import Draft, DraftAttachment, build_letter
from letterbox.mime.letter import Address, Headers, Letter
from letterbox.mime.parse import parse_letter

SUPPORT = Address("support@example.com", "Support")
ANNA = Address("anna@example.org", "Anna Berg")

# Every character that a database stores and a screen shows.
anything = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200)
with_lines = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff\r"),
    max_size=400,
)
wild = st.text(max_size=120)


def collapsed(text: str) -> str:
    return " ".join(text.split())


@given(subject=anything, name=anything)
def test_subject_and_names_come_back(subject: str, name: str) -> None:
    draft = Draft(Address("support@example.com", name), (ANNA,), subject=subject)

    letter = parse_letter(build_letter(draft))

    assert letter.subject == collapsed(subject)
    assert letter.from_ == (Address("support@example.com", collapsed(name)),)
    assert letter.to == (ANNA,)


@given(text=with_lines, html=with_lines, files=st.lists(st.binary(), max_size=2))
def test_text_html_and_files_come_back(
    text: str, html: str, files: list[bytes]
) -> None:
    attachments = tuple(DraftAttachment(f"{n}.bin", f) for n, f in enumerate(files))
    draft = Draft(SUPPORT, (ANNA,), text=text, html=html, attachments=attachments)

    raw = build_letter(draft)
    letter = parse_letter(raw)

    if text.strip():
        assert letter.text.rstrip("\n") == text.rstrip("\n")
    assert letter.html.rstrip("\n") == html.rstrip("\n")
    assert [read_attachment(raw, one) for one in letter.attachments] == files
    assert [one.size for one in letter.attachments] == [len(one) for one in files]


@given(filename=anything)
def test_file_names_come_back(filename: str) -> None:
    attachments = (DraftAttachment(filename, b"content"),)

    letter = parse_letter(build_letter(Draft(SUPPORT, attachments=attachments)))

    assert [one.filename for one in letter.attachments] == [collapsed(filename)]


@settings(max_examples=300)
@given(subject=wild, name=wild, value=wild, filename=wild, reference=wild, text=wild)
def test_nothing_supplied_adds_a_header_field(
    subject: str, name: str, value: str, filename: str, reference: str, text: str
) -> None:
    draft = Draft(
        Address("support@example.com", name),
        (ANNA,),
        subject=subject + "\r\nX-Evil: 1",
        text=text,
        in_reply_to=reference + "\r\nX-Evil: 1",
        references=(reference, "a@b>\r\nX-Evil: 1"),
        headers=(("X-Note", value + "\n\nX-Evil: 1"),),
        attachments=(DraftAttachment(filename + "\r\nX-Evil: 1", b""),),
    )

    raw = build_letter(draft)

    head, _, _ = raw.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    names = {line.partition(b":")[0] for line in lines if line[:1] != b" "}
    assert names <= {
        *(b"From", b"To", b"Subject", b"Date", b"Message-ID", b"In-Reply-To"),
        *(b"References", b"X-Note", b"MIME-Version", b"Content-Type"),
    }
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert all(line.strip() for line in lines)
    assert "X-Evil" not in parse_letter(raw).headers


@pytest.mark.parametrize(
    "email",
    [
        *("a@b\r\nX: 1", "a b@c", "<a@b>", "a@b,c@d", "", "anna", "@b", "a@", "a@b@c"),
        *("a\x00@b", "a\u2028@b", "a@b\u0085c", '"a"@b', "a@b;c"),
    ],
)
def test_an_address_that_breaks_the_header_is_refused(email: str) -> None:
    with pytest.raises(ValueError, match="address"):
        build_letter(Draft(SUPPORT, (Address(email),)))


@pytest.mark.parametrize(
    "name", ["Bcc", "from", "Content-Type", "X Y", "X:", "X\r\nBcc", "", "Ü"]
)
def test_a_header_that_is_not_free_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="header"):
        build_letter(Draft(SUPPORT, (ANNA,), headers=((name, "1"),)))


def test_blind_copies_are_in_the_envelope_only() -> None:
    draft = Draft(SUPPORT, (ANNA,), bcc=(Address("max@example.com"),))

    assert build.recipients(draft) == ("anna@example.org", "max@example.com")
    assert b"max@example.com" not in build_letter(draft)


def test_an_international_domain_is_written_as_ascii() -> None:
    raw = build_letter(Draft(SUPPORT, (Address("info@bücher.example"),)))

    assert b"info@xn--bcher-kva.example" in raw


def test_images_are_related_to_the_html_and_files_are_not() -> None:
    draft = Draft(
        SUPPORT,
        (ANNA,),
        text="See the picture.",
        html='<p>See <img src="cid:one@example.com"></p>',
        attachments=(
            DraftAttachment("one.png", b"1", "image/png", "one@example.com", True),
            DraftAttachment("two.pdf", b"2", "application/pdf"),
        ),
    )

    letter = parse_letter(build_letter(draft))

    assert letter.content_type == "multipart/mixed"
    assert [(one.filename, one.is_inline) for one in letter.attachments] == [
        ("one.png", True),
        ("two.pdf", False),
    ]


def test_an_attached_message_is_not_encoded() -> None:
    inner = build_letter(Draft(SUPPORT, (ANNA,), subject="Inner", text="Hello"))
    attached = (DraftAttachment("inner.eml", inner, "message/rfc822"),)

    raw = build_letter(Draft(SUPPORT, (ANNA,), text="Outer", attachments=attached))

    assert inner in raw
    assert parse_letter(raw).text.strip() == "Outer"


def test_the_same_draft_gives_the_same_bytes() -> None:
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    draft = Draft(SUPPORT, (ANNA,), text="a", html="<p>a</p>", date=moment)

    assert build_letter(draft) == build_letter(draft)


def test_references_hold_the_whole_chain() -> None:
    letter = Letter(Headers(), references=("1@a", "2@a"), message_id="3@a")

    assert build.reply_references(letter) == ("1@a", "2@a", "3@a")


def test_references_of_an_endless_chain_keep_the_first_and_the_latest() -> None:
    chain = tuple(f"{number}@a" for number in range(500))

    references = build.reply_references(Letter(Headers(), references=chain))

    assert len(references) == 50
    assert references[0] == "0@a"
    assert references[-1] == "499@a"


def test_an_automatic_answer_says_so() -> None:
    headers = build.automatic_answer_headers("rule-7")
    raw = build_letter(Draft(SUPPORT, (ANNA,), headers=headers))

    letter = parse_letter(raw)

    assert letter.headers.get("auto-submitted") == "auto-replied"
    assert letter.headers.get("X-Auto-Response-Suppress") == "All"
    assert letter.headers.get(build.AUTOMATIC_HEADER) == "rule-7"

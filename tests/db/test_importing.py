"""Old letters from files: each once, as history, nothing answered."""

from __future__ import annotations

import mailbox as mailboxes_of_python
from pathlib import Path

import pytest

from letterbox.inbound import files, importing, pipeline
from letterbox.models import Case, Folder, Mailbox, Message, Placement
from letterbox.services import mailboxes

MOST = 1_000_000

FIRST = b"From: carol@example.org\nSubject: one\nDate: Mon, 2 Nov 2020 10:00:00 +0100\n"
MBOX = (
    b"From carol@example.org Mon Nov  2 10:00:00 2020\n"
    + FIRST
    + b"\nHello.\n>From the beginning\n>>From quoted\n\n"
    + b"From dave@example.org Tue Nov  3 10:00:00 2020\n"
    + b"From: dave@example.org\nSubject: two\n\nFrom here on:\nno new letter\n\n"
)


def taken(mailbox: Mailbox, path: Path) -> importing.Figures:
    letters = files.letters_in(path, most_bytes=MOST)
    return importing.take_in(mailbox, letters, folder_name="Old")


def test_an_mbox_is_cut_where_letters_begin(tmp_path: Path) -> None:
    path = tmp_path / "old.mbox"
    path.write_bytes(MBOX)

    first, second = files.letters_in(path, most_bytes=MOST)

    assert first.raw == (
        FIRST + b"\nHello.\nFrom the beginning\n>From quoted\n"
    ).replace(b"\n", b"\r\n")
    assert first.at.isoformat() == "2020-11-02T09:00:00+00:00"
    assert second.raw is not None
    assert second.raw.endswith(b"From here on:\r\nno new letter\r\n")


def test_what_python_writes_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "by-python.mbox"
    box = mailboxes_of_python.mbox(path)
    for number in range(20):
        box.add(f"Subject: {number}\n\nFrom me\n\nFrom you {number}\n".encode())
    box.close()

    found = list(files.letters_in(path, most_bytes=MOST))

    assert len(found) == 20
    assert found[7].raw is not None
    assert found[7].raw.startswith(b"Subject: 7\r\n")


def test_a_maildir_keeps_its_flags(tmp_path: Path) -> None:
    for name in ("cur", "new", "tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / "cur" / "1.a:2,FS").write_bytes(b"Subject: a\n\nseen\n")
    (tmp_path / "new" / "2.b").write_bytes(b"Subject: b\n\nnew\n")
    (tmp_path / "tmp" / "3.c").write_bytes(b"Subject: c\n\nnot delivered\n")

    first, second = files.letters_in(tmp_path, most_bytes=MOST)

    assert first.flags == ("\\Flagged", "\\Seen")
    assert (second.raw, second.flags) == (b"Subject: b\r\n\r\nnew\r\n", ())


def test_a_letter_that_is_too_large_is_named_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "old.mbox"
    path.write_bytes(MBOX.replace(b"Hello.", b"Hello. " * 100))

    first, second = files.letters_in(path, most_bytes=400)

    assert first.raw is None
    assert "letter 1" in first.source
    assert second.raw is not None


def test_nothing_to_read_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(files.NotLetters, match="does not exist"):
        list(files.letters_in(tmp_path / "nowhere", most_bytes=MOST))
    with pytest.raises(files.NotLetters, match="holds no letters"):
        list(files.letters_in(tmp_path, most_bytes=MOST))


def test_imported_letters_are_history_and_may_be_imported_again(
    mailbox: Mailbox, tmp_path: Path
) -> None:
    mailboxes.set_processing(mailbox, action="convert-to-case", options={}, by=None)
    path = tmp_path / "old.mbox"
    path.write_bytes(MBOX + MBOX)

    first = taken(mailbox, path)
    again = taken(mailbox, path)
    pipeline.process_mailbox(mailbox.pk)

    assert (first.taken, first.known) == (2, 2)
    assert (again.taken, again.known) == (0, 4)
    messages = Message.objects.filter(mailbox=mailbox)
    assert [each.subject for each in messages.order_by("pk")] == ["one", "two"]
    assert all(each.is_history for each in messages)
    assert {each.state for each in messages} == {"processed"}
    assert not Case.objects.exists()
    folder = Folder.objects.get(mailbox=mailbox, path="Old")
    assert list(
        Placement.objects.filter(folder=folder).values_list("uid", flat=True)
    ) == [1, 2]


def test_a_single_letter_is_imported(mailbox: Mailbox, tmp_path: Path) -> None:
    path = tmp_path / "one.eml"
    path.write_bytes(FIRST + b"\nHello.\n")

    assert taken(mailbox, path).taken == 1

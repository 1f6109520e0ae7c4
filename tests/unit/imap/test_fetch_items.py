"""The quick way to read a FETCH response gives what the thorough one gives."""

from hypothesis import given
from hypothesis import strategies as st

from letterbox.imap import fetch_items, parser, tokens
from letterbox.imap.framing import Frame
from letterbox.imap.tokens import as_list

items = st.one_of(
    st.integers(0, 2**33).map(lambda uid: b"UID %d" % uid),
    st.sampled_from(
        [
            b"FLAGS ()",
            b"FLAGS (\\seen $Label  \\Recent)",
            b'INTERNALDATE "02-Oct-2016 17:28:25 -0400"',
            b'INTERNALDATE " 2-Xxx-2016 17:28:25 +0000"',
            b'INTERNALDATE "short"',
            b"MODSEQ (0)",
            b"MODSEQ 5",
            b"BODY[TEXT] NIL",
            b"X (A (B) C)",
        ]
    ),
    st.integers(0, 10**20).map(lambda size: b"RFC822.SIZE %d" % size),
)


@given(st.lists(items, max_size=6), st.booleans())
def test_both_ways_agree(said: list[bytes], has_body: bool) -> None:
    head = b"* 7 FETCH (" + b" ".join(said)
    frame: Frame = [head + b" BODY[] ", b"raw", b")"] if has_body else [head + b")"]

    quickly = fetch_items.read_usual(frame)
    values = tokens.read(frame, len(b"* 7 FETCH "))
    thoroughly = fetch_items.read(7, as_list(values[0]))

    assert quickly in (None, thoroughly)
    assert parser.parse(frame) == thoroughly


def test_the_quick_way_is_taken_for_what_dovecot_says() -> None:
    frame: Frame = [
        b'* 1 FETCH (UID 4 FLAGS (\\Seen) INTERNALDATE "22-Nov-2026 07:23:20 +0000" '
        b"MODSEQ (3) BODY[] ",
        b"raw",
        b")",
    ]

    assert fetch_items.read_usual(frame) is not None

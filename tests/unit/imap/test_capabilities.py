"""What a server offers, itself or within something larger."""

from letterbox.imap.capabilities import Capabilities


def offering(*names: str) -> Capabilities:
    return Capabilities(frozenset(names))


def test_qresync_brings_condstore_and_enable() -> None:
    can = offering("IMAP4REV1", "QRESYNC")

    assert can.has("CONDSTORE")
    assert can.has("ENABLE")
    assert not can.has("ESEARCH")


def test_imap4rev2_brings_what_it_includes() -> None:
    can = offering("IMAP4REV2")

    assert can.is_imap
    for name in ("ESEARCH", "MOVE", "UIDPLUS", "SASL-IR", "LIST-STATUS", "IDLE"):
        assert can.has(name)
    assert not can.has("CONDSTORE")
    assert can.unasked_literal_bytes == 4096


def test_literals_go_unasked_only_where_that_is_offered() -> None:
    assert offering("IMAP4REV1").unasked_literal_bytes == -1
    assert offering("LITERAL-").unasked_literal_bytes == 4096
    assert offering("LITERAL+").unasked_literal_bytes > 2**32


def test_tokens_are_taken_only_by_those_who_say_so() -> None:
    assert offering("AUTH=XOAUTH2").takes_tokens
    assert offering("AUTH=OAUTHBEARER").takes_tokens
    assert not offering("AUTH=PLAIN").takes_tokens
    assert not offering("IMAP2").is_imap

"""A letter read as `ThreadFacts`: ids, people and lines that can place it.

Pure, like the decision in `threading`. Corrects what mail programs and mailing lists
do to the fields; decides nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from letterbox.inbound.threading import Lines, ThreadFacts
from letterbox.mime import subjects
from letterbox.mime.fold import Block, Kind
from letterbox.mime.fold import match as fold_match
from letterbox.mime.letter import Address, Letter

# Chains longer than this are cut in the middle: the root and the near ones count.
_NEAREST_REFERENCES = 100
_ROOT_REFERENCES = 10
# No mail program writes longer ids, and no line may be longer (RFC 5322, 2.1.1).
_LONGEST_ID = 998
# MS-OXOMSG, 2.2.1.3: a reserved byte, five of time, sixteen of GUID; then five per
# answer, which are left away here.
_THREAD_ROOT_BYTES = 22
_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
_CLOCK_TOLERANCE = timedelta(days=1)
# Programs that write for others, such as contact forms, send from these.
_MACHINE_NAMES = ("noreply", "donotreply", "notification", "mailer", "wordpress")


def read(
    letter: Letter,
    *,
    received_at: datetime,
    ours: Collection[str] = (),
    signed: tuple[int, ...] = (),
    about: str = "",
) -> ThreadFacts:
    """Collect what the letter says about where it belongs, but for its lines.

    `ours` are the addresses and aliases of the mailbox. `signed` are conversations
    that the caller read from our own Message-IDs after checking their signature.
    `about` is the id of our letter that a delivery report is about: such reports name
    it in their body.
    """
    own = {address.lower() for address in ours}
    author, addressees = _people(letter, own)
    references, guesses = _references(letter)
    if about and about not in references:
        references = (about[:_LONGEST_ID], *references)
    return ThreadFacts(
        message_id=letter.message_id[:_LONGEST_ID],
        sent_at=_sent_at(letter, received_at),
        references=references,
        guesses=guesses,
        thread_root=_thread_root(letter.headers.get("Thread-Index")),
        signed=signed,
        base_subject=subjects.base_subject(letter.subject),
        is_reply=subjects.has_reply_prefix(letter.subject),
        is_broadcast=_is_broadcast(letter),
        is_discussion=_is_discussion(letter),
        author=author,
        addressees=addressees,
    )


def with_lines(facts: ThreadFacts, lines: Lines) -> ThreadFacts:
    """The same with the lines of the letter, for where `turning_on_lines` asks."""
    return replace(facts, written=lines.written, quoted=lines.quoted)


def lines_of(blocks: Iterable[Block]) -> Lines:
    """The telling lines that were written and those that were quoted, normalised."""
    written: list[str] = []
    quoted: list[str] = []
    for block in blocks:
        if block.kind is Kind.NEW:
            written.append(block.text)
        elif block.kind is Kind.QUOTE:
            quoted.append(block.text)
    return Lines(
        fold_match.telling_lines("\n".join(written)),
        fold_match.telling_lines("\n".join(quoted)),
    )


def _sent_at(letter: Letter, received_at: datetime) -> datetime:
    """The Date of the letter, unless its clock is plainly wrong."""
    if letter.date and _EARLIEST < letter.date < received_at + _CLOCK_TOLERANCE:
        return letter.date
    return received_at


def _people(
    letter: Letter, own: Collection[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Who wrote and to whom, without ourselves, lists and machines as writers."""
    receivers = _emails((*letter.to, *letter.cc, *letter.bcc))
    list_address = _list_address(letter)
    writers = _emails(letter.from_ or letter.sender)
    answers_to = _emails(letter.reply_to) - receivers - {list_address}
    original = letter.headers.get("X-Original-From")
    if "<" in original:
        answers_to |= {original.rpartition("<")[2].partition(">")[0].lower()}
    # Lists that must satisfy DMARC write `Anna via List <list@…>` and put Anna into
    # Reply-To; forms do the same with their customers.
    stand_ins = {
        email
        for email in writers
        if answers_to
        and (email in receivers or email == list_address or _is_machine(email))
    }
    writers = (writers - stand_ins) | answers_to
    machines = {email for email in stand_ins if _is_machine(email)}
    addressees = (receivers | stand_ins) - machines - writers
    return _without(writers, own), _without(addressees, own)


def _list_address(letter: Letter) -> str:
    post = letter.headers.get("List-Post")
    return post.partition("mailto:")[2].partition(">")[0].partition("?")[0].lower()


def _emails(addresses: Iterable[Address]) -> frozenset[str]:
    return frozenset(one.email.lower() for one in addresses if "@" in one.email)


def _without(emails: Iterable[str], own: Collection[str]) -> frozenset[str]:
    return frozenset(email for email in emails if _untagged(email) not in own)


def _untagged(email: str) -> str:
    """`support+41@example.com` is support@example.com."""
    local_part, at, domain = email.rpartition("@")
    return local_part.partition("+")[0] + at + domain


def _is_machine(email: str) -> bool:
    local_part = email.partition("@")[0].replace("-", "").replace("_", "")
    return local_part.replace(".", "").startswith(_MACHINE_NAMES)


def _references(letter: Letter) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ids the letter answers, nearest first, and those that are only guesses."""
    written = letter.headers.get("In-Reply-To")
    # Before 2001 the field held phrases (RFC 822, 4.6.2): `Your message of …`,
    # or the name and address of the other, which is no id.
    is_phrase = any(
        part.strip(" \t\r\n,") for part in _outside_brackets(written[:2_000])
    )
    emails = _emails(
        (*letter.from_, *letter.reply_to, *letter.to, *letter.cc, *letter.sender)
    )
    sure: list[str] = []
    guesses: list[str] = []
    for one in letter.in_reply_to[:_ROOT_REFERENCES]:
        is_sure = not is_phrase or (f"<{one}>" in written and _looks_made(one))
        (sure if is_sure else guesses).append(one)
    if not letter.in_reply_to and "<" not in written and written.count("@") == 1:
        guesses.extend(written.split()[:1])
    chain = [*letter.references]
    if len(chain) > _NEAREST_REFERENCES + _ROOT_REFERENCES:
        chain = chain[:_ROOT_REFERENCES] + chain[-_NEAREST_REFERENCES:]
    sure.extend(reversed(chain))
    forbidden = {*emails, letter.message_id, ""}
    return (
        tuple(_usable(sure, forbidden)),
        tuple(_usable(guesses, forbidden | set(sure))),
    )


def _outside_brackets(text: str) -> list[str]:
    """The pieces of a field that stand outside of `<…>`."""
    pieces = text.split("<")
    return [pieces[0], *(piece.partition(">")[2] for piece in pieces[1:])]


def _looks_made(message_id: str) -> bool:
    """Tell an id that a program made from the address of a person."""
    return sum(map(str.isdigit, message_id)) >= 6


def _usable(ids: Iterable[str], forbidden: Collection[str]) -> Iterable[str]:
    return dict.fromkeys(
        one for one in ids if one.lower() not in forbidden and len(one) <= _LONGEST_ID
    )


def _thread_root(thread_index: str) -> str:
    """The part of Outlook's Thread-Index that all answers share, as a key."""
    try:
        data = base64.b64decode(thread_index.strip()[:2_000], validate=False)
    except (binascii.Error, ValueError):
        return ""
    root = data[:_THREAD_ROOT_BYTES]
    # A GUID of few different bytes was not drawn by chance.
    if len(root) < _THREAD_ROOT_BYTES or root[0] != 1 or len(set(root[6:])) < 6:
        return ""
    return f"thread-index:{root.hex()}"


def _is_discussion(letter: Letter) -> bool:
    """Tell mail of a list where people answer one another."""
    headers = letter.headers
    if "List-Post" in headers or "Mailing-List" in headers:
        return True
    # Majordomo and its kin marked a list by nothing else.
    precedence = headers.get("Precedence").strip().lower()
    return precedence in ("list", "bulk") and "List-Unsubscribe" not in headers


def _is_broadcast(letter: Letter) -> bool:
    """Tell a newsletter from a letter, and from a list where people discuss."""
    if letter.in_reply_to or letter.references or _is_discussion(letter):
        return False
    if "List-Unsubscribe" in letter.headers or "Feedback-ID" in letter.headers:
        return True
    return not letter.to and not letter.cc and bool(letter.bcc)

"""Download letters and what is known about them, two commands in flight.

Every UID that is asked for gets exactly one outcome, so that a ledger can be kept.
One letter that the server cannot hand out never hides its neighbours: the batch is
halved until the culprit stands alone. Only `BODY.PEEK`, so nothing becomes read.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator

from letterbox.imap import verdicts
from letterbox.imap.connection import Connection, InFlight
from letterbox.imap.errors import Garbled
from letterbox.imap.responses import Fetched, Kind, Response, Vanished
from letterbox.imap.selecting import letter_state
from letterbox.imap.tokens import Token, as_text
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.values import (
    AbsentLetter,
    Changes,
    FetchedLetter,
    FetchOutcome,
    LetterIdentity,
    LetterState,
    RefusedLetter,
)

_DEPTH = 2
_AT_ONCE = 1_000_000
# So many letters refused in a row are not their fault but the server's.
_REFUSED_IN_A_ROW = 10


def states(
    connection: Connection, uids: UidSet, *, changed_since: int | None = None
) -> Iterator[LetterState]:
    """Yield flags, size and dates of these letters, or of those changed since.

    `changed_since` is a mod-sequence and needs CONDSTORE.
    """
    for row in _rows(connection, uids, _state_items(connection), changed_since):
        if not isinstance(row, Fetched) or row.uid is None:
            continue
        if row.size is None:
            # Not the answer, but news of a flag that somebody changed meanwhile.
            connection.news.append(row)
        elif (state := letter_state(row)) is not None:
            yield state


def flags(connection: Connection, uids: UidSet) -> Iterator[LetterState]:
    """Yield the flags of these letters, and nothing else about them."""
    for row in _rows(connection, uids, "(UID FLAGS)", None):
        if (
            isinstance(row, Fetched)
            and row.flags is not None
            and (state := letter_state(row)) is not None
        ):
            yield state


def changes(connection: Connection, uids: UidSet, since: int) -> Changes:
    """Return what changed, and with QRESYNC what vanished, since a mod-sequence."""
    changed: dict[int, LetterState] = {}
    vanished = UidSet()
    for row in _rows(connection, uids, "(UID FLAGS MODSEQ)", since):
        if isinstance(row, Vanished):
            vanished |= row.uids
        elif isinstance(row, Fetched) and (state := letter_state(row)) is not None:
            changed[state.uid] = state
    return Changes(tuple(changed.values()), vanished)


def identities(connection: Connection, uids: UidSet) -> Iterator[LetterIdentity]:
    """Yield what tells whether we hold these letters already (84 to 162 bytes each)."""
    wanted = "UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"
    own_id = ""
    if connection.capabilities.has("OBJECTID"):
        own_id = "EMAILID"
    elif connection.capabilities.has("X-GM-EXT-1"):
        own_id = "X-GM-MSGID"
    for row in _rows(connection, uids, f"({wanted} {own_id})".replace(" )", ")"), None):
        if isinstance(row, Fetched) and row.uid is not None and row.size is not None:
            yield LetterIdentity(
                row.uid,
                row.size,
                row.internal_date,
                _message_id(row),
                as_text(_only(row.others.get(own_id))) or None,
            )


def chunks(
    states: Iterable[LetterState], *, most_bytes: int = 6 << 20, most_letters: int = 500
) -> Iterator[UidSet]:
    """Cut letters into sets that are small enough to store in one transaction.

    In the order given; a letter of unknown size counts as a large one. Pure.
    """
    chunk: list[int] = []
    weight = 0
    for state in states:
        size = most_bytes // 10 if state.size is None else state.size
        if chunk and (weight + size > most_bytes or len(chunk) == most_letters):
            yield UidSet.of(chunk)
            chunk, weight = [], 0
        chunk.append(state.uid)
        weight += size
    if chunk:
        yield UidSet.of(chunk)


def letters(
    connection: Connection, uids: UidSet, *, batch: int = 250
) -> Generator[FetchOutcome, None, None]:
    """Yield each of these letters, or what became of it, in the server's order.

    Needs to be told which (`search` knows): more than a million is a ValueError.
    Raises Throttled when the server has had enough, and ConnectionLost or Garbled;
    what was not yielded by then is simply to be asked for again.
    """
    if len(uids) > _AT_ONCE:
        raise ValueError("Ask for letters that are there, and for fewer at once.")
    items = _letter_items(connection)
    batches = deque(uids.split(uids=batch))
    flights: deque[tuple[InFlight, UidSet]] = deque()
    waiting: set[int] = set()
    refused_in_a_row = 0
    try:
        while batches or flights:
            while batches and len(flights) < _DEPTH:
                part = batches.popleft()
                waiting.update(part)
                flight = connection.start(
                    "UID FETCH", str(part), items, wanted=(Fetched,)
                )
                flights.append((flight, part))
            flight, part = flights[0]
            if not flight.rows and flight.end is None:
                connection.step(connection.deadline())
            for one, _ in flights:
                while one.rows:
                    letter = _letter(connection, one.rows.popleft(), uids)
                    if letter is not None and letter.uid in waiting:
                        waiting.discard(letter.uid)
                        refused_in_a_row = 0
                        yield letter
            if flight.end is None:
                continue
            flights.popleft()
            left = UidSet.of(uid for uid in part if uid in waiting)
            waiting.difference_update(left)
            if flight.end.kind is Kind.OK:
                for uid in left:
                    yield AbsentLetter(uid)
                continue
            error = verdicts.error_for(flight.end, flight.name)
            if not verdicts.may_be_one_letter(flight.end, error):
                raise error
            if len(left) > 1:
                batches.extendleft(reversed(list(left.split(uids=-(-len(left) // 2)))))
            elif left:
                refused_in_a_row += 1
                if refused_in_a_row > _REFUSED_IN_A_ROW:
                    raise error
                yield RefusedLetter(left.ranges[0][0], error.server_words)
    finally:
        for flight, _ in flights:
            # Whoever asks next reads past the rest of this answer.
            flight.wanted = ()
            flight.rows.clear()


def _letter(
    connection: Connection, row: Response, asked: UidSet
) -> FetchedLetter | None:
    if not isinstance(row, Fetched):
        return None
    if row.body is None:
        connection.news.append(row)
        return None
    if row.uid is None:
        return None
    if row.uid not in asked:
        connection.close()
        raise Garbled("The server sent a letter that nobody asked for.")
    return FetchedLetter(
        row.uid, row.body, row.flags or frozenset(), row.internal_date, row.mod_seq
    )


def _rows(
    connection: Connection, uids: UidSet, items: str, changed_since: int | None
) -> Iterator[Response]:
    """Yield the rows of UID FETCH, cut into lines that every server can read."""
    modifier = ""
    if changed_since is not None:
        vanished = " VANISHED" if "QRESYNC" in connection.enabled else ""
        modifier = f" (CHANGEDSINCE {changed_since}{vanished})"
    parts = uids.split()
    flights: deque[InFlight] = deque()
    try:
        while True:
            while len(flights) < _DEPTH and (part := next(parts, None)) is not None:
                flights.append(
                    connection.start(
                        "UID FETCH",
                        str(part),
                        items + modifier,
                        wanted=(Fetched, Vanished),
                    )
                )
            if not flights:
                return
            flight = flights[0]
            while flight.end is None or flight.rows:
                while flight.rows:
                    yield flight.rows.popleft()
                if flight.end is None:
                    connection.step(connection.deadline())
            connection.finish(flights.popleft())
    finally:
        for flight in flights:
            flight.wanted = ()
            flight.rows.clear()


def _message_id(row: Fetched) -> str:
    for name, value in row.others.items():
        if name.startswith("BODY[HEADER.FIELDS"):
            return "".join(as_text(value).partition(":")[2].split())
    return ""


def _only(token: Token) -> Token:
    return token[0] if isinstance(token, list) and token else token


def _state_items(connection: Connection) -> str:
    mod_seq = " MODSEQ" if "CONDSTORE" in connection.enabled else ""
    return f"(UID FLAGS RFC822.SIZE INTERNALDATE{mod_seq})"


def _letter_items(connection: Connection) -> str:
    # The body last: some servers forget what comes after it.
    mod_seq = " MODSEQ" if "CONDSTORE" in connection.enabled else ""
    return f"(UID FLAGS INTERNALDATE{mod_seq} BODY.PEEK[])"

"""Keep commands and answers in step: tags, commands in flight, what came unasked.

Several commands may be in flight. An untagged response goes to the oldest one that
wants its kind, else it is news about the folder and waits in `news`. Whatever goes
wrong while bytes move closes the connection, since nobody knows then what the next
line answers; a NO or BAD does not.
"""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from letterbox.imap import commands, parser, utf7, verdicts
from letterbox.imap.capabilities import Capabilities
from letterbox.imap.commands import Part
from letterbox.imap.errors import Garbled, NotImap, SessionClosed
from letterbox.imap.framing import Framer, Limits
from letterbox.imap.responses import (
    CapabilityList,
    Continuation,
    Exists,
    Expunged,
    Fetched,
    FolderListing,
    FolderStatus,
    Kind,
    Response,
    StatusResponse,
    Unreadable,
    Vanished,
)
from letterbox.imap.transport import Transport

News = Exists | Expunged | Vanished | Fetched | FolderStatus | FolderListing
_NEWS = (Exists, Expunged, Vanished, Fetched, FolderStatus, FolderListing)
# News are hints to look again; the oldest may be forgotten.
_NEWS_KEPT = 1_000
# A command whose answer is taken whole may bring so many rows.
_ROWS_KEPT = 200_000
# A server may be slow, but not for ever: so many times its timeout per command.
_PATIENCE = 10
_GOODBYE_SECONDS = 3.0


@dataclass(slots=True, eq=False)
class InFlight:
    """A command that was sent: what came for it, and how it ended."""

    tag: str
    name: str
    wanted: tuple[type[Response], ...]
    rows: deque[Response] = field(default_factory=deque)
    end: StatusResponse | None = None
    continuation: Continuation | None = None


class Connection:
    """One conversation, command by command."""

    def __init__(self, transport: Transport, limits: Limits | None = None) -> None:
        self.transport = transport
        self.capabilities = Capabilities()
        self.enabled: frozenset[str] = frozenset()
        self.news: deque[News] = deque(maxlen=_NEWS_KEPT)
        self.is_slowed_down = False
        self.timeout_seconds = transport.timeout_seconds
        self._limits = limits
        self._framer = Framer(limits)
        self._in_flight: deque[InFlight] = deque()
        self._count = 0
        self._is_leaving = False

    @property
    def is_open(self) -> bool:
        """Whether anything can still be asked."""
        return self.transport.is_open

    @property
    def is_idle(self) -> bool:
        """Whether every command has been answered and nothing waits to be read."""
        return not self._in_flight and self._framer.is_empty

    @property
    def _is_utf8(self) -> bool:
        return "UTF8=ACCEPT" in self.enabled

    def deadline(self) -> float:
        """Return when a command that starts now must have ended."""
        return time.monotonic() + _PATIENCE * self.timeout_seconds

    def greet(self) -> StatusResponse:
        """Read the greeting; raises NotImap, Throttled or ConnectionLost."""
        response = self._next(time.monotonic() + self.timeout_seconds)
        if not isinstance(response, StatusResponse) or response.tag is not None:
            self.close()
            raise NotImap("What answers there is no IMAP server.")
        if response.kind not in (Kind.OK, Kind.PREAUTH):
            self.close()
            raise verdicts.error_for(response, "greeting")
        self._heed_code(response)
        return response

    def run(self, *parts: Part, wanted: tuple[type[Response], ...] = ()) -> InFlight:
        """Send a command and wait for its end; raises what `finish` raises."""
        flight = self.start(*parts, wanted=wanted)
        self.finish(flight)
        return flight

    def start(self, *parts: Part, wanted: tuple[type[Response], ...] = ()) -> InFlight:
        """Send a command and return at once.

        Waits only where a literal needs the server's consent; raises the error for
        its NO if it does not give it.
        """
        self._count += 1
        tag = f"A{self._count}"
        flight = InFlight(tag, _name_of(parts), wanted)
        pieces = commands.encode(
            tag,
            parts,
            unasked_bytes=self.capabilities.unasked_literal_bytes,
            utf8=self._is_utf8,
        )
        if not self.is_open:
            raise SessionClosed("This session is over; open a new one.")
        self._in_flight.append(flight)
        try:
            self._send(pieces, flight)
        except BaseException:
            if flight.end is None:
                self.close()
            raise
        return flight

    def finish(self, flight: InFlight) -> StatusResponse:
        """Wait for the end of a command; raises the error for its NO or BAD."""
        deadline = self.deadline()
        while flight.end is None:
            self.step(deadline)
            if len(flight.rows) > _ROWS_KEPT:
                self.close()
                raise Garbled("The server sent more rows than anyone has.")
        if flight.end.kind is not Kind.OK:
            raise verdicts.error_for(flight.end, flight.name)
        return flight.end

    def wait_for_continuation(self, flight: InFlight) -> Continuation | None:
        """Wait for `+`; None if the command ended instead."""
        deadline = self.deadline()
        flight.continuation = None
        while flight.continuation is None and flight.end is None:
            self.step(deadline)
        return flight.continuation

    def send_line(self, line: bytes) -> None:
        """Send a line that is part of a command in flight, such as DONE."""
        self.transport.send(line + b"\r\n")

    def step(self, deadline: float) -> None:
        """Wait for a response; put it, and those that came with it, where they belong.

        Goes no further than the end of a command: what comes after may belong to
        another time, such as the one before encryption.
        """
        try:
            response = self._next(deadline)
            self._dispatch(response)
            while not isinstance(response, StatusResponse | Continuation):
                frame = self._framer.take()
                if frame is None:
                    return
                response = parser.parse(frame)
                self._dispatch(response)
        except BaseException:
            self.close()
            raise

    def take_waiting(self) -> None:
        """Take what has arrived already, without waiting for more."""
        until = time.monotonic() + self.timeout_seconds
        while time.monotonic() < until:
            try:
                frame = self._framer.take()
                if frame is not None:
                    self._dispatch(parser.parse(frame))
                elif data := self.transport.receive_waiting():
                    self._framer.feed(data)
                else:
                    return
            except BaseException:
                self.close()
                raise

    def wait_for_news(self, seconds: float, wake: int | None = None) -> bool:
        """Wait until there are news; False if time is up or `wake` can be read."""
        until = time.monotonic() + seconds
        while True:
            self.take_waiting()
            if self.news:
                return True
            if not self.transport.wait(until - time.monotonic(), wake):
                return False

    def forget_news_of_letters(self) -> None:
        """Forget what was said about letters of a folder that is open no more."""
        about_folders = [
            one for one in self.news if isinstance(one, FolderStatus | FolderListing)
        ]
        self.news.clear()
        self.news.extend(about_folders)

    def forget_capabilities(self) -> None:
        """What was said in the clear, or before the login, no longer counts."""
        self.capabilities = Capabilities()

    def require_silence(self) -> None:
        """Raise Garbled if bytes wait: slipped in before TLS, or not compressed."""
        if not self._framer.is_empty or self.transport.has_bytes:
            self.close()
            raise Garbled("The server spoke out of turn.")

    def leave(self) -> None:
        """Say LOGOUT and wait for its end, but not for long."""
        self._is_leaving = True
        flight = self.start("LOGOUT")
        until = time.monotonic() + _GOODBYE_SECONDS
        while flight.end is None:
            self.step(until)

    def close(self) -> None:
        """Drop the connection and what was read of it."""
        self.transport.close()
        self._framer = Framer(self._limits)
        self._in_flight.clear()

    def _send(self, pieces: Sequence[commands.Piece], flight: InFlight) -> None:
        waiting = bytearray()
        for piece in pieces:
            waiting += piece.data
            if piece.asks:
                self.transport.send(bytes(waiting))
                waiting.clear()
                if self.wait_for_continuation(flight) is None and flight.end:
                    raise verdicts.error_for(flight.end, flight.name)
        self.transport.send(bytes(waiting))

    def _next(self, deadline: float) -> Response:
        while (frame := self._framer.take()) is None:
            self._framer.feed(self.transport.receive(deadline))
        return parser.parse(frame)

    def _dispatch(self, response: Response) -> None:
        if self._is_utf8 and isinstance(response, FolderListing | FolderStatus):
            response = _with_ascii_name(response)
        if isinstance(response, StatusResponse):
            self._take_status(response)
            return
        for flight in self._in_flight:
            if isinstance(response, flight.wanted):
                flight.rows.append(response)
                return
        if isinstance(response, _NEWS):
            # The body of a letter that nobody waits for any more is no news.
            if not isinstance(response, Fetched) or response.body is None:
                self.news.append(response)
        elif isinstance(response, CapabilityList):
            self.capabilities = Capabilities(response.names)
        elif isinstance(response, Continuation):
            if self._in_flight:
                # Only the last command can be waiting: none is sent before it ends.
                self._in_flight[-1].continuation = response
        elif isinstance(response, Unreadable) and response.line.strip():
            raise Garbled("The server sent what is no IMAP.")

    def _take_status(self, response: StatusResponse) -> None:
        self._heed_code(response)
        if response.kind is Kind.BYE and not self._is_leaving:
            name = self._in_flight[0].name if self._in_flight else "BYE"
            raise verdicts.error_for(response, name)
        if response.tag is None:
            for flight in self._in_flight:
                if StatusResponse in flight.wanted:
                    flight.rows.append(response)
                    return
            return
        for flight in self._in_flight:
            if flight.tag == response.tag:
                flight.end = response
                self._in_flight.remove(flight)
                return
        raise Garbled("The server answered a question that nobody asked.")

    def _heed_code(self, response: StatusResponse) -> None:
        # Gmail puts it behind the words: `OK Success [THROTTLED]`.
        if response.kind is Kind.OK and response.words.endswith("[THROTTLED]"):
            self.is_slowed_down = True
        if response.code and response.code.name == "CAPABILITY":
            said = parser.capabilities(list(response.code.arguments))
            self.capabilities = Capabilities(said.names)


def _with_ascii_name(row: FolderListing | FolderStatus) -> FolderListing | FolderStatus:
    """Name a folder as before UTF8=ACCEPT, so that it stays the same folder for us."""
    wire_name = utf7.encode(row.wire_name)
    if isinstance(row, FolderListing):
        return replace(row, wire_name=wire_name, name=row.wire_name)
    return replace(row, wire_name=wire_name)


def _name_of(parts: Sequence[Part]) -> str:
    """Return the name of a command without UID."""
    first = parts[0]
    return first.removeprefix("UID ") if isinstance(first, str) else ""

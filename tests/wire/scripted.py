"""An IMAP server that does as it is told: lies, hangs up, sends garbage, falls silent.

    with ScriptedServer() as server:
        server.letters[1] = b"Subject: hello\\r\\n\\r\\nhi\\r\\n"
        server.answers["UID FETCH"] = b"{tag} NO [UNAVAILABLE] Server error\\r\\n"

It knows one folder and just enough IMAP for a pass over it. What is in `answers`
goes before what it would say itself; `{tag}` and `{argument}` are filled in. Needs
no pytest.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

HOST = "127.0.0.1"
CAPABILITIES = "IMAP4rev1 IDLE UIDPLUS MOVE ESEARCH LITERAL+ SASL-IR AUTH=PLAIN ID"

Answer = bytes | Callable[["Talk", str, str], bytes]

HANG = b"<hang>"
HANG_UP = b"<hang up>"


class _Ended(Exception):
    """The conversation is over, as the script wants it."""


@dataclass
class Talk:
    """One conversation of the server with a client."""

    connection: socket.socket
    server: ScriptedServer
    received: bytes = b""

    def send(self, data: bytes) -> None:
        """Send, as far as the server's `cut_after` allows."""
        limit = self.server.cut_after
        if limit is not None:
            room = max(0, limit - self.server.sent)
            is_cut, data = len(data) > room, data[:room]
        else:
            is_cut = False
        self.server.sent += len(data)
        self.connection.sendall(data)
        if is_cut:
            raise _Ended

    def read_line(self) -> str:
        """Return the next line without its end."""
        while b"\r\n" not in self.received:
            self._receive()
        line, _, self.received = self.received.partition(b"\r\n")
        return line.decode()

    def read_bytes(self, count: int) -> bytes:
        """Return so many bytes, as of a literal."""
        while len(self.received) < count:
            self._receive()
        data, self.received = self.received[:count], self.received[count:]
        return data

    def _receive(self) -> None:
        data = self.connection.recv(65536)
        if not data:
            raise _Ended
        self.received += data


@dataclass
class ScriptedServer:
    """Runs in a thread of its own, conversation after conversation."""

    greeting: bytes = f"* OK [CAPABILITY {CAPABILITIES}] ready\r\n".encode()
    capabilities: str = CAPABILITIES
    uid_validity: int = 7
    # What the only folder holds, by UID.
    letters: dict[int, bytes] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    # After so many bytes in all the connection is cut.
    cut_after: int | None = None
    # What clients said, line by line.
    heard: list[str] = field(default_factory=list)
    sent: int = 0
    port: int = 0
    host: str = HOST

    def __enter__(self) -> ScriptedServer:
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A listener that is only closed would leave the thread waiting in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()
        self._thread.join(timeout=5)

    def heard_commands(self) -> list[str]:
        """Return what clients said, without tags."""
        return [line.partition(" ")[2] for line in self.heard]

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(
                target=self._converse, args=(connection,), daemon=True
            ).start()

    def _converse(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        talk = Talk(connection, self)
        try:
            self._say(talk, self.greeting)
            while True:
                self._answer(talk, talk.read_line())
        except (_Ended, OSError):
            connection.close()

    def _answer(self, talk: Talk, line: str) -> None:
        self.heard.append(line)
        tag, _, rest = line.partition(" ")
        command, _, argument = rest.partition(" ")
        if command == "UID":
            kind, _, argument = argument.partition(" ")
            command = f"UID {kind}"
        while found := re.search(r"\{(\d+)(\+?)\}$", line):
            if not found[2]:
                talk.send(b"+ go on\r\n")
            talk.read_bytes(int(found[1]))
            line = talk.read_line()
        ordinary: Answer = getattr(
            self, "_" + command.lower().replace(" ", "_"), self._unknown
        )
        answer = self.answers.get(command, ordinary)
        said = answer if isinstance(answer, bytes) else answer(talk, tag, argument)
        said = said.replace(b"{tag}", tag.encode())
        self._say(talk, said.replace(b"{argument}", argument.encode()))

    def _say(self, talk: Talk, said: bytes) -> None:
        for piece in re.split(b"(<hang>|<hang up>)", said):
            if piece == HANG:
                while True:
                    talk.read_line()
            if piece == HANG_UP:
                raise _Ended
            talk.send(piece)

    def _unknown(self, talk: Talk, tag: str, argument: str) -> bytes:
        return b"{tag} OK done\r\n"

    def _capability(self, talk: Talk, tag: str, argument: str) -> bytes:
        return f"* CAPABILITY {self.capabilities}\r\n{{tag}} OK done\r\n".encode()

    def _authenticate(self, talk: Talk, tag: str, argument: str) -> bytes:
        return f"{{tag}} OK [CAPABILITY {self.capabilities}] welcome\r\n".encode()

    _login = _authenticate

    def _select(self, talk: Talk, tag: str, argument: str) -> bytes:
        highest = max(self.letters, default=0)
        return (
            f"* {len(self.letters)} EXISTS\r\n"
            f"* FLAGS (\\Seen)\r\n"
            f"* OK [UIDVALIDITY {self.uid_validity}] valid\r\n"
            f"* OK [UIDNEXT {highest + 1}] next\r\n"
            "{tag} OK [READ-WRITE] done\r\n"
        ).encode()

    _examine = _select

    def _list(self, talk: Talk, tag: str, argument: str) -> bytes:
        return b'* LIST () "/" INBOX\r\n{tag} OK done\r\n'

    def _status(self, talk: Talk, tag: str, argument: str) -> bytes:
        highest = max(self.letters, default=0)
        return (
            f"* STATUS INBOX (MESSAGES {len(self.letters)} UIDNEXT {highest + 1}"
            f" UIDVALIDITY {self.uid_validity} UNSEEN 0)\r\n{{tag}} OK done\r\n"
        ).encode()

    def _uid_search(self, talk: Talk, tag: str, argument: str) -> bytes:
        uids = ",".join(map(str, sorted(self.letters)))
        every = f" ALL {uids}" if uids else ""
        return f'* ESEARCH (TAG "{tag}") UID{every}\r\n{{tag}} OK done\r\n'.encode()

    def _uid_fetch(self, talk: Talk, tag: str, argument: str) -> bytes:
        uids, _, items = argument.partition(" ")
        said = b""
        for uid in self.asked(uids):
            said += self.letter(uid, with_body="BODY" in items)
        return said + b"{tag} OK done\r\n"

    def asked(self, uids: str) -> list[int]:
        """Return which of our letters a UID set names."""
        spans = [part.partition(":") for part in uids.split(",")]
        return [
            uid
            for uid in sorted(self.letters)
            if any(int(first) <= uid <= int(last or first) for first, _, last in spans)
        ]

    def letter(self, uid: int, *, with_body: bool = True) -> bytes:
        """Return the FETCH response for one of our letters."""
        raw = self.letters[uid]
        number = sorted(self.letters).index(uid) + 1
        body = b" BODY[] {%d}\r\n%s" % (len(raw), raw) if with_body else b""
        return b"* %d FETCH (UID %d FLAGS () RFC822.SIZE %d%s)\r\n" % (
            number,
            uid,
            len(raw),
            body,
        )

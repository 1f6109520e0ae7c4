"""The SMTP conversation on one socket: commands out, answers in, all of it bounded.

Not smtplib: that waits anew for every byte, so a server that drips holds a worker for
ever; it keeps whatever a chatty server sends; it cannot log in with a password that is
not ASCII; and it sends a letter as one piece, so that nobody knows whether the end of
it had left when the connection broke.
"""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import suppress

from letterbox.smtp.errors import Deferred
from letterbox.smtp.settings import Reply

# Far above every real answer; a longer one is not from a mail server.
LONGEST_ANSWER = 64 * 1024
# What is kept of an answer, to be shown to people.
LONGEST_WORDS = 500
_CHUNK = 64 * 1024
_QUIT_SECONDS = 3.0


class Wire:
    """A connected client; raises `Deferred` when the connection fails.

    `extensions` are those of the last EHLO: keyword in upper case → its parameters.
    """

    def __init__(self, connection: socket.socket, *, timeout_seconds: float) -> None:
        self.extensions: dict[str, str] = {}
        self._connection = connection
        self._timeout_seconds = timeout_seconds
        self._unread = bytearray()
        # Whether the server waits for a command, so that QUIT would be understood.
        self._is_our_turn = False

    def ask(self, command: str) -> Reply:
        """Send one command and read its answer."""
        if "\r" in command or "\n" in command:
            raise ValueError("A command is one line.")
        self.send(f"{command}\r\n".encode())
        return self.answer()

    def hello(self, name: str) -> Reply:
        """Say EHLO, or HELO to a server that knows no extensions."""
        name = name or self._own_literal()
        self.send(f"EHLO {name}\r\n".encode("ascii", "replace"))
        reply, lines = self._read(self._timeout_seconds)
        self.extensions = {}
        if reply.is_no_for_good:
            return self.ask(f"HELO {name}")
        for line in lines[1:]:
            keyword, _, parameters = line.replace("=", " ").partition(" ")
            known = self.extensions.get(keyword.upper(), "")
            self.extensions[keyword.upper()] = f"{known} {parameters}".strip()
        return reply

    def answer(self, timeout_seconds: float | None = None) -> Reply:
        """Read one answer, all lines of it, within the time given."""
        return self._read(timeout_seconds or self._timeout_seconds)[0]

    def encrypt(self, context: ssl.SSLContext, host: str) -> None:
        """Go on under TLS and forget what came before it (RFC 3207, section 4.2).

        Raises ssl.SSLError and OSError: what they mean depends on the settings.
        """
        self._connection.settimeout(self._timeout_seconds)
        self._connection = context.wrap_socket(self._connection, server_hostname=host)
        self._unread.clear()
        self.extensions = {}

    def send(self, content: bytes) -> None:
        """Send everything; each piece may take as long as an answer."""
        self._is_our_turn = False
        try:
            self._connection.settimeout(self._timeout_seconds)
            for start in range(0, len(content), _CHUNK):
                self._connection.sendall(content[start : start + _CHUNK])
        except OSError as error:
            raise Deferred(f"The mail server hung up: {reason(error)}.") from error

    def hang_up(self) -> None:
        """Take leave if the server listens, and close; never raises.

        RFC 5321, section 4.1.1.10, wants the answer to QUIT awaited, but by now the
        result is known, so not for long.
        """
        if self._is_our_turn:
            with suppress(Deferred):
                self.send(b"QUIT\r\n")
                self.answer(_QUIT_SECONDS)
        self._connection.close()

    def _read(self, timeout_seconds: float) -> tuple[Reply, list[str]]:
        deadline = time.monotonic() + timeout_seconds
        lines: list[str] = []
        size = 0
        while True:
            raw = self._line(deadline, LONGEST_ANSWER - size)
            size += len(raw)
            text = raw.decode("utf-8", "replace").rstrip("\r\n")
            code, mark = text[:3], text[3:4]
            if not (code.isascii() and code.isdigit() and mark in {"", " ", "-"}):
                return Reply(-1, _readable([*lines, text])), []
            lines.append(text[4:])
            if mark != "-":
                # 3xx: the server wants more of the same.
                self._is_our_turn = not code.startswith("3")
                return Reply(int(code), _readable(lines)), lines

    def _line(self, deadline: float, most: int) -> bytes:
        searched = 0
        while (end := self._unread.find(b"\n", searched)) < 0:
            searched = len(self._unread)
            if searched > most:
                raise Deferred(
                    "The mail server answers without end; it may not be a mail server."
                )
            self._receive(deadline)
        line = bytes(self._unread[: end + 1])
        del self._unread[: end + 1]
        if len(line) > most:
            raise Deferred("The mail server answers without end.")
        return line

    def _receive(self, deadline: float) -> None:
        try:
            # Never 0, which would mean not to wait at all.
            self._connection.settimeout(max(deadline - time.monotonic(), 0.001))
            received = self._connection.recv(4096)
        except TimeoutError as error:
            raise Deferred("The mail server did not answer in time.") from error
        except OSError as error:
            raise Deferred(f"The mail server hung up: {reason(error)}.") from error
        if not received:
            raise Deferred("The mail server hung up.")
        self._unread += received

    def _own_literal(self) -> str:
        """Name us by our address, as RFC 5321, section 4.1.3, allows clients to."""
        address = str(self._connection.getsockname()[0])
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def reason(error: OSError) -> str:
    """What the operating system says of an error, without its number."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return error.strerror or str(error) or type(error).__name__


def _readable(lines: list[str]) -> str:
    words = " ".join(line.strip() for line in lines)
    return "".join(c for c in words if c.isprintable())[:LONGEST_WORDS]

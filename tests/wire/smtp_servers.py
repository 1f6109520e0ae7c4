"""Mail servers to talk to: a proper one, and one that behaves as badly as told.

Both listen on 127.0.0.1 at a free port, in a thread of this process.
"""

from __future__ import annotations

import base64
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

# As an answer: close the connection; say nothing and wait for the client to leave.
HANG_UP = "hang up"
SILENCE = "silence"
# Say one byte every tenth of a second, and never the last.
DRIP = "drip"


@dataclass
class Received:
    """What a proper server took."""

    sender: str | None
    recipients: list[str]
    raw: bytes
    options: list[str]


@dataclass
class Inbox:
    """Handler of the proper server: takes every letter and keeps it."""

    received: list[Received] = field(default_factory=list)
    is_good_token: Callable[[str], object] | None = None

    async def handle_EHLO(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        if self.is_good_token is not None:
            responses.insert(-1, "250-AUTH XOAUTH2")
        return responses

    async def auth_XOAUTH2(  # noqa: N802
        self, server: SMTP, args: list[str]
    ) -> AuthResult:
        said = base64.b64decode(args[1]).decode()
        token = said.partition("auth=Bearer ")[2].partition("\x01")[0]
        if self.is_good_token is not None and self.is_good_token(token):
            return AuthResult(success=True, auth_data=said)
        # The reason comes as a challenge; what the client says to it is of no matter.
        await server.challenge_auth(b'{"status":"401"}')
        return AuthResult(success=False, handled=False)

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.original_content
        assert content is not None
        self.received.append(
            Received(
                envelope.mail_from,
                list(envelope.rcpt_tos),
                content,
                list(envelope.mail_options),
            )
        )
        return "250 kept as number 1"


@dataclass(frozen=True)
class ProperServer:
    port: int
    inbox: Inbox


@contextmanager
def proper_server(
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    password: str | None = None,
    size_limit: int = 1_000_000,
    is_utf8: bool = False,
    is_good_token: Callable[[str], object] | None = None,
) -> Iterator[ProperServer]:
    """`is_good_token` says of an access token whether XOAUTH2 is to let it in."""
    inbox = Inbox(is_good_token=is_good_token)

    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        assert password is not None
        is_right = data.password == password.encode()
        return AuthResult(success=is_right, handled=False)

    controller = Controller(
        inbox,
        hostname="127.0.0.1",
        port=free_port(),
        server_hostname="proper.example",
        ssl_context=tls,
        tls_context=starttls,
        require_starttls=starttls is not None,
        authenticator=authenticate if password else None,
        auth_required=password is not None,
        auth_require_tls=starttls is not None,
        data_size_limit=size_limit,
        enable_SMTPUTF8=is_utf8,
        ready_timeout=20,
    )
    controller.start()
    try:
        yield ProperServer(controller.port, inbox)
    finally:
        controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class OddServer:
    """Answers by a list: the verb of the command, `greeting` or `end` → the answer.

    `body` → HANG_UP leaves as soon as the body comes. DRIP answers byte by byte.

    `heard` are the commands and, as one entry, the body with its dots.
    """

    POLITE: Mapping[str, str] = {
        "greeting": "220 odd.example",
        "EHLO": "250-odd.example\r\n250-8BITMIME\r\n250 SIZE 1000000",
        "HELO": "250 odd.example",
        "MAIL": "250 ok",
        "RCPT": "250 ok",
        "DATA": "354 go on",
        "end": "250 taken",
        "QUIT": "221 bye",
    }

    def __init__(self, answers: Mapping[str, str | bytes]) -> None:
        self.heard: list[str] = []
        self._answers: dict[str, str | bytes] = {**self.POLITE, **answers}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> OddServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=10)
        assert not self._thread.is_alive()

    def verbs(self) -> list[str]:
        return [line.split(" ")[0] for line in self.heard]

    def _serve(self) -> None:
        with suppress(OSError):
            connection, _ = self._listener.accept()
            with connection, connection.makefile("rb") as lines:
                if self._say(connection, "greeting"):
                    self._converse(connection, lines)

    def _converse(self, connection: socket.socket, lines: Iterator[bytes]) -> None:
        for line in lines:
            command = line.decode("utf-8", "replace").strip()
            self.heard.append(command)
            # `RCPT TO:<bob@…>` may be answered apart from other recipients.
            key = command if command in self._answers else command.split(" ")[0]
            if not self._say(connection, key):
                return
            if key == "DATA" and str(self._answers["DATA"]).startswith("354"):
                if self._answers.get("body") == HANG_UP:
                    return
                body = []
                for body_line in lines:
                    if body_line == b".\r\n":
                        break
                    body.append(body_line)
                self.heard.append(b"".join(body).decode())
                if not self._say(connection, "end"):
                    return

    def _say(self, connection: socket.socket, key: str) -> bool:
        answer = self._answers.get(key, "502 what?")
        if answer == HANG_UP:
            return False
        if answer == DRIP:
            with suppress(OSError):
                while True:
                    connection.sendall(b"2")
                    time.sleep(0.1)
            return False
        if answer != SILENCE:
            content = answer if isinstance(answer, bytes) else answer.encode()
            connection.sendall(content + b"\r\n")
        return True

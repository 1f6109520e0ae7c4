"""One HTTP request to somebody else's server, bounded in time and in bytes.

For sign-in providers, autoconfig and webhooks. Asks over TLS, but for this machine
itself and where a person chose a plain address. Keeps nothing between two requests:
no cookies, no connections. Never logs an address or a body: both may hold secrets.

    HttpError
    ├── Forbidden      an address that we do not ask
    └── Unreachable    no complete answer in time; asking again later may help
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urljoin, urlsplit

MOST_BYTES = 256 * 1024
PATIENCE_SECONDS = 10.0
AGENT = "Letterbox"
HERE = frozenset({"127.0.0.1", "localhost", "::1"})


class HttpError(Exception):
    """A request that brought no answer; the sentence is for people."""


class Forbidden(HttpError):
    """The address is not one that we ask."""


class Unreachable(HttpError):
    """No complete answer came in time."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask. With `body` it is a POST, without a GET.

    `redirects` is how many of them are followed; a POST follows none. `may_be_plain`
    allows http to other machines than this one.
    """

    url: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    redirects: int = 0
    may_be_plain: bool = False
    timeout_seconds: float = PATIENCE_SECONDS
    most_bytes: int = MOST_BYTES


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: any status, at most `most_bytes` of body."""

    status: int
    body: bytes = field(repr=False)

    @property
    def is_good(self) -> bool:
        """Done as asked (2xx)."""
        return 200 <= self.status <= 299


def send(request: Request, *, trust: ssl.SSLContext | None = None) -> Answer:
    """Ask, and read the whole answer; raises Forbidden or Unreachable."""
    url = request.url
    for _ in range(request.redirects + 1):
        parts = _checked(url, may_be_plain=request.may_be_plain)
        answer, location = _send_once(request, parts, trust)
        is_followed = request.redirects > 0 and request.body is None
        if not (is_followed and location and answer.status in _MOVED):
            return answer
        url = urljoin(url, location)
        if urlsplit(url).scheme != "https":
            # Else a stranger could lead us to the plain services of this machine.
            raise Forbidden("The server leads to an address without encryption.")
    raise Unreachable("The server leads from one address to the next without end.")


_MOVED = frozenset({301, 302, 303, 307, 308})


def _checked(url: str, *, may_be_plain: bool) -> SplitResult:
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or 0 < parts.port < 65536
    except ValueError as error:
        raise Forbidden("That is not an address of the web.") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or not has_port:
        raise Forbidden("That is not an address of the web.")
    if not url.isascii() or any(ord(letter) <= 32 for letter in url):
        raise Forbidden("The address holds a letter that no address can have.")
    if parts.scheme == "http" and not may_be_plain and parts.hostname not in HERE:
        raise Forbidden("The address must begin with https://.")
    return parts


def _send_once(
    request: Request, parts: SplitResult, trust: ssl.SSLContext | None
) -> tuple[Answer, str]:
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = http.client.HTTPConnection(host, port)
    # A timeout of a socket is for each read; this one is for all of them.
    watch = _Watch(request.timeout_seconds)
    try:
        watch.socket = socket.create_connection((host, port), request.timeout_seconds)
        watch.start()
        if parts.scheme == "https":
            watch.socket = encrypted = (
                trust or ssl.create_default_context()
            ).wrap_socket(
                watch.socket, server_hostname=host, do_handshake_on_connect=False
            )
            encrypted.do_handshake()
        connection.sock = watch.socket
        answer, location = _exchange(connection, request, parts)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"{host} cannot be reached: {_reason(error)}.") from error
    finally:
        watch.cancel()
        connection.close()
        if watch.socket is not None:
            watch.socket.close()
    if watch.has_cut:
        # A read that was cut off looks like the end of a body of unknown length.
        raise Unreachable(f"{host} did not answer completely in time.")
    return answer, location


def _exchange(
    connection: http.client.HTTPConnection, request: Request, parts: SplitResult
) -> tuple[Answer, str]:
    connection.request(
        "GET" if request.body is None else "POST",
        f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}",
        body=request.body,
        headers={
            "Host": parts.netloc.rpartition("@")[2],
            "User-Agent": AGENT,
            "Connection": "close",
            **request.headers,
        },
    )
    response = connection.getresponse()
    body = response.read(request.most_bytes + 1)
    if len(body) > request.most_bytes:
        raise Unreachable(f"{parts.hostname} answered with more than we read.")
    if response.length:
        raise Unreachable(f"{parts.hostname} hung up in the middle of its answer.")
    return Answer(response.status, body), response.headers.get("Location", "")


class _Watch(threading.Timer):
    """Cuts the line when the time is up, whatever is being read from it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds, self._cut)
        self.daemon = True
        self.socket: socket.socket | None = None
        self.has_cut = False

    def _cut(self) -> None:
        self.has_cut = True
        if self.socket is not None:
            with suppress(OSError):
                # Not the shutdown of TLS, which another thread is just using.
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not in order ({error.verify_message})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "it did not answer as a web server does"

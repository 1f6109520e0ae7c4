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
        if not location or request.body is not None or answer.status not in _MOVED:
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
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            host,
            parts.port,
            timeout=request.timeout_seconds,
            context=trust or ssl.create_default_context(),
        )
    else:
        connection = http.client.HTTPConnection(
            host, parts.port, timeout=request.timeout_seconds
        )
    # A timeout of a socket is for each read; this one is for all of them.
    watch = threading.Timer(request.timeout_seconds, _cut, (connection,))
    watch.daemon = True
    try:
        watch.start()
        connection.request(
            "GET" if request.body is None else "POST",
            f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}",
            body=request.body,
            headers={"User-Agent": AGENT, "Connection": "close", **request.headers},
        )
        response = connection.getresponse()
        body = response.read(request.most_bytes + 1)
        # A read that was cut off looks like the end of a body of unknown length.
        if watch.finished.is_set():
            raise Unreachable(f"{host} did not answer completely in time.")
        if len(body) > request.most_bytes:
            raise Unreachable(f"{host} answered with more than we read.")
        return Answer(response.status, body), response.headers.get("Location", "")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"{host} cannot be reached: {_reason(error)}.") from error
    finally:
        watch.cancel()
        connection.close()


def _cut(connection: http.client.HTTPConnection) -> None:
    if connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not in order ({error.verify_message})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "it did not answer as a web server does"

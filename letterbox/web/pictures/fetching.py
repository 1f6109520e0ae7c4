"""Fetch one picture from a server that a letter named, and trust neither of them.

The name is resolved once, every address it has must be public, and the connection goes
to an address that was checked, so that a second look-up cannot lead elsewhere. No
cookie, no referrer and nothing about the reader goes out. Nothing is kept here.

    PictureProblem
    ├── Forbidden      we will not ask for this: its address, port or scheme
    ├── Unreachable    the server did not answer in time, or not properly
    └── NotAPicture    what came is no picture that we show, or too large
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from letterbox.web.pictures import addresses

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LARGEST_BYTES = 8_000_000
SECONDS = 12.0
MOST_REDIRECTS = 3
PORTS = frozenset({80, 443})
# Each picture being fetched holds a thread and a database connection.
MOST_AT_ONCE = 8
LONGEST_ADDRESS = 4_000

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SAFE_IN_ADDRESS = "/%:=&?~#+!$,;'@()*[]|"
_NAME_LOOKUPS = ThreadPoolExecutor(MOST_AT_ONCE, "picture-names")

# (host, port) → IP addresses.
Resolver = Callable[[str, int], Sequence[str]]


class PictureProblem(Exception):
    """The picture is not shown; the text says why."""


class Forbidden(PictureProblem):
    """We do not ask for it."""


class Unreachable(PictureProblem):
    """Its server did not give it to us."""


class NotAPicture(PictureProblem):
    """Something came that is not shown as a picture."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes of a picture and the type that they begin like."""

    content: bytes
    content_type: str


def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver for every address of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class PictureFetcher:
    """Fetches pictures, a few at once; safe to share between threads."""

    def __init__(
        self,
        *,
        resolver: Resolver = resolve,
        may_ask: Callable[[str], bool] = addresses.is_public,
        ports: Collection[int] = PORTS,
        largest_bytes: int = LARGEST_BYTES,
        seconds: float = SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._resolver = resolver
        self._may_ask = may_ask
        self._ports = ports
        self._largest_bytes = largest_bytes
        self._seconds = seconds
        self._tls = tls or ssl.create_default_context()
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)

    def fetch(self, address: str) -> Picture:
        """The picture at an http or https address; raises PictureProblem."""
        deadline = time.monotonic() + self._seconds
        if not self._places.acquire(timeout=self._seconds):
            raise Unreachable("Too many pictures are being fetched; try again.")
        try:
            return self._follow(address, deadline)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(f"Its server failed: {type(error).__name__}.") from error
        finally:
            self._places.release()

    def _follow(self, address: str, deadline: float) -> Picture:
        for _ in range(MOST_REDIRECTS + 1):
            target = self._checked(address)
            with self._connection(target, deadline) as connection:
                connection.request("GET", _path(target), headers=_HEADERS)
                response = connection.getresponse()
                if response.status not in _REDIRECTS:
                    return self._read(response)
                address = urljoin(address, response.headers.get("Location", ""))
        raise Unreachable("Its server leads from one address to the next.")

    def _checked(self, address: str) -> SplitResult:
        if len(address) > LONGEST_ADDRESS:
            raise Forbidden("Its address is too long.")
        try:
            target = urlsplit(address)
            port = target.port
        except ValueError as error:
            raise Forbidden("Its address cannot be read.") from error
        if target.scheme not in ("http", "https") or not target.hostname:
            raise Forbidden("Only http and https addresses are asked.")
        if target.username is not None or target.password is not None:
            raise Forbidden("Its address has a password in it.")
        if (port or _default_port(target)) not in self._ports:
            raise Forbidden("Pictures come from the ordinary ports of the web.")
        return target

    @contextmanager
    def _connection(
        self, target: SplitResult, deadline: float
    ) -> Iterator[http.client.HTTPConnection]:
        """A connection to an address that was checked, for one request."""
        host = _host(target)
        port = target.port or _default_port(target)
        opened = self._connect(host, port, deadline)
        try:
            if target.scheme == "https":
                opened.settimeout(_left(deadline))
                opened = self._tls.wrap_socket(opened, server_hostname=host)
            connection = http.client.HTTPConnection(host, port)
            connection.default_port = _default_port(target)
            # It speaks over what was opened here, and opens nothing by itself.
            connection.auto_open = 0
            connection.sock = _Bounded(opened, deadline)
            yield connection
        finally:
            opened.close()

    def _connect(self, host: str, port: int, deadline: float) -> socket.socket:
        try:
            lookup = _NAME_LOOKUPS.submit(self._resolver, host, port)
            found = lookup.result(timeout=_left(deadline))
        except FutureTimeout as error:
            raise Unreachable("Its name could not be looked up in time.") from error
        # One private address among public ones is an attempt to get in.
        if not found or not all(map(self._may_ask, found)):
            raise Forbidden("Its name leads into a network that is not public.")
        problem: OSError | None = None
        for each in found:
            try:
                return socket.create_connection((each, port), timeout=_left(deadline))
            except OSError as error:
                problem = error
        raise problem or Unreachable("It has no address.")

    def _read(self, response: http.client.HTTPResponse) -> Picture:
        if response.status != http.HTTPStatus.OK:
            raise Unreachable(f"Its server answered {response.status}.")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise NotAPicture("It was packed, though we asked for it plain.")
        declared = response.headers.get_content_type()
        if not declared.startswith("image/") and declared not in _UNSAID:
            raise NotAPicture(f"It is {declared}, not a picture.")
        content = response.read(self._largest_bytes + 1)
        if len(content) > self._largest_bytes:
            raise NotAPicture("It is too large.")
        content_type = picture_type(content)
        if not content_type:
            raise NotAPicture("It does not begin like a picture that we show.")
        return Picture(content, content_type)


def picture_type(content: bytes) -> str:
    """The type of a picture by its first bytes; empty for others, SVG among them."""
    for start, content_type in _STARTS:
        if content.startswith(start):
            return content_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    return ""


_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
)
# Careless servers call a picture this; its first bytes decide.
_UNSAID = frozenset({"application/octet-stream", "binary/octet-stream", "text/plain"})
_HEADERS = {
    "Accept": "image/avif,image/webp,image/png,image/jpeg,image/gif,image/*;q=0.5",
    "Accept-Encoding": "identity",
    "User-Agent": "Mozilla/5.0 (compatible; Letterbox picture proxy)",
    "Connection": "close",
}


def _default_port(target: SplitResult) -> int:
    return 443 if target.scheme == "https" else 80


def _host(target: SplitResult) -> str:
    host = target.hostname or ""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise Forbidden("Its server has a name that cannot be looked up.") from error


def _path(target: SplitResult) -> str:
    path = quote(target.path or "/", safe=_SAFE_IN_ADDRESS)
    query = quote(target.query, safe=_SAFE_IN_ADDRESS)
    return f"{path}?{query}" if query else path


def _left(deadline: float) -> float:
    """The seconds that are left; raises TimeoutError when there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Bounded:
    """A socket whose every call ends by one deadline, however slowly bytes drip."""

    def __init__(self, opened: socket.socket, deadline: float) -> None:
        self._socket = opened
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        """Send everything in the time that is left."""
        self._socket.settimeout(_left(self._deadline))
        self._socket.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        """What the answer is read from."""
        return io.BufferedReader(_BoundedReader(self._socket, self._deadline))

    def close(self) -> None:
        """Say that no more is sent; the answer may still have to be read."""


class _BoundedReader(io.RawIOBase):
    def __init__(self, opened: socket.socket, deadline: float) -> None:
        self._socket = opened
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._socket.settimeout(_left(self._deadline))
        return self._socket.recv_into(buffer)

"""Pictures fetched from real servers on this machine."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

import pytest
from django.test import Client, RequestFactory

from letterbox import access
from letterbox.models import User
from letterbox.web.doors import UserRequest
from letterbox.web.pictures.fetching import (
    Forbidden,
    NotAPicture,
    PictureFetcher,
    Unreachable,
)
from letterbox.web.views import pictures
from tests.conftest import Arrive
from tests.mail import mail

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
PUBLIC = "93.184.216.34"


class Server:
    """An HTTP server on loopback; `paths` is path → (status, headers, content)."""

    def __init__(self) -> None:
        self.paths: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, dict(self.headers)))
                status, headers, content = outer.paths.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments: object) -> None:
                """Keep the tests quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def picture(self, path: str, content: bytes = PNG, **headers: str) -> None:
        self.paths[path] = (200, {"Content-Type": "image/png", **headers}, content)

    def leads(self, path: str, to: str) -> None:
        self.paths[path] = (302, {"Location": to}, b"")

    def address(self, path: str, host: str = "pictures.example") -> str:
        return f"http://{host}:{self.port}{path}"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


def names(host: str, port: int) -> list[str]:
    """A resolver by which pictures.example is this machine, and a few names lie."""
    known = {
        "pictures.example": ["127.0.0.1"],
        "inside.example": ["10.0.0.7"],
        "both.example": ["127.0.0.1", "192.168.1.1"],
    }
    return known.get(host, [host])


def make_fetcher(server: Server, **limits: float) -> PictureFetcher:
    """It may ask this machine, and nothing else that is private."""
    return PictureFetcher(
        resolver=names,
        may_ask=lambda address: address == "127.0.0.1",
        ports={server.port},
        largest_bytes=int(limits.get("largest_bytes", 100_000)),
        seconds=limits.get("seconds", 5),
    )


def test_a_picture_is_fetched_and_tells_nothing_about_its_reader(
    server: Server,
) -> None:
    server.picture("/a%20b.png?x=1")

    picture = make_fetcher(server).fetch(server.address("/a b.png?x=1"))

    assert picture.content == PNG
    assert picture.content_type == "image/png"
    [(_path, headers)] = server.asked
    assert headers["Host"] == f"pictures.example:{server.port}"
    assert not {"Cookie", "Referer", "Authorization", "X-Forwarded-For"} & set(headers)


def test_redirects_are_followed_three_times_and_no_more(server: Server) -> None:
    server.picture("/0")
    for number in range(1, 5):
        server.leads(f"/{number}", f"/{number - 1}")
    fetcher = make_fetcher(server)

    assert fetcher.fetch(server.address("/3")).content == PNG
    with pytest.raises(Unreachable):
        fetcher.fetch(server.address("/4"))


@pytest.mark.parametrize(
    "to",
    [
        "http://inside.example:{port}/x",
        "http://[::ffff:127.0.0.1]:{port}/x",
        "http://localhost:22/",
        "file:///etc/passwd",
        "ftp://pictures.example/x",
        "//inside.example:{port}/x",
    ],
)
def test_a_redirect_cannot_lead_inside(server: Server, to: str) -> None:
    server.leads("/x", to.format(port=server.port))

    with pytest.raises(Forbidden):
        make_fetcher(server).fetch(server.address("/x"))
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "address",
    [
        "http://inside.example:{port}/x",
        "http://both.example:{port}/x",
        "http://10.0.0.1:{port}/x",
        "http://[::1]:{port}/x",
        "http://user:secret@pictures.example:{port}/x",
        "http://pictures.example:1/x",
        "http://pictures.example:99999/x",
        "gopher://pictures.example/x",
        "http:///x",
        "",
    ],
)
def test_what_is_not_public_is_never_asked(server: Server, address: str) -> None:
    server.picture("/x")

    with pytest.raises(Forbidden):
        make_fetcher(server).fetch(address.format(port=server.port))
    assert server.asked == []


def test_by_itself_it_asks_no_machine_of_ours(server: Server) -> None:
    server.picture("/x")
    fetcher = PictureFetcher(ports={server.port})

    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]"):
        with pytest.raises((Forbidden, Unreachable)):
            fetcher.fetch(server.address("/x", host))
    assert server.asked == []


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("text/html", PNG),
        ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("image/png", b"<script>alert(1)</script>"),
        ("image/png", PNG + bytes(100_000)),
        ("image/png", b""),
    ],
)
def test_what_is_no_picture_is_not_handed_on(
    server: Server, content_type: str, content: bytes
) -> None:
    server.paths["/x"] = (200, {"Content-Type": content_type}, content)

    with pytest.raises(NotAPicture):
        make_fetcher(server).fetch(server.address("/x"))


def test_a_packed_answer_is_refused(server: Server) -> None:
    server.paths["/x"] = (200, {"Content-Encoding": "gzip"}, PNG)

    with pytest.raises(NotAPicture):
        make_fetcher(server).fetch(server.address("/x"))


def test_a_server_that_drips_is_left_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def drip() -> None:
            client, _ = listener.accept()
            with client:
                try:
                    for byte in b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nX: ":
                        client.sendall(bytes([byte]))
                        time.sleep(0.05)
                except OSError:
                    pass

        thread = threading.Thread(target=drip)
        thread.start()
        fetcher = PictureFetcher(
            resolver=names, may_ask=lambda _: True, ports={port}, seconds=0.5
        )
        began = time.monotonic()

        with pytest.raises(Unreachable):
            fetcher.fetch(f"http://pictures.example:{port}/x")

        assert time.monotonic() - began < 2
        thread.join()


def test_a_name_that_is_not_found_in_time_is_left() -> None:
    def slow(host: str, port: int) -> list[str]:
        time.sleep(0.6)
        return [PUBLIC]

    with pytest.raises(Unreachable):
        PictureFetcher(resolver=slow, seconds=0.1).fetch("http://pictures.example/x")


def test_a_reader_who_asks_for_pictures_gets_them_through_us(
    arrive: Arrive, rita: User, max_: User, server: Server
) -> None:
    server.picture("/logo.png")
    message = arrive(mail(html=f'<p>Hello <img src="{server.address("/logo.png")}">'))
    other = arrive(mail(html="<p>Good day"))
    client = Client()
    client.force_login(rita)
    view = pictures.through(lambda: make_fetcher(server))

    page = client.get(f"/messages/{message.pk}/body?images=1").content.decode()

    assert "pictures.example" not in page
    link = page.partition('src="')[2].partition('"')[0].replace("&amp;", "&")
    assert link.startswith(f"/messages/{message.pk}/picture?")
    request = RequestFactory().get(link)
    request.user = rita
    answer = view(cast("UserRequest", request), message.pk)
    assert answer.status_code == 200
    assert answer.content == PNG
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Cache-Control"].startswith("private")
    # The link is good for this letter and this reader alone.
    for reader, number in ((max_, message.pk), (rita, other.pk)):
        request.user = reader
        with pytest.raises(access.NotFound):
            view(cast("UserRequest", request), number)


def test_an_address_that_was_not_signed_is_not_fetched(
    arrive: Arrive, rita: User, server: Server
) -> None:
    message = arrive(mail())
    client = Client()
    client.force_login(rita)

    for query in ("", f"?of={server.address('/x')}", "?of=a:b:c"):
        assert client.get(f"/messages/{message.pk}/picture{query}").status_code == 404
    assert server.asked == []

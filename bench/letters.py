"""Letters by the thousand for benches: made up, of every form, the same each time.

A seed decides every byte. The words are syllables, so nobody's mail is in here; forms,
sizes, charsets, threads and headers follow what a shared mailbox gets. Writes no files.
"""

from __future__ import annotations

import binascii
import functools
import math
import quopri
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.utils import format_datetime

from bench.words import LANGUAGES, Language

KEPT_FOR_REPLIES = 300
LARGEST_TEXT = 30_000
ENCODINGS = ("quoted-printable", "base64", "8bit")

# 54 bytes make 72 letters of base64 and a line end.
NOISE_LINE = 74
NOISE_LINES = 60_000


@dataclass(frozen=True, slots=True)
class Profile:
    """How large letters are: log-normal, given by median and spread, in bytes."""

    name: str
    median: int
    spread: float
    largest: int


BIG = Profile("big", median=13_000, spread=1.66, largest=12_000_000)
"""Mean 50 KB: most are small, a few are several MB."""

SMALL = Profile("small", median=2_900, spread=0.55, largest=60_000)
"""Mean 4 KB: text, and hardly an attachment."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """What a later letter needs to know to answer this one."""

    message_id: str
    references: tuple[str, ...]
    subject: str
    quote: str
    language: Language


def letters(
    count: int,
    *,
    profile: Profile = BIG,
    seed: int = 1,
    recipient: str = "support@acme.example",
) -> Iterator[bytes]:
    """Yield so many letters as they arrive by SMTP, oldest first, lines ending CRLF."""
    writer = _Writer(profile, seed, recipient)
    for number in range(count):
        yield writer.write(number)


class _Writer:
    def __init__(self, profile: Profile, seed: int, recipient: str) -> None:
        # A text as seed is hashed the same on every machine and in every process.
        self._random = random.Random(f"{profile.name} {seed}")  # noqa: S311
        self._profile = profile
        self._seed = seed
        self._recipient = recipient
        self._sent: deque[_Sent] = deque(maxlen=KEPT_FOR_REPLIES)
        self._moment = datetime(2024, 1, 8, 8, 0, tzinfo=UTC)

    def write(self, number: int) -> bytes:
        """The next letter."""
        chance = self._random
        self._moment += timedelta(seconds=int(chance.expovariate(1 / 240)) + 1)
        size = int(
            chance.lognormvariate(math.log(self._profile.median), self._profile.spread)
        )
        size = min(max(size, 900), self._profile.largest)
        parent = (
            chance.choice(self._sent) if self._sent and chance.random() < 0.5 else None
        )
        language = parent.language if parent else chance.choice(LANGUAGES)
        headers, sent = self._headers(number, parent, language)
        self._sent.append(sent)
        body = self._body(language, size - sum(map(len, headers)), parent)
        return b"\r\n".join([*headers, body])

    def _headers(
        self, number: int, parent: _Sent | None, language: Language
    ) -> tuple[list[bytes], _Sent]:
        chance = self._random
        person = chance.randrange(2000)
        host = f"mail{person % 90}.example"
        name = language.name(person)
        message_id = f"{chance.getrandbits(96):024x}.{number}.{self._seed}@{host}"
        subject = parent.subject if parent else language.sentence(chance)[:70].strip()
        shown = f"Re: {subject}" if parent else subject
        date = format_datetime(self._moment)
        key = chance.randbytes(128)
        signature = [line.decode() for line in _base64_lines(key)]
        lines = [
            f"Return-Path: <person{person}@{host}>",
            *(
                f"Received: from relay{hop}.{host} (relay{hop}.{host} [192.0.2.{hop}])\r\n"
                f"\tby mx{hop}.acme.example (Postfix) with ESMTPS id"
                f" {chance.getrandbits(44):011X}\r\n\tfor <{self._recipient}>; {date}"
                for hop in range(1, chance.randint(3, 5))
            ),
            f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={host};\r\n"
            "\ts=key1; h=from:to:subject:date:message-id;\r\n\tb="
            + "\r\n\t ".join(signature),
            f"From: {_encoded(name)} <person{person}@{host}>",
            f"To: {self._recipient}",
            f"Subject: {_encoded(shown)}",
            f"Date: {date}",
            f"Message-ID: <{message_id}>",
            "MIME-Version: 1.0",
        ]
        references: tuple[str, ...] = ()
        if parent:
            references = (*parent.references[-19:], parent.message_id)
            chain = "\r\n\t".join(f"<{each}>" for each in references)
            lines += [f"In-Reply-To: <{parent.message_id}>", f"References: {chain}"]
        kind = chance.random()
        if kind < 0.05:
            lines += [
                f"List-Id: <news.{host}>",
                f"List-Unsubscribe: <https://{host}/leave/{person}>",
                "Precedence: bulk",
            ]
        elif kind < 0.08:
            lines += ["Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All"]
        if chance.random() < 0.3:
            lines.append(f"Cc: colleague{person % 50}@{host}, second@{host}")
        sent = _Sent(
            message_id, references, subject, language.sentence(chance), language
        )
        return [line.encode() for line in lines], sent

    def _body(self, language: Language, size: int, parent: _Sent | None) -> bytes:
        """The content headers, an empty line and the content, of about this size."""
        chance = self._random
        charset = chance.choice(language.charsets)
        encoding = "7bit" if charset == "iso-2022-jp" else chance.choice(ENCODINGS)
        is_alone = chance.random() < (0.5 if size < LARGEST_TEXT else 0.1)
        share = 1.0 if size < 6_000 else chance.uniform(0.2, 0.6)
        per_letter = language.bytes_each * (1.0 if is_alone else 2.2)
        wanted = min(size * share, LARGEST_TEXT) / per_letter
        text = self._text(language, int(wanted), parent)
        body = _text_part("plain", text, charset, encoding)
        if not is_alone:
            page = _page(text, chance.randrange(10_000))
            parts = [body, _text_part("html", page, charset, encoding)]
            body = self._multipart("alternative", parts)
        room = size - len(body)
        if not is_alone and room > 4_000 and chance.random() < 0.4:
            picture = self._file("logo.png", min(room // 2, 60_000))
            body = self._multipart("related", [body, picture])
            room = size - len(body)
        if room > 2_000:
            count = chance.choice((1, 1, 1, 2, 3))
            files = [
                self._file(chance.choice(FILES), room // count) for _ in range(count)
            ]
            body = self._multipart("mixed", [body, *files])
        return body

    def _text(self, language: Language, wanted: int, parent: _Sent | None) -> str:
        chance = self._random
        signature = f"-- \r\n{language.name(chance.randrange(2000))}\r\n"
        paragraphs = [f"{signature}Order {chance.randrange(10**6)}"]
        if parent:
            quote = f"> {parent.quote}\r\n> {language.sentence(chance)}"
            paragraphs.insert(0, quote)
        length = sum(map(len, paragraphs))
        written: list[str] = []
        while not written or length < wanted:
            count = 1 if wanted - length < 400 else 4
            paragraph = " ".join(language.sentence(chance) for _ in range(count))
            written.append(_wrapped(paragraph))
            length += len(paragraph)
        return "\r\n\r\n".join(written + paragraphs)

    def _multipart(self, kind: str, parts: list[bytes]) -> bytes:
        boundary = b"=_%032x" % self._random.getrandbits(128)
        head = b'Content-Type: multipart/%s;\r\n\tboundary="%s"\r\n' % (
            kind.encode(),
            boundary,
        )
        pieces = b"".join(b"\r\n--%s\r\n%s" % (boundary, part) for part in parts)
        return b"%s%s\r\n--%s--\r\n" % (head, pieces, boundary)

    def _file(self, name: str, encoded_size: int) -> bytes:
        """An attachment of random bytes, which like real ones do not pack."""
        is_inline = name.endswith(".png")
        head = (
            f'Content-Type: {TYPES[name.rpartition(".")[2]]}; name="{name}"\r\n'
            "Content-Transfer-Encoding: base64\r\n"
            f"Content-Disposition: {'inline' if is_inline else 'attachment'};"
            f' filename="{name}"\r\n'
            + ("Content-ID: <logo@acme.example>\r\n" if is_inline else "")
        )
        return head.encode() + b"\r\n" + self._noise(encoded_size)

    def _noise(self, size: int) -> bytes:
        """Random bytes in base64, cut from a long stock where that is long enough."""
        count = size // NOISE_LINE + 1
        if count > NOISE_LINES:
            content = self._random.randbytes(count * 54)
            return b"\r\n".join(_base64_lines(content))
        start = self._random.randrange(NOISE_LINES - count + 1) * NOISE_LINE
        return _stock_of_noise()[start : start + count * NOISE_LINE - 2]


TYPES = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "png": "image/png",
    "zip": "application/zip",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
FILES = ("invoice.pdf", "photo.jpg", "offer.docx", "all.zip", "delivery note.pdf")


def _text_part(kind: str, text: str, charset: str, encoding: str) -> bytes:
    content = text.encode(charset, errors="replace")
    if encoding == "base64":
        content = b"\r\n".join(_base64_lines(content))
    elif encoding == "quoted-printable":
        # It counts and breaks lines by \n alone.
        lines = quopri.encodestring(content.replace(b"\r\n", b"\n"))
        content = lines.replace(b"\n", b"\r\n")
    head = (
        f'Content-Type: text/{kind}; charset="{charset}"\r\n'
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode() + content


def _page(text: str, number: int) -> str:
    """The same words as a mail program writes them in HTML."""
    paragraphs = "\r\n".join(
        f'<p class="MsoNormal" style="margin:0 0 10px 0"><span style="font-size:11pt">'
        f"{paragraph}</span></p>"
        for paragraph in text.replace("> ", "&gt; ").split("\r\n\r\n")
    )
    return (
        "<!DOCTYPE html>\r\n<html><head><style>p { font-family: Calibri, sans-serif }"
        f"</style></head><body>\r\n{paragraphs}\r\n<table><tr><td>"
        f'<img src="cid:logo@acme.example" alt=""></td><td>'
        f'<a href="https://shop.example/order/{number}">{number}</a></td></tr></table>'
        "\r\n</body></html>\r\n"
    )


def _wrapped(paragraph: str) -> str:
    """Lines of about 70 letters, broken at spaces, fast."""
    lines = []
    start = 0
    while len(paragraph) - start > 76:
        end = paragraph.rfind(" ", start, start + 76)
        if end <= start:
            end = start + 76
        lines.append(paragraph[start:end])
        start = end + (paragraph[end : end + 1] == " ")
    lines.append(paragraph[start:])
    return "\r\n".join(lines)


def _encoded(text: str) -> str:
    """Text for a header: as it is where that is ASCII, else RFC 2047."""
    if text.isascii():
        return text
    return Header(text, "utf-8", maxlinelen=75).encode(linesep="\r\n")


@functools.cache
def _stock_of_noise() -> bytes:
    content = random.Random("noise").randbytes(NOISE_LINES * 54)  # noqa: S311
    return b"\r\n".join(_base64_lines(content)) + b"\r\n"


def _base64_lines(content: bytes) -> Iterator[bytes]:
    encoded = binascii.b2a_base64(content, newline=False)
    return (encoded[start : start + 72] for start in range(0, len(encoded), 72))

"""Attachments, plain and packed into other encodings."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from hypothesis import given
from hypothesis import strategies as st

from letterbox.mime.attachments import name_for_file, read_attachment
from letterbox.mime.letter import Attachment
from letterbox.mime.parse import cms, parse_letter, tnef, uuencode


def uuencoded(name: str, content: bytes) -> bytes:
    lines = [
        binascii.b2a_uu(content[start : start + 45])
        for start in range(0, len(content), 45)
    ]
    return b"begin 644 " + name.encode() + b"\n" + b"".join(lines) + b"`\nend\n"


def number(value: int, size: int = 4) -> bytes:
    return value.to_bytes(size, "little")


def attribute(identity: int, data: bytes, level: int = 2) -> bytes:
    head = number(level, 1) + number(identity) + number(len(data))
    return head + data + number(sum(data) & 0xFFFF, 2)


def text_property(identity: int, text: str) -> bytes:
    data = (text + "\0").encode("utf-16-le")
    padded = data + b"\0" * (-len(data) % 4)
    return (
        number(0x1F, 2) + number(identity, 2) + number(1) + number(len(data)) + padded
    )


def winmail(name: str, content: bytes, body: str = "") -> bytes:
    """A winmail.dat of one file whose long name is in its properties."""
    flag = number(0x0B, 2) + number(0x8100, 2) + b"G" * 16 + number(0) + number(7)
    properties = number(3) + flag + number(1) + text_property(0x3707, name)
    properties += text_property(0x370E, "image/png")
    message = number(1) + text_property(0x1000, body)
    return b"".join(
        [
            *(b"\x78\x9f\x3e\x22", b"\x01\x00"),
            attribute(0x69003, message, level=1),
            attribute(0x69002, b"\0" * 14),
            attribute(0x18010, b"SHORT~1.PNG\0"),
            attribute(0x6800F, content),
            attribute(0x69005, properties),
        ]
    )


def encoded(content_type: str, content: bytes, head: str = "") -> bytes:
    fields = f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: base64\r\n"
    return (fields + head + "\r\n").encode() + base64.encodebytes(content)


@given(st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=3))
def test_uuencoded_files_are_attachments_and_no_text(files: list[bytes]) -> None:
    blocks = [uuencoded(f"{index}.bin", data) for index, data in enumerate(files)]
    raw = b"Subject: Files\n\nHello\n\n" + b"\nand\n".join(blocks) + b"\nBye\n"

    letter = parse_letter(raw)

    assert [one.filename for one in letter.attachments] == [
        f"{index}.bin" for index in range(len(files))
    ]
    assert [read_attachment(raw, one) for one in letter.attachments] == files
    assert [one.size for one in letter.attachments] == [len(data) for data in files]
    assert letter.text.split() == ["Hello", *["and"] * (len(files) - 1), "Bye"]


@pytest.mark.parametrize(
    "text",
    [
        "begin 644 a.txt\nthis is no such line\nend\n",
        "Let us\nbegin 644 words\n\nend\n",
        "begin 644 a.txt\n#0V%T\n",
        "begin with this\nend\n",
    ],
)
def test_what_only_looks_uuencoded_stays_text(text: str) -> None:
    raw = b"Subject: Files\n\n" + text.encode()

    letter = parse_letter(raw)

    assert letter.text == text
    assert letter.attachments == ()


@given(st.binary(max_size=300))
def test_any_bytes_are_searched_for_uuencoded_files(data: bytes) -> None:
    for block in uuencode.find_blocks(b"begin 644 a\n" + data):
        assert block.start < block.end


def test_a_winmail_dat_is_unpacked() -> None:
    raw = encoded(
        "application/ms-tnef; name=winmail.dat", winmail("Foto ü.png", b"PNG")
    )

    letter = parse_letter(raw)

    (attachment,) = letter.attachments
    assert attachment.filename == "Foto ü.png"
    assert attachment.content_type == "image/png"
    assert attachment.size == 3
    assert read_attachment(raw, attachment) == b"PNG"


def test_the_text_in_a_winmail_dat_is_read_where_there_is_no_other() -> None:
    packed = winmail("a.png", b"PNG", body="Grüße\r\n")

    assert parse_letter(encoded("application/ms-tnef", packed)).text == "Grüße\n"


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 400))
def test_any_winmail_dat_is_read(junk: bytes, start: int, end: int) -> None:
    whole = winmail("a.png", b"content", body="text")
    broken = whole[:start] + junk + whole[end:]

    for data in (b"\x78\x9f\x3e\x22" + junk, broken):
        for file in tnef.read_package(data).files:
            assert 0 <= file.start < file.end <= len(data)


def signed(content: bytes) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Anna")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2030, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    return (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(content)
        .add_signer(certificate, key, hashes.SHA256())
        .sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
    )


def test_a_letter_inside_an_opaque_signature_is_read() -> None:
    inner = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n--b\r\n"
    )
    inner += b"Content-Type: image/png; name=a.png\r\n\r\nPNG\r\n--b--\r\n"
    raw = encoded("application/pkcs7-mime; smime-type=signed-data", signed(inner))

    letter = parse_letter(raw)

    assert letter.text == "Hello"
    assert letter.is_signed
    assert not letter.is_encrypted
    (attachment,) = letter.attachments
    assert attachment.filename == "a.png"
    assert read_attachment(raw, attachment) == b"PNG"


def test_signatures_in_signatures_are_read_consistently() -> None:
    raw = b"Content-Type: image/png; name=a.png\r\n\r\nPNG"
    for _ in range(6):
        raw = encoded("application/pkcs7-mime; smime-type=signed-data", signed(raw))

    (attachment,) = parse_letter(raw).attachments

    assert len(read_attachment(raw, attachment)) == attachment.size


@given(st.binary(max_size=300))
def test_any_bytes_are_searched_for_signed_content(data: bytes) -> None:
    assert len(cms.signed_content(data)) <= len(data)
    head = bytes.fromhex("308006092a864886f70d010702a080308002010131003080")
    assert len(cms.signed_content(head + data)) <= len(data)


@pytest.mark.parametrize(
    ("filename", "safe"),
    [
        ("Bill 5.pdf", "Bill 5.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        (r"C:\temp\a.txt", "C__temp_a.txt"),
        (".hidden", "hidden"),
        ("a\u202egnp.exe", "a_gnp.exe"),
        ("", "attachment-2.png"),
        ("...", "attachment-2.png"),
        ("x" * 300 + ".jpeg", "x" * 145 + ".jpeg"),
    ],
)
def test_files_are_saved_under_a_safe_name(filename: str, safe: str) -> None:
    attachment = Attachment(filename, "image/png", 1, 0, 1)

    assert name_for_file(attachment, 2) == safe

"""One leaf of the MIME tree read: its text, its description, the files packed in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from letterbox.mime.letter import Attachment, Part
from letterbox.mime.parse import charsets, cms, flowed, tnef, transfer, uuencode
from letterbox.mime.parse.tree import Entity

MAX_TEXT_BYTES = 8 * 1024 * 1024
MAX_REPORT_BYTES = 256 * 1024

# How `Attachment.path` names a file inside another encoding: `tnef/0`.
TNEF, UUENCODE, CMS = "tnef", "uuencode", "cms"

_META_CHARSET = re.compile(rb"charset[ \t]?=[ \t]?[\"']?([\w.:-]{1,60})", re.IGNORECASE)
_META_BYTES = 2048


@dataclass(frozen=True, slots=True)
class Shown:
    """A text that is shown as part of the letter, its lines ended by LF."""

    text: str
    content_type: str = "text/plain"

    @property
    def is_html(self) -> bool:
        """Whether a browser shows it; else it is shown as it stands."""
        return self.content_type == "text/html"


@dataclass(frozen=True, slots=True)
class LeafText:
    """The text of a leaf, the files that were written into it, and what was lost."""

    shown: Shown
    files: tuple[Attachment, ...] = ()
    problem: str = ""


def read_text(raw: bytes, entity: Entity, *, hint: str) -> LeafText:
    """Decode a leaf that is shown; `hint` is a codec to try where none is declared."""
    kind = entity.content_type
    data = raw[entity.start : min(entity.end, entity.start + MAX_TEXT_BYTES)]
    data = transfer.decode_transfer(data, entity.transfer_encoding)
    files: tuple[Attachment, ...] = ()
    if kind != "text/html" and (blocks := uuencode.find_blocks(data)):
        files = tuple(
            _packed(
                entity,
                f"{UUENCODE}/{index}",
                name=block.name,
                size=len(transfer.decode_uuencode(data[block.start : block.end])),
            )
            for index, block in enumerate(blocks)
        )
        data = uuencode.without_blocks(data, blocks)
    declared = entity.parameters.get("charset", "")
    if not declared and kind == "text/html":
        declared = _charset_of_html(data)
    decoded = charsets.decode(data, declared, hint=hint)
    text = clean(decoded.text)
    if entity.parameters.get("format", "").lower() == "flowed":
        delete_space = entity.parameters.get("delsp", "").lower() == "yes"
        text = flowed.unflow(text, delete_space=delete_space)
    elif kind in ("text/enriched", "text/richtext"):
        text = _without_tags(text)
    problem = decoded.problem
    if entity.end - entity.start > MAX_TEXT_BYTES:
        problem = f"Only the first {MAX_TEXT_BYTES} bytes of a text are read."
    return LeafText(Shown(text, kind), files, problem)


def read_report(raw: bytes, entity: Entity, *, hint: str) -> Part:
    """A part that machines read, decoded as far as MAX_REPORT_BYTES."""
    data = raw[entity.start : min(entity.end, entity.start + MAX_REPORT_BYTES)]
    data = transfer.decode_transfer(data, entity.transfer_encoding)
    text = charsets.decode(data, entity.parameters.get("charset", ""), hint=hint).text
    return Part(entity.content_type, dict(entity.parameters), clean(text))


def read_package(raw: bytes, entity: Entity) -> tuple[tnef.Package, list[Attachment]]:
    """The content of a winmail.dat, and its files as attachments."""
    package = tnef.read_package(decoded_bytes(raw, entity))
    files = [
        _packed(
            entity,
            f"{TNEF}/{index}",
            name=file.name,
            size=file.end - file.start,
            content_type=file.content_type,
            content_id=file.content_id,
        )
        for index, file in enumerate(package.files)
    ]
    return package, files


def read_signed(raw: bytes, entity: Entity) -> bytes:
    """The MIME entity inside an opaque signature; empty when it has none."""
    return cms.signed_content(decoded_bytes(raw, entity))


def decoded_bytes(raw: bytes, entity: Entity) -> bytes:
    """The content of a leaf without its transfer encoding."""
    return transfer.decode_transfer(
        raw[entity.start : entity.end], entity.transfer_encoding
    )


def filename_of(entity: Entity) -> str:
    """The name that a part gives itself, on one line; empty when it has none."""
    name = entity.disposition.parameters.get("filename", "")
    name = name or entity.parameters.get("name", "")
    return " ".join(name.replace("\0", "").split())


def describe(raw: bytes, entity: Entity) -> Attachment:
    """A leaf as an attachment: where it is, and what it claims to be."""
    encoding = entity.transfer_encoding
    return Attachment(
        filename=filename_of(entity),
        content_type=entity.content_type,
        size=transfer.decoded_size(raw, entity.start, entity.end, encoding),
        start=entity.start,
        end=entity.end,
        transfer_encoding=encoding if transfer.is_encoded(encoding) else "",
        content_id=entity.header.first("content-id").strip().strip("<>"),
    )


def describe_signed(entity: Entity, inner: Attachment, index: int) -> Attachment:
    """An attachment of the letter inside an opaque signature."""
    return _packed(
        entity,
        f"{CMS}/{index}",
        name=inner.filename,
        size=inner.size,
        content_type=inner.content_type,
        content_id=inner.content_id,
    )


def clean(text: str) -> str:
    """Text with LF line ends, without a byte order mark and without NUL."""
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        # No screen shows NUL and PostgreSQL does not store it.
        text = text.replace("\0", "")
    return text


def _packed(
    entity: Entity,
    path: str,
    *,
    name: str,
    size: int,
    content_type: str = "application/octet-stream",
    content_id: str = "",
) -> Attachment:
    encoding = entity.transfer_encoding
    return Attachment(
        filename=" ".join(name.replace("\0", "").split()),
        content_type=content_type,
        size=size,
        start=entity.start,
        end=entity.end,
        transfer_encoding=encoding if transfer.is_encoded(encoding) else "",
        content_id=content_id,
        path=path,
    )


def _charset_of_html(data: bytes) -> str:
    """The charset that a `<meta>` of the page names, within its first bytes."""
    match = _META_CHARSET.search(data[:_META_BYTES])
    return match.group(1).decode("ascii", "replace") if match else ""


def _without_tags(text: str) -> str:
    """Text of RFC 1896 without its commands; `<<` stands for one bracket."""
    first, *others = text.replace("<<", "\0").split("<")
    stripped = first + "".join(piece.partition(">")[2] for piece in others)
    return stripped.replace("\0", "<")

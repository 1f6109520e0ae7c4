"""winmail.dat read: what Outlook packs into one part for other Outlooks (MS-OXTNEF).

Gives places in the given bytes, so that contents are sliced on demand. Reads names,
contents and the bodies in text and HTML; leaves RTF, calendars and named properties.
Bounded: each byte is looked at once, and what does not fit ends the reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from letterbox.mime.parse import charsets

MAX_FILES = 500
MAX_PROPERTIES = 5000

_SIGNATURE = b"\x78\x9f\x3e\x22"
# Attributes, the lower half of their number (MS-OXTNEF, section 2.1.3.2).
_RENDER_DATA, _TITLE, _CONTENT = 0x9002, 0x8010, 0x800F
_FILE_PROPERTIES, _MESSAGE_PROPERTIES = 0x9005, 0x9003
_BODY, _CODE_PAGE = 0x800C, 0x9007
# MAPI properties (MS-OXPROPS).
_LONG_NAME, _SHORT_NAME, _MIME_TYPE, _CONTENT_ID = 0x3707, 0x3704, 0x370E, 0x3712
_FILE_DATA, _TEXT, _HTML = 0x3701, 0x1000, 0x1013
# The size of values of fixed length, padded to four bytes, by type.
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}
_OBJECT, _STRING, _UNICODE, _BINARY = 0x0D, 0x1E, 0x1F, 0x102
_MANY = 0x1000
_INTERFACE_BYTES = 16


@dataclass(slots=True)
class PackedFile:
    """One file; its content is `data[start:end]` of the winmail.dat."""

    name: str = ""
    content_type: str = "application/octet-stream"
    content_id: str = ""
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class Package:
    """What a winmail.dat holds; `text` and `html` are empty where it has none."""

    files: list[PackedFile] = field(default_factory=list)
    text: str = ""
    html: str = ""


@dataclass(frozen=True, slots=True)
class _Property:
    number: int
    kind: int
    start: int
    end: int


def is_package(content_type: str, filename: str) -> bool:
    """Whether a part says that it is a winmail.dat."""
    return content_type in ("application/ms-tnef", "application/vnd.ms-tnef") or (
        filename.lower() == "winmail.dat"
    )


def read_package(data: bytes) -> Package:
    """Read a winmail.dat; what is no such thing is an empty Package."""
    package = Package()
    if data.startswith(_SIGNATURE):
        _Reader(data, package).read()
    # Names without content are links and embedded Outlook items.
    package.files = [one for one in package.files if one.end > one.start]
    return package


class _Reader:
    """One pass over the attributes."""

    def __init__(self, data: bytes, package: Package) -> None:
        self.data = data
        self.package = package
        self.codec = "cp1252"

    def read(self) -> None:
        position = 6
        while position + 9 <= len(self.data):
            number = self._number(position + 1) & 0xFFFF
            start = position + 9
            end = start + self._number(position + 5)
            if end > len(self.data) or len(self.package.files) >= MAX_FILES:
                break
            self._take_attribute(number, start, end)
            position = end + 2

    def _take_attribute(self, number: int, start: int, end: int) -> None:
        if number == _CODE_PAGE:
            name = f"cp{self._number(start)}"
            self.codec = charsets.find_codec(name) or self.codec
        elif number == _RENDER_DATA:
            self.package.files.append(PackedFile())
        elif number == _BODY:
            self.package.text = self.package.text or self._text(start, end, _STRING)
        elif number == _MESSAGE_PROPERTIES:
            for one in self._properties(start, end):
                self._take_message_property(one)
        elif self.package.files:
            file = self.package.files[-1]
            if number == _TITLE:
                file.name = file.name or self._text(start, end, _STRING)
            elif number == _CONTENT:
                file.start, file.end = start, end
            elif number == _FILE_PROPERTIES:
                for one in self._properties(start, end):
                    self._take_file_property(file, one)

    def _take_message_property(self, one: _Property) -> None:
        if one.number == _TEXT and one.kind in (_STRING, _UNICODE):
            self.package.text = self._text(one.start, one.end, one.kind)
        elif one.number == _HTML:
            self.package.html = self._text(one.start, one.end, one.kind)

    def _take_file_property(self, file: PackedFile, one: _Property) -> None:
        if one.number == _FILE_DATA and one.kind in (_OBJECT, _BINARY):
            skipped = _INTERFACE_BYTES if one.kind == _OBJECT else 0
            if file.end == 0:
                file.start, file.end = min(one.start + skipped, one.end), one.end
        elif one.kind in (_STRING, _UNICODE):
            text = self._text(one.start, one.end, one.kind)
            if one.number == _LONG_NAME or (
                one.number == _SHORT_NAME and not file.name
            ):
                file.name = text or file.name
            elif one.number == _MIME_TYPE and "/" in text:
                file.content_type = text.strip().lower()
            elif one.number == _CONTENT_ID:
                file.content_id = text.strip().strip("<>")

    def _properties(self, position: int, end: int) -> list[_Property]:
        """The properties between two offsets, as far as they can be understood."""
        found: list[_Property] = []
        count = self._number(position)
        position += 4
        for _ in range(min(count, MAX_PROPERTIES)):
            if position + 4 > end:
                break
            head = self._number(position)
            kind, number = head & 0xFFFF, head >> 16
            position += 4
            if number >= 0x8000:
                position = self._skip_name(position)
            values, has_lengths = 1, (kind & ~_MANY) not in _FIXED
            if kind & _MANY or has_lengths:
                values = self._number(position)
                position += 4
            for _ in range(min(values, MAX_PROPERTIES)):
                size = _FIXED.get(kind & ~_MANY, 0)
                if has_lengths:
                    size = self._number(position)
                    position += 4
                if position + size > end:
                    return found
                found.append(_Property(number, kind, position, position + size))
                position += size + (-size % 4)
                if len(found) >= MAX_PROPERTIES:
                    return found
        return found

    def _skip_name(self, position: int) -> int:
        """Step over the GUID and the number or name of a named property."""
        kind = self._number(position + 16)
        position += 20
        size = self._number(position)
        return position + 4 + (size + (-size % 4) if kind else 0)

    def _text(self, start: int, end: int, kind: int) -> str:
        data = self.data[start:end]
        if kind == _UNICODE:
            text = data.decode("utf-16-le", "replace")
        else:
            text = charsets.decode(data, self.codec).text
        return text.rstrip("\0").replace("\0", "").replace("\r\n", "\n")

    def _number(self, position: int) -> int:
        return int.from_bytes(self.data[position : position + 4], "little")

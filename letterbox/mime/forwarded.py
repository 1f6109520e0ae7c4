"""Whose letter a colleague passed on: the sender of the original, with the evidence.

A suggestion for people, never a decision: whoever forwards may write what they like.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from letterbox.mime import subjects
from letterbox.mime.fold import lines as fold_lines
from letterbox.mime.fold.blocks import Kind, fold
from letterbox.mime.letter import Address, Letter
from letterbox.mime.parse.addresses import parse_addresses
from letterbox.mime.parse.assemble import parse_letter

# Header lines stand at the top of a block; nothing below is read.
_HEADER_LINES = 14
_HEADER_CHARACTERS = 4_000
_ADDRESS_CHARACTERS = 500
# Words of attributions that stand where a name may.
_NOT_NAMES = frozenset(
    {"schrieb", "skrev", "schreef", "from", "von", "de", "от", "uhr", "am", "pm", "gmt"}
)


class Evidence(StrEnum):
    """Where the original sender was found."""

    ATTACHED_LETTER = "attached-letter"
    FORWARD_BLOCK = "forward-block"
    QUOTED_HEADER = "quoted-header"
    ATTRIBUTION = "attribution"


@dataclass(frozen=True, slots=True)
class Original:
    """The sender of the letter that was passed on, as far as it can be read."""

    sender: Address
    evidence: Evidence
    subject: str = ""
    date: datetime | None = None


def find_original_sender(letter: Letter) -> Original | None:
    """Find who wrote the letter that this one passes on; None where it passes on none.

    The attached letter is the best witness, then a block that says it was forwarded,
    then, when the subject says so, the header or the line above a quote.
    """
    if attached := _from_attached(letter):
        return attached
    author = letter.author.email.lower()
    blocks = fold(letter.text)
    for block in blocks:
        if block.kind is Kind.FORWARD:
            found = _from_header(block.text, Evidence.FORWARD_BLOCK)
            if found and found.sender.email.lower() != author:
                return found
    if not subjects.has_forward_prefix(letter.subject):
        return None
    for block in blocks:
        if block.kind in (Kind.QUOTE, Kind.FORWARD):
            found = _from_header(block.text, Evidence.QUOTED_HEADER)
            found = found or _from_attribution(block.text)
            if found and found.sender.email.lower() != author:
                return found
    return None


def _from_attached(letter: Letter) -> Original | None:
    if letter.content_type == "multipart/report":
        # A bounce brings our own letter back.
        return None
    for part in letter.parts:
        if part.content_type in ("message/rfc822", "message/global"):
            inner = parse_letter(part.text.encode("utf-8", "surrogateescape"))
            if inner.author.email:
                return Original(
                    inner.author, Evidence.ATTACHED_LETTER, inner.subject, inner.date
                )
    return None


def _from_header(text: str, evidence: Evidence) -> Original | None:
    """Read the header lines at the top of a block: `Von: Anna <anna@…>`, `Betreff: …`."""
    values: dict[str, str] = {}
    label = ""
    filled = 0
    for line in text[:_HEADER_CHARACTERS].splitlines():
        bare = line.strip().lstrip("> *\t").strip()
        if not bare:
            if "from" in values:
                break
            continue
        filled += 1
        if filled > _HEADER_LINES:
            break
        if found := fold_lines.header_label(bare):
            label = found
            values.setdefault(label, _after_colon(bare))
        elif label:
            # A value may be wrapped over lines.
            values[label] += f" {bare}"
    sender = _address(values.get("from", ""))
    if not sender:
        return None
    return Original(sender, evidence, values.get("subject", "").strip())


def _from_attribution(text: str) -> Original | None:
    """Read `On Monday Anna <anna@…> wrote:` at the top of a block."""
    head = " ".join(text[:_HEADER_CHARACTERS].split("\n\n", 1)[0].split())
    head = head.partition(" > ")[0]
    sender = _address(_before_address(head))
    if not fold_lines.is_attribution(head) or not sender:
        return None
    return Original(sender, Evidence.ATTRIBUTION)


def _after_colon(line: str) -> str:
    ascii_colon, wide_colon = line.find(":"), line.find("：")
    found = [one for one in (ascii_colon, wide_colon) if one >= 0]
    return line[min(found) + 1 :].strip(" *_")


def _before_address(head: str) -> str:
    """The last words before an address and the address: the name in an attribution."""
    before, bracket, after = head.partition("<")
    if not bracket:
        return next((word.strip("(),:") for word in head.split() if "@" in word), "")
    # The date stands before the name: a comma, a digit or a verb ends it.
    name: list[str] = []
    for word in reversed(before.split()):
        is_name = word.strip("\"'()").replace("-", "").replace(".", "").isalpha()
        if not is_name or word.endswith(",") or word.lower() in _NOT_NAMES:
            break
        name.insert(0, word.strip("\"'("))
    return f"{' '.join(name)} <{after.partition('>')[0]}>"


def _address(written: str) -> Address | None:
    """The first address, also as `Anna [mailto:anna@…]` and `<anna@…<mailto:…>>`."""
    text = written[:_ADDRESS_CHARACTERS]
    if "[mailto:" in text.lower():
        name, _bracket, rest = text.partition("[")
        text = f"{name.strip()} <{rest.partition(':')[2].partition(']')[0]}>"
    elif "<mailto:" in text.lower():
        text = text[: text.lower().index("<mailto:")] + ">"
        if "<" not in text:
            text = text.rstrip(">")
    for address in parse_addresses(text):
        local_part, at, domain = address.email.rpartition("@")
        if at and local_part and "." in domain.strip("."):
            return address
    return None

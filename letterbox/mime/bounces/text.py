"""Bounces in plain words: which addresses a mail server names, and what it says.

Line rules that fit kinds of report, not products: an address that begins a line, an
address behind a label, an address in the answer of a server. Every rule sees a
bounded line once, so time is linear; words of many languages are in
`data/bounces.txt`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from letterbox.mime.tables import read_tables

MAX_TEXT = 64 * 1024
MAX_LINES = 1_500
MAX_LINE = 1_000
MAX_RECIPIENTS = 500
MAX_DIAGNOSTIC_LINES = 8

_TABLES = read_tables("bounces.txt")

# Both repeats are bounded, so a search costs at most 64 steps for each character.
_ADDRESS = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~.-]{1,64}@[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){0,10}"
)
_BARE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,63}")
# Where the headers of the letter begin that came back.
_HEADER_STARTS = (
    "received:",
    "return-path:",
    "x-received:",
    "dkim-signature:",
    "arc-seal:",
    "mime-version:",
    "x-google-smtp-source:",
)


@dataclass(slots=True)
class NamedRecipient:
    """An address that the text says was not reached, with what is said about it."""

    email: str
    said: list[str] = field(default_factory=list)

    @property
    def diagnostic(self) -> str:
        """What the server said, on one line."""
        return " ".join(self.said)[:2_000]


@dataclass(frozen=True, slots=True)
class TextReport:
    """The words of a mail server, and the headers of the letter it sends back.

    `certain` are addresses in a place where reports name those who were not reached;
    `answers` are those in a server's answer, `loose` any other that may be meant, and
    `old_recipients` those of a To line that is told again.
    """

    words: str
    original: str
    certain: tuple[NamedRecipient, ...] = ()
    answers: tuple[NamedRecipient, ...] = ()
    loose: tuple[NamedRecipient, ...] = ()
    old_recipients: tuple[str, ...] = ()


def split_report(text: str) -> tuple[str, str]:
    """Part a report from the letter that it brings back."""
    text = text[:MAX_TEXT]
    place = 0
    for line in text.split("\n")[:MAX_LINES]:
        if _begins_the_original(line):
            return text[:place], text[place + len(line) :]
        place += len(line) + 1
    return text, ""


def speaks_of_a_failed_delivery(words: str) -> bool:
    """Whether the text has a sentence by which mail servers report."""
    folded = " ".join(words[:8_000].casefold().split())
    return any(phrase in folded for phrase in _TABLES["failures"])


def read_report(
    text: str, *, not_these: frozenset[str], domain: str = ""
) -> TextReport:
    """Find who was not reached.

    `not_these` are lower-case addresses of ourselves; `domain` is that of the server,
    for reports that name its own users without it.
    """
    words, original = split_report(text)
    certain: dict[str, NamedRecipient] = {}
    answers: dict[str, NamedRecipient] = {}
    loose: dict[str, NamedRecipient] = {}
    current: NamedRecipient | None = None
    old_recipients: list[str] = []
    list_follows, last_line = False, ""
    for raw_line in words.split("\n"):
        line = raw_line[:MAX_LINE].strip().lstrip(">| \t")
        if not line:
            # One blank line may part an address from its reason, two end it.
            if current is not None and current.said:
                current = None
            continue
        if "@" not in line:
            if list_follows and domain and _BARE_NAME.fullmatch(line):
                email = f"{line}@{domain}"
                certain[email.lower()] = NamedRecipient(email, [last_line])
            else:
                list_follows, last_line = _announces_a_list(line), line
            _say(current, line)
            continue
        list_follows, last_line = _announces_a_list(line), line
        if line[:3].lower() == "to:":
            old_recipients += names_in(line)
        place, emails = _place_of_addresses(line)
        emails = [email for email in emails if email.lower() not in not_these]
        if not emails:
            _say(current, line)
            continue
        group = {"certain": certain, "answer": answers, "loose": loose}[place]
        for email in emails:
            if len(group) >= MAX_RECIPIENTS:
                break
            named = group.setdefault(email.lower(), NamedRecipient(email))
            named.said.append(line)
            if place == "certain":
                current = named
        if place != "certain":
            _say(current, line)
    return TextReport(
        words,
        original,
        tuple(certain.values()),
        tuple(answers.values()),
        tuple(loose.values()),
        tuple(old_recipients[:MAX_RECIPIENTS]),
    )


def names_in(line: str) -> list[str]:
    """Every address in a line, without what is only punctuation around it."""
    found = []
    for match in _ADDRESS.finditer(line[:MAX_LINE]):
        email = match.group().strip("'.*`=-/")
        email = email.rpartition("=")[2] if "=" in email.partition("@")[0] else email
        local_part, _, domain = email.partition("@")
        if local_part and domain and not _is_an_id(local_part, domain):
            found.append(email)
    return found


def _place_of_addresses(line: str) -> tuple[str, list[str]]:
    """Say where the addresses of this line stand, and which of them count."""
    emails = names_in(line)
    if not emails:
        return "loose", []
    lower = line.lower()
    if lower.startswith(_TABLES["other-people"]):
        return "loose", []
    first = emails[0]
    start = line.find(first)
    before = lower[:start].strip(" \t<\"'*[(-:;=")
    after = line[start + len(first) :].lstrip("> \t\"'")
    if not before:
        ends = not after or after[0] in ":,;.([{-<" or after.startswith(("on ", "..."))
        several = after.startswith((",", ";")) or not after.strip(">,;")
        if ends or _is_short(after):
            return "certain", emails if several else [first]
        return "answer", [first]
    if before.endswith(_TABLES["labels"]):
        return "certain", [first]
    if "smtp=" in before or before.endswith("rcpt to"):
        return "certain" if "smtp=" in before else "answer", [first]
    if before[:3].isdigit() and before[0] in "45":
        return "answer", [first]
    return "loose", emails


def _say(recipient: NamedRecipient | None, line: str) -> None:
    if recipient is not None and len(recipient.said) < MAX_DIAGNOSTIC_LINES:
        recipient.said.append(line)


def _announces_a_list(line: str) -> bool:
    return line.endswith(":") and "recipient" in line.lower()


def _is_short(after: str) -> bool:
    return len(after) < 120


def _is_an_id(local_part: str, domain: str) -> bool:
    """Message-IDs look like addresses; they are long and full of digits."""
    digits = sum(character.isdigit() for character in local_part)
    return len(local_part) > 30 and digits > len(local_part) // 3 and "." in local_part


def _begins_the_original(line: str) -> bool:
    lower = line[:120].strip(" \t\r>").lower()
    if lower.startswith(_HEADER_STARTS):
        return True
    bare = lower.strip("-=_*#|~:. \t")
    return bool(bare) and bare.startswith(_TABLES["originals"])

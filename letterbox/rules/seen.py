"""What one field of one letter holds, in the forms that operators and traces need.

Each form is made when it is first asked for, and once: a hundred rules over one letter
fold its body once. Nothing here compares.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from letterbox.rules.facts import TEXT_LIMIT
from letterbox.rules.folding import caseless, normal, single_spaced
from letterbox.rules.once import once

# Members of one field that are looked at; a letter may have thousands of recipients.
MEMBER_LIMIT = 2_000
#: Characters of a member that patterns look at.
PATTERN_SIGHT = 64 * 1024
# Characters of a value that a trace keeps; members of a list.
EXCERPT = 200
_SHOWN_MEMBERS = 20
_NEVER = datetime.min.replace(tzinfo=UTC)


class Seen:
    """What one field of one letter holds, in the forms that operators need.

    A text field is a set of members: the subject has one, `cc` two or three for each
    address (the address, the name, both). Members without any letter count as absent.
    """

    def __init__(
        self,
        shown: object,
        members: Iterable[str] = (),
        *,
        number: int = 0,
        moment: datetime = _NEVER,
    ) -> None:
        #: What people are shown: a text, a list of texts, a number, a flag, a time.
        self.shown = shown
        #: The value of a number field, or of a flag.
        self.number = number
        #: The value of a time field, aware, in the time zone of the mailbox.
        self.moment = moment
        self._raw = tuple(members)[:MEMBER_LIMIT]

    @once
    def encoded(self) -> tuple[bytes, ...]:
        """The members as written, in NFKC and UTF-8, cut for patterns."""
        cut = (normal(each[:PATTERN_SIGHT]) for each in self._raw)
        return tuple(each.encode(errors="replace") for each in cut)

    @once
    def caseless(self) -> tuple[str, ...]:
        """The members as they are compared, but with white space as it was written."""
        return tuple([caseless(each[:TEXT_LIMIT]) for each in self._raw])

    @once
    def folded(self) -> tuple[str, ...]:
        """The members as they are compared; absent ones left out."""
        return tuple(filter(None, map(single_spaced, self.caseless)))

    @once
    def joined(self) -> str:
        """The folded members in one text, with a character between that none has."""
        return "\0".join(self.folded)

    def has_in_it(self, words: str) -> bool:
        """Whether some member has these folded words in it.

        Half of the time of folding goes into white space, and only words that have some
        need it: the others are found without, or found missing.
        """
        first, space, _ = words.partition(" ")
        if not any(first in each for each in self.caseless):
            return False
        return not space or words in self.joined

    @once
    def excerpt(self) -> object:
        """What people are shown, shortened."""
        match self.shown:
            case str() as text if len(text) > EXCERPT:
                return f"{text[:EXCERPT]}…"
            case list() as texts:
                return [str(each)[:EXCERPT] for each in texts[:_SHOWN_MEMBERS]]
            case shown:
                return shown

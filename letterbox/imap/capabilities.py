"""What a server can do (RFC 9051 section 7.2.2), asked in one place.

A set of upper-case names in which what one extension includes counts as offered.
"""

from dataclasses import dataclass

# RFC 9051 section 2.2 and appendix E: what IMAP4rev2 includes.
_REV2 = frozenset(
    {
        "NAMESPACE",
        "UNSELECT",
        "UIDPLUS",
        "ESEARCH",
        "ENABLE",
        "IDLE",
        "SASL-IR",
        "LIST-EXTENDED",
        "LIST-STATUS",
        "MOVE",
        "LITERAL-",
        "SPECIAL-USE",
        "STATUS=SIZE",
    }
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The names that a server gave, and what they include."""

    names: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        """Whether the server offers this extension, itself or within another."""
        if name in self.names:
            return True
        if name == "CONDSTORE":
            # RFC 7162 section 3.2.3: QRESYNC includes it.
            return "QRESYNC" in self.names
        if name == "ENABLE" and "QRESYNC" in self.names:
            return True
        return "IMAP4REV2" in self.names and name in _REV2

    @property
    def is_imap(self) -> bool:
        """Whether this is a server of a kind that we can talk to."""
        return bool(self.names & {"IMAP4REV1", "IMAP4REV2"})

    @property
    def unasked_literal_bytes(self) -> int:
        """How long a literal may be that is sent without asking (RFC 7888)."""
        if "LITERAL+" in self.names:
            return 1 << 40
        # LITERAL- ends at 4,096 bytes.
        return 4096 if self.has("LITERAL-") else -1

    @property
    def takes_tokens(self) -> bool:
        """Whether an OAuth access token can open the door."""
        return self.can_authenticate("XOAUTH2") or self.can_authenticate("OAUTHBEARER")

    def can_authenticate(self, mechanism: str) -> bool:
        """Whether the server takes this SASL mechanism, such as PLAIN."""
        return f"AUTH={mechanism}" in self.names

"""Message-IDs that we sign, so that an answer finds its conversation unforged.

    <lb.CONVERSATION.MAIL.SIGNATURE@domain>

The part before the @ is in lower case without anything that needs quoting, so that it
outlives servers that change case; the domain is signed as lower case.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass

# 120 bits: 24 characters of base32 without padding.
_SIGNATURE_BYTES = 15
_LONGEST_ID = 400
_MAIL_ID = re.compile(r"[a-z0-9-]{1,64}")
_DOMAIN = re.compile(r"[a-z0-9.-]{1,253}")
_OWN = re.compile(
    r"lb\.([0-9]{1,19})\.([a-z0-9-]{1,64})\.([a-z2-7]{24})@([a-z0-9.-]{1,253})"
)


@dataclass(frozen=True, slots=True)
class OwnMessageId:
    """What one of our Message-IDs says, its signature having been checked."""

    conversation_id: int
    mail_id: str
    domain: str


def make_message_id(
    key: bytes, *, domain: str, conversation_id: int, mail_id: str | int
) -> str:
    """A signed Message-ID without its angle brackets.

    `mail_id` is a number or lower-case letters, digits and hyphens, at most 64;
    `domain` is ASCII (an international one in its `xn--` form). Else ValueError.
    """
    domain, mail = domain.lower(), str(mail_id)
    if not _MAIL_ID.fullmatch(mail):
        raise ValueError(f"The mail id {mail!r} cannot stand in a Message-ID.")
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(f"The domain {domain!r} cannot stand in a Message-ID.")
    if not 0 <= conversation_id < 10**19:
        raise ValueError(f"The conversation id {conversation_id} is out of range.")
    signature = _sign(key, f"{conversation_id}.{mail}@{domain}")
    return f"lb.{conversation_id}.{mail}.{signature}@{domain}"


def read_message_id(keys: bytes | Iterable[bytes], text: str) -> OwnMessageId | None:
    """Read one Message-ID, with or without brackets; None unless we signed it.

    All `keys` are tried, so that ids outlive the change of a key.
    """
    # A longer text is none of ours; this also bounds the work.
    if len(text) > _LONGEST_ID:
        return None
    match = _OWN.fullmatch(text.strip().strip("<>").strip().lower())
    if match is None:
        return None
    conversation_id, mail_id, signature, domain = match.groups()
    signed = f"{conversation_id}.{mail_id}@{domain}"
    candidates = [keys] if isinstance(keys, bytes) else list(keys)
    for key in candidates:
        if hmac.compare_digest(_sign(key, signed), signature):
            return OwnMessageId(int(conversation_id), mail_id, domain)
    return None


def _sign(key: bytes, signed: str) -> str:
    if not key:
        raise ValueError("Message-IDs need a key to be signed with.")
    # The first words keep signatures of other uses of the same key apart.
    data = b"letterbox message-id " + signed.encode("ascii")
    digest = hmac.new(key, data, hashlib.sha256).digest()[:_SIGNATURE_BYTES]
    return base64.b32encode(digest).decode("ascii").lower()

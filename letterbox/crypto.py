"""Seal and open the passwords and tokens of mailboxes.

The keys live apart from the database and from Django's SECRET_KEY: a stolen dump opens
no mailbox, and changing SECRET_KEY loses none. Nothing here knows where settings come
from, and nothing here writes to the database.

    SealError
    ├── KeyUnusable    a key or its file cannot be used as it is
    ├── KeyLost        sealed with a key that we no longer have
    └── Damaged        not, or no longer, what we sealed
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import os
import secrets
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

logger = logging.getLogger(__name__)

# Before every sealed text: the form, then which key, then the Fernet token.
_FORM = "v1"


class SealError(Exception):
    """A secret cannot be sealed or opened; the sentence says what to do."""


class KeyUnusable(SealError):
    """A key or its file cannot be used as it is."""


class KeyLost(SealError):
    """Sealed with a key that we no longer have; the secret must be given again."""


class Damaged(SealError):
    """Not, or no longer, what we sealed; the secret must be given again."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys at hand, newest first: the first one seals, all of them open."""

    keys: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.keys:
            raise KeyUnusable("There is no key to seal passwords with.")
        for position, key in enumerate(self.keys, 1):
            if not _is_key(key):
                # The key itself stays out of messages and logs.
                raise KeyUnusable(
                    f"Mailbox key number {position} is not a key: it must be 32 random "
                    "bytes in URL-safe base64, as `letterbox.crypto.new_key` makes."
                )

    @classmethod
    def load(cls, file: Path, *, keys: Sequence[str] = ()) -> Keyring:
        """Take the keys given, newest first, then those of the file.

        The file is made when no key is given and it is not there. To rotate, put a
        new key in front; to move from the file to given keys, just give one: those
        of the file still open what they sealed.
        """
        return cls((*keys, *_read_or_make(file, is_needed=not keys)))

    def seal(self, text: str) -> str:
        """Seal a secret with the newest key; ASCII, about 100 characters and more."""
        newest = self.keys[0]
        token = Fernet(newest).encrypt(text.encode()).decode("ascii")
        return f"{_FORM}.{_fingerprint(newest)}.{token}"

    def open_sealed(self, sealed: str) -> str:
        """Open what `seal` made, with whichever key it was sealed; else SealError."""
        fingerprint, token = _parts(sealed)
        fitting = [key for key in self.keys if _fingerprint(key) == fingerprint]
        if not fitting:
            raise KeyLost(
                f"This secret was sealed with the key {fingerprint}, which is gone. "
                "Put that key back behind the others, or enter the password or "
                "connect the account again."
            )
        try:
            return Fernet(fitting[0]).decrypt(token).decode()
        except (InvalidToken, UnicodeDecodeError) as error:
            raise Damaged(
                "This sealed secret was changed or cut off. Enter the password or "
                "connect the account again."
            ) from error

    def is_outdated(self, sealed: str) -> bool:
        """Whether it was sealed with another key than the newest."""
        return _parts(sealed)[0] != _fingerprint(self.keys[0])

    def reseal(self, sealed: str) -> str:
        """Seal the same secret with the newest key; an old key can go afterwards."""
        return self.seal(self.open_sealed(sealed))


def new_key() -> str:
    """Make a key: 32 random bytes in URL-safe base64."""
    return Fernet.generate_key().decode("ascii")


def _read_or_make(file: Path, *, is_needed: bool) -> tuple[str, ...]:
    try:
        try:
            return _read(file)
        except FileNotFoundError:
            if not is_needed:
                return ()
            _make(file)
            return _read(file)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise KeyUnusable(
            f"The file of mailbox keys {file} cannot be used: {why}. Give us a folder "
            "we may write to, or the keys themselves."
        ) from error


def _read(file: Path) -> tuple[str, ...]:
    """One key a line, newest first; empty lines and lines with # are for people."""
    lines = [line.strip() for line in file.read_text(encoding="ascii").splitlines()]
    if file.stat().st_mode & stat.S_IROTH:
        logger.warning("The file of mailbox keys can be read by everyone on this host.")
    return tuple(line for line in lines if line and not line.startswith("#"))


def _make(file: Path) -> None:
    """Write a new key, complete from the first moment that others can see it."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f".{file.name}-{secrets.token_hex(8)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="ascii") as out:
            out.write(f"{new_key()}\n")
            out.flush()
            # A key that seals and is then lost with the power loses the passwords.
            os.fsync(out.fileno())
        # Two processes may start at once: the first link wins, both read that one.
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink(missing_ok=True)


def _parts(sealed: str) -> tuple[str, str]:
    form, _, rest = sealed.partition(".")
    fingerprint, _, token = rest.partition(".")
    if form != _FORM or not token or not token.isascii():
        raise Damaged(
            "This is not a secret that we sealed. Enter the password or connect the "
            "account again."
        )
    return fingerprint, token


def _fingerprint(key: str) -> str:
    """Name a key without telling it: 32 bits of the hash of 256 random ones."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def _is_key(key: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(key)) == 32
    except (binascii.Error, ValueError):
        return False

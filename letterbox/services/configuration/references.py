"""Secrets in a configuration file: never written out, only where they are found."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

# The names under which a reference stands.
NAMES = frozenset({"password", "client_secret", "webhook_secret", "refresh_token"})


def to_environment(*parts: str) -> dict[str, str]:
    """A reference to the variable that an exported file asks for this secret."""
    return {"env": re.sub(r"[^A-Z0-9]+", "_", "_".join(("LETTERBOX", *parts)).upper())}


def read(reference: Any) -> str | None:
    """The secret that a reference leads to; None keeps the stored one."""
    if reference is None:
        return None
    match reference:
        case {"env": str(name), **rest} if not rest:
            return os.environ.get(name)
        case {"file": str(path), **rest} if not rest:
            try:
                return Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    raise ValueError("A secret is `{env: NAME}` or `{file: PATH}`, never written out.")

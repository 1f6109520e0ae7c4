"""How a company looks: its colour, and its logo on light and on dark ground.

Pictures are small, and of kinds that can hold no script; SVG can, so it is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from letterbox.models import Setting, User
from letterbox.services import settings

COLOUR = "brand-colour"
LOGOS = ("brand-logo", "brand-logo-dark")
MOST_BYTES = 256 * 1024
# How a file begins → what it is.
KINDS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)


class BrandInvalid(ValueError):
    """This cannot be used; says why."""


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture and what it is."""

    kind: str
    content: bytes

    @property
    def mark(self) -> str:
        """Changes with the picture, for its address."""
        return hashlib.sha256(self.content).hexdigest()[:12]


def colour() -> str:
    """`#rrggbb`, or empty for our own."""
    row = Setting.objects.filter(pk=COLOUR).first()
    return str(row.value) if row else ""


def logo(name: str) -> Logo | None:
    """One of LOGOS, if it was given."""
    row = Setting.objects.filter(pk=name).first() if name in LOGOS else None
    if row is None:
        return None
    return Logo(row.value["kind"], base64.b64decode(row.value["data"]))


def read_logo(content: bytes) -> Logo:
    """What a file is, by its first bytes; raises BrandInvalid."""
    if len(content) > MOST_BYTES:
        raise BrandInvalid(f"A logo has {MOST_BYTES // 1024} KB at most.")
    for start, kind in KINDS:
        if start.match(content):
            return Logo(kind, content)
    if b"<svg" in content[:2_000].lower():
        raise BrandInvalid(
            "An SVG can hold programs, so it is not taken. Save it as PNG or WebP, "
            "twice as large as it shall look."
        )
    raise BrandInvalid("This is no PNG, JPEG, WebP or GIF.")


def check_colour(value: Any) -> str:
    """A colour as the page writes it; raises BrandInvalid."""
    text = str(value or "").strip().lower()
    if text and not re.fullmatch(r"#[0-9a-f]{6}", text):
        raise BrandInvalid("Write the colour as #rrggbb, such as #0b5cad.")
    return text


@transaction.atomic
def change(*, by: User | None, colour: str, **logos: Logo | None) -> None:
    """Set the colour, and the logos that are named: `brand_logo=None` takes one away."""
    _keep(COLOUR, check_colour(colour) or None, by=by)
    for name, given in logos.items():
        key = name.replace("_", "-")
        if key not in LOGOS:
            raise ValueError(f"There is no {key}.")
        _keep(key, given and _as_value(given), by=by)


def as_document() -> dict[str, Any]:
    """For the configuration file: the colour, and each logo in base64."""
    found: dict[str, Any] = {"colour": colour()}
    for name in LOGOS:
        given = logo(name)
        found[name] = base64.b64encode(given.content).decode() if given else ""
    return found


def apply(document: dict[str, Any], *, by: User | None) -> None:
    """Make it as `as_document` wrote it; raises BrandInvalid."""
    logos: dict[str, Logo | None] = {}
    for name in LOGOS:
        if name in document:
            try:
                content = base64.b64decode(document[name] or "", validate=True)
            except (binascii.Error, ValueError) as error:
                raise BrandInvalid(f"{name} is not base64.") from error
            logos[name.replace("-", "_")] = read_logo(content) if content else None
    change(by=by, colour=document.get("colour", colour()), **logos)


def _keep(name: str, value: Any, *, by: User | None) -> None:
    row = Setting.objects.filter(pk=name).first()
    before = row.value if row else None
    if before != value:
        told = {name: [_in_words(before), _in_words(value)]}
        settings.store(name, value, by=by, changes=told)


def _as_value(given: Logo) -> dict[str, str]:
    return {"kind": given.kind, "data": base64.b64encode(given.content).decode()}


def _in_words(value: Any) -> Any:
    """For the history: not the picture itself."""
    if not isinstance(value, dict):
        return value
    return f"{value['kind']}, {len(value['data']) * 3 // 4} bytes"

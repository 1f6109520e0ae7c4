"""Which languages there are, and which one somebody is spoken to in.

A language is there when its catalogue is (letterbox/locale). Holds no text.
"""

from __future__ import annotations

from django.conf import settings as environment
from django.utils.translation import get_supported_language_variant

from letterbox.models import User
from letterbox.services import settings


def offered(code: str) -> str:
    """The language that we have for a code, `de` for `de-AT`; empty where none is."""
    if not code:
        return ""
    try:
        return get_supported_language_variant(code)
    except LookupError:
        return ""


def of_company() -> str:
    """The company's; empty while nobody has chosen one."""
    return offered(settings.get("language"))


def of_person(person: User) -> str:
    """The language to write to somebody in, who is not looking at a page."""
    return offered(person.language) or of_company() or environment.LANGUAGE_CODE

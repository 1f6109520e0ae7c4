"""Small pieces of markup that stand on every page: icons, ages, badges, initials.

Each is made out of values; none reads the database. Templates have them as tags, code
that draws rows calls them.
"""

from __future__ import annotations

import datetime
import zlib
from functools import lru_cache
from html import escape

from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext, pgettext

# A state → the tone that says how it is, the same on every page.
TONES = {
    "open": "blue",
    "in-progress": "blue",
    "new": "blue",
    "waiting": "grey",
    "closed": "grey",
    "resolved": "green",
    "qualified": "green",
    "disqualified": "grey",
    "live": "green",
    "polling": "green",
    "connecting": "blue",
    "backing-off": "amber",
    "needs-attention": "red",
    "off": "grey",
    "held": "amber",
    "queued": "blue",
    "sending": "blue",
    "sent": "green",
    "failed": "red",
    "unsure": "amber",
    "stuck": "red",
    "high": "red",
    "low": "grey",
}
AVATAR_TONES = ("blue", "green", "amber", "purple", "grey", "red")


@lru_cache(maxsize=2_000, typed=True)
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """A drawing from the sprite; with a `label` it speaks, without it is ornament.

    Kept, as a page shows the same few a hundred times; by type, because a label that
    is safe already and one that is not may read the same.
    """
    spoken = (
        format_html('role="img" aria-label="{}"', label)
        if label
        else mark_safe('aria-hidden="true"')
    )
    return format_html(
        '<svg class="icon {}" {}><use href="{}#{}"></use></svg>',
        css,
        spoken,
        static("vendor/tabler-icons/icons.svg"),
        name,
    )


def age(moment: datetime.datetime | None) -> SafeString:
    """How long ago, in the fewest words, with the full time for those who point."""
    if not moment:
        return mark_safe("")
    full = _in_full(moment, timezone.get_current_timezone_name(), get_language())
    return SafeString(
        f'<time datetime="{moment.isoformat()}" title="{escape(full)}" data-age>'
        f"{escape(in_few_words(moment, timezone.now()))}</time>"
    )


# The same letters show again and again, and a date is slow to write.
@lru_cache(maxsize=20_000)
def _in_full(moment: datetime.datetime, _zone: str, _language: str | None) -> str:
    return formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def in_few_words(moment: datetime.datetime, now: datetime.datetime) -> str:
    """Minutes within the hour, the time today, the weekday this week, else a date."""
    seconds = (now - moment).total_seconds()
    if -60 < seconds < 60:
        return gettext("now")
    if 0 < seconds < 3600:
        return ngettext("%d min", "%d min", int(seconds // 60)) % (seconds // 60)
    zone = timezone.get_current_timezone_name()
    return _on_day(moment, timezone.localtime(now).date(), zone, get_language())


@lru_cache(maxsize=20_000)
def _on_day(
    moment: datetime.datetime, today: datetime.date, _zone: str, _language: str | None
) -> str:
    local = timezone.localtime(moment)
    if local.date() == today:
        return formats.time_format(local, "TIME_FORMAT")
    if 0 < (today - local.date()).days < 7:
        return formats.date_format(local, "D")
    if local.year == today.year:
        return formats.date_format(local, pgettext("day and month", "j M"))
    return formats.date_format(local, "SHORT_DATE_FORMAT")


def badge(text: object, tone: str = "") -> SafeString:
    """A word on a quiet ground; the tone is found from the word where none is given."""
    # A promise of a word reads differently in each language.
    return _badge(text if isinstance(text, str) else str(text), tone)


@lru_cache(maxsize=2_000, typed=True)
def _badge(text: str, tone: str) -> SafeString:
    return format_html(
        '<span class="badge tone-{}">{}</span>',
        tone or TONES.get(text, "grey"),
        text,
    )


def state_badge(state: str, label: object = "") -> SafeString:
    """The badge of a state that has a value and a name for people."""
    return badge(label or state, TONES.get(state, "grey"))


@lru_cache(maxsize=2_000, typed=True)
def avatar(name: str, css: str = "") -> SafeString:
    """Initials in a circle, in a colour that stays with the name. An ornament."""
    words = [word for word in name.replace("@", " ").split() if word[0].isalnum()]
    initials = "".join(word[0] for word in (words[:1] + words[1:][-1:]))
    tone = AVATAR_TONES[zlib.crc32(name.casefold().encode()) % len(AVATAR_TONES)]
    return format_html(
        '<span class="avatar {} tone-{}" aria-hidden="true">{}</span>',
        css,
        tone,
        initials.upper() or "?",
    )

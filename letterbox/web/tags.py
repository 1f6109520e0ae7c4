"""Template tags: icons, ages, badges, form fields. Built in; no template loads them.

Each makes a small piece of markup out of values; none reads the database.
"""

from __future__ import annotations

import datetime
import re
import zlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django import template
from django.forms.boundfield import BoundField
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext, pgettext

from letterbox.models import Message
from letterbox.services import folds
from letterbox.web import explain, notices, reading
from letterbox.web.forms import drawing, renderer

register = template.Library()

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


@register.simple_tag
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


@register.simple_tag
def age(moment: datetime.datetime | None) -> SafeString:
    """How long ago, in the fewest words, with the full time for those who point."""
    if not moment:
        return mark_safe("")
    return format_html(
        '<time datetime="{}" title="{}" data-age>{}</time>',
        moment.isoformat(),
        formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT"),
        in_few_words(moment, timezone.now()),
    )


def in_few_words(moment: datetime.datetime, now: datetime.datetime) -> str:
    """Minutes within the hour, the time today, the weekday this week, else a date."""
    seconds = (now - moment).total_seconds()
    local, today = timezone.localtime(moment), timezone.localtime(now)
    if -60 < seconds < 60:
        return gettext("now")
    if 0 < seconds < 3600:
        return ngettext("%d min", "%d min", int(seconds // 60)) % (seconds // 60)
    if local.date() == today.date():
        return formats.time_format(local, "TIME_FORMAT")
    if 0 < (today.date() - local.date()).days < 7:
        return formats.date_format(local, "D")
    if local.year == today.year:
        return formats.date_format(local, pgettext("day and month", "j M"))
    return formats.date_format(local, "SHORT_DATE_FORMAT")


@register.simple_tag
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


@register.simple_tag
def state_badge(state: str, label: object = "") -> SafeString:
    """The badge of a state that has a value and a name for people."""
    return badge(label or state, TONES.get(state, "grey"))


@register.simple_tag
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


@register.simple_tag
def field(bound: BoundField, css: str = "", **attributes: Any) -> SafeString:
    """A label, its control, its help and its errors, tied together for readers."""
    look = {name.replace("_", "-"): value for name, value in attributes.items()}
    return drawing.field(bound, css, look, sign=icon("alert-circle", "", "icon-small"))


@register.simple_tag
def choices(pairs: Iterable[tuple[object, object]], chosen: object = "") -> SafeString:
    """The options of a select, of pairs of a value and what it is called."""
    return renderer.options(pairs, str(chosen))


@register.inclusion_tag("parts/empty.html")
def empty(name: str, title: str, text: str = "") -> dict[str, str]:
    """What an empty list shows: what would stand here, and how it comes about."""
    return {"icon_name": name, "title": title, "text": text}


@register.simple_tag(takes_context=True)
def explanation(context: template.Context, message: Message) -> list[explain.Line]:
    """The lines of a message's explain card.

    Who sees it may read the letter; conditions are for those who answer as well.
    """
    return explain.card(message.trace, may_see_rules=bool(context.get("may_reply")))


@register.simple_tag
def thread_notices(message: Message) -> list[notices.ThreadNotice]:
    """What is in doubt about where a message belongs."""
    return notices.threading(message.trace)


@register.simple_tag
def original_sender(message: Message) -> notices.Suggestion | None:
    """Who wrote what a colleague forwarded, found or said."""
    return notices.suggestion(message.trace, message.recipients)


@register.simple_tag
def letter_labels(message: Message) -> list[str]:
    """The words beside the writer's name: automatic, signed, encrypted."""
    return notices.labels(message.trace, message.kind)


@register.simple_tag
def invitation(message: Message) -> notices.Invitation | None:
    """What a message invites to."""
    return notices.invitation(message.trace)


@register.filter
def bounce_reason(reason: str) -> str:
    """Why a mail could not be delivered, as words after a colon."""
    return notices.bounce_reason(reason)


@register.inclusion_tag("parts/letter_text.html")
def letter_text(message: Message) -> dict[str, Any]:
    """A letter of plain text, with what it quotes folded away but never cut."""
    return {"segments": reading.segments(folds.read(message))}


@register.filter
def linked(text: str) -> SafeString:
    """Text whose web addresses can be followed; linear in its length."""
    words = re.split(r"(\s+)", text)
    return format_html_join("", "{}", ((_linked_word(word),) for word in words))


def _linked_word(word: str) -> str | SafeString:
    if not word.startswith(("https://", "http://")):
        return word
    address = word.rstrip(".,;:!?)]>'\"")
    return format_html(
        '<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>{}',
        address,
        address,
        word[len(address) :],
    )


@register.simple_tag(takes_context=True)
def same_page(context: template.Context, **changes: object) -> str:
    """This page's query with some parameters changed; None takes one away."""
    query = context["request"].GET
    kept = [
        (name, value)
        for name, values in query.lists()
        for value in values
        if name not in changes
    ]
    new = [(name, value) for name, value in changes.items() if value is not None]
    return f"?{urlencode(kept + new)}"


@register.simple_tag
def query_of(**parameters: object) -> str:
    """The parameters as they stand behind the `?` of an address."""
    return urlencode({name: str(value) for name, value in parameters.items()})

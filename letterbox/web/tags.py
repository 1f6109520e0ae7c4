"""Template tags: icons, ages, badges, form fields. Built in; no template loads them.

Each makes a small piece of markup out of values; none reads the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Any
from urllib.parse import urlencode

from django import template
from django.db.models import Field, Model
from django.forms.boundfield import BoundField
from django.utils.safestring import SafeString

from letterbox.models import Mailbox, Message
from letterbox.services import folds, speaking
from letterbox.web import (
    decisions,
    explain,
    folded_messages,
    inbox_places,
    inbox_rows,
    notices,
    reading,
    signs,
)
from letterbox.web.forms import drawing, renderer

register = template.Library()

# A word that begins as one; it ends at the next blank.
WEB_ADDRESS = re.compile(r"(?<!\S)https?://\S*")
PLACES = {"beside": inbox_places.BESIDE, "menu": inbox_places.MENU}

register.simple_tag(signs.icon)
register.simple_tag(signs.age)
register.simple_tag(signs.badge)
register.simple_tag(signs.state_badge)
register.simple_tag(signs.avatar)


@register.simple_tag
def field(bound: BoundField, css: str = "", **attributes: Any) -> SafeString:
    """A label, its control, its help and its errors, tied together for readers."""
    look = {name.replace("_", "-"): value for name, value in attributes.items()}
    return drawing.field(
        bound, css, look, sign=signs.icon("alert-circle", "", "icon-small")
    )


@register.simple_tag
def choices(pairs: Iterable[tuple[object, object]], chosen: object = "") -> SafeString:
    """The options of a select, of pairs of a value and what it is called."""
    return renderer.options(pairs, str(chosen))


@register.simple_tag(takes_context=True)
def conversation_row(context: template.Context, row: inbox_rows.Row) -> SafeString:
    """One line of the inbox list."""
    return inbox_rows.draw(
        row, place=context["place"], is_opened=row.pk == context.get("opened_id")
    )


@register.simple_tag
def folded_message(message: Message) -> SafeString:
    """The line of a message that is folded."""
    return folded_messages.draw(message)


@register.simple_tag(takes_context=True)
def view_lines(context: template.Context, place: str = "beside") -> SafeString:
    """The views of the inbox, beside the list or in the menu of small screens."""
    return inbox_places.draw_views(
        context["views"],
        PLACES[place],
        here=context["view"].name,
        mailbox_id=context["mailbox_id"],
    )


@register.simple_tag(takes_context=True)
def mailbox_lines(
    context: template.Context,
    members: list[tuple[Mailbox, int]],
    place: str = "beside",
) -> SafeString:
    """Some mailboxes of the inbox, at the same two places."""
    return inbox_places.draw_mailboxes(
        members,
        PLACES[place],
        view=context["view"].name,
        mailbox_id=context["mailbox_id"],
    )


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
def choices_about(message: Message) -> decisions.Choices:
    """What a person may say about the decision on a message, or has said."""
    return decisions.choices(message)


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
def called(row: Model, name: str) -> str:
    """What the value of a field with choices is called.

    Django's own `get_status_display` translates all choices to find one; in a list of
    fifty rows that shows.
    """
    field, value = row._meta.get_field(name), getattr(row, name)
    choices = dict(field.flatchoices) if isinstance(field, Field) else {}
    return str(choices.get(value, value))


@register.filter
def say(text: object) -> str:
    """A sentence of rules, mail or services, in the reader's language."""
    return speaking.say(str(text))


@register.filter
def linked(text: str) -> SafeString:
    """Text whose web addresses can be followed; linear in its length.

    What stands between two addresses is escaped in one go: a letter has a thousand
    words, and few of them are addresses.
    """
    pieces, done = [], 0
    for found in WEB_ADDRESS.finditer(text):
        pieces += [escape(text[done : found.start()]), _link(found[0])]
        done = found.end()
    return SafeString("".join([*pieces, escape(text[done:])]))


def _link(word: str) -> str:
    address = word.rstrip(".,;:!?)]>'\"")
    shown = escape(address)
    return (
        f'<a href="{shown}" target="_blank" rel="noopener noreferrer nofollow">'
        f"{shown}</a>{escape(word[len(address) :])}"
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

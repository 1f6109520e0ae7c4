"""The lines of views and mailboxes are what a template would have drawn."""

from __future__ import annotations

import re

import pytest
from django.template import Context, Template
from django.utils import translation

from letterbox.models import Mailbox
from letterbox.web import inbox_lists

VIEWS = {
    "beside": """{% for each, count in views %}<li><a class="views-link" href="{% url "inbox" %}?view={{ each.name }}{% if mailbox_id %}&amp;mailbox={{ mailbox_id }}{% endif %}"{% if each.name == view.name %} aria-current="true"{% endif %}>{% icon each.icon %}<span class="one-line">{{ each.label }}</span>{% if count %}<span class="views-count number">{{ count }}</span>{% endif %}</a></li>{% endfor %}""",
    "menu": """{% for each, count in views %}<a class="menu-item" href="{% url "inbox" %}?view={{ each.name }}{% if mailbox_id %}&amp;mailbox={{ mailbox_id }}{% endif %}"{% if each.name == view.name %} aria-current="true"{% endif %}>{% icon each.icon %}<span>{{ each.label }}</span>{% if count %}<span class="at-end soft number">{{ count }}</span>{% endif %}</a>{% endfor %}""",
}
MAILBOXES = {
    "beside": """{% for each, count in members %}<li><a class="views-link" href="{% url "inbox" %}?view={{ view.name }}&amp;mailbox={{ each.pk }}" title="{{ each.address }}"{% if each.pk == mailbox_id %} aria-current="true"{% endif %}>{% icon "mail" %}<span class="one-line">{{ each.label }}</span>{% if count %}<span class="views-count number">{{ count }}</span>{% endif %}</a></li>{% endfor %}""",
    "menu": """{% for each, count in members %}<a class="menu-item" href="{% url "inbox" %}?view={{ view.name }}&amp;mailbox={{ each.pk }}">{% icon "mail" %}<span>{{ each.label }}</span>{% if count %}<span class="at-end soft number">{{ count }}</span>{% endif %}</a>{% endfor %}""",
}


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("place", ["beside", "menu"])
@pytest.mark.parametrize("mailbox_id", [0, 2])
def test_lines_are_what_a_template_would_draw(
    language: str, place: str, mailbox_id: int
) -> None:
    context = {
        "views": list(zip(inbox_lists.VIEWS, (3, 0, None, 12_345) * 3, strict=False)),
        "view": inbox_lists.VIEWS[1],
        "mailbox_id": mailbox_id,
        "members": [
            (Mailbox(pk=1, label="Sales", address="sales@acme.example"), 7),
            (Mailbox(pk=2, label="<b>R&D</b> “x”", address='"a\'b"@acme.example'), 0),
        ],
    }

    with translation.override(language):
        drawn, by_template = (
            [_read(text, context) for text in texts]
            for texts in (
                (
                    f'{{% view_lines "{place}" %}}',
                    f'{{% mailbox_lines members "{place}" %}}',
                ),
                (VIEWS[place], MAILBOXES[place]),
            )
        )

    assert drawn == by_template


def _read(text: str, context: dict[str, object]) -> str:
    """What the browser sees of it: line ends between two elements are nothing."""
    return re.sub(r">\s+<", "><", Template(text).render(Context(context))).strip()

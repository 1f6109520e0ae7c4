"""The tag `translate`, with the words it found kept.

Django looks the same words up again in each row of a grid, twenty calls deep: a list of
eight columns spends a fifth of its time on their names. Takes the place of Django's own
tag in every template that loads `i18n`; what it cannot keep, Django answers.
"""

from __future__ import annotations

from django import template
from django.template.base import Node, Parser, Token
from django.templatetags import i18n
from django.utils.translation import get_language

# No tag of its own, as `builtins` in the settings asks for.
register = template.Library()


class KeptWords(Node):
    """`{% translate "Words" %}`, looked up once for each language."""

    def __init__(self, found_by: i18n.TranslateNode) -> None:
        self.found_by = found_by
        self.name, found_by.asvar = found_by.asvar, None
        self.kept: dict[str | None, str] = {}

    def render(self, context: template.Context) -> str:
        """The words; nothing, where they go into a variable."""
        language = get_language()
        words = self.kept.get(language)
        if words is None:
            words = self.kept[language] = self.found_by.render(context)
        if not self.name:
            return words
        context[self.name] = words
        return ""


def translate(parser: Parser, token: Token) -> Node:
    """Read the tag as Django does."""
    node = i18n.do_translate(parser, token)
    # The first word of the tag's own is the text; only one in quotes stays as it is.
    is_literal = token.split_contents()[1][0] in "\"'"
    is_bare = not (node.filter_expression.filters or node.message_context or node.noop)
    return KeptWords(node) if is_literal and is_bare else node


i18n.register.tag("translate", translate)
i18n.register.tag("trans", translate)

"""The tag `url`, with the addresses it found kept.

Django works an address out anew each time, by patterns: a grid with a menu in each row
spends a quarter of its time on that. Stands in for Django's own tag everywhere; what it
cannot keep, Django answers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django import template
from django.template.base import Node, Parser, Token
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as parse
from django.urls import NoReverseMatch, get_script_prefix, reverse

register = template.Library()


class KeptURLNode(URLNode):
    """`{% url "name" 7 %}`, looked up once."""

    def render(self, context: template.Context) -> str:
        """The address; other forms of the tag are rendered as ever."""
        if self.kwargs:
            return str(super().render(context))
        name = self.view_name.resolve(context)
        found = [each.resolve(context) for each in self.args]
        if not all(type(each) is int for each in found):
            return str(super().render(context))
        try:
            address = of(name, *found)
        except NoReverseMatch:
            return str(super().render(context))
        if not self.asvar:
            return address
        context[self.asvar] = address
        return ""


@register.tag
def url(parser: Parser, token: Token) -> Node:
    """Read the tag as Django does."""
    node: Any = parse(parser, token)
    return KeptURLNode(node.view_name, node.args, node.kwargs, node.asvar)


def of(name: str, *numbers: int) -> str:
    """The address of a route with only numbers in it; raises NoReverseMatch."""
    return _address(get_script_prefix(), name, *numbers)


@lru_cache(maxsize=20_000)
def _address(_prefix: str, name: str, *numbers: int) -> str:
    return str(reverse(name, args=numbers))

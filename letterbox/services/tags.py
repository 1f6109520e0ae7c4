"""Tags: words that people sort by, made when they are first used."""

from __future__ import annotations

from collections.abc import Iterable

from letterbox.models import Tag


def named(names: Iterable[str]) -> list[Tag]:
    """The tags of these names, made where there are none; compared without case."""
    found: dict[str, Tag] = {}
    for name in names:
        name = name.strip()
        if not name or name.casefold() in found:
            continue
        tag = Tag.objects.filter(name__iexact=name).first()
        found[name.casefold()] = tag or Tag.objects.get_or_create(name=name)[0]
    return list(found.values())

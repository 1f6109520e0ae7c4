"""How the text of a message was folded: kept in its trace, shown on its page.

Folded once, among the letters of its conversation; a page only slices. Nothing is cut:
the blocks joined are the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from letterbox.mime import fold
from letterbox.models import Message

# A text in more pieces than this is folded anew when it is shown.
MOST_FOLDS = 400
NEW_TEXT_LENGTH = 100_000
SNIPPET_LENGTH = 250


def new_words(text: str, blocks: Sequence[fold.Block]) -> tuple[str, str]:
    """What search and rules read, and what lists show, of a text and its blocks.

    What was passed on counts as new: nobody here has read it before.
    """
    new_text = fold.new_text(blocks, forwards=True)[:NEW_TEXT_LENGTH]
    words = (new_text or text)[:1000].split()
    return new_text, " ".join(words)[:SNIPPET_LENGTH]


def written(blocks: Sequence[fold.Block]) -> list[list[Any]]:
    """The blocks for a trace: [kind, length in characters], in order."""
    if len(blocks) > MOST_FOLDS:
        return []
    return [[block.kind.value, len(block.text)] for block in blocks]


def read(message: Message) -> list[fold.Block]:
    """The text of a message in blocks, as its trace has them, else folded anew."""
    blocks: list[fold.Block] = []
    position = 0
    for kind, length in message.trace.get("folds", ()):
        text = message.text[position : position + length]
        blocks.append(fold.Block(fold.Kind(kind), text))
        position += length
    if blocks and position == len(message.text):
        return blocks
    return list(fold.fold(message.text))

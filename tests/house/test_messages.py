"""Everything that people read can be said in another language, and the catalogues know."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from babel.messages.catalog import Message
from django.template.base import Lexer, TokenType

from tests.house.source import ROOT, files, modules, text_of
from tools import messages, texts

TEMPLATES = [
    name
    for name in files()
    if name.startswith("letterbox/web/templates/")
    and name.endswith(".html")
    # Tags made of pieces, and no words.
    and "/allauth/elements/" not in name
]
CATALOGUES = [path.relative_to(ROOT).as_posix() for path in messages.po_files()]
# Names that are the same in every language.
NAMES = {"Letterbox", "IMAP", "SMTP", "X-Priority"}
# Filled into the attribute `class`.
STYLES = {"is-wide"}
SPOKEN_ATTRIBUTES = {"alt", "title", "placeholder", "aria-label"}
PLACE = re.compile(r"%\(\w+\)[sd]|%[sd]|(?<!\{)\{[a-z_][a-z0-9_]*\}(?!\})|\{\{.*?\}\}")
WORD = re.compile(r"[A-Za-z][A-Za-z-]+")
TAG = "\N{OBJECT REPLACEMENT CHARACTER}"


class _Words(HTMLParser):
    """Gathers the words of a page that stand outside of every tag of the template."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.skips = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.skips += tag in {"script", "style"}
        for name, value in attrs:
            if name in SPOKEN_ATTRIBUTES:
                self.handle_data(value or "")

    def handle_endtag(self, tag: str) -> None:
        self.skips -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        words = set(WORD.findall(data)) - NAMES - STYLES
        if words and not self.skips:
            self.found.append(data.strip())


def unmarked_in_template(text: str) -> list[str]:
    """Words outside `translate` and `blocktranslate`."""
    kept: list[str] = []
    is_inside = False
    for token in Lexer(text).tokenize():
        is_block = token.token_type is TokenType.BLOCK
        if is_block and token.contents.startswith(("blocktranslate", "comment")):
            is_inside = True
        elif is_block and token.contents.startswith(("endblocktrans", "endcomment")):
            is_inside = False
        elif token.token_type is TokenType.TEXT and not is_inside:
            kept.append(token.contents)
        else:
            kept.append(TAG)
    reader = _Words()
    reader.feed("".join(kept))
    return reader.found


def places_agree(message: Message) -> bool:
    """Whether each form names the values of the text; the form for one may say none."""
    wanted = [message.id] if isinstance(message.id, str) else list(message.id)
    said = [message.string] if isinstance(message.string, str) else message.string or ()
    allowed = [sorted(set(PLACE.findall(text))) for text in wanted]
    return all(sorted(set(PLACE.findall(text))) in allowed for text in said)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_says_nothing_outside_its_tags_for_translation(name: str) -> None:
    assert unmarked_in_template(text_of(name)) == []


def test_words_in_text_and_in_attributes_are_found() -> None:
    text = '<p title="Some words">{% translate "Yes" %} and {{ more }}</p>'

    assert unmarked_in_template(text) == ["Some words", f"{TAG} and {TAG}"]


def test_pages_say_no_sentence_that_is_not_marked() -> None:
    wrong = {
        module.path: found
        for module in modules("letterbox/web/")
        # What is wrong with a picture is for a log: the letter shows a gap.
        if not module.path.startswith("letterbox/web/pictures/")
        and (found := list(texts.unmarked(module.tree)))
    }

    assert wrong == {}


@pytest.mark.parametrize("name", CATALOGUES)
def test_a_catalogue_holds_the_texts_of_the_code(name: str) -> None:
    file = ROOT / name

    updated = messages.as_po(messages.updated(file))

    assert updated.decode() == text_of(name), "Run: make fix"


@pytest.mark.parametrize("name", CATALOGUES)
def test_a_translation_has_the_places_of_its_text(name: str) -> None:
    wrong = [
        message.id
        for message in messages.read(ROOT / name)
        if message.id and messages.is_translated(message) and not places_agree(message)
    ]

    assert wrong == []


def test_german_is_complete_but_for_what_is_new() -> None:
    catalogue = messages.read(messages.po_file("de"))

    missing = [each.id for each in catalogue if not messages.is_translated(each)]

    # Whoever adds a text need not speak German; a few in English do no harm.
    assert len(missing) < len(catalogue) / 20, missing


@pytest.mark.parametrize("name", CATALOGUES)
def test_what_is_compiled_says_what_its_catalogue_says(name: str) -> None:
    file = ROOT / name

    compiled = messages.as_mo(messages.read(file))

    assert compiled == file.with_suffix(".mo").read_bytes(), "Run: make fix"

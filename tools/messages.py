"""Bring the catalogues up to date with the texts of the code, and compile them.

    python -m tools.messages          every language; `make messages` does so
    python -m tools.messages fr       and begin a new one

Texts are sorted, and stand with their files but without line numbers, so that a
catalogue changes only where the words do.
"""

from __future__ import annotations

import io
import sys
from collections import defaultdict
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tools.texts import PACKAGE, texts

LOCALE = PACKAGE / "locale"
HEADER = """\
# What Letterbox says, in another language. How to translate: docs/how-to/translate.md.
#"""


def main() -> None:
    """Write every catalogue, and one for each language that is named."""
    for code in sys.argv[1:]:
        po_file(code).parent.mkdir(parents=True, exist_ok=True)
        po_file(code).touch()
    for file in po_files():
        catalogue = updated(file)
        file.write_bytes(as_po(catalogue))
        file.with_suffix(".mo").write_bytes(as_mo(catalogue))
        done = sum(1 for each in catalogue if each.id and is_translated(each))
        print(f"{catalogue.locale}: {done} of {len(catalogue)} texts")  # noqa: T201


def po_files() -> list[Path]:
    """The catalogue of each language but English, which is in the code."""
    return sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))


def po_file(code: str) -> Path:
    """Where the catalogue of a language is."""
    return LOCALE / code / "LC_MESSAGES" / "django.po"


def read(file: Path) -> Catalog:
    """A catalogue as it is."""
    code = file.parent.parent.name
    with file.open("rb") as content:
        return read_po(content, locale=code, charset="utf-8")


def updated(file: Path) -> Catalog:
    """The catalogue with exactly the texts of the code, and what it said of them.

    What the code says no more is kept as a comment, for words that were only moved.
    """
    catalogue = read(file)
    head = catalogue.header_comment
    catalogue.update(_template(), no_fuzzy_matching=True)
    catalogue.header_comment = head if "docs/how-to/translate.md" in head else HEADER
    return catalogue


def is_translated(message: object) -> bool:
    """Whether every form of a text has words."""
    said = message.string  # type: ignore[attr-defined]
    return bool(said) if isinstance(said, str) else bool(said) and all(said)


def as_po(catalogue: Catalog) -> bytes:
    """The file that people edit."""
    content = io.BytesIO()
    write_po(
        content, catalogue, width=100, sort_output=True, include_lineno=False,
        omit_header=True,
    )  # fmt: skip
    head = (
        f'{catalogue.header_comment}\nmsgid ""\nmsgstr ""\n'
        f'"Language: {catalogue.locale_identifier}\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {catalogue.plural_forms}\\n"\n\n'
    )
    return head.encode() + content.getvalue()


def as_mo(catalogue: Catalog) -> bytes:
    """The file that the product reads."""
    content = io.BytesIO()
    plain = _Compiled(locale=catalogue.locale, charset="utf-8")
    for message in catalogue:
        if message.id and is_translated(message):
            plain.add(message.id, message.string, context=message.context)
    write_mo(content, plain)
    return content.getvalue()


class _Compiled(Catalog):
    """Says no date and no version of a tool: the same words make the same bytes."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", str(self.locale_identifier)),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Plural-Forms", self.plural_forms),
        ]


def _template() -> Catalog:
    places: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for text in texts():
        places[text.english, text.plural, text.context].add(text.file)
    template = Catalog(charset="utf-8")
    for (english, plural, context), files in _one_form(places).items():
        template.add(
            (english, plural) if plural else english,
            locations=[(file, 0) for file in sorted(files)],
            context=context or None,
        )
    return template


def _one_form(
    places: dict[tuple[str, str, str], set[str]],
) -> dict[tuple[str, str, str], set[str]]:
    """A text with a plural stands for the same text without one."""
    counted = {(english, context) for english, plural, context in places if plural}
    return {
        key: files
        for key, files in sorted(places.items())
        if key[1] or (key[0], key[2]) not in counted
    }


if __name__ == "__main__":
    main()

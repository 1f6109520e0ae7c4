"""The words of a template as a form: subject and content, in each language.

A language is a tab of its own; each of its parts is written, or taken from the default
words. Nothing that was typed is lost, whatever is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from django.conf.locale import LANG_INFO
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from letterbox.models import EmailTemplate
from letterbox.services import template_files, templates
from letterbox.services.template_files import File
from letterbox.services.templates import Draft, Problem, Words

_MOST_LANGUAGES = 40
_MOST_POSTED = 2 * template_files.MOST_FILES
#: The files of a request, where it has any.
Uploads: TypeAlias = "MultiValueDict[str, UploadedFile[Any]] | None"


@dataclass(slots=True)
class Tab:
    """The words in one language; `code` is empty for the default ones."""

    code: str
    subject: str = ""
    content: str = ""
    takes_subject: bool = False
    takes_content: bool = False
    problems: dict[str, list[str]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What the tab is called."""
        if not self.code:
            return _("Default")
        known = LANG_INFO.get(self.code) or {}
        return _(str(known.get("name", self.code)))

    @property
    def prefix(self) -> str:
        """What the names of its controls begin with."""
        return f"words-{self.code or 'default'}"

    @property
    def words(self) -> Words:
        """What is stored: a part that is taken from the default words is empty."""
        return Words(
            "" if self.takes_subject else self.subject,
            "" if self.takes_content else self.content,
        )


@dataclass(slots=True)
class WordsForm:
    """Type and tabs; the first tab holds the default words."""

    type: str
    tabs: list[Tab]
    files: list[File] = field(default_factory=list)
    file_problems: list[str] = field(default_factory=list)

    @property
    def default(self) -> Tab:
        """The tab of the default words."""
        return self.tabs[0]

    @property
    def more_languages(self) -> Sequence[tuple[str, str]]:
        """The languages that have no tab yet."""
        taken = {each.code for each in self.tabs}
        # Django's own catalogues name the languages.
        named = [
            (code, _(str(info["name"])))
            for code, info in LANG_INFO.items()
            if code not in taken and "name" in info
        ]
        return sorted(named, key=lambda pair: pair[1])

    def draft(self, *, name: str = "", entity: str = "email") -> Draft:
        """The words as a draft; what is typed is taken as it is."""
        return Draft(
            type=self.type,
            subject=self.default.subject,
            content=self.default.content,
            translations={each.code: each.words for each in self.tabs[1:]},
            name=name,
            entity=entity,
            files=tuple(self.files),
        )

    def is_valid(self) -> bool:
        """Whether the words can be kept; what cannot has its problems beside it."""
        self.note(templates.check(self.draft()))
        for tab in self.tabs[1:]:
            for part in ("subject", "content"):
                is_empty = not getattr(tab, part).strip()
                if is_empty and not getattr(tab, f"takes_{part}"):
                    blank = _("This value must not be blank.")
                    tab.problems.setdefault(part, []).append(blank)
        return not self.file_problems and not any(each.problems for each in self.tabs)

    def note(self, problems: Iterable[Problem]) -> None:
        """Put what is wrong beside the words that it is about."""
        tabs = {each.code: each for each in self.tabs}
        for each in problems:
            if each.part == "files":
                self.file_problems.append(each.message)
            if each.language in tabs and each.part in ("subject", "content"):
                tabs[each.language].problems.setdefault(each.part, []).append(
                    each.message
                )

    def change(self, what: str) -> bool:
        """Do what a button asks: `language:de`, `no-language:de`, `no-file:0`.

        False where it is none of them.
        """
        verb, colon, code = what.partition(":")
        if verb == "no-file" and code.isdecimal():
            self.files = [
                each for place, each in enumerate(self.files) if place != int(code)
            ]
            return True
        if not colon or verb not in ("language", "no-language"):
            return False
        if verb == "no-language":
            self.tabs = [each for each in self.tabs if not code or each.code != code]
        elif code in LANG_INFO and code not in {each.code for each in self.tabs}:
            self.tabs.append(Tab(code))
        return True


def of_template(template: EmailTemplate | None) -> WordsForm:
    """The words of a stored template; empty ones where there is none."""
    if template is None:
        return WordsForm(EmailTemplate.Type.HTML, [Tab("")])
    draft = templates.draft_of(template)
    return WordsForm(
        draft.type,
        [
            Tab("", draft.subject, draft.content),
            *(
                Tab(
                    code,
                    words.subject,
                    words.content,
                    not words.subject,
                    not words.content,
                )
                for code, words in draft.translations.items()
            ),
        ],
        list(draft.files),
    )


def of_post(data: QueryDict, uploads: Uploads = None) -> WordsForm:
    """The words as a browser sent them; files that came along are kept at once."""
    codes = [each for each in data.getlist("languages") if each in LANG_INFO]
    chosen = data.get("type", "")
    is_known = chosen in EmailTemplate.Type.values
    form = WordsForm(
        chosen if is_known else EmailTemplate.Type.HTML,
        [_tab("", data), *(_tab(code, data) for code in codes[:_MOST_LANGUAGES])],
    )
    for each in data.getlist("file")[:_MOST_POSTED]:
        digest, _colon, name = each.partition(":")
        kept = template_files.known(name, digest)
        if kept is not None:
            form.files.append(kept)
        else:
            form.file_problems.append(_("“%s” is gone; attach it again.") % name)
    for upload in (uploads.getlist("files") if uploads else [])[:_MOST_POSTED]:
        try:
            name = upload.name or ""
            # What is too large is not even read.
            template_files.require_small(name, upload.size or 0)
            form.files.append(template_files.keep(name, upload.read()))
        except template_files.FileTooLarge as problem:
            form.file_problems.append(str(problem))
    return form


def _tab(code: str, data: Mapping[str, str]) -> Tab:
    tab = Tab(code)
    tab.subject = data.get(f"{tab.prefix}-subject", "")
    # Browsers send line ends as CR LF; a template has plain ones.
    tab.content = data.get(f"{tab.prefix}-content", "").replace("\r\n", "\n")
    tab.takes_subject = f"{tab.prefix}-takes-subject" in data
    tab.takes_content = f"{tab.prefix}-takes-content" in data
    return tab

"""What the first page of a process would wait for, done before anybody asks.

Imports the views behind every address, compiles the templates, reads the catalogues.
Asks no database.
"""

from __future__ import annotations

from django.conf import settings
from django.template.loader import get_template
from django.urls import get_resolver
from django.utils import translation


def warm_up() -> None:
    """After this, the first page takes as long as the second."""
    # Reading the list imports all that it names.
    _ = get_resolver().url_patterns
    folder = settings.BASE_FOLDER / "web" / "templates"
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            translation.gettext("Inbox")
    for path in sorted(folder.rglob("*.html")):
        get_template(path.relative_to(folder).as_posix())

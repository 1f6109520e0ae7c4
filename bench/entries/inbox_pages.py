"""How long the server thinks about the pages that people look at all day.

20,000 conversations of three letters each in 20 mailboxes, 6,000 cases and 2,000 leads;
the page of a conversation has 60 letters.
"""

from __future__ import annotations

from bench import page_times
from bench.result import Options, Result

NAME = "inbox-pages"


def run(options: Options) -> Result:
    """Measure the pages of `bench.inbox_house`."""
    return page_times.measure(NAME, "inbox_house", options)

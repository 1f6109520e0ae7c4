"""How long the server thinks about each page of System, in a big house.

200 mailboxes with 20 folders each, 500 users in 20 roles, 1,000 rules, 20,000 lines of
history.
"""

from __future__ import annotations

from bench import page_times
from bench.result import Options, Result

NAME = "system-pages"


def run(options: Options) -> Result:
    """Measure the pages of `bench.system_house`."""
    return page_times.measure(NAME, "system_house", options)

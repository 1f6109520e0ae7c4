"""A throw-away PostgreSQL for the whole run, there before Django reads its settings.

Loaded as a pytest plugin (`-p tests.database` in pyproject.toml). Workers of a parallel
run inherit the address and make a database each.
"""

from __future__ import annotations

import atexit
import os
import tempfile
from contextlib import ExitStack

from letterbox import postgres


def _provide() -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    stack = ExitStack()
    atexit.register(stack.close)
    if "LETTERBOX_TEST_DATABASE_URL" in os.environ:
        url = os.environ["LETTERBOX_TEST_DATABASE_URL"]
    else:
        url = stack.enter_context(postgres.temporary())
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="letterbox-test-"))
    for name in [name for name in os.environ if name.startswith("LETTERBOX_")]:
        if name not in {"LETTERBOX_CORPUS", "LETTERBOX_REQUIRE_SERVERS"}:
            del os.environ[name]
    os.environ |= {
        "LETTERBOX_DATABASE_URL": url,
        "LETTERBOX_DATABASE_POOL": "no",
        "LETTERBOX_DATA": folder,
        "LETTERBOX_UNDO_SECONDS": "0",
        "LETTERBOX_CONNECT_TIMEOUT": "5",
    }


_provide()

"""Letterbox: shared mailboxes that a company answers together."""

import sys

__version__ = "0.1.0"

# Before anything that an older Python cannot even read.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(
        "Letterbox needs Python 3.11 or newer; this is %d.%d." % sys.version_info[:2]  # noqa: UP031
    )

"""`letterbox keeper`: keep mailboxes equal to their servers."""

from __future__ import annotations

import argparse

from letterbox.sync import keeper


def command(arguments: argparse.Namespace) -> int:
    """Keep until told to stop."""
    keeper.main()
    return 0

"""What the process imports of which readers of a history are forks.

Imported by that process alone, before the readers fork off: it sets Django up.
"""

import gc

import django

django.setup()

# Needs Django set up.
from letterbox.inbound.history import readers  # noqa: E402

__all__ = ["readers"]

# What is there now stays: looking through it again and again would take a tenth of the
# time, and would copy the memory that the readers share.
gc.freeze()
# A letter is thousands of values and hardly a circle of them.
gc.set_threshold(100_000, 50, 1_000)

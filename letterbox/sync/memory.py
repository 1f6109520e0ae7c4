"""Have the C library hold less memory for threads that come and go.

By default glibc gives up to eight heaps for each core to threads that allocate at the
same time, and none of them shrinks by itself. On other systems this does nothing.
"""

from __future__ import annotations

import ctypes

# From malloc.h.
M_ARENA_MAX = -8
HEAPS = 2


def be_frugal() -> None:
    """Share few heaps among all threads; call it before there are any."""
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(M_ARENA_MAX, HEAPS)


def give_back() -> None:
    """Return what is free to the system."""
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)

"""`letterbox web`: pages and the event stream, under uvicorn."""

from __future__ import annotations

import argparse

import uvicorn
from django.conf import settings

from letterbox.web import warming


def command(arguments: argparse.Namespace) -> int:
    """Serve until told to stop; open event streams are cut after two seconds."""
    # Else whoever comes first after a start waits a second and a half.
    warming.warm_up()
    uvicorn.run(
        "letterbox.asgi:application",
        host=settings.WEB_HOST,
        port=settings.WEB_PORT,
        lifespan="off",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=2,
        proxy_headers=True,
    )
    return 0

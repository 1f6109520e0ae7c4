"""Our style sheets and scripts, straight from the package: no build, no collecting.

Each address carries a hash of its file, so that browsers keep it until it changes.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware

COMPRESSED = ("text/css", "text/javascript", "image/svg+xml")
FOREVER = "max-age=31536000, public, immutable"


class VersionedStorage(StaticFilesStorage):
    """Addresses such as `/static/letterbox/base.css?v=0f3c…`."""

    def url(self, name: str | None) -> str:
        """The address of a file with the version of its content."""
        address = super().url(name)
        version = _version(name or "")
        return f"{address}?v={version}" if version else address


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]
    """WhiteNoise, but its files as whole answers, compressed once.

    They are small, and under ASGI Django would read a file response whole anyway,
    with a warning for each.
    """

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """Answer with the file, or with the news that it has not changed."""
        found = static_file.get_response(request.method, request.META)
        content = b""
        if found.file:
            with found.file as file:
                content = file.read()
        response = HttpResponse(content, status=int(found.status))
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        if "v" in request.GET:
            response["Cache-Control"] = FOREVER
        if response.status_code == 200 and _is_compressed(response):
            response["Vary"] = "Accept-Encoding"
            if content and "gzip" in request.headers.get("Accept-Encoding", ""):
                response.content = _compress(content)
                response["Content-Encoding"] = "gzip"
                response["Content-Length"] = str(len(response.content))
        return response


def _is_compressed(response: HttpResponse) -> bool:
    return response.get("Content-Type", "").startswith(COMPRESSED)


@lru_cache(maxsize=256)
def _compress(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=9, mtime=0)


@lru_cache(maxsize=1024)
def _version(name: str) -> str:
    path = finders.find(name)
    if not isinstance(path, str):
        return ""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]

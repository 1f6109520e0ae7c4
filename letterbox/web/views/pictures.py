"""A picture of a letter that stands on somebody else's server, fetched by ours."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from letterbox import access
from letterbox.web import csp, waiting
from letterbox.web.doors import UserRequest
from letterbox.web.pictures import links
from letterbox.web.pictures.fetching import PictureFetcher, PictureProblem


def through(
    fetcher: Callable[[], PictureFetcher],
) -> Callable[[UserRequest, int], HttpResponse]:
    """The view that fetches with this fetcher, made when it is first wanted."""

    @require_GET
    def picture(request: UserRequest, message_id: int) -> HttpResponse:
        """Fetch the picture that the reader was given a signed address for."""
        found = access.get_message(request.user, message_id)
        address = links.read(request.GET.get("of", ""), found, request.user)
        if address is None:
            raise access.NotFound
        # Others may use the connection while a slow server is waited for.
        waiting.let_go_of_database()
        try:
            fetched = fetcher().fetch(address)
        except PictureProblem as problem:
            # The browser shows the picture's alternative text in its place.
            answer = HttpResponse(str(problem), status=502, content_type="text/plain")
            answer.headers["Cache-Control"] = "private, max-age=60"
        else:
            answer = HttpResponse(fetched.content, content_type=fetched.content_type)
            answer.headers["Cache-Control"] = f"private, max-age={links.VALID_SECONDS}"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers[csp.HEADER] = csp.FILE_POLICY
        return answer

    return picture


picture = through(cache(PictureFetcher))

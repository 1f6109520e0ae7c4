import re

from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from letterbox.web import csp


def _answer(view_response: HttpResponse | None = None) -> HttpResponse:
    def view(request: HttpRequest) -> HttpResponse:
        return view_response or HttpResponse(csp.nonce(request)["csp_nonce"])

    answer = csp.content_security_policy(view)(RequestFactory().get("/"))
    assert isinstance(answer, HttpResponse)
    return answer


def test_a_page_runs_only_scripts_that_carry_its_nonce() -> None:
    answer = _answer()

    policy = answer.headers[csp.HEADER]
    assert f"script-src 'nonce-{answer.content.decode()}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy


def test_every_answer_has_a_nonce_of_its_own() -> None:
    nonces = {_answer().content for _ in range(20)}

    assert len(nonces) == 20
    assert all(re.fullmatch(rb"[\w-]{20,}", nonce) for nonce in nonces)


def test_a_view_may_answer_with_a_policy_of_its_own() -> None:
    @csp.with_policy(csp.letter_policy())
    def body(request: HttpRequest) -> HttpResponse:
        return HttpResponse("a letter")

    answer = csp.content_security_policy(body)(RequestFactory().get("/"))

    policy = answer.headers[csp.HEADER]
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "allow-scripts" not in policy


def test_a_letter_fetches_nothing_from_outside() -> None:
    policy = csp.letter_policy()

    assert "img-src 'self' data:;" in policy
    assert "http" not in policy

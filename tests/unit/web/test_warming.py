"""The first page of a process is as quick as the second."""

from django.template import engines

from letterbox.web import warming


def test_every_template_is_compiled_before_a_page_is_asked_for() -> None:
    warming.warm_up()

    [loader] = engines["django"].engine.template_loaders  # type: ignore[attr-defined]
    compiled = {str(each).rpartition("/templates/")[2] for each in _compiled(loader)}
    assert {"inbox/page.html", "conversation/head.html", "500.html"} <= compiled


def _compiled(loader: object) -> list[str]:
    return [
        each.origin.name for each in getattr(loader, "get_template_cache", {}).values()
    ]

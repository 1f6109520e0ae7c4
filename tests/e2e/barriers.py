"""What keeps somebody from using a page, as axe finds it."""

from __future__ import annotations

from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.e2e.browsing import PHONE, WIDE, Window

OPTIONS: dict[str, object] = {
    "runOnly": {
        "type": "tag",
        "values": [
            "wcag2a",
            "wcag2aa",
            "wcag21a",
            "wcag21aa",
            "wcag22aa",
            "best-practice",
        ],
    },
    "resultTypes": ["violations"],
    # It would fetch style sheets of its own accord, from wrong addresses.
    "preload": False,
    # A letter's frame runs no script, not even axe's: Chromium would call it an error.
    "iframes": False,
}
# In the other colours everything else is as it was.
CONTRAST = OPTIONS | {"runOnly": {"type": "rule", "values": ["color-contrast"]}}

LOOKS: tuple[tuple[Literal["light", "dark"], dict[str, object]], ...] = (
    ("light", OPTIONS),
    ("dark", CONTRAST),
)
# Within the shell only its parts scroll, never the window.
SCROLLS_PAST_ITS_END = """() => document.querySelector(".shell") !== null
  && document.documentElement.scrollHeight > innerHeight"""


def prepare(opened: Window) -> None:
    """Bring axe along, to be there on every page of the window."""
    opened.page.add_init_script(AXE_SCRIPT)


def on(opened: Window, path: str) -> list[str]:
    """What axe has against a page, a line for each element.

    In light and dark, on a wide window and on a phone; the page is loaded once, since
    no script of ours looks at the size of its window.
    """
    page = opened.open(path)
    # Parts that come by themselves move what axe is looking at.
    expect(page.locator("[hx-trigger=load]")).to_have_count(0)
    found: list[str] = []
    for size in (WIDE, PHONE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        for colours, options in LOOKS:
            page.emulate_media(color_scheme=colours)
            expect(page.locator("html")).to_have_attribute("data-bs-theme", colours)
            opened.picture(f"{colours}-{size[0]}{path}")
            where = f"{path} ({colours}, {size[0]} pixels)"
            found += [f"{where}: {each}" for each in _violations(page, options)]
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{where}: wider than the window")
            if page.evaluate(SCROLLS_PAST_ITS_END):
                found.append(f"{where}: longer than the window")
    return found


def _violations(page: Page, options: dict[str, object]) -> list[str]:
    results = page.evaluate("options => axe.run(options)", options)
    return [
        f"{each['id']}: {each['help']}: {node['html'][:200]}"
        for each in results["violations"]
        for node in each["nodes"]
    ]

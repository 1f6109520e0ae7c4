"""Windows of the browser that note whatever should not happen in them.

E2E_SHOTS=folder keeps pictures: of the pages that tests show, and of what a window
showed last when its test failed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request

WIDE = (1440, 900)
PHONE = (360, 780)
PATIENCE_MILLISECONDS = 30_000


@dataclass
class Window:
    """One page, and a list of the dialogs, errors and foreign requests in it."""

    page: Page
    address: str
    mishaps: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("dialog", self._note_dialog)
        self.page.on("pageerror", lambda error: self.mishaps.append(f"error: {error}"))
        self.page.on("console", self._note_console)
        # Of the context, so that what a new tab asks for counts as well.
        self.page.context.on("request", self._note_request)

    def open(self, path: str) -> Page:
        """Go to a path of the product."""
        self.page.goto(self.address + path)
        return self.page

    def sign_in(self, email: str, password: str) -> Page:
        """Sign in by the form and wait for the inbox."""
        self.open("/account/login/")
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/inbox")
        return self.page

    def picture(self, name: str) -> None:
        """Keep a picture of what is shown, where somebody wants pictures."""
        if folder := os.environ.get("E2E_SHOTS"):
            file = "".join(each if each.isalnum() else "-" for each in name)
            self.page.screenshot(path=f"{folder}/{file}.png")

    def _note_console(self, line: ConsoleMessage) -> None:
        # A form that was filled in wrongly is answered with 422, which is no mishap.
        if line.type == "error" and "status of 422" not in line.text:
            self.mishaps.append(f"console: {line.text} {line.location}")

    def _note_dialog(self, dialog: Dialog) -> None:
        self.mishaps.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _note_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob", "about"} and not request.url.startswith(
            f"{self.address}/"
        ):
            self.mishaps.append(f"request: {request.url}")


@contextmanager
def window(
    browser: Browser,
    address: str,
    *,
    size: tuple[int, int] = WIDE,
    colours: Literal["light", "dark"] = "light",
    is_for_axe: bool = False,
) -> Iterator[Window]:
    """A window with cookies of its own; at the end nothing odd may have happened.

    Axe styles the page that it looks at, so for it our Content-Security-Policy is off;
    and colours change at once, or it would see them half-way.
    """
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=colours,
        bypass_csp=is_for_axe,
        reduced_motion="reduce" if is_for_axe else "no-preference",
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    opened = Window(context.new_page(), address)
    try:
        yield opened
        assert not opened.mishaps, opened.mishaps
    except BaseException:
        opened.picture(f"failed-{time.time_ns()}")
        raise
    finally:
        context.close()

"""What a visitor does with the demo, from the first minute to Ctrl-C."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import window
from tests.e2e.standing_demo import Demo, alive
from tests.product import wait_until

SUBJECT = "My order has not arrived"
NORA = "nora@customer.example"


def test_a_visitor_follows_a_letter_through_the_demo_and_back(
    chromium: Browser,
) -> None:
    with Demo.started() as demo:
        with (
            window(chromium, demo.address) as outside,
            window(chromium, demo.address) as inside,
        ):
            inbox = inside.sign_in("alice@acme.example", demo.password)
            _see_the_samples(inbox)
            customer = outside.open("/demo/")
            customer.get_by_role("button", name="Send the letter").click()
            _see_the_answer_outside(customer)
            _see_the_case_inside(inbox)
            _answer(inbox, "It left our house this morning.")
            _reply_outside(customer, "It left our house this morning.")
            _see_the_reply_inside(inbox)
        processes = demo.descendants()
        assert len(processes) > 5
        assert demo.press_ctrl_c() == 0, demo.said
        wait_until(lambda: not alive(processes), "every process has ended")
        assert list(demo.folder.iterdir()) == []
        assert "Traceback" not in demo.said


def _see_the_samples(inbox: Page) -> None:
    rows = inbox.locator("#rows .rows-item")
    expect(rows).to_have_count(5)
    expect(rows.filter(has_text="Maria Keller")).to_contain_text("#")
    expect(rows.filter(has_text="Quote for 40 units")).to_contain_text("Lead")


def _see_the_answer_outside(customer: Page) -> None:
    """The page of the pretend inbox shows it by itself."""
    customer.wait_for_url(f"**/demo/{NORA}")
    answer = customer.locator("article", has_text=f"Re: {SUBJECT}")
    expect(answer).to_contain_text("under case", timeout=10_000)


def _see_the_case_inside(inbox: Page) -> None:
    """The list that has stood open all the while shows conversation and case."""
    row = inbox.locator("#rows .rows-item", has_text=SUBJECT)
    expect(row).to_contain_text("Nora Nilsen", timeout=5_000)
    expect(row).to_contain_text("#", timeout=5_000)
    row.get_by_role("link").click()
    head = inbox.locator("#conversation-head")
    expect(head).to_contain_text(SUBJECT)
    expect(inbox.locator("#timeline")).to_contain_text("Answered by the rule")
    head.get_by_role("link", name=re.compile(r"Case #\d+")).click()
    expect(inbox.get_by_role("heading", name=SUBJECT)).to_be_visible()
    inbox.get_by_role("link", name="Open the conversation").click()
    expect(inbox.locator("#conversation-head")).to_contain_text(SUBJECT)


def _answer(inbox: Page, words: str) -> None:
    inbox.get_by_label("Your answer").fill(words)
    inbox.get_by_role("button", name="Send", exact=True).click()
    ours = inbox.locator("#timeline .is-ours", has_text=words)
    expect(ours).to_be_visible()
    # It says so itself once it is out.
    expect(ours.locator(".mail-state")).to_have_count(0)
    expect(inbox.locator("#conversation-head")).to_contain_text("Waiting")


def _reply_outside(customer: Page, to: str) -> None:
    letter = customer.locator("article", has_text=to)
    expect(letter).to_be_visible()
    letter.get_by_role("link", name="Reply").click()
    text = customer.get_by_label("Letter")
    expect(text).to_have_value(re.compile(re.escape(f"> {to}")))
    text.fill("Thank you, here it is!\n" + text.input_value())
    customer.get_by_role("button", name="Send the letter").click()
    customer.wait_for_url(f"**/demo/{NORA}")


def _see_the_reply_inside(inbox: Page) -> None:
    expect(inbox.locator("#timeline")).to_contain_text("Thank you, here it is!")
    expect(inbox.locator("#conversation-head")).to_contain_text("Open")
    expect(inbox.locator("#rows .rows-item", has_text=SUBJECT)).to_have_count(1)

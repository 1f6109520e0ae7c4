"""More answers than a mailbox allows: held, told of, and decided on by a person."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import Window, window
from tests.e2e.standing_demo import Demo

MATTERS = {
    "The first lamp": "one@first.example",
    "The second lamp": "two@second.example",
    "The third lamp": "three@third.example",
}
PARCEL = "Your parcel"
# The alerts are looked at twice a minute.
TOLD_MILLISECONDS = 120_000


def test_what_is_held_is_told_of_and_goes_out_when_a_person_says_so(
    chromium: Browser,
) -> None:
    with Demo.started() as demo, window(chromium, demo.address) as inside:
        page = inside.sign_in("max@acme.example", demo.password)
        _allow_one_answer_an_hour(page, inside)
        for subject, sender in MATTERS.items():
            _write(inside.open("/demo/"), sender, subject)
        _write(inside.open("/demo/"), "noreply@shop.example", PARCEL)
        _decide_in_the_outbox(page, inside)
        _let_go(page, inside)
        _overrule_the_guards(page, inside)


def _allow_one_answer_an_hour(page: Page, inside: Window) -> None:
    inside.open("/system/mailboxes")
    page.get_by_role("link", name="Support", exact=True).click()
    page.get_by_role("link", name="Hours and limits").click()
    # The last of the limits is that of the mailbox; the samples have spent it.
    page.get_by_label("At most (answers)").last.fill("1")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("heading", name="Support").first).to_be_visible()


def _write(page: Page, sender: str, subject: str) -> None:
    page.get_by_label("Your address").fill(sender)
    page.get_by_label("Subject").fill(subject)
    page.get_by_role("button", name="Send the letter").click()
    page.wait_for_url(f"**/demo/{sender}")


def _decide_in_the_outbox(page: Page, inside: Window) -> None:
    inside.open("/outbox")
    rows = page.locator("tbody tr")
    # It shows them by itself.
    expect(rows).to_have_count(3)
    expect(page.locator(".outbox-holding")).to_contain_text("Support are held until")
    inside.picture("held answers")
    rows.filter(has_text="one@first.example").get_by_role(
        "button", name="Send it"
    ).click()
    expect(rows).to_have_count(2)
    rows.filter(has_text="two@second.example").get_by_role(
        "button", name="Discard"
    ).click()
    expect(rows).to_have_count(1)
    outside = inside.open("/demo/one@first.example")
    expect(outside.locator("article", has_text="Re: The first lamp")).to_be_visible()
    outside = inside.open("/demo/two@second.example")
    expect(outside.get_by_text("Re: The second lamp")).to_have_count(0)


def _let_go(page: Page, inside: Window) -> None:
    """The alert leads to the Outbox, where the rest is let go."""
    inside.open("/outbox")
    # The bell comes by itself.
    bell = page.locator(".alert-count a")
    expect(bell).to_be_visible(timeout=TOLD_MILLISECONDS)
    bell.click()
    leads_there = page.locator("a[href*='/outbox?mailbox=']").first
    expect(leads_there).to_be_visible()
    inside.picture("alerts of held answers")
    leads_there.click()
    page.get_by_role("button", name="Send all that are held").click()
    expect(page.get_by_text("Nothing waits here")).to_be_visible()
    page.get_by_role("button", name="Let automatic answers go out again").click()
    expect(page.locator(".outbox-holding")).to_have_count(0)
    outside = inside.open("/demo/three@third.example")
    expect(outside.locator("article", has_text="Re: The third lamp")).to_be_visible()


def _overrule_the_guards(page: Page, inside: Window) -> None:
    """Mute a sender, take it back, and have the letter answered anyway."""
    inside.open("/inbox")
    page.locator("#rows .rows-item", has_text=PARCEL).get_by_role("link").click()
    for button, said in (
        ("Mute this sender", "This sender is muted"),
        ("Leave it to the guards again", "Trust this sender"),
    ):
        card = page.locator(".explain").first
        card.get_by_text("Why is this so?").click()
        card.get_by_role("button", name=button).click()
        expect(page.locator(".flashes")).not_to_be_empty()
        expect(page.locator(".explain-choices").first).to_contain_text(said)
    card = page.locator(".explain").first
    card.get_by_text("Why is this so?").click()
    inside.picture("a letter that no rule answers")
    card.get_by_role("button", name="anyway").click()
    answer = page.locator("#timeline .is-ours")
    expect(answer).to_contain_text("Answered by the rule")
    # There is no case, so none is spoken of.
    expect(answer).not_to_contain_text("under case")

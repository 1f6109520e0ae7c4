"""A company's colour and logos: what is taken, what is refused, where it shows."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from letterbox.models import Event, Setting, User
from letterbox.services import branding, settings
from letterbox.web import brand_colours

Browser = Callable[[User], Client]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def _file(content: bytes, name: str = "logo.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/png")


def test_colour_and_logo_show_on_the_sign_in_page(
    max_: User, browser: Browser, client: Client
) -> None:
    settings.change({"company-name": "Acme Lamps"}, by=None)
    answer = browser(max_).post(
        "/system/branding", {"colour": "#CC3300", "brand_logo": _file(PNG)}
    )

    page = client.get("/account/login/").content.decode()
    style = client.get("/brand/style.css")
    logo = client.get("/brand/brand-logo")

    assert answer.status_code == 302
    assert "Acme Lamps" in page
    assert "/brand/style.css" in page
    assert "--accent: light-dark(#" in style.content.decode()
    assert "/brand/brand-logo?v=" in style.content.decode()
    assert (logo.headers["Content-Type"], logo.content) == ("image/png", PNG)
    assert "sandbox" in logo.headers["Content-Security-Policy"]
    assert "PNG" not in str(Event.objects.values())


def test_looking_at_the_page_changes_nothing(max_: User, browser: Browser) -> None:
    branding.change(by=None, colour="#112233")

    page = browser(max_).get("/system/branding")

    assert page.status_code == 200
    assert 'value="#112233"' in page.content.decode()
    assert branding.colour() == "#112233"


def test_no_file_keeps_the_logo_and_a_tick_takes_it_away(
    max_: User, browser: Browser, client: Client
) -> None:
    client = browser(max_)
    client.post("/system/branding", {"brand_logo": _file(PNG)})

    client.post("/system/branding", {"colour": "#112233"})
    kept = branding.logo("brand-logo")
    client.post("/system/branding", {"removes_brand_logo": "on"})

    assert kept is not None
    assert branding.logo("brand-logo") is None
    assert branding.colour() == ""
    assert client.get("/brand/brand-logo").status_code == 404


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"<svg onload='x()'></svg>", "An SVG can hold programs"),
        (b"<?xml version='1.0'?><SVG></SVG>", "An SVG can hold programs"),
        (b"<html>", "no PNG, JPEG, WebP or GIF"),
        (PNG + b"\0" * branding.MOST_BYTES, "256 KB at most"),
    ],
)
def test_what_is_no_small_picture_is_refused_whatever_it_is_called(
    max_: User, browser: Browser, content: bytes, sentence: str
) -> None:
    answer = browser(max_).post("/system/branding", {"brand_logo": _file(content)})

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Setting.objects.exists()


@pytest.mark.parametrize("colour", ["red", "#12", "#12345g", "url(x)", "#123456;x"])
def test_what_is_no_colour_is_refused(
    max_: User, browser: Browser, colour: str
) -> None:
    answer = browser(max_).post("/system/branding", {"colour": colour})

    assert answer.status_code == 422
    assert not Setting.objects.exists()


@pytest.mark.parametrize(
    "colour", ["#000000", "#ffffff", "#ffff00", "#0b5cad", "#cc3300", "#808080"]
)
def test_every_colour_can_be_read(colour: str) -> None:
    found = brand_colours.palette(colour)

    def rgb(text: str) -> tuple[int, int, int]:
        return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)

    white = (255, 255, 255)
    light, dark = (rgb(each) for each in found.accent)
    assert brand_colours.contrast(rgb(found.fill[0]), white) >= 4.5
    assert brand_colours.contrast(light, (0xE6, 0xEF, 0xFB)) >= 4.5
    assert brand_colours.contrast(dark, (0x1F, 0x30, 0x45)) >= 4.5


def test_it_goes_through_the_configuration_file(db: None) -> None:
    branding.change(by=None, colour="#112233", brand_logo=branding.read_logo(PNG))
    written = branding.as_document()

    branding.change(by=None, colour="", brand_logo=None)
    branding.apply(written, by=None)

    assert branding.as_document() == written


def test_who_may_not_change_settings_does_not_change_the_looks(
    alice: User, browser: Browser
) -> None:
    assert browser(alice).get("/system/branding").status_code == 403
    assert (
        browser(alice).post("/system/branding", {"colour": "#112233"}).status_code
        == 403
    )

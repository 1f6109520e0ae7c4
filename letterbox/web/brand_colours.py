"""A company's colour → the colours of the page, each dark or light enough to be read.

Pure. Contrast is that of WCAG 2.2, 1.4.3: 4.5 to 1 for words.
"""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[int, int, int]
ENOUGH = 4.5
STEPS = 50
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
# The grounds that words in the accent stand on; see tokens.css.
LIGHT_GROUND: Colour = (0xE6, 0xEF, 0xFB)
DARK_GROUND: Colour = (0x24, 0x30, 0x45)


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as CSS writes them, each for light and for dark pages."""

    accent: tuple[str, str]
    fill: tuple[str, str]
    fill_hover: tuple[str, str]

    def style(self) -> str:
        """The custom properties of tokens.css that this sets anew."""
        pairs = {
            "--accent": self.accent,
            "--accent-fill": self.fill,
            "--accent-fill-hover": self.fill_hover,
        }
        lines = (
            f"{name}: light-dark({light}, {dark});"
            for name, (light, dark) in pairs.items()
        )
        return f"@layer tokens {{ :root {{ {' '.join(lines)} }} }}\n"


def palette(colour: str) -> Palette:
    """From `#rrggbb`; it is darkened or lightened only as far as reading needs it."""
    given = _read(colour)
    fill = _until_readable(given, on=WHITE, towards=BLACK)
    hover = _mixed(fill, BLACK, 0.15)
    return Palette(
        accent=(
            _written(_until_readable(given, on=LIGHT_GROUND, towards=BLACK)),
            _written(_until_readable(given, on=DARK_GROUND, towards=WHITE)),
        ),
        fill=(_written(fill), _written(fill)),
        fill_hover=(_written(hover), _written(hover)),
    )


def contrast(one: Colour, other: Colour) -> float:
    """Between 1 (the same) and 21 (black on white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _until_readable(colour: Colour, *, on: Colour, towards: Colour) -> Colour:
    for step in range(STEPS):
        mixed = _mixed(colour, towards, step / STEPS)
        if contrast(mixed, on) >= ENOUGH:
            return mixed
    return towards


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (
        round(first + (second - first) * share)
        for first, second in zip(one, other, strict=True)
    )
    return red, green, blue


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (each / 255 for each in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _read(colour: str) -> Colour:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _written(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)

"""Fetch the front-end files we ship, and build the icon sprite.

Run by hand when a version changes: `python tools/vendor_front_end.py`. It needs
npm; the product does not, for what this writes is committed. Each folder under
`letterbox/web/static/vendor` carries the licence of what lies in it.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parent.parent / "letterbox" / "web" / "static" / "vendor"

PACKAGES = ("@tabler/core@1.6.1", "@tabler/icons@3.51.0")


# The drawings we use; a template names one by `{% icon "inbox" %}`.
ICONS = Path(__file__).with_name("icons.txt")

SOURCE_MAP = re.compile(
    r"^(//# sourceMappingURL=.*|/\*# sourceMappingURL=.*\*/)$", re.M
)


def main() -> None:
    """Write every vendored file anew."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(  # noqa: S603
            ["npm", "install", "--silent", "--prefix", name, *PACKAGES],  # noqa: S607
            check=True,
        )
        _copy_tabler(folder / "node_modules" / "@tabler" / "core")
        _build_sprite(folder / "node_modules" / "@tabler" / "icons")


def _copy_tabler(package: Path) -> None:
    target = VENDOR / "tabler"
    target.mkdir(parents=True, exist_ok=True)
    for name in ("tabler.min.css", "tabler.rtl.min.css"):
        text = (package / "dist" / "css" / name).read_text()
        # We do not ship the maps, and hashed static files refuse a dangling name.
        (target / name).write_text(SOURCE_MAP.sub("", text).rstrip() + "\n")
    # The package holds no licence file; the licence stands in the head of each file.
    icons = package.parent / "icons" / "LICENSE"
    shutil.copy(icons, target / "LICENSE")


def _build_sprite(package: Path) -> None:
    target = VENDOR / "tabler-icons"
    target.mkdir(parents=True, exist_ok=True)
    symbols = []
    for name in _icon_names():
        source = (package / "icons" / "outline" / f"{name}.svg").read_text()
        # The first path is an empty square that only fixes the box.
        shapes = re.findall(r"<(?:path|circle|rect|line)\s[^>]*/>", source)
        inside = "".join(shape for shape in shapes if 'stroke="none"' not in shape)
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{inside}</symbol>')
    sprite = "\n".join(
        ('<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>\n")
    )
    (target / "icons.svg").write_text(sprite)
    shutil.copy(package / "LICENSE", target / "LICENSE")


def _icon_names() -> list[str]:
    lines = ICONS.read_text().splitlines()
    return " ".join(line for line in lines if not line.startswith("#")).split()


if __name__ == "__main__":
    main()

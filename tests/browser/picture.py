"""Makes the pictures of a page that the docs show: wide and light, narrow and dark.

    ./dev python tests/browser/picture.py reports/<run>/index.html docs/page

writes docs/page.png and docs/page-phone.png; a third word is the anchor of the section at which
the pictures begin (volumes). Needs Chromium. docs/examples/README.md says which runs they show.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.chromium import chromium

# What is added to the name, width, dark, height, scale; so that both are sharp and small.
PICTURES = (("", 1280, False, 1560, 0.7), ("-phone", 390, True, 1300, 0.8))


def main(page: Path, out: str, anchor: str = "") -> None:
    """Write the pictures of *page* to *out* with an ending each."""
    with chromium() as browser:
        for ending, width, dark, height, scale in PICTURES:
            seen = browser.page()
            seen.look(width=width, dark=dark)
            seen.load(page.resolve())
            top = 0
            if anchor:
                top = int(
                    seen.run(f"document.getElementById({anchor!r}).getBoundingClientRect().top")
                )
            Path(f"{out}{ending}.png").write_bytes(
                seen.screenshot(top=top, height=height, scale=scale)
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:4])

"""Photograph pages of a running demonstration: `make.py ADDRESS` writes PNG files beside this one."""

import sys
from pathlib import Path
from shutil import which

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
WIDTH, HEIGHT, MARGIN = 1200, 1800, 24  # of the window and below what is shown, in CSS pixels
MOST_BYTES = 300_000


def main(address: str) -> None:
    """Write home.png, in French and in the light scheme."""
    chromium = which("chromium") or which("chromium-browser")
    if chromium is None:
        sys.exit("Chromium is missing: deploy/setup --with-checks installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, locale="fr-FR", color_scheme="light"
        )
        page.goto(address, wait_until="networkidle")
        picture = HERE / "home.png"
        map_and_list = page.locator(".beside").bounding_box()
        bottom = map_and_list["y"] + map_and_list["height"] + MARGIN if map_and_list else HEIGHT
        page.screenshot(path=picture, clip={"x": 0, "y": 0, "width": WIDTH, "height": bottom})
        browser.close()
    if picture.stat().st_size > MOST_BYTES:
        sys.exit(f"{picture} is larger than {MOST_BYTES} bytes")
    print(f"{picture}: {picture.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1])

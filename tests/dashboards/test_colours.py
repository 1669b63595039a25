"""The colours of capto.css meet WCAG 2.1 AA: 4.5:1 for text, 3:1 for graphics, in both schemes."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).resolve().parents[2] / "capto" / "static" / "capto.css").read_text()

TEXT = [
    ("ink", "paper"), ("ink", "panel"), ("ink", "warn-panel"), ("soft", "paper"), ("soft", "panel"),
    ("accent", "paper"), ("accent", "panel"), ("accent-deep", "paper"), ("on-accent", "accent"),
    ("on-accent", "accent-deep"), ("wrong", "paper"), ("good", "paper"), ("warn", "warn-panel"),
]  # fmt: skip
GRAPHICS = [
    ("accent", "paper"),
    ("accent", "band"),
    ("reference", "band"),
    ("raw", "paper"),
    ("raw", "night"),
]


def colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", css))


LIGHT = colours(CSS[: CSS.index("prefers-color-scheme: dark")])
DARK = colours(CSS[CSS.index("prefers-color-scheme: dark") : CSS.index("/* Ground */")])


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.1."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#767676", "#ffffff") == pytest.approx(
        4.54, abs=0.005
    )  # the well-known lightest grey on white


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "ground"), TEXT)
def test_text_can_be_read(scheme: dict[str, str], front: str, ground: str) -> None:
    assert contrast(scheme[front], scheme[ground]) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "ground"), GRAPHICS)
def test_graphics_can_be_seen(scheme: dict[str, str], front: str, ground: str) -> None:
    assert contrast(scheme[front], scheme[ground]) >= 3.0

"""Write SVG text: elements, escaped, with figures of one decimal. Colours are classes of capto.css."""

from collections.abc import Sequence
from functools import cache
from html import escape


def element(name: str, content: str = "", /, **attributes: object) -> str:
    """Write one element; `class_` gives `class`, `stroke_width` gives `stroke-width`; content is SVG already.

    >>> element("circle", cx=1.25, cy=2.0, r=3, class_="dot")
    '<circle cx="1.2" cy="2" r="3" class="dot"/>'
    """
    written = "".join(
        f' {_named(key)}="{escape(value) if isinstance(value, str) else number(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


@cache
def _named(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def text(words: str, /, **attributes: object) -> str:
    """Write a text element; the words are escaped."""
    return element("text", escape(words, quote=False), **attributes)


def escaped(words: str) -> str:
    """Escape words that stand inside an element.

    >>> escaped("a < b & c")
    'a &lt; b &amp; c'
    """
    return escape(words, quote=False)


def number(value: object) -> str:
    """Write a figure with at most one decimal, anything else as it is."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def polyline(points: Sequence[tuple[float, float]]) -> str:
    """Give the path through points; a single point becomes a dot where line ends are round.

    >>> polyline([(0.0, 1.0), (2.0, 3.5)]), polyline([(4.0, 5.0)])
    ('M0 1L2 3.5', 'M4 5h0')
    """
    if len(points) == 1:
        return f"M{number(points[0][0])} {number(points[0][1])}h0"
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


def drawing(
    content: str, *, width: int, height: int, title: str, description: str, ident: str, class_: str
) -> str:
    """Give a whole drawing that a screen reader announces by its title and description."""
    head = f'<title id="{ident}-t">{escape(title)}</title><desc id="{ident}-d">{escape(description)}</desc>'
    return (
        f'<svg class="chart {class_}" viewBox="0 0 {width} {height}" role="img"'
        f' aria-labelledby="{ident}-t" aria-describedby="{ident}-d">{head}{content}</svg>'
    )

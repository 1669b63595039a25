"""The calendar of a year: one cell a day, darker where the mean is higher, weeks left to right."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from capto.charts.svg import drawing, element, escaped, text

STEPS = (
    5  # shades of the scale; each differs in lightness, so that it reads in grey and without colour vision
)
SIDE = 13.0  # of a cell, in the units of the viewBox, its gap included
CELL = 11  # the side of what is drawn of it


def shade(value: float, *, bounds: Sequence[float]) -> int:
    """Give the shade of a value: how many bounds it exceeds.

    >>> shade(5.0, bounds=(5, 10, 15, 25)), shade(5.1, bounds=(5, 10, 15, 25)), shade(99.0, bounds=(5, 10, 15, 25))
    (0, 1, 4)
    """
    return sum(value > bound for bound in bounds)


def calendar_chart(
    values: Mapping[date, float],
    *,
    year: int,
    bounds: Sequence[float],
    title: str,
    description: str,
    ident: str,
    day_text: Callable[[date, float | None], str],
    month_label: Callable[[date], str],
    narrow: bool = False,
) -> str:
    """Draw a year as weeks of seven cells, Monday on top; a day without a mean is an empty cell.

    `narrow` draws two half-years under each other, for a phone.
    """
    halves = [(date(year, 1, 1), date(year, 7, 1)), (date(year, 7, 1), date(year + 1, 1, 1))]
    parts_of_year = halves if narrow else [(halves[0][0], halves[1][1])]
    parts: list[str] = []
    squares: dict[str, list[str]] = {}
    top, widest = 18.0, 0.0
    for start, end in parts_of_year:
        monday = start - timedelta(days=start.weekday())
        day = start
        while day < end:
            left = (day - monday).days // 7 * SIDE
            if day.day == 1:
                parts.append(text(month_label(day), x=left, y=top - 5, class_="tick"))
            value = values.get(day)
            kind = "none" if value is None else f"shade-{shade(value, bounds=bounds)}"
            y = top + day.weekday() * SIDE
            square = f"M{left:g} {y:g}h{CELL}v{CELL}h-{CELL}z"
            if narrow:  # nothing points at a cell of a phone: one path a shade, a third of the bytes
                squares.setdefault(kind, []).append(square)
            else:
                words = element("title", escaped(day_text(day, value)))
                parts.append(element("path", words, d=square, class_=f"cell {kind}"))
            widest = max(widest, left + SIDE + (16 if day.day < 8 else 0))
            day += timedelta(days=1)
        top += 7 * SIDE + 26
    parts += [element("path", d="".join(those), class_=f"cell {kind}") for kind, those in squares.items()]
    return drawing(
        "".join(parts), width=round(widest), height=round(top - 24), title=title, description=description,
        ident=ident, class_="for-phone" if narrow else "for-desk",
    )  # fmt: skip

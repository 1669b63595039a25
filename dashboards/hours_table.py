"""The rows of the table of hours. Written here because they are many: a template takes four times as long for them."""

from collections.abc import Sequence

from django.utils.safestring import SafeString, mark_safe

from capto.charts.svg import element, escaped
from dashboards.figures import Row
from dashboards.hours import Hour
from dashboards.words import figure, hour_of, percent, reasons_of, short_day_of, utc_hour

NONE = "–"


def table_rows(rows: Sequence[Row], here: str) -> SafeString:
    """Write rows; the value of the place shown leads to its explanation below the address `here`."""
    return mark_safe("\n".join(_row(row, here) for row in rows))


def _row(row: Row, here: str) -> str:
    lent, station = row.lent, _number(figure(row.station))
    cells = [element("th", f"{escaped(short_day_of(row.hour))} {hour_of(row.hour)}", scope="row")]
    if lent is None:
        cells += [_number(NONE), _number(NONE), station, _number("0"), element("td", " ")]
    else:
        explained = element("a", figure(lent.value), href=f"{here}{utc_hour(row.hour)}/")
        reasons = "".join(
            f"<br>{element('span', escaped(reason), class_='small soft')}"
            for reason in reasons_of(lent.flags)
        )
        cells += [
            _number(explained + _half_width(lent)),
            _number(figure(lent.raw)),
            station,
            _number(f"{lent.n} ({percent(lent.coverage)})"),
            element("td", escaped(lent.grade) + reasons),
        ]
    return element("tr", "".join(cells) + "".join(_other(hour) for hour in row.others))


def _other(hour: Hour | None) -> str:
    if hour is None:
        return _number(NONE)
    grade = element("span", escaped(hour.grade), class_="soft")
    return _number(f"{figure(hour.value)}{_half_width(hour)} {grade}")


def _number(content: str) -> str:
    return element("td", content, class_="number")


def _half_width(hour: Hour) -> str:
    if hour.value is None or hour.uncertainty is None:
        return ""
    return f" ± {figure(hour.uncertainty)}"

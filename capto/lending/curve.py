"""The borrower's own curve: hourly values of the last days as a drawing that prints and reads without a script.

The public pages have their own charts, one package above; this one shows the borrower what the public may not see.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from capto.lending.days import PARIS, local_day, start_of
from capto.lending.models import Loan
from capto.readings.models import HourlyValue, Series

WIDTH, HEIGHT = 720, 260  # units of the drawing
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 20, 28
DAYS = 7
MOST_SERIES = 4  # as many as a reader tells apart
PREFERRED = ("pm25", "pm10", "pm1", "no2", "o3", "co2", "laeq", "temperature")


class Hour(NamedTuple):
    """One hour of the curve; `value` is the corrected value, else the raw mean."""

    hour: datetime
    value: float | None
    uncertainty: float | None
    is_corrected: bool
    is_provisional: bool


class Curve(NamedTuple):
    """One quantity, drawn: paths in the units of the drawing, and the hours behind them."""

    name: str
    unit: str
    hours: list[Hour]
    line: str
    ribbon: str
    ticks: list[tuple[float, str]]  # height, figure
    days: list[tuple[float, str]]  # place, name
    newest: Hour | None

    @property
    def box(self) -> str:
        """The view box."""
        return f"0 0 {WIDTH} {HEIGHT}"

    @property
    def right(self) -> int:
        """Where the plot ends."""
        return WIDTH - RIGHT

    @property
    def floor(self) -> int:
        """Where zero lies."""
        return HEIGHT - BOTTOM


def curves(loan: Loan, *, now: datetime) -> list[Curve]:
    """Draw the last week of a loan, one curve per quantity, the pollutants first; two queries."""
    end = min(now, loan.returned_at or now)
    start = max(end - timedelta(days=DAYS), loan.lent_at)
    series = list(
        Series.objects.filter(placement__loan_placement__loan=loan)
        .select_related("property")
        .order_by("placement__starts_at", "pk")
    )
    chosen: dict[str, list[Series]] = {}
    for one in series:
        chosen.setdefault(one.property_id, []).append(one)
    order = [code for code in PREFERRED if code in chosen][:MOST_SERIES]
    wanted = {one.pk: code for code in order for one in chosen[code]}
    rows = HourlyValue.objects.filter(
        series__in=wanted, hour__gte=start - timedelta(hours=1), hour__lt=end
    ).order_by("hour")
    hours: dict[str, dict[datetime, Hour]] = {code: {} for code in order}
    for row in rows:
        # Of several variants in one hour the corrected one is shown; never a blend.
        known = hours[wanted[row.series_id]].get(row.hour)
        if known is None or (row.value is not None and not known.is_corrected):
            value = row.value if row.value is not None else row.raw_mean
            hours[wanted[row.series_id]][row.hour] = Hour(
                row.hour,
                value,
                row.expanded_uncertainty,
                row.value is not None and row.expanded_uncertainty is not None,
                row.is_provisional,
            )
    return [
        draw(
            [hours[code][hour] for hour in sorted(hours[code])],
            name=chosen[code][0].property.name,
            unit=chosen[code][0].property.unit_label,
            start=start,
            end=end,
        )
        for code in order
        if hours[code]
    ]


def draw(hours: Sequence[Hour], *, name: str, unit: str, start: datetime, end: datetime) -> Curve:
    """Draw hours over [start, end): a gap where an hour is missing, a ribbon where the uncertainty is known."""
    span = max((end - start).total_seconds(), 3600.0)
    tops = [hour.value + (hour.uncertainty or 0.0) for hour in hours if hour.value is not None]
    step = tick_step(max([*tops, 1.0]))
    top = step * (int(max([*tops, 1.0]) / step) + 1)
    lowest = min([hour.value for hour in hours if hour.value is not None] + [0.0])
    bottom = -step * (int(-lowest / step) + 1) if lowest < 0 else 0.0

    def x(moment: datetime) -> float:
        share = (moment - start).total_seconds() / span
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        share = (min(max(value, bottom), top) - bottom) / (top - bottom)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    line, ribbons = [], []
    for stretch in unbroken(hours):
        places = [(x(hour.hour + timedelta(minutes=30)), hour) for hour in stretch]
        line.append("M" + "L".join(f"{at} {y(hour.value or 0.0)}" for at, hour in places))
        if len(places) == 1:
            line[-1] += "h0.1"
        upper = [
            f"{at} {y((h.value or 0.0) + h.uncertainty)}" for at, h in places if h.uncertainty is not None
        ]
        lower = [
            f"{at} {y((h.value or 0.0) - h.uncertainty)}" for at, h in places if h.uncertainty is not None
        ]
        if upper:
            ribbons.append("M" + "L".join(upper + lower[::-1]) + "Z")
    days, day = [], local_day(start)
    while start_of(day) < end:
        at = start_of(day)
        if at >= start:
            days.append((x(at), f"{at.astimezone(PARIS).day}"))
        day += timedelta(days=1)
    ticks = []
    value = bottom
    while value <= top + step / 2:
        ticks.append((y(value), f"{value:g}".replace(".", ",")))
        value += step
    newest = next((hour for hour in reversed(hours) if hour.value is not None), None)
    return Curve(name, unit, list(hours), " ".join(line), " ".join(ribbons), ticks, days, newest)


def unbroken(hours: Sequence[Hour]) -> list[list[Hour]]:
    """Split hours where one is missing or says nothing: a gap is a gap, never a bridge."""
    stretches: list[list[Hour]] = []
    previous: datetime | None = None
    for hour in hours:
        if hour.value is None:
            previous = None
            continue
        if previous is None or hour.hour - previous > timedelta(hours=1):
            stretches.append([])
        stretches[-1].append(hour)
        previous = hour.hour
    return stretches


def tick_step(top: float) -> float:
    """Give a step of 1, 2 or 5 times a power of ten that makes three to seven ticks up to `top`."""
    step = 10.0 ** (len(str(int(max(top, 1.0)))) - 1)
    for part in (0.2, 0.5, 1.0, 2.0):
        if top / (step * part) <= 6:
            return step * part
    return step * 5

"""The last seven days of a place or a station, one mean a day: beside thresholds with their law, and with levels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import fmean

from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from capto.catalogue.models import ObservedProperty
from capto.charts import Point
from capto.charts.days import DayMark, days_chart
from capto.charts.days import Level as Swatch
from capto.charts.lines import Threshold as ThresholdLine
from capto.charts.scales import PARIS
from capto.readings.models import Level, Threshold, level_of
from dashboards.comparison import sound
from dashboards.days import LEAST_HOURS
from dashboards.figures import Drawings
from dashboards.hours import Hour
from dashboards.kept import kept_rows
from dashboards.words import amount, day_of, figure, french, name_of, short_weekday, tick

DAYS = 7
DAILY = "moyenne journalière"  # statistics that begin so are of a daily mean
HOURLY = "moyenne horaire"


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day in the table: its noon, the mean here with its uncertainty and hours, the station's, the level here."""

    at: datetime
    mean: float | None
    uncertainty: float | None
    n: int
    station: float | None
    level: Level | None
    level_name: str


@dataclass(frozen=True, slots=True)
class Week:
    """The drawing of the days, its table, and the rows of law that it names."""

    drawings: Drawings
    rows: Sequence[DayRow]
    thresholds: Sequence[Threshold]
    levels: Sequence[tuple[Level, str]]


def thresholds_of(quantity: ObservedProperty, *, on: date) -> list[Threshold]:
    """Give the thresholds of a quantity in force on a day; one query, or none where they are kept."""
    return kept_rows(
        f"thresholds {quantity.code} {on}",
        lambda: list(Threshold.objects.in_force(on=on).filter(pollutant=quantity.code)),
    )


def levels_of(quantity: ObservedProperty, *, on: date) -> list[Level]:
    """Give the levels of a quantity in force on a day, the lowest first; one query, or none where they are kept."""
    return kept_rows(
        f"levels {quantity.code} {on}",
        lambda: list(Level.objects.in_force(pollutant=quantity.code, on=on)),
    )


def hourly_lines(thresholds: Iterable[Threshold]) -> list[ThresholdLine]:
    """Give the lines of those that judge one hour alone."""
    return [ThresholdLine(row.value, short_name(row)) for row in thresholds if row.statistic == HOURLY]


def short_name(row: Threshold) -> str:
    """Name a threshold on a chart: what it is, its figure, who set it; the law and the date stand below."""
    return _("%(kind)s : %(value)s") % {
        "kind": _("ligne directrice de l’OMS") if row.kind == "OMS" else row.get_kind_display(),
        "value": amount_short(row.value, row.unit),
    }


def amount_short(value: float, unit: str) -> str:
    """Write a round figure of law without decimals."""
    return f"{figure(value, 0 if value == int(value) else 1)}\u00a0{unit}"


def level_name(level: Level) -> str:
    """Name a level in the reader's language."""
    return level.name if french() else level.name_en


def week_of(
    lent: Sequence[Hour],
    *,
    station: Sequence[Point],
    name: str,
    quantity: ObservedProperty,
    last: date,
    thresholds: Sequence[Threshold],
    levels: Sequence[Level],
) -> Week | None:
    """Draw the seven days that end on `last`; None where no day has a mean, here or at the station.

    A day has a mean from 18 sound hours on. The level is that of the place, of the station where no sensor is shown:
    of the mean or the highest hour, as the scale says for the quantity.
    """
    days = [last - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    here, there = _by_day(sound(lent)), _by_day([point for point in station if point.value is not None])
    rows = [_row(day, here.get(day, []), there.get(day, []), levels, of_station=not lent) for day in days]
    if all(row.mean is None and row.station is None for row in rows):
        return None
    daily = [row for row in thresholds if row.statistic.startswith(DAILY)]
    marks = [
        DayMark(
            row.at.date(),
            row.mean,
            row.uncertainty,
            row.station,
            Swatch(row.level.number, row.level_name, row.level.colour) if row.level else None,
        )
        for row in rows
    ]
    used = {row.level.number for row in rows if row.level}
    return Week(
        _drawings(marks, name=name, quantity=quantity, thresholds=daily),
        list(reversed(rows)),
        daily,
        [(level, level_name(level)) for level in levels if level.number in used],
    )


def _by_day(hours: Iterable[Hour | Point]) -> dict[date, list[Hour | Point]]:
    found: dict[date, list[Hour | Point]] = {}
    for hour in hours:
        found.setdefault(hour.hour.astimezone(PARIS).date(), []).append(hour)
    return found


def _row(
    day: date,
    here: Sequence[Hour | Point],
    there: Sequence[Hour | Point],
    levels: Sequence[Level],
    *,
    of_station: bool,
) -> DayRow:
    values = [hour.value for hour in here if hour.value is not None]
    others = [point.value for point in there if point.value is not None]
    spreads = [hour.uncertainty for hour in here if hour.uncertainty is not None]
    judged = others if of_station else values
    level = None
    if len(judged) >= LEAST_HOURS and levels:
        by_maximum = levels[0].statistic == Level.Statistic.DAILY_MAXIMUM
        level = level_of(max(judged) if by_maximum else fmean(judged), levels)
    has_mean = len(values) >= LEAST_HOURS
    return DayRow(
        datetime(day.year, day.month, day.day, 12, tzinfo=PARIS),
        fmean(values) if has_mean else None,
        fmean(spreads) if has_mean and spreads else None,
        len(judged),
        fmean(others) if len(others) >= LEAST_HOURS else None,
        level,
        level_name(level) if level else "",
    )


def _drawings(
    marks: Sequence[DayMark], *, name: str, quantity: ObservedProperty, thresholds: Sequence[Threshold]
) -> Drawings:
    unit = quantity.unit_label
    known = [mark for mark in marks if mark.value is not None]
    description = ngettext(
        "%(n)d jour a une moyenne ; le tableau dit la même chose.",
        "%(n)d jours ont une moyenne ; le tableau dit la même chose.",
        len(known),
    ) % {"n": len(known)}

    def noon(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, 12, tzinfo=PARIS)

    def words(mark: DayMark) -> str:
        said = f"{day_of(noon(mark.day))} : {amount(mark.value, unit)} ± {figure(mark.uncertainty)}"
        return f"{said} ({mark.level.name})" if mark.level else said

    def draw(narrow: bool) -> str:
        return mark_safe(
            days_chart(
                marks,
                unit=unit,
                title=_("%(quantity)s jour par jour : %(place)s")
                % {"quantity": name_of(quantity), "place": name},
                description=description,
                ident="semaine-etroite" if narrow else "semaine",
                day_label=lambda day: short_weekday(noon(day)),
                day_text=words,
                figure=tick,
                thresholds=_distinct(thresholds),
                narrow=narrow,
            )
        )

    return Drawings(mark_safe(draw(False)), mark_safe(draw(True)))


def _distinct(thresholds: Sequence[Threshold]) -> list[ThresholdLine]:
    """Draw one line where several texts set the same figure; each is still named below the drawing."""
    lines: dict[float, ThresholdLine] = {}
    for row in thresholds:
        lines.setdefault(row.value, ThresholdLine(row.value, short_name(row)))
    return list(lines.values())

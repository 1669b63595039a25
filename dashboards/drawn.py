"""A chart with all that goes with it on every public page: its files, its embedding page, what is behind it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from capto.readings.models import ReferenceSeries
from dashboards.figures import Drawings
from dashboards.hours import Hour
from dashboards.words import utc_hour

DAY = timedelta(days=1)
OPEN_LICENCE = "lov2"  # the stations' hours of other licences stand in no file of ours


@dataclass(frozen=True, slots=True)
class File:
    """A file of exactly the rows of one line of a chart: whose they are, its address, how the line is drawn.

    `line` is lent, reference, second or third; the enlarged chart reads the same file and draws it so.
    """

    name: str
    url: str
    line: str = "lent"


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart of a page: its drawings, its files, the page that others may frame, the hours that it sums up."""

    ident: str
    drawings: Drawings
    files: Sequence[File]
    embed_url: str
    label: str  # whose chart it is, for the title of the frame
    hours_url: str = ""

    @property
    def is_alone(self) -> bool:
        """Whether one file holds all that is drawn."""
        return len(self.files) == 1


def embedding(subject: str, ident: str, *, quantity: str, figure: str, asked: str = "") -> str:
    """Give the whole address of the page that shows one chart alone; `asked` is a query that begins with ?."""
    if subject == "lieu" and figure == "heures":
        path = reverse("place-embedded", args=[ident, quantity])
    else:
        path = reverse("chart-embedded", args=[subject, ident, quantity, figure])
    return f"{settings.SITE_URL}{path}{asked}"


def hours_of_place(
    public_id: str, *, quantity: str, hours: Sequence[Hour], start: datetime, end: datetime
) -> str:
    """Give the address of exactly the hours [start, end) of a place that a chart draws."""
    asked = {"quantity": quantity, "from": utc_hour(start), "to": utc_hour(end), **_output(hours)}
    return f"{reverse('place-csv', args=[public_id])}?{urlencode(asked)}"


def hours_of_station(series: ReferenceSeries, *, start: datetime, end: datetime) -> str:
    """Give the address of exactly the valid hours [start, end) of an analyser; '' where no file may hold them."""
    if series.licence != OPEN_LICENCE:
        return ""
    asked = {
        "quantity": series.property_id,
        "provider": series.provider,
        "discriminant": series.discriminant,
        "validity": "1",
        "from": utc_hour(start),
        "to": utc_hour(end),
    }
    return f"{reverse('station-csv', args=[series.station.code])}?{urlencode(asked)}"


def days_file(
    subject: str,
    ident: str,
    *,
    quantity: str,
    first: date,
    last: date,
    figure: str = "days",
    hours: Sequence[Hour] = (),
) -> str:
    """Give the address of the daily figures of [first, last]; `hours` tell the output of the sensor that is drawn."""
    asked = {"from": first.isoformat(), "to": (last + DAY).isoformat(), **_output(hours)}
    return f"{reverse('chart-file', args=[subject, ident, quantity, figure])}?{urlencode(asked)}"


def profile_file(
    subject: str, ident: str, *, quantity: str, start: datetime, end: datetime, hours: Sequence[Hour] = ()
) -> str:
    """Give the address of the 24 means by hour of the day over [start, end)."""
    asked = {"from": utc_hour(start), "to": utc_hour(end), **_output(hours)}
    return f"{reverse('chart-file', args=[subject, ident, quantity, 'profile'])}?{urlencode(asked)}"


def days_of_analyser(series: ReferenceSeries, *, first: date, last: date, figure: str = "days") -> str:
    """Give the address of an analyser's daily figures of [first, last]; '' where no file may hold them."""
    return _of_analyser(series, figure, {"from": first.isoformat(), "to": (last + DAY).isoformat()})


def profile_of_analyser(series: ReferenceSeries, *, start: datetime, end: datetime) -> str:
    """Give the address of an analyser's 24 means by hour of the day; '' where no file may hold them."""
    return _of_analyser(series, "profile", {"from": utc_hour(start), "to": utc_hour(end)})


def _of_analyser(series: ReferenceSeries, figure: str, period: dict[str, str]) -> str:
    if series.licence != OPEN_LICENCE:
        return ""
    asked = {"provider": series.provider, "discriminant": series.discriminant, **period}
    path = reverse("chart-file", args=["station", series.station.code, series.property_id, figure])
    return f"{path}?{urlencode(asked)}"


def present(files: Iterable[File]) -> tuple[File, ...]:
    """Keep the files that have an address."""
    return tuple(file for file in files if file.url)


def _output(hours: Sequence[Hour]) -> dict[str, str]:
    """Name the one output of the sensor that hours come of; nothing where a place had several one after another."""
    outputs = {(hour.variant, hour.channel) for hour in hours}
    if len(outputs) != 1:
        return {}
    variant, channel = outputs.pop()
    return {"variant": variant, "channel": channel} if channel else {"variant": variant} if variant else {}

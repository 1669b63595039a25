"""The watch over published hours: who is silent, drifts, strays in clusters or contradicts its station.

A finding becomes an item of the inbox; nothing is corrected or set aside by itself. Technical faults that a borrower
can mend are the bridge's diagnosis; here are those that a metrologist judges.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

import calibration as library
from calibration.flags import FAILING, Flag, names
from calibration.neighbours import BUDDY_FLOOR, REPRESENTATIVE, distances
from capto.charts import Line, Point
from capto.readings.models import HourlyValue, Placement, ReferenceSeries, ReferenceValue
from capto.validation.drawings import Drawn, hours_drawing
from capto.validation.models import VigieItem
from capto.validation.words import figure, is_french, moment, name_of

Kind = VigieItem.Kind
HOUR: Final = timedelta(hours=1)
WATCHED: Final = timedelta(days=10)  # of published hours: a drift must last five days in windows of three
CLUSTER_WITHIN: Final = timedelta(hours=24)
CONTRADICTION_WITHIN: Final = timedelta(hours=48)
CONTRADICTION_NEEDED: Final = 24  # hours with both sides
SEASONS: Final = ("DJF", "DJF", "MAM", "MAM", "MAM", "JJA", "JJA", "JJA", "SON", "SON", "SON", "DJF")
ABNORMAL: Final = int(
    Flag.RANGE | Flag.STUCK | Flag.SPIKE | Flag.STEP | Flag.CONSISTENCY | Flag.NEIGHBOURS | Flag.REFERENCE
)
CURVE: Final = timedelta(days=4)  # drawn before what was found
SHOWN: Final = timedelta(days=10)  # drawn at most

ROWS: Final = """
SELECT value.series_id, value.hour, value.value, value.expanded_uncertainty, value.flags
FROM readings_hourly_value AS value WHERE value.series_id = ANY(%s) AND value.hour >= %s AND value.hour < %s
ORDER BY value.series_id, value.hour
"""
SERIES: Final = """
SELECT series.id, series.placement_id, series.property_id, place.cell_latitude, place.cell_longitude, place.is_indoor
FROM readings_series AS series
JOIN readings_placement AS placement ON placement.id = series.placement_id
JOIN readings_place AS place ON place.id = placement.place_id
JOIN catalogue_observedproperty AS property ON property.code = series.property_id
WHERE property.is_pollutant AND placement.ends_at IS NULL AND NOT placement.is_paused AND placement.starts_at <= %s
"""
LAST_HOURS: Final = """
SELECT series.placement_id, max(aggregate.hour) + INTERVAL '1 hour'
FROM readings_hourly_aggregate AS aggregate JOIN readings_series AS series ON series.id = aggregate.series_id
WHERE aggregate.hour >= %s GROUP BY 1
"""


class Watched(NamedTuple):
    """A published series that runs, and where."""

    series: int
    placement: int
    quantity: str
    latitude: float
    longitude: float
    is_indoor: bool


class Finding(NamedTuple):
    """What a detector found at a placement."""

    kind: Kind
    placement: int
    series: int | None
    gravity: int
    begins_at: datetime
    ends_at: datetime
    found: dict[str, Any]


def watch(now: datetime | None = None) -> int:
    """Look at what was published, open or move on items; give how many are open. Scheduled each hour."""
    now = now or timezone.now()
    findings = [*silent(now), *_of_hours(now)]
    placements = Placement.objects.in_bulk({finding.placement for finding in findings})
    for finding in findings:
        VigieItem.note(
            finding.kind,
            placement=placements[finding.placement],
            series_id=finding.series,
            gravity=finding.gravity,
            begins_at=finding.begins_at,
            ends_at=finding.ends_at,
            found=finding.found,
            now=now,
        )
    return VigieItem.objects.open().count()


def silent(now: datetime) -> Iterator[Finding]:
    """Find the placements that run and from which nothing came for a day (settings.VIGIE_SILENT_HOURS)."""
    silent_after = timedelta(hours=settings.VIGIE_SILENT_HOURS)
    running = Placement.objects.filter(
        ends_at=None, is_paused=False, starts_at__lt=now - silent_after
    ).select_related("sensor__state")
    with connection.cursor() as cursor:
        cursor.execute(LAST_HOURS, [now - WATCHED])  # what came from a file has no state
        last = dict(cursor.fetchall())
    for placement in running:
        state = getattr(placement.sensor, "state", None)
        known = [last.get(placement.pk), state.last_received_at if state else None, placement.starts_at]
        heard = max(at for at in known if at is not None)
        if now - heard > silent_after:
            days = (now - heard) / timedelta(days=1)
            yield Finding(
                Kind.SILENT, placement.pk, None, 2 if days > 3 else 1, heard, now, {"days": round(days, 1)}
            )


def _of_hours(now: datetime) -> Iterator[Finding]:
    """Read the published hours of the watched period once, and let each detector look at them."""
    with connection.cursor() as cursor:
        cursor.execute(SERIES, [now])
        watched = [Watched(*row) for row in cursor.fetchall()]
        if not watched:
            return
        cursor.execute(ROWS, [[one.series for one in watched], now - WATCHED, now])
        rows = pd.DataFrame(cursor.fetchall(), columns=["series", "hour", "value", "uncertainty", "flags"])
    if rows.empty:
        return
    rows["hour"] = pd.to_datetime(rows["hour"], utc=True)
    rows = rows.astype({"value": float, "uncertainty": float, "flags": np.int64})
    by_series = {int(str(key)): frame.set_index("hour") for key, frame in rows.groupby("series")}
    proxies = Proxies(watched, by_series, now=now)
    for one in watched:
        hours = by_series.get(one.series)
        if hours is None:
            continue
        yield from clustered(one, hours, now=now)
        if one.is_indoor:
            continue  # nothing outside is a measure for the air of a room
        station = proxies.station(one)
        if station is not None:
            yield from contradicting(one, hours, station, now=now)
        proxy = station if station is not None else proxies.network(one)
        if proxy is not None:
            yield from drifting(one, hours, proxy)


def clustered(one: Watched, hours: pd.DataFrame, *, now: datetime) -> Iterator[Finding]:
    """Find abnormal hours that stand together within a day."""
    recent = hours[hours.index > pd.Timestamp(now - CLUSTER_WITHIN)]
    abnormal = recent[(recent["flags"] & ABNORMAL) != 0]
    if len(abnormal) < settings.VIGIE_CLUSTER_HOURS:
        return
    raised = int(np.bitwise_or.reduce(abnormal["flags"].to_numpy())) & ABNORMAL
    gravity = 1 if ((abnormal["flags"] & FAILING) != 0).all() else 2  # what failed has grade D already
    yield Finding(
        Kind.CLUSTER,
        one.placement,
        one.series,
        gravity,
        _at(abnormal.index[0]),
        _at(abnormal.index[-1]) + HOUR,
        {"hours": len(abnormal), "flags": raised},
    )


def contradicting(one: Watched, hours: pd.DataFrame, station: "Proxy", *, now: datetime) -> Iterator[Finding]:
    """Find sensors whose interval leaves the nearby station out in most hours of two days, and by far."""
    recent = hours[hours.index >= pd.Timestamp(now - CONTRADICTION_WITHIN)]
    sound = recent[((recent["flags"] & FAILING) == 0) & recent["uncertainty"].notna()]
    both = sound.join(station.values.rename("reference"), how="inner").dropna(subset=["value", "reference"])
    if len(both) < CONTRADICTION_NEEDED:
        return
    apart = (both["value"] - both["reference"]).abs()
    far = (apart > both["uncertainty"]) & (apart > BUDDY_FLOOR)
    if float(far.mean()) < settings.VIGIE_CONTRADICTION_SHARE:
        return
    first = both.index[far.to_numpy()][0]
    yield Finding(
        Kind.CONTRADICTION,
        one.placement,
        one.series,
        3,
        _at(first),
        _at(both.index[-1]) + HOUR,
        {
            "hours": int(far.sum()),
            "of": len(both),
            "here": float(both["value"].mean()),
            "there": float(both["reference"].mean()),
            "station": station.name,
            "km": round(station.metres / 1000.0, 1),
        },
    )


def drifting(one: Watched, hours: pd.DataFrame, proxy: "Proxy") -> Iterator[Finding]:
    """Find sensors whose calibrated hours drift from a proxy for five days (Miskell and Weissert 2018)."""
    calibrated = hours[((hours["flags"] & FAILING) == 0) & hours["uncertainty"].notna()]["value"]
    alarms = library.alarms(library.watch(proxy.values, calibrated))
    for alarm in alarms[-1:]:
        yield Finding(
            Kind.DRIFTING,
            one.placement,
            one.series,
            2,
            _at(alarm.begin),
            _at(alarm.end),
            {
                "slope": alarm.slope,
                "offset": alarm.offset,
                "proxy": proxy.name,
                "reasons": list(alarm.reasons),
            },
        )


class Proxy(NamedTuple):
    """What a sensor is compared with: a station near enough, or the median of the network."""

    name: str
    values: "pd.Series[float]"
    metres: float


class Proxies:
    """The stations and the network of a watch, read once for each quantity."""

    def __init__(
        self, watched: Sequence[Watched], by_series: dict[int, pd.DataFrame], *, now: datetime
    ) -> None:
        self._watched, self._by_series, self._now = watched, by_series, now
        self._reach = REPRESENTATIVE[SEASONS[now.month - 1]]
        self._stations: dict[str, list[tuple[ReferenceSeries, pd.Series[float]]]] = {}
        self._networks: dict[str, pd.Series[float]] = {}

    def station(self, one: Watched) -> Proxy | None:
        """Give the nearest station that measures the quantity and stands for this place in this season."""
        near: list[Proxy] = []
        for series, values in self._of_quantity(one.quantity):
            station = series.station
            if station.latitude is None or station.longitude is None or values.empty:
                continue
            apart = distances(
                np.array([one.latitude, station.latitude]), np.array([one.longitude, station.longitude])
            )
            metres = float(apart[0, 1])
            if metres <= self._reach:
                near.append(Proxy(station.name, values, metres))
        return min(near, key=lambda proxy: proxy.metres, default=None)

    def network(self, one: Watched) -> Proxy | None:
        """Give the median of the outdoor sensors of the quantity, of five at least."""
        if one.quantity not in self._networks:
            columns = {
                other.series: self._by_series[other.series]["value"]
                for other in self._watched
                if other.quantity == one.quantity and not other.is_indoor and other.series in self._by_series
            }
            frame = pd.DataFrame(columns)
            enough = frame.notna().sum(axis=1) >= 5
            self._networks[one.quantity] = frame[enough].median(axis=1)
        values = self._networks[one.quantity]
        return Proxy(_("médiane des capteurs"), values, 0.0) if len(values) else None

    def _of_quantity(self, quantity: str) -> "list[tuple[ReferenceSeries, pd.Series[float]]]":
        if quantity not in self._stations:
            found = []
            for series in ReferenceSeries.objects.filter(property=quantity).select_related("station"):
                rows = ReferenceValue.objects.filter(
                    series=series, hour__gte=self._now - WATCHED, hour__lt=self._now
                ).values_list("hour", "value")
                values = pd.Series(dict(rows), dtype=float)
                values.index = pd.DatetimeIndex(pd.to_datetime(values.index, utc=True))
                found.append((series, values))
            self._stations[quantity] = found
        return self._stations[quantity]


def _at(hour: Any) -> datetime:
    return pd.Timestamp(hour).to_pydatetime().astimezone(UTC)


class Shown(NamedTuple):
    """An item as the inbox shows it: a sentence, its curve, its acts."""

    item: VigieItem
    sentence: str
    drawing: Drawn | None


def shown(item: VigieItem, *, now: datetime) -> Shown:
    """Put an item into words and draw the hours around what was found."""
    return Shown(item, sentence(item), _curve(item, now=now))


def sentence(item: VigieItem) -> str:
    """Say in a sentence what was found."""
    found = item.found
    if item.kind == Kind.SILENT:
        return _("Plus rien reçu depuis le %(since)s, soit %(days)s jours.") % {
            "since": moment(item.begins_at),
            "days": figure(found.get("days")),
        }
    if item.kind == Kind.CLUSTER:
        words = [
            term.french if is_french() else term.english
            for term in library.VOCABULARY
            if term.code in names(int(found.get("flags", 0)))
        ]
        said = ngettext(
            "%(n)s heure anormale : %(why)s.", "%(n)s heures anormales : %(why)s.", found.get("hours", 0)
        )
        return said % {"n": found.get("hours", 0), "why": " ; ".join(words).lower()}
    unit = item.series.property.unit_label if item.series else ""
    if item.kind == Kind.CONTRADICTION:
        return _(
            "%(n)s heures sur %(of)s hors de l’intervalle : %(here)s %(unit)s ici, %(there)s à %(station)s (%(km)s km)."
        ) % {
            "n": found.get("hours"),
            "of": found.get("of"),
            "here": figure(found.get("here")),
            "there": figure(found.get("there")),
            "unit": unit,
            "station": found.get("station", "–"),
            "km": figure(found.get("km")),
        }
    return _(
        "Depuis le %(since)s, s’écarte de « %(proxy)s » : pour s’y accorder, multiplier par %(slope)s"
        " et ajouter %(offset)s %(unit)s. Rien n’est corrigé tout seul."
    ) % {
        "since": moment(item.begins_at),
        "proxy": found.get("proxy", "–"),
        "slope": figure(found.get("slope"), 2),
        "offset": figure(found.get("offset")),
        "unit": unit,
    }


def _curve(item: VigieItem, *, now: datetime) -> Drawn | None:
    """Draw the published hours around the finding, flagged ones hollow, beside the station of the finding."""
    series = item.series or item.placement.series.filter(property__is_pollutant=True).order_by("pk").first()
    if series is None:
        return None
    end = (
        min(item.ends_at + timedelta(hours=12), now)
        if item.kind != Kind.SILENT
        else item.begins_at + 12 * HOUR
    )
    start = max(min(item.begins_at, end - CURVE) - 12 * HOUR, end - SHOWN)
    points = []
    for hour in HourlyValue.objects.filter(series=series, hour__gte=start, hour__lt=end).order_by("hour"):
        why = tuple(
            term.french if is_french() else term.english
            for term in library.VOCABULARY
            if hour.flags & term.flag & ABNORMAL
        )
        points.append(
            Point(
                hour.hour,
                hour.value,
                hour.expanded_uncertainty,
                is_provisional=hour.is_provisional,
                reasons=why,
            )
        )
    if not points:
        return None
    lines = [Line(str(item.placement.sensor), "lent", points)]
    station = item.found.get("station") or item.found.get("proxy")
    if station:
        values = ReferenceValue.objects.filter(
            series__station__name=station, series__property=series.property_id, hour__gte=start, hour__lt=end
        ).order_by("hour")
        lines.insert(0, Line(station, "reference", [Point(row.hour, row.value) for row in values]))
    return hours_drawing(
        lines,
        start=start,
        end=end,
        unit=series.property.unit_label,
        title=_("%(quantity)s, %(sensor)s")
        % {"quantity": name_of(series.property), "sensor": item.placement.sensor},
        words=_("Les heures publiées autour de l’alerte ; marques creuses : un contrôle a parlé."),
        ident=f"vigie-{item.pk}",
    )

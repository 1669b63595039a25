"""Write the past of the simulated city into the tables of messages and of reference values, by COPY."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, cast

import numpy as np
import psycopg
from django.db.backends.utils import CursorWrapper
from django.db.models import Max, Q
from numpy.typing import NDArray

from capto.catalogue.models import Sensor
from capto.readings.binary_copy import Field, write
from capto.readings.models import Placement, ReferenceSeries, ReferenceValue
from capto.simulation.city import City, Period
from capto.simulation.fleet import INTERVAL_S, PROVIDER, instant, spot_of, unit_of
from capto.simulation.randomness import Floats, Instants, key_of, uniform
from capto.simulation.reference import published, wind
from capto.simulation.town import STATIONS
from capto.simulation.units import OPEN_AIR, SENML_BOX, Family, Unit
from capto.simulation.weather import DAY, HOUR
from capto.simulation.wire import PARTICLES, decoded_names
from firmware_bridge.layouts import Layouts

SLICE: Final = 28 * DAY  # written at once: four chunks of the table of messages
PUBLISHED_AFTER: Final = 20 * 60  # seconds after its end that a station publishes an hour
PLAYED: Final = tuple(family.wire_format for family in (OPEN_AIR, SENML_BOX))  # others are named, and silent
MESSAGE: Final = (
    Field("sensor_id", "int8"),
    Field("observed_at", "time"),
    Field("layout_id", "int2"),
    Field("received_at", "time"),
    Field("values", "float8s"),
)
REFERENCE: Final = (
    Field("series_id", "int8"),
    Field("hour", "hour"),
    Field("value", "float8"),
    Field("rounded_value", "float8"),
    Field("validity", "int2"),
    Field("value_type", "text"),
    Field("quality_code", "text"),
    Field("imported_at", "time"),
)

Columns = dict[str, NDArray[Any]]


class Loader:
    """Loads messages and reference values of one city with one cursor, inside the caller's transaction."""

    def __init__(self, city: City, cursor: CursorWrapper, *, start: datetime, end: datetime) -> None:
        self.city = city
        self.cursor = cursor
        self.start, self.end = instant(start), instant(end)
        self.period: Period = city.between(self.start - HOUR, self.end + HOUR)
        self._units: dict[int, Unit] = {}
        self._layouts = Layouts()
        self._known: dict[tuple[Family, tuple[str, ...]], tuple[int, tuple[str, ...]]] = {}

    def load_messages(self, placements: Sequence[Placement], *, after: datetime) -> int:
        """Write what the sensors of `placements` sent in (after, end); return how many messages.

        The placements come with their sensor and place.
        """
        start = max(self.start, instant(after) + 1)
        count = 0
        for begins in range(start // SLICE * SLICE, self.end, SLICE):
            parts: dict[int, list[Columns]] = defaultdict(list)  # by layout
            for placement in placements:
                ends_at = instant(placement.ends_at) if placement.ends_at else self.end
                first = max(begins, start, instant(placement.starts_at))
                for layout, columns in self._of_stay(
                    placement, first, min(begins + SLICE, self.end, ends_at)
                ):
                    parts[layout].append(columns)
            for some in parts.values():
                together = {name: np.concatenate([part[name] for part in some]) for name in some[0]}
                count += write(self.cursor, "readings_raw_message", MESSAGE, together)
        return count

    def _unit(self, sensor: Sensor) -> Unit:
        if sensor.pk not in self._units:
            self._units[sensor.pk] = unit_of(sensor, self.city)
        return self._units[sensor.pk]

    def _of_stay(self, placement: Placement, start: int, end: int) -> Iterator[tuple[int, Columns]]:
        """Give (layout, columns of rows) of what a sensor sent in [start, end) of a placement."""
        unit = self._unit(placement.sensor)
        phase = unit.phase(INTERVAL_S)
        at: Instants = np.arange(start + (phase - start) % INTERVAL_S, end, INTERVAL_S, dtype=np.int64)
        if not at.size:
            return
        said = unit.says(self.period.air(spot_of(placement.place), at), at)
        for quantities, which in (
            (said.values.keys(), said.sent & said.sees_particles),
            (said.values.keys() - PARTICLES, said.sent & ~said.sees_particles),
        ):
            if which.any():
                layout, in_order = self._layout(unit, tuple(sorted(quantities)))
                observed, received = _times(unit, at[which])
                yield (
                    layout,
                    {
                        "sensor_id": np.full(observed.size, placement.sensor_id),
                        "observed_at": observed,
                        "layout_id": np.full(observed.size, layout),
                        "received_at": received,
                        "values": np.column_stack([said.values[name][which] for name in in_order]),
                    },
                )

    def _layout(self, unit: Unit, quantities: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
        """Give the layout of a message of these quantities, and their order in it, as the bridge does."""
        key = (unit.family, quantities)
        if key in self._known:
            return self._known[key]
        names = decoded_names(unit, quantities)
        connection = cast(psycopg.Connection, self.cursor.connection)
        layout = self._layouts.of(names, (), connection)
        if layout.id is None or layout.refused:
            raise LookupError(f"observed properties are missing: {', '.join(quantities)}")
        self._known[key] = layout.id, tuple(quantities[position] for position in layout.positions)
        return self._known[key]

    def load_reference(self, *, after: dict[int, int], now: datetime) -> int:
        """Write the hours that the stations published in [start, end); return how many values.

        after: by reference series, the start of its last hour that is stored already.
        """
        hours: Instants = np.arange(-(-self.start // HOUR) * HOUR, self.end - PUBLISHED_AFTER - HOUR, HOUR)
        found = ReferenceSeries.objects.filter(provider=PROVIDER).select_related("station")
        series = {(row.station.code, row.property_id): row.pk for row in found}
        count = 0
        for station in STATIONS if hours.size else ():
            found_there = published(self.period, station, hours) | wind(self.period, station, hours)
            for quantity, (values, present) in found_there.items():
                key = series.get((station.code, quantity))
                if key is None:  # a town that was founded before its station had a mast
                    continue
                which = present & (hours > after.get(key, 0))
                columns = _reference_rows(key, hours[which], values[which], now)
                count += write(self.cursor, "readings_reference_value", REFERENCE, columns)
        return count


def _reference_rows(
    series: int, hours: Instants, values: Floats, now: datetime
) -> dict[str, NDArray[Any] | str]:
    return {
        "series_id": np.full(hours.size, series),
        "hour": hours // HOUR,
        "value": values,
        "rounded_value": np.floor(np.abs(values) * 10.0 + 0.5)
        / 10.0
        * np.sign(values),  # halves away from zero
        "validity": np.ones(hours.size),
        "value_type": "moyenne horaire brute",
        "quality_code": "A",
        "imported_at": np.minimum(hours + HOUR + PUBLISHED_AFTER, instant(now)) * 1_000_000,
    }


def _times(unit: Unit, at: Instants) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give when messages were observed and received, in microseconds since 1970.

    A SenML box states its own time in whole seconds; an AirGradient states none, so that it is when it came.
    """
    way = (50_000 + 900_000 * uniform(key_of(unit.city.seed, "way", unit.number), at)).astype(np.int64)
    whole = at * 1_000_000
    return (whole, whole + way) if unit.family is SENML_BOX else (whole + way, whole + way)


def last_reference_hours(*, since: datetime) -> dict[int, int]:
    """Give by simulated reference series the start (seconds since 1970) of its last hour stored since `since`."""
    found = (
        ReferenceValue.objects.filter(series__provider=PROVIDER, hour__gte=since)
        .values_list("series_id")
        .annotate(last=Max("hour"))
    )
    return {series_id: instant(last) for series_id, last in found}


def placements_between(start: datetime, end: datetime) -> list[Placement]:
    """Give the placements of the sensors that the city plays, touching [start, end), with sensor and place."""
    return list(
        Placement.objects.filter(
            Q(ends_at=None) | Q(ends_at__gt=start),
            sensor__is_simulated=True,
            sensor__wire_format__in=PLAYED,
            starts_at__lt=end,
        )
        .exclude(is_paused=True)
        .select_related("sensor", "place")
        .order_by("sensor_id", "starts_at")
    )

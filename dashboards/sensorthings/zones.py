"""Which hours of which series a question of observations has to read, and how many observations they hold.

A zone is a period of one public series. What a month or a day holds is known from `StretchSum`; hours written since
it was summed up are read whatever it says, and so is what nobody summed up yet: a sum saves work and hides no hour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from dashboards.models import StretchSum
from dashboards.models.stretch_sum import Interval
from dashboards.sensorthings.filters import Compiler
from dashboards.sensorthings.narrowing import Narrowed, of_observations
from dashboards.sensorthings.tables import DATASTREAMS, HOURS_BITS, PLACES

Parameters = dict[str, Any]
MOST_PICKED = 6_000  # zones of a month or a day; where more would have to be read, whole series are

PERIODS = """
period AS MATERIALIZED (
    SELECT series.series_id, series.public_id, series.public_from,
           coalesce(series.public_until, 'infinity') AS public_until,
           {raw} AS with_raw, property.is_pollutant AND {corrected} AS with_corrected
    FROM dashboards_published_series AS series
    JOIN catalogue_observedproperty AS property ON property.code = series.property_id
    {stream} WHERE {where}),
pair AS (
    SELECT period.*, stretch.start, greatest(public_from, stretch.start) AS low,
           least(public_until, stretch.stop) AS high
    FROM period JOIN unnest(%(starts)s::timestamptz[], %(stops)s::timestamptz[]) AS stretch (start, stop)
      ON public_from < stretch.stop AND public_until > greatest(public_from, stretch.start)),
known AS (
    SELECT pair.*, sum.hours, sum.corrected, sum.result_low, sum.result_high, sum.n_low, sum.n_high, sum.coverage_low,
           sum.coverage_high, sum.computed_low, sum.computed_high
    FROM pair LEFT JOIN dashboards_stretchsum AS sum ON sum.start = pair.start AND sum.series_id = pair.series_id
     AND sum.low = pair.low AND sum.high = pair.high)
"""
ROW = """
SELECT series_id, greatest({low}, %(start)s) AS zone_low, least({high}, %(end)s) AS zone_high, with_raw, with_corrected,
       public_id, {bound} AS bound, coalesce(hours, ({guess})::int) AS hours
"""


class Zone(NamedTuple):
    """A period [low, high) of one public series; which levels are asked for; about how many hours it holds."""

    series_id: int
    low: datetime
    high: datetime
    with_raw: bool
    with_corrected: bool
    public_id: str
    bound: (
        float | datetime | None
    )  # nothing in it stands before this in the order asked for; None: nobody knows
    hours: int


class Reach(NamedTuple):
    """The series that surely hold what a comparison asks for, and those that must be looked at."""

    surely: set[int]
    perhaps: set[int]


@dataclass
class Zones:
    """The zones of one question: a filter, and the columns of a scope that are fixed."""

    narrow: Narrowed
    equal: Mapping[str, Any]
    parameters: Parameters

    def __post_init__(self) -> None:
        self.stretches = StretchSum.objects.stretches()
        self._touched: list[Interval] | None = None

    @property
    def touched(self) -> list[Interval]:
        """Give the hours that were written since they were summed up."""
        if self._touched is None:
            self._touched = StretchSum.objects.written_since(self.stretches, StretchSum.objects.made())
        return self._touched

    def span(self) -> Interval | None:
        """Give the hours that are asked for, as [start, end); None where there are none."""
        if not self.stretches:
            return None
        start = max(self.stretches[0][0], self.narrow.start or self.stretches[0][0])
        end = min(self.stretches[-1][1], self.narrow.end or self.stretches[-1][1])
        return (start, end) if start < end else None

    def whole(self) -> list[Zone]:
        """Give every series that the filter chooses, its whole public period as one zone, in the order of ids."""
        rows = self._ask(
            "SELECT series_id, greatest(public_from, %(start)s), least(public_until, %(end)s), with_raw,"
            " with_corrected, public_id, NULL, 0 FROM period"
            " WHERE public_from < %(end)s AND public_until > greatest(public_from, %(start)s) ORDER BY series_id"
        )
        return [zone._replace(hours=_hours(zone)) for zone in rows]

    def picked(self) -> list[Zone] | None:
        """Give the stretches that can hold what the filter asks for; None where nothing says which, or too many."""
        if not self.narrow.sums:
            return None
        reach = " AND ".join(self.narrow.sums).replace("sum.", "known.")
        picked = f"{_row()} FROM known WHERE hours IS NULL OR ({reach})"
        again = f"{_row('greatest(low, written.start)', 'least(high, written.stop)')} FROM known JOIN {self._written()}"
        rows = self._ask(
            f"SELECT * FROM ({picked} UNION ALL {again} WHERE hours IS NOT NULL AND ({reach}) IS NOT TRUE) AS zone"
            f" WHERE zone_low < zone_high ORDER BY series_id, zone_low LIMIT {MOST_PICKED + 1}"
        )
        return rows if len(rows) <= MOST_PICKED else None

    def reaching(self, series: Sequence[int] | None = None) -> Reach | None:
        """Give the series, among these or all, that hold what the filter asks for; None where nothing says which."""
        if not self.narrow.sums:
            return None
        reach = " AND ".join(self.narrow.sums).replace("sum.", "known.")
        among = ""
        if series is not None:
            self.parameters["among"] = list(series)
            among = "WHERE known.series_id = ANY(%(among)s)"
        rows = self._rows(
            f"SELECT series_id, coalesce(bool_or(written.start IS NULL AND hours > 0 AND ({reach})), false),"
            f" bool_or(hours IS NULL OR written.start IS NOT NULL OR ({reach})) IS TRUE"
            f" FROM known LEFT JOIN {self._written()} {among} GROUP BY series_id"
        )
        surely = {series for series, sure, _ in rows if sure}
        return Reach(surely, {series for series, sure, may in rows if may and not sure})

    def best(self, column: str, *, descends: bool) -> list[Zone]:
        """Give zones from the one with the foremost extreme on, those that nobody summed up before them."""
        reach = " AND ".join(["true", *self.narrow.sums]).replace("sum.", "known.")
        direction = "DESC" if descends else "ASC"
        summed = f"{_row(bound=column)} FROM known WHERE hours IS NULL OR (hours > 0 AND {reach})"
        again = f"{_row('greatest(low, written.start)', 'least(high, written.stop)')} FROM known JOIN {self._written()}"
        return self._ask(
            f"SELECT * FROM ({summed} UNION ALL {again} WHERE hours IS NOT NULL) AS zone WHERE zone_low < zone_high"
            f" ORDER BY bound {direction} NULLS FIRST, series_id {direction}, zone_low {direction}"
            f" LIMIT {MOST_PICKED + 1}"
        )

    def counted(self) -> dict[int, tuple[str, int, int]]:
        """Count the observations of each series exactly: its public id, of raw means, of corrected values.

        Whole stretches are taken from their sums, the others from the hours themselves.
        """
        span = self.span()
        if span is None:
            return {}
        whole = (
            "low >= %(start)s AND high <= %(end)s AND hours IS NOT NULL AND NOT EXISTS"
            f" (SELECT FROM {self._written(join=False)} WHERE low < written.stop AND high > written.start)"
        )
        found: dict[int, tuple[str, int, int]] = {}
        rows = self._rows(
            f"SELECT series_id, min(public_id), sum(CASE WHEN with_raw THEN hours ELSE 0 END)::bigint,"
            " sum(CASE WHEN with_corrected THEN corrected ELSE 0 END)::bigint FROM known"
            f" WHERE {whole} GROUP BY series_id"
        )
        left = self._ask(
            f"{_row()} FROM known WHERE NOT ({whole}) AND greatest(low, %(start)s) < least(high, %(end)s)"
        )
        if left:
            given = given_zones(left, self.parameters)
            low, high = min(zone.low for zone in left), max(zone.high for zone in left)
            self.parameters |= {"left_low": low, "left_high": high}
            rows += self._rows(
                "SELECT zone.series_id, min(zone.public_id), count(*) FILTER (WHERE zone.with_raw),"
                f" count(hourly.value) FILTER (WHERE zone.with_corrected) FROM {given}"
                " JOIN readings_hourly_value AS hourly ON hourly.series_id = zone.series_id"
                " AND hourly.hour >= zone.low AND hourly.hour < zone.high"
                " AND hourly.hour >= %(left_low)s AND hourly.hour < %(left_high)s GROUP BY zone.series_id",
                periods=False,
            )
        for series, public_id, raw, corrected in rows:
            _, raws, corrects = found.get(series, ("", 0, 0))
            found[series] = (public_id, raws + raw, corrects + corrected)
        return found

    # --- SQL ---------------------------------------------------------------------------------------

    def _written(self, *, join: bool = True) -> str:
        self.parameters["written_from"] = [low for low, _ in self.touched]
        self.parameters["written_to"] = [high for _, high in self.touched]
        given = (
            "unnest(%(written_from)s::timestamptz[], %(written_to)s::timestamptz[]) AS written (start, stop)"
        )
        return f"{given} ON low < written.stop AND high > written.start" if join else given

    def _periods(self) -> str:
        where = ["true"]
        raw, corrected, stream = "true", "true", ""
        for name, column in (("public_id", "public_id"), ("series_id", "series_id")):
            if name in self.equal:
                self.parameters[f"scope_{name}"] = self.equal[name]
                where.append(f"series.{column} = %(scope_{name})s")
        if self.narrow.streams:
            stream = (
                f"JOIN (SELECT d.series_id, bool_or(d.level = 0) AS raw, bool_or(d.level = 1) AS corrected"
                f" FROM {DATASTREAMS} AS d WHERE {' AND '.join(self.narrow.streams)} GROUP BY d.series_id) AS chosen"
                " ON chosen.series_id = series.series_id"
            )
            raw, corrected = "chosen.raw", "chosen.corrected"
        if self.narrow.features:
            features = " AND ".join(self.narrow.features)
            where.append(f"series.public_id IN (SELECT f.public_id FROM {PLACES} AS f WHERE {features})")
        return PERIODS.format(raw=raw, corrected=corrected, stream=stream, where=" AND ".join(where))

    def _ask(self, query: str) -> list[Zone]:
        return [Zone(*row) for row in self._rows(query)]

    def _rows(self, query: str, *, periods: bool = True) -> list[Any]:
        span = self.span()
        if span is None:
            return []
        asked = [(start, stop) for start, stop in self.stretches if start < span[1] and stop > span[0]]
        self.parameters |= {
            "start": span[0], "end": span[1],
            "starts": [start for start, _ in asked], "stops": [stop for _, stop in asked],
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(f"WITH {self._periods()} {query}" if periods else query, self.parameters)
            return list(cursor.fetchall())


def given_zones(zones: Sequence[Zone], parameters: Parameters) -> str:
    """Write zones as a table of a statement."""
    columns = list(zip(*zones, strict=True)) if zones else [()] * len(Zone._fields)
    for number, column in enumerate(columns[:6]):
        parameters[f"zone{number}"] = list(column)
    return (
        "unnest(%(zone0)s::bigint[], %(zone1)s::timestamptz[], %(zone2)s::timestamptz[], %(zone3)s::boolean[],"
        " %(zone4)s::boolean[], %(zone5)s::text[])"
        " AS zone (series_id, low, high, with_raw, with_corrected, public_id)"
    )


def observations_of(zones: Sequence[Zone], narrow: Narrowed, parameters: Parameters) -> str:
    """Give the table of the observations of some zones; `entities` says what its columns mean."""
    given = given_zones(zones, parameters)
    parameters["zones_low"] = min(zone.low for zone in zones)
    parameters["zones_high"] = max(zone.high for zone in zones)
    hours = "".join(f" AND {part}" for part in narrow.hours)
    return f"""(
SELECT ((hourly.series_id * 2 + levels.level) << {HOURS_BITS})
       + (extract(epoch FROM hourly.hour)::bigint / 3600) AS id,
       hourly.series_id, levels.level, hourly.hour, levels.result, hourly.expanded_uncertainty, hourly.n,
       hourly.coverage, hourly.flags, hourly.grade, hourly.calibration_id,
       hourly.second_calibration_id, hourly.is_provisional,
       hourly.computed_at, hourly.code_version, zone.public_id
FROM {given}
JOIN readings_hourly_value AS hourly ON hourly.series_id = zone.series_id
 AND hourly.hour >= zone.low AND hourly.hour < zone.high
 AND hourly.hour >= %(zones_low)s AND hourly.hour < %(zones_high)s{hours}
CROSS JOIN LATERAL (VALUES (0, hourly.raw_mean), (1, hourly.value)) AS levels (level, result)
WHERE levels.result IS NOT NULL AND CASE levels.level WHEN 0 THEN zone.with_raw ELSE zone.with_corrected END)"""


def _row(low: str = "low", high: str = "high", bound: str = "NULL") -> str:
    return ROW.format(low=low, high=high, bound=bound, guess="extract(epoch FROM high - low) / 3600")


def _hours(zone: Zone) -> int:
    return int((zone.high - zone.low).total_seconds() // 3600)


def reaching(node: Any, links: int) -> Reach | None:
    """Give the series that hold what a comparison says of observations that so many links lead to; None: any can."""
    compiler = Compiler({})
    narrow = of_observations(node, links, compiler)
    reach = Zones(narrow, {}, compiler.parameters).reaching()
    if reach is not None and any(
        " AND " in part for part in narrow.sums
    ):  # within the extremes, perhaps not there
        return Reach(set(), reach.surely | reach.perhaps)
    return reach

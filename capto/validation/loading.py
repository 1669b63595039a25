"""Read from the database what a block of hours is computed from: channels, sums, covariates, calibrations."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from django.db import connection
from django.db.backends.utils import CursorWrapper
from numpy.typing import NDArray

from capto.readings import binary_copy
from capto.readings.binary_copy import Field
from capto.readings.hourly import BUCKETS, REATTRIBUTED_WITHIN
from capto.readings.models import Series
from capto.validation.block import Block
from capto.validation.corrections import SECONDS, Known, Timeline, best, hour_of, needed, positions
from capto.validation.models import Calibration, SetAside
from capto.validation.published import where

CHANNELS: Final = """
SELECT series.id, series.placement_id, placement.sensor_id, sensor.model_id, series.property_id, series.variant,
       series.channel, coalesce(sensor.reporting_interval_s, model.reporting_interval_s),
       property.plausible_minimum, property.plausible_maximum, placement.starts_at
FROM readings_series AS series
JOIN readings_placement AS placement ON placement.id = series.placement_id
JOIN catalogue_sensor AS sensor ON sensor.id = placement.sensor_id
JOIN catalogue_sensormodel AS model ON model.id = sensor.model_id
JOIN catalogue_observedproperty AS property ON property.code = series.property_id
WHERE property.is_pollutant
  AND placement.starts_at < %(end)s
  AND (placement.ends_at IS NULL OR placement.ends_at > %(start)s)
  AND (%(series)s::bigint[] IS NULL OR series.placement_id IN (
          SELECT placement_id FROM readings_series WHERE id = ANY(%(series)s)))
  AND (%(sensors)s::bigint[] IS NULL OR placement.sensor_id = ANY(%(sensors)s))
ORDER BY placement.sensor_id %% {buckets}, series.id
"""
COVARIATES: Final = """
SELECT id, placement_id, property_id, variant, channel FROM readings_series
WHERE placement_id = ANY(%s) AND property_id = ANY(%s)
"""
SUMS: Final = """
SELECT series_id, hour, n, total, total_of_squares, minimum, maximum FROM readings_hourly_aggregate WHERE {where}
"""
SUM_FIELDS: Final = (
    Field("series", "int8"),
    Field("hour", "hour"),
    Field("n", "int4"),
    Field("total", "float8"),
    Field("total_of_squares", "float8"),
    Field("minimum", "float8"),
    Field("maximum", "float8"),
)
MEANS: Final = "SELECT series_id, hour, total / n FROM readings_hourly_aggregate WHERE {where}"
MEAN_FIELDS: Final = (Field("series", "int8"), Field("hour", "hour"), Field("mean", "float8"))


def channels(
    *,
    start: datetime,
    end: datetime,
    series: Collection[int] | None = None,
    sensors: Collection[int] | None = None,
) -> list[Known]:
    """List the published series (pollutants) that can have hours in [start, end), by bucket of their sensor.

    series: these and what else their devices measure, for quantities of one device are checked against each other.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            CHANNELS.format(buckets=BUCKETS),
            {
                "start": start - REATTRIBUTED_WITHIN,
                "end": end + REATTRIBUTED_WITHIN,
                "series": None if series is None else list(series),
                "sensors": None if sensors is None else list(sensors),
            },
        )
        return [Known(*row) for row in cursor.fetchall()]


def series_of(calibration: Calibration) -> list[int]:
    """List the series that a calibration corrects: its channel on every placement of its sensor or sensor model."""
    found = Series.objects.filter(
        property=calibration.property, variant=calibration.variant, channel=calibration.channel
    )
    if calibration.sensor_id is not None:
        found = found.filter(placement__sensor=calibration.sensor_id)
    else:
        found = found.filter(placement__sensor__model=calibration.sensor_model_id)
    return list(found.values_list("id", flat=True))


def block(
    cursor: CursorWrapper,
    known: Sequence[Known],
    approved: "Approved",
    *,
    begin: int,
    end: int,
    also: Sequence[str] = (),
) -> Block:
    """Read the sums and covariates of [begin, end) and lay the calibrations over them.

    also: names of covariates to read although no calibration needs them.
    """
    sums = read_sums(cursor, _ids(known), begin=begin, end=end)
    correction, corrections = approved.over(known, begin=begin, end=end)
    needs = sorted({*also, *(name for used in corrections.values() for name in needed(used.model))})
    return Block(
        channels=[item.as_channel() for item in known],
        first_hour=begin,
        channel=positions(_ids(known), sums.pop("series")),
        **sums,
        covariates=_covariates(cursor, known, needs, begin=begin, end=end),
        correction=correction,
        corrections=corrections,
        set_aside=_set_aside(known, begin=begin, end=end),
    )


def _set_aside(known: Sequence[Known], *, begin: int, end: int) -> NDArray[np.bool_] | None:
    """Mark the hours of [begin, end) that a person set aside, channels by hours; None where there are none."""
    start, until = (datetime.fromtimestamp(hour * SECONDS, UTC) for hour in (begin, end))
    doubts = SetAside.objects.standing().filter(
        series__in=_ids(known), starts_at__lt=until, ends_at__gt=start
    )
    row_of = {item.series: row for row, item in enumerate(known)}
    marked = None
    for series, first, last in doubts.values_list("series", "starts_at", "ends_at"):
        if marked is None:
            marked = np.zeros((len(known), end - begin), dtype=bool)
        after = int(-(-last.timestamp() // SECONDS))  # an hour that a doubt touches is doubtful as a whole
        marked[row_of[series], max(hour_of(first) - begin, 0) : after - begin] = True
    return marked


def read_sums(
    cursor: CursorWrapper, series: Sequence[int], *, begin: int, end: int
) -> dict[str, NDArray[Any]]:
    """Read the sums of the hours [begin, end) of some series: the columns of SUM_FIELDS."""
    return binary_copy.read(cursor, SUMS.format(where=where(series, begin=begin, end=end)), SUM_FIELDS)


def read_means(
    cursor: CursorWrapper, series: Sequence[int], *, begin: int, end: int
) -> dict[str, NDArray[Any]]:
    """Read the means of the hours [begin, end) of some series: the columns of MEAN_FIELDS."""
    return binary_copy.read(cursor, MEANS.format(where=where(series, begin=begin, end=end)), MEAN_FIELDS)


def _ids(known: Sequence[Known]) -> list[int]:
    return [item.series for item in known]


def _covariates(
    cursor: CursorWrapper, known: Sequence[Known], needs: Sequence[str], *, begin: int, end: int
) -> dict[str, NDArray[np.float64]]:
    """Give hourly means of the covariates of each channel, as matrices channels by hours, NaN where absent."""
    absent = np.full((len(known), end - begin), np.nan)
    if not needs:
        return {}
    cursor.execute(COVARIATES, [sorted({item.placement for item in known}), list(needs)])
    candidates = defaultdict(list)
    for series, placement, quantity, variant, channel in cursor.fetchall():
        candidates[placement, quantity].append((variant, channel, series))
    chosen = {name: [best(candidates[item.placement, name], item) for item in known] for name in needs}
    wanted = sorted({series for found in chosen.values() for series in found if series is not None})
    means = np.full((len(wanted) + 1, end - begin), np.nan)  # the last row stays absent
    if wanted:
        rows = read_means(cursor, wanted, begin=begin, end=end)
        means[positions(wanted, rows["series"]), rows["hour"] - begin] = rows["mean"]
    row_of = {series: row for row, series in enumerate(wanted)}
    return {
        name: means[[row_of.get(series, -1) if series is not None else -1 for series in found]]
        if wanted
        else absent
        for name, found in chosen.items()
    }


class Approved(Timeline):
    """The approved calibrations of some sensors, laid out in time, as the database has them."""

    @classmethod
    def of(cls, known: Sequence[Known], *, instead: Mapping[int, Calibration] | None = None) -> "Approved":
        """Load the approved calibrations of these series' sensors and sensor models.

        instead: drafts to count as approved, by the id of the version that each would replace (or its own id).
        """
        approved = Calibration.objects.approved().select_related("co_location")
        sensors = {item.sensor for item in known}
        models = {item.sensor_model for item in known}
        rows = [*approved.filter(sensor__in=sensors), *approved.filter(sensor_model__in=models)]
        drafts = dict(instead or {})
        return cls([row for row in rows if row.pk not in drafts] + list(drafts.values()))

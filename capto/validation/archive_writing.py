"""Take an archive of sums, series, versions and doubts out of the database, cut by sensor and month."""

import json
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
from django.db import connection

from capto.readings import binary_copy
from capto.validation.archive import FILE, SUM_COLUMNS, SUMS
from capto.validation.corrections import SECONDS, hour_of
from capto.validation.loading import SUM_FIELDS
from capto.validation.loading import SUMS as SUMS_QUERY
from capto.validation.models import Calibration, SetAside
from capto.validation.published import where

SERIES: Final = """
SELECT series.id, series.placement_id, placement.sensor_id, sensor.model_id, series.property_id, series.variant,
       series.channel, coalesce(sensor.reporting_interval_s, model.reporting_interval_s),
       property.plausible_minimum::float8, property.plausible_maximum::float8,
       extract(epoch FROM placement.starts_at)::float8, property.is_pollutant
FROM readings_series AS series
JOIN readings_placement AS placement ON placement.id = series.placement_id
JOIN catalogue_sensor AS sensor ON sensor.id = placement.sensor_id
JOIN catalogue_sensormodel AS model ON model.id = sensor.model_id
JOIN catalogue_observedproperty AS property ON property.code = series.property_id
WHERE (%(sensors)s::bigint[] IS NULL OR placement.sensor_id = ANY(%(sensors)s)) ORDER BY series.id
"""
COLUMNS: Final = (
    "series", "placement", "sensor", "sensor_model", "quantity", "variant", "channel", "interval", "low", "high",
    "starts_at", "is_pollutant",
)  # fmt: skip


def write(folder: Path, *, start: datetime, end: datetime, sensors: Collection[int] | None = None) -> int:
    """Write the sums of the hours that begin in [start, end) as an archive; give the number of rows.

    sensors: keys of some sensors, all when not given.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with connection.cursor() as cursor:
        cursor.execute(SERIES, {"sensors": None if sensors is None else list(sensors)})
        series = pd.DataFrame(cursor.fetchall(), columns=list(COLUMNS))
    series = series.astype({"low": float, "high": float, "starts_at": float})
    series.to_parquet(folder / "series.parquet", index=False)
    (folder / "calibrations.json").write_text(json.dumps(_versions(series)))
    (folder / "set_aside.json").write_text(json.dumps(_doubts(series)))
    rows = 0
    for sensor, own in series.groupby("sensor"):
        rows += _write_sums(folder, int(str(sensor)), own["series"].tolist(), start=start, end=end)
    return rows


def _write_sums(folder: Path, sensor: int, series: list[int], *, start: datetime, end: datetime) -> int:
    condition = where(
        series, begin=-int(-start.timestamp() // SECONDS), end=-int(-end.timestamp() // SECONDS)
    )
    with connection.cursor() as cursor:
        columns = binary_copy.read(cursor, SUMS_QUERY.format(where=condition), SUM_FIELDS)
    frame = pd.DataFrame(columns)[list(SUM_COLUMNS)].sort_values(["series", "hour"], ignore_index=True)
    at = pd.to_datetime(frame["hour"].to_numpy() * SECONDS, unit="s")
    for month, some in frame.groupby(pd.PeriodIndex(at, freq="M")):
        path = folder / SUMS / f"sensor={sensor}" / f"month={month}" / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        some.to_parquet(path, index=False)
    return len(frame)


def _versions(series: pd.DataFrame) -> list[dict[str, Any]]:
    approved = Calibration.objects.approved().select_related("co_location").order_by("pk")
    rows = [
        *approved.filter(sensor__in=series["sensor"].unique().tolist()),
        *approved.filter(sensor_model__in=series["sensor_model"].unique().tolist()),
    ]
    return [
        {
            **{
                name: getattr(row, name)
                for name in (
                    "pk",
                    "sensor_id",
                    "sensor_model_id",
                    "property_id",
                    "variant",
                    "channel",
                    "method",
                    "model",
                )
            },
            "valid_from": row.valid_from.astimezone(UTC).isoformat(),
            "valid_to": row.valid_to.astimezone(UTC).isoformat(),
            "co_location": row.co_location
            and {
                "starts_at": row.co_location.starts_at.astimezone(UTC).isoformat(),
                "ends_at": row.co_location.ends_at.astimezone(UTC).isoformat(),
            },
        }
        for row in rows
    ]


def _doubts(series: pd.DataFrame) -> list[list[int]]:
    """Give standing doubts as series, first hour, hour after the last; an hour touched is doubtful as a whole."""
    standing = SetAside.objects.standing().filter(series__in=series["series"].tolist())
    return [
        [key, hour_of(first), int(-(-last.timestamp() // SECONDS))]
        for key, first, last in standing.values_list("series", "starts_at", "ends_at")
    ]

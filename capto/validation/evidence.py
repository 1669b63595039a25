"""Follow one published hour back to its raw readings, and compute it again from what is published.

What is computed again uses nothing but the sums of the hour, the stored models and `calibration`. `provenance` puts
it into words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from django.db import connection

import calibration as library
from capto.readings.models import HourlyAggregate, HourlyValue, HourlyValueChange, ReferenceValue, Series
from capto.validation import loading
from capto.validation.block import CONTEXT_HOURS, Channel, checks, inputs
from capto.validation.corrections import Known, hour_of, needed
from capto.validation.loading import Approved
from capto.validation.models import Calibration

HOUR: Final = timedelta(hours=1)
MOST_READINGS: Final = 120  # listed one by one; the file of the hour has them all

READINGS: Final = """
SELECT observed_at, received_at, value, flag, time_uncertain FROM readings_reading
WHERE series_id = %s AND observed_at >= %s AND observed_at < %s ORDER BY observed_at LIMIT %s
"""


class NotPublished(LookupError):
    """No value of this series is published for this hour."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One raw value as it came; `flag` is the error that the device stated, '' for none."""

    observed_at: datetime
    received_at: datetime
    value: float | None
    flag: str
    time_uncertain: bool


@dataclass(frozen=True, kw_only=True)
class Comparator:
    """The value of a reference station in the same hour, for the eye; it takes no part in the published value."""

    station_code: str
    station_name: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that one published hour rests on.

    sums: n, total, total_of_squares, minimum, maximum; hour_inputs: the columns that the correction reads (raw, sd,
    n, coverage, covariates); flags_raised: the bits of the checks of the hour itself, computed again; again: value
    and expanded uncertainty computed again from these, with each part of the uncertainty, None without calibration.
    """

    series: Series
    known: Known
    hour: datetime
    published: HourlyValue
    readings: tuple[Reading, ...]
    sums: HourlyAggregate
    channel: Channel
    hour_inputs: Mapping[str, float]
    flags_raised: int
    calibration: Calibration | None
    second: Calibration | None
    again: Mapping[str, float] | None
    weight: float | None
    comparators: tuple[Comparator, ...]
    changes: tuple[HourlyValueChange, ...]

    @property
    def is_reproduced(self) -> bool:
        """True where computing again gives the published value and uncertainty to the last bit."""
        stated = (self.published.value, self.published.expanded_uncertainty)
        if self.again is None:
            return stated == (self.hour_inputs["raw"], None)
        value, uncertainty = self.again["value"], self.again["expanded_uncertainty"]
        if np.isnan(value):
            return stated == (None, None)
        if self.published.expanded_uncertainty is None:  # the validity of the calibration had ended
            return stated[0] == value
        return stated == (value, uncertainty)


def gather(series_id: int, hour: datetime) -> Evidence:
    """Collect what one published hour rests on. Raises NotPublished."""
    start = hour.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    published = HourlyValue.objects.filter(series=series_id, hour=start).first()
    sums = HourlyAggregate.objects.filter(series=series_id, hour=start).first()
    if published is None or sums is None:
        raise NotPublished(f"series {series_id} has no published value for {start:%Y-%m-%d %H:%M} UTC")
    series = Series.objects.select_related("placement__sensor__model", "placement__place", "property").get(
        pk=series_id
    )
    first, second = (_calibration(pk) for pk in (published.calibration_id, published.second_calibration_id))
    known, channel, columns, flags = _inputs(series_id, start, first)
    again, weight = _again(first, second, columns, start)
    return Evidence(
        series=series,
        known=known,
        hour=start,
        published=published,
        readings=_readings(series_id, start),
        sums=sums,
        channel=channel,
        hour_inputs=columns,
        flags_raised=flags,
        calibration=first,
        second=second,
        again=again,
        weight=weight,
        comparators=_comparators(series, start, first, second),
        changes=tuple(HourlyValueChange.objects.filter(series=series_id, hour=start).order_by("changed_at")),
    )


def _calibration(pk: int | None) -> Calibration | None:
    if pk is None:
        return None
    return (
        Calibration.objects.select_related(
            "co_location__station", "reference_series__station", "sensor_model", "property"
        )
        .filter(pk=pk)
        .first()
    )


def _inputs(
    series_id: int, hour: datetime, calibration: Calibration | None
) -> tuple[Known, Channel, dict[str, float], int]:
    """Read the sums around the hour, as the recomputation does, and give the row of the hour with its flags."""
    begin = hour_of(hour)
    known = loading.channels(start=hour, end=hour + HOUR, series=[series_id])
    also = needed(calibration.fitted()) if calibration else ()
    with connection.cursor() as cursor:
        block = loading.block(
            cursor, known, Approved([]), begin=begin - CONTEXT_HOURS, end=begin + CONTEXT_HOURS + 1, also=also
        ).ordered()
    hours = inputs(block)
    position = [item.series for item in known].index(series_id)
    row = int(np.flatnonzero((block.channel == position) & (block.hour == begin))[0])
    columns = {str(name): float(value) for name, value in hours.iloc[row].items() if name != "correction"}
    return known[position], block.channels[position], columns, int(checks(block, hours)[row])


def _again(
    first: Calibration | None, second: Calibration | None, columns: Mapping[str, float], hour: datetime
) -> tuple[dict[str, float] | None, float | None]:
    if first is None:
        return None, None
    correction = correction_of(first, second)
    frame = pd.DataFrame([columns], index=pd.DatetimeIndex([hour]).as_unit("s"))
    found = library.explain(correction, frame).iloc[0]
    weight = None
    if isinstance(correction, library.Bracket):
        seconds = np.array([int(hour.timestamp())])
        weight = float(library.bracketing.weights(correction, seconds)[0])
    return {str(name): float(value) for name, value in found.items()}, weight


def correction_of(first: Calibration, second: Calibration | None) -> library.Model | library.Bracket:
    """Give what the library applies for one calibration, or for the two that bracket an hour."""
    if second is None:
        return first.fitted()
    return library.Bracket(before=first.fitted(), after=second.fitted())


def _readings(series_id: int, hour: datetime) -> tuple[Reading, ...]:
    with connection.cursor() as cursor:
        cursor.execute(READINGS, [series_id, hour, hour + HOUR, MOST_READINGS])
        return tuple(
            Reading(
                observed_at=at, received_at=received, value=value, flag=flag or "", time_uncertain=uncertain
            )
            for at, received, value, flag, uncertain in cursor.fetchall()
        )


def _comparators(series: Series, hour: datetime, *calibrations: Calibration | None) -> tuple[Comparator, ...]:
    stations = {
        known.co_location.station_id for known in calibrations if known is not None and known.co_location
    }
    values = ReferenceValue.objects.filter(
        series__station__in=stations, series__property=series.property_id, hour=hour
    ).select_related("series__station")
    return tuple(
        Comparator(
            station_code=row.series.station.code, station_name=row.series.station.name, value=row.value
        )
        for row in values.order_by("series")
    )


def document(calibration: Calibration) -> dict[str, Any]:
    """Give a calibration as the public may read and apply it: `calibration.Model.from_dict(document["model"])`."""
    stay = calibration.co_location
    return {
        "id": calibration.pk,
        "version": calibration.version,
        "status": calibration.status,
        "quantity": calibration.property_id,
        "variant": calibration.variant,
        "channel": calibration.channel,
        "method": calibration.method,
        "model": calibration.model,
        "checksum": calibration.checksum,
        "code_version": calibration.code_version,
        "station": stay.station.code if stay else None,
        "stay": [stay.starts_at.isoformat(), stay.ends_at.isoformat()] if stay else None,
        "valid": [calibration.valid_from.isoformat(), calibration.valid_to.isoformat()],
        "decided_at": calibration.decided_at.isoformat() if calibration.decided_at else None,
        "decided_by": calibration.decided_by_name,
        "reason": calibration.reason,
    }

"""Pair the hours of a stay beside a station with the values of the station, ready for `calibration.fit`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd
from django.db import connection
from django.db.models import QuerySet
from numpy.typing import NDArray

from calibration.flags import FAILING
from capto.readings.models import ReferenceSeries, ReferenceValue, Series
from capto.validation import loading
from capto.validation.block import checks, inputs
from capto.validation.corrections import hour_of
from capto.validation.loading import Approved
from capto.validation.models import CoLocation, PlaceContext

COVARIATES: Final = ("humidity", "temperature", "o3", "no2")  # the gases for cells that answer to both
HOUR: Final = timedelta(hours=1)


class NoPairs(Exception):
    """The stay has no hour in which both the sensor and the station measured; says why."""


def series_of(
    stay: CoLocation, *, quantity: str, variant: str | None = None, channel: str | None = None
) -> Series:
    """Give the series of a quantity of the sensor during its stay; variant and channel where it sent several.

    Raises NoPairs where there is none, or more than one, with what there is.
    """
    sent = Series.objects.filter(placement=stay.placement, property=quantity).order_by("variant", "channel")
    found = [
        series for series in sent if variant in (None, series.variant) and channel in (None, series.channel)
    ]
    if len(found) == 1:
        return found[0]
    named = ", ".join(f"{series.variant or '-'}/{series.channel or '-'}" for series in sent) or "none"
    raise NoPairs(
        f"{stay.sensor} sent {'no such' if not found else 'several'} {quantity} during {stay};"
        f" variant/channel: {named}"
    )


def reference_of(stay: CoLocation, *, quantity: str) -> ReferenceSeries:
    """Give the station's series of a quantity with the most values during the stay. Raises NoPairs without any."""
    ranked = sorted(
        ReferenceSeries.objects.filter(station=stay.station, property=quantity).order_by("id"),
        key=lambda series: -_reference(series, start=stay.starts_at, end=stay.ends_at).count(),
    )
    if not ranked:
        raise NoPairs(f"{stay.station} measures no {quantity}")
    return ranked[0]


def pairs(
    stay: CoLocation,
    *,
    series: Series,
    reference: ReferenceSeries,
    covariates: Sequence[str] = COVARIATES,
) -> pd.DataFrame:
    """Give the hourly pairs of a series in a stay: columns reference, raw, sd, n, coverage and covariates measured.

    Indexed by the start of the hour (UTC). Hours that fail a check (coverage, range, stuck), that a person set
    aside or that a context of the place excludes are left out, as are those without a valid reference value.
    Raises NoPairs where none remains.
    """
    begin, end = hour_of(stay.starts_at), hour_of(stay.ends_at)
    known = loading.channels(start=stay.starts_at, end=stay.ends_at, series=[series.id])
    with connection.cursor() as cursor:
        block = loading.block(cursor, known, Approved([]), begin=begin, end=end, also=covariates).ordered()
    sensor = inputs(block).drop(columns="correction").rename_axis("hour")
    wanted = block.channel == [item.series for item in known].index(series.id)
    sensor = sensor[wanted & ((checks(block, sensor) & FAILING) == 0)]
    sensor = sensor[~_excluded(stay, pd.DatetimeIndex(sensor.index))]
    station = pd.Series(
        dict(_reference(reference, start=stay.starts_at, end=stay.ends_at).values_list("hour", "value")),
        name="reference",
        dtype=float,
    )
    station.index = pd.DatetimeIndex(pd.to_datetime(station.index, utc=True)).as_unit("s")
    found: pd.DataFrame = sensor.join(station.rename_axis("hour"), how="inner").dropna(
        axis="columns", how="all"
    )
    if found.empty or "reference" not in found:
        raise NoPairs(f"{stay.sensor} and {reference} have no valid hour in common during {stay}")
    return found


def _excluded(stay: CoLocation, hours: pd.DatetimeIndex) -> NDArray[np.bool_]:
    """Mark the hours that a context of the place, as a metrologist decided, leaves out of fits."""
    marked = np.zeros(len(hours), dtype=bool)
    for begin, end in PlaceContext.objects.excluded_from(stay).values_list("starts_at", "ends_at"):
        marked |= np.asarray((hours > pd.Timestamp(begin - HOUR)) & (hours < pd.Timestamp(end)))
    return marked


def _reference(series: ReferenceSeries, *, start: datetime, end: datetime) -> QuerySet[ReferenceValue]:
    return ReferenceValue.objects.filter(series=series, hour__gte=start, hour__lt=end)

"""Publish what was loaded: sum it up, fit the sensors that came back from a station, and compute the hours.

The steps are those of a real library; only the metrologist who approves each calibration is simulated.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from multiprocessing import get_context
from typing import Final, NamedTuple

from django.db import connection
from django.db.models import Q

from calibration import Refused
from capto.catalogue.models import Sensor
from capto.readings.hourly import BUCKETS, aggregate_period
from capto.readings.models import Placement, Series
from capto.simulation.models import SimulatedCity
from capto.validation.fitting import fit
from capto.validation.models import Calibration, CoLocation
from capto.validation.pairs import NoPairs
from capto.validation.recompute import recompute

CALIBRATED: Final = ("pm25", "pm10")
METHOD: Final = "dry_linear"  # of the library's methods the one that errs least on this city
PLANNED_BENCH: Final = timedelta(days=14)  # the stay of a sensor that is beside a station now
METROLOGIST: Final = "Maud Mesure (simulée)"
APPROVED_BECAUSE: Final = "Simulation : étalonnage approuvé sans examen"
PUBLISHED_BECAUSE: Final = "Simulation : chargement du passé"
WORKERS: Final = 2  # connections that sum up at once, and processes that fit
WORTH_A_PROCESS: Final = 20  # stays; fewer are fitted sooner than a process is started


class Published(NamedTuple):
    """What a publication did: calibrations approved and stays refused, hours, and the seconds of each step."""

    calibrations: int
    refused: int
    hours: int
    aggregating_s: float
    fitting_s: float
    computing_s: float


def publish(row: SimulatedCity, *, start: datetime, now: datetime) -> Published:
    """Publish the hours from `start` to `now`, with the calibrations of the stays that ended by now.

    A publication that was interrupted is taken up where the last complete one ended.
    """
    start = min(start, row.published_until or row.history_starts_at)
    began = time.perf_counter()
    _aggregate(start, now)
    aggregated = time.perf_counter()
    _record_stays(now)
    approved, refused = _calibrate(now)
    if start > row.history_starts_at:
        start = min([start, *(calibration.hours_touched(now=now)[0] for calibration in approved)])
    fitted = time.perf_counter()
    done = recompute(start, now, now=now, reason=PUBLISHED_BECAUSE, sensors=_simulated())
    row.published_until = now
    row.save(update_fields=["published_until"])
    return Published(
        len(approved),
        refused,
        done.hours,
        aggregated - began,
        fitted - aggregated,
        time.perf_counter() - fitted,
    )


def _simulated() -> list[int]:
    return list(Sensor.objects.filter(is_simulated=True).values_list("pk", flat=True))


def _aggregate(start: datetime, now: datetime) -> None:
    """Sum up all hours, half of the sensors on each of two connections where that is possible."""
    sensors = _simulated()
    if connection.in_atomic_block:
        aggregate_period(start, now, sensors=sensors)
        return

    def one_half(some: Sequence[int]) -> None:
        try:
            aggregate_period(start, now, sensors=some)
        finally:
            connection.close()  # that of this thread

    # by lock, so that the halves do not wait for each other
    halves = [
        [sensor for sensor in sensors if sensor % BUCKETS % WORKERS == worker] for worker in range(WORKERS)
    ]
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one_half, halves))


def _record_stays(now: datetime) -> None:
    """Record as co-locations the placements beside a station that are not recorded yet."""
    beside = Placement.objects.filter(
        Q(co_locations=None), sensor__is_simulated=True, purpose=Placement.Purpose.CO_LOCATION
    ).select_related("sensor", "place__station")
    for placement in beside:
        planned = max(placement.starts_at + PLANNED_BENCH, now + timedelta(days=1))
        CoLocation.of(placement, starts_at=placement.starts_at, ends_at=placement.ends_at or planned)


def _calibrate(now: datetime) -> tuple[list[Calibration], int]:
    """Fit and approve the stays that ended and have no calibration yet; give these and the number of fits refused.

    All are fitted before the first is approved: the drift of the sensors is not known before their history is.
    """
    stays = CoLocation.objects.filter(
        sensor__is_simulated=True, ends_at__lte=now, calibrations=None, placement__isnull=False
    )
    keys = list(stays.order_by("starts_at").values_list("pk", flat=True))
    if connection.in_atomic_block or len(keys) < WORTH_A_PROCESS:
        found = [_drafts_of(key, now) for key in keys]
    else:
        connection.close()  # a connection cannot be shared with a child
        with ProcessPoolExecutor(WORKERS, mp_context=get_context("fork")) as pool:
            found = list(pool.map(partial(_drafts_of, now=now), keys, chunksize=8))
    drafts = list(Calibration.objects.filter(pk__in=[key for some, _ in found for key in some]))
    for draft in drafts:
        draft.approve(reason=APPROVED_BECAUSE, by_name=METROLOGIST, now=now)
    return drafts, sum(refused for _, refused in found)


def _drafts_of(key: int, now: datetime) -> tuple[list[int], int]:
    """Fit the channels of one stay; give the keys of the drafts, and how many fits were refused."""
    stay = CoLocation.objects.select_related("sensor__model", "station", "placement").get(pk=key)
    drafts, refused = [], 0
    for series in Series.objects.filter(placement=stay.placement, property__in=CALIBRATED):
        try:
            draft = fit(
                stay,
                quantity=series.property_id,
                variant=series.variant,
                channel=series.channel,
                method=METHOD,
                now=now,
            )
        except (NoPairs, Refused):
            refused += 1
        else:
            drafts.append(draft.pk)
    return drafts, refused

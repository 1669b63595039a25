"""Load the past of the simulated city: once a year of it, and later what happened since the last time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple, cast

from django.db import connection, transaction

from capto.catalogue.models import Sensor
from capto.simulation.fleet import city_of, found, moment
from capto.simulation.loading import Loader, last_reference_hours, placements_between
from capto.simulation.loans import lend_out
from capto.simulation.models import SimulatedCity

DAYS: Final = 365
SENSORS: Final = 30
SEED: Final = 2026
LONGEST_GAP: Final = timedelta(
    days=60
)  # filled after a pause; what is older stays a gap, as for a real library
ONE_AT_A_TIME: Final = 0x53494D  # key of the advisory lock of the database

Say = Callable[[str], None]


class NotOurCity(Exception):
    """The city of this database has another seed than the one asked for."""


class RealSensorsLiveHere(Exception):
    """A simulated city is not made among sensors that measure a real one."""


class Loaded(NamedTuple):
    """What a loading did: messages and reference values written, over [start, end), in how many seconds."""

    messages: int
    reference_values: int
    start: datetime
    end: datetime
    seconds: float
    is_new: bool


def load(
    *,
    now: datetime,
    days: int = DAYS,
    sensors: int = SENSORS,
    seed: int | None = None,
    say: Say = lambda line: None,
) -> Loaded:
    """Load `days` of history into an empty database, or what is missing since the last message into a loaded one.

    All or nothing: the rows and their messages are one transaction. Raises NotOurCity and RealSensorsLiveHere.
    """
    began = time.perf_counter()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        row = SimulatedCity.objects.first()
        if row is None:
            if Sensor.objects.filter(is_simulated=False).exists():
                raise RealSensorsLiveHere(
                    "this database has sensors that are not simulated; the simulated city needs one of its own"
                )
            start = now - timedelta(days=days)
            row = found(
                seed=SEED if seed is None else seed, sensors=sensors, history_starts_at=start, now=now
            )
            lend_out(row, now=now)
            messages, values, is_new = *_load(row, start, now), True
        else:
            if seed is not None and seed != row.seed:
                raise NotOurCity(
                    f"this database holds the simulated city of seed {row.seed}; remove the run folder "
                    f"(deploy/demo --fresh) to make the one of seed {seed}"
                )
            start = _continue_from(row, now)
            say(
                f"the simulated city is here since {row.opened_at:%Y-%m-%d}; continuing from {start:%Y-%m-%d %H:%M} UTC"
            )
            messages, values, is_new = *_load(row, start, now), False
    return Loaded(messages, values, start, now, time.perf_counter() - began, is_new)


def _continue_from(row: SimulatedCity, now: datetime) -> datetime:
    """Give the last message of the fleet, or the longest gap that is filled where that is later."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(observed_at) FROM readings_raw_message JOIN catalogue_sensor ON sensor_id = id"
            " WHERE is_simulated AND observed_at > %s",
            [now - LONGEST_GAP],
        )
        (last,) = cast(tuple[datetime | None], cursor.fetchone())
    return last or max(now - LONGEST_GAP, row.history_starts_at)


def _load(row: SimulatedCity, start: datetime, now: datetime) -> tuple[int, int]:
    published = last_reference_hours(since=start - LONGEST_GAP)
    first_hour = min((moment(hour) for hour in published.values()), default=start)
    with connection.cursor() as cursor:
        loader = Loader(city_of(row), cursor, start=min(start, first_hour), end=now)
        messages = loader.load_messages(placements_between(start, now), after=start)
        return messages, loader.load_reference(after=published, now=now)

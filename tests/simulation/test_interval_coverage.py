"""The published 95 % intervals against the truth, which only a simulated city knows.

The city's noise, ageing, humidity law and sources are none of the library's. Fleets live through every season:
bench, loan, bench, loan, ... and everything goes the way of real messages: aggregates, fits beside the station's
(uncertain) reference, approval, brackets, published hours. No seed here was used to choose or to tune anything.
"""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from django.db import transaction

from calibration import Flag
from capto.readings.models import HourlyValue, Placement
from capto.simulation import history
from capto.simulation.fleet import city_of, instant, spot_of, unit_of
from capto.simulation.models import SimulatedCity
from capto.simulation.publishing import publish
from capto.simulation.units import Fault

CITIES = (  # seed, the day on which its history ends
    (8_101, datetime(2026, 11, 21, 4, 7, tzinfo=UTC)),
    (8_102, datetime(2026, 7, 10, 4, 7, tzinfo=UTC)),
    (8_103, datetime(2026, 3, 15, 4, 7, tzinfo=UTC)),
)
SENSORS = 9  # of which one sticks and one loses its fan
DAYS = 170
CAREFUL = int(Flag.EXTRAPOLATED | Flag.HUMIDITY)  # hours that are published with a warning

pytestmark = pytest.mark.django_db


def published_and_true(seed: int, now: datetime, quantity: str) -> pd.DataFrame:
    """Give the published hours of the loans of one city beside the truth: value, u, truth, flags, bracketed, fault."""
    loaded = history.load(now=now, days=DAYS, sensors=SENSORS, seed=seed)
    row = SimulatedCity.objects.get()
    publish(row, start=loaded.start, now=now)
    city = city_of(row)
    period = city.between(instant(loaded.start), instant(now))
    parts = []
    for placement in Placement.objects.filter(purpose="loan").select_related("sensor", "place"):
        hours = HourlyValue.objects.filter(
            series__placement=placement, series__property=quantity, grade__in="BC"
        ).values_list("hour", "value", "expanded_uncertainty", "flags", "second_calibration_id")
        part = pd.DataFrame(list(hours), columns=["hour", "value", "u", "flags", "second"])
        at = np.array([instant(hour) for hour in part["hour"]], dtype=np.int64)
        if not at.size:
            continue
        truth = period.hourly(spot_of(placement.place), at)[quantity]
        parts.append(part.assign(truth=truth, fault=str(unit_of(placement.sensor, city).fault), seed=seed))
    found = pd.concat(parts, ignore_index=True)
    found["bracketed"] = found["second"].notna()
    found["warned"] = (found["flags"].astype(int) & CAREFUL) != 0
    found["held"] = (found["value"] - found["truth"]).abs() <= found["u"]
    return found


def test_published_intervals_of_sound_sensors_hold_the_truth_19_times_in_20():
    found = []
    for seed, now in CITIES:
        with transaction.atomic():
            found.append(published_and_true(seed, now, "pm25"))
            transaction.set_rollback(True)
    hours = pd.concat(found, ignore_index=True)
    sound = hours[hours["fault"] == Fault.NONE]
    by = sound.groupby(["warned", "bracketed"])["held"].agg(["mean", "size"]).round(3)
    print(by, sound.groupby("seed")["held"].mean().round(3), sep="\n")
    print(f"sound {sound['held'].mean():.3f} of {len(sound)}, half-width {sound['u'].mean():.1f}")
    print(f"faulty {hours[hours['fault'] != Fault.NONE]['held'].mean():.3f}")
    assert len(sound) > 30_000
    assert 0.93 <= sound["held"].mean() <= 0.97
    assert 0.93 <= sound[sound["bracketed"]]["held"].mean() <= 0.97
    assert (sound["value"] - sound["truth"]).abs().mean() < 0.5 * sound["u"].mean()

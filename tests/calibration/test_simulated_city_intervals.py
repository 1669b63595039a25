"""Coverage of the TRUE hours of loans in the city that `capto simulate` plays, between two stays at the bench.

Its laser ages in steps, its humidity acts through the past, light depends on the source of the particles and a loan
stands in other air than the bench: no correction of the library contains any of it. The seeds are of this test alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd
import pytest

import calibration
from capto.simulation.city import City, Period
from capto.simulation.reference import published
from capto.simulation.stays import Stay, stays
from capto.simulation.units import INDOOR, Fault, Unit
from capto.simulation.weather import DAY, HOUR

MESSAGE = 600  # seconds
SEEDS = (7001, 7002)
UNITS = (1, 2, 3)
DAYS = 210


def hours_of(period: Period, unit: Unit, stay: Stay, end: int) -> pd.DataFrame:
    """What a unit said over a stay as hourly means, with the truth and, at the bench, the station."""
    at = np.arange(stay.starts_at // MESSAGE * MESSAGE + MESSAGE, stay.ends_at or end, MESSAGE)
    said = unit.says(period.air(stay.spot, at), at)
    arrived = said.sent & said.sees_particles
    frame = pd.DataFrame(
        {name: said.values[name][arrived] for name in ("pm25", "pm10", "humidity", "temperature")}
    )
    hour = at[arrived] // HOUR * HOUR
    table = frame.groupby(hour).mean()[frame.groupby(hour).size() >= 5]
    hours = table.index.to_numpy()
    for quantity, values in period.hourly(stay.spot, hours).items():
        table[f"true_{quantity}"] = values
    if stay.station is not None:
        for quantity, (values, valid) in published(period, stay.station, hours).items():
            table[f"station_{quantity}"] = np.where(valid, values, np.nan)
    table.index = pd.to_datetime(hours, unit="s", utc=True)
    return table


def loans(seed: int) -> Iterator[tuple[str, pd.DataFrame, calibration.Bracket]]:
    """Every loan of some sound sensors that stands between two stays at the bench, for both sizes of particles."""
    opened = int(pd.Timestamp("2026-11-20", tz="UTC").timestamp())
    city = City(seed=seed, opened_at=opened)
    period = city.between(opened - DAYS * DAY, opened)
    for number in UNITS:
        unit = Unit(city, number)
        assert unit.fault is Fault.NONE and number != INDOOR
        turns = list(stays(city, number, start=opened - DAYS * DAY, end=opened))
        tables = [hours_of(period, unit, stay, opened) for stay in turns]
        for k, quantity in product(range(1, len(turns) - 1, 2), ("pm25", "pm10")):
            first, loan, second = (
                t.rename(columns={quantity: "raw", f"station_{quantity}": "reference"})
                for t in tables[k - 1 : k + 2]
            )
            options = {"reference_uncertainty": (0.5, 0.02), "quantity": quantity}
            try:
                chosen = calibration.choose(
                    calibration.compare(first, methods=calibration.FOR_PARTICLES, **options)
                )
                last = calibration.fit(second, method=chosen.method, **options)
            except (calibration.Refused, ValueError):
                continue  # a bench stay cut short by the end of the record
            assert chosen.model is not None
            yield quantity, loan, calibration.Bracket(before=chosen.model, after=last)


@pytest.fixture(scope="module")
def held() -> pd.DataFrame:
    rows = []
    for seed in SEEDS:
        for quantity, loan, bracket in loans(seed):
            found = calibration.apply(bracket, loan).dropna()
            error = (loan[f"true_{quantity}"].reindex(found.index) - found["value"]).abs()
            half = found["expanded_uncertainty"]
            rows.append(
                {
                    "quantity": quantity,
                    "hours": len(found),
                    "width": 2 * half.sum(),
                    "held": int((error <= half).sum()),
                }
            )
    table = pd.DataFrame(rows).groupby("quantity").sum()
    print(
        table.assign(
            coverage=table["held"] / table["hours"], mean_width=table["width"] / table["hours"]
        ).round(3)
    )
    return table


def test_the_intervals_of_loans_hold_93_to_97_percent_of_the_true_hours(held: pd.DataFrame) -> None:
    assert held["hours"].sum() > 15_000
    assert 0.93 <= held["held"].sum() / held["hours"].sum() <= 0.97


@pytest.mark.parametrize("quantity", ["pm25", "pm10"])
def test_neither_size_of_particles_is_left_far_from_what_is_promised(
    held: pd.DataFrame, quantity: str
) -> None:
    assert 0.92 <= held.loc[quantity, "held"] / held.loc[quantity, "hours"] <= 0.99

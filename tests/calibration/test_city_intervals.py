"""Coverage on a simulated city whose noise, drift and humidity law no correction of the library contains."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import calibration
from tests.calibration.synthetic_city import air, sensor

DAY = pd.Timedelta(days=1)
STATION = (0.7, 0.02)  # the standard uncertainty that the city's reference has, absolute or relative
SEEDS = range(700, 708)  # none of them seen while the library was written
UNITS = 3


@pytest.fixture(scope="module")
def loans() -> pd.DataFrame:
    """Coverage and width of loans of three months between two stays of two weeks at the bench."""
    rows = []
    for seed in SEEDS:
        city = air(seed, days=120)
        for unit in range(UNITS):
            hours = sensor(city, seed * 100 + unit)
            start = hours.index[0]
            first, second = hours[hours.index < start + 14 * DAY], hours[hours.index >= start + 106 * DAY]
            loan = hours.drop(first.index).drop(second.index)
            options = {"reference_uncertainty": STATION}
            chosen = calibration.choose(
                calibration.compare(first, methods=calibration.FOR_PARTICLES, **options)
            )
            before = chosen.model
            assert before is not None
            after = calibration.fit(second, method=chosen.method, **options)
            week = calibration.fit(hours[hours.index < start + 7 * DAY], method=chosen.method, **options)
            history = 0.03 / 30.0  # what past loans of this city's sensors would have shown
            for name, one in (
                ("bracketed", calibration.Bracket(before=before, after=after)),
                ("one side", before.with_drift(history)),
                ("a week", week.with_drift(history)),
            ):
                found = calibration.apply(one, loan)
                rows.append(
                    {
                        "calibration": name,
                        "width": 2.0 * found["expanded_uncertainty"].mean(),
                        "held": (
                            (loan["reference"] - found["value"]).abs() <= found["expanded_uncertainty"]
                        ).mean(),
                        "true": (
                            (loan["truth"] - found["value"]).abs() <= found["expanded_uncertainty"]
                        ).mean(),
                        "rmse": np.sqrt(((loan["truth"] - found["value"]) ** 2).mean()),
                    }
                )
    table = pd.DataFrame(rows).groupby("calibration").mean()
    print(table.round(3))
    return table


@pytest.mark.parametrize("name", ["bracketed", "a week"])
def test_the_interval_of_a_loan_holds_93_to_97_percent_of_its_hours(loans: pd.DataFrame, name: str) -> None:
    assert 0.93 <= loans.loc[name, "held"] <= 0.97


def test_one_side_alone_holds_at_least_nine_hours_in_ten(loans: pd.DataFrame) -> None:
    assert 0.90 <= loans.loc["one side", "held"] <= 0.97


def test_knowing_the_drift_makes_the_value_better(loans: pd.DataFrame) -> None:
    assert loans.loc["bracketed", "rmse"] < loans.loc["one side", "rmse"]

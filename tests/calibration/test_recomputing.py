"""The published number, computed again by someone else, to the last bit."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd

import calibration
from calibration.units_unseen import pooled
from tests.calibration.test_models import stay

# A calibration as it would be downloaded, and two hours of raw sums.
DOCUMENT = """{"before": {"method": "mlr_humidity",
 "coefficients": {"intercept": 2.1, "raw": 0.47, "humidity": -0.031},
 "covariance": [[0.81, -0.004, -0.009], [-0.004, 0.0002, 1e-05], [-0.009, 1e-05, 0.00017]],
 "companion": {"intercept": 1.3, "raw": 0.52, "humidity": -0.034},
 "domain": {"humidity": [31.5, 92.25], "value": [1.7, 61.3]},
 "spread": {"absolute": 1.3, "relative": 0.08, "factor": 2.9, "parameter_factor": 2.45, "shared": 0.4},
 "n": 330, "starts_at": "2026-01-01T00:00:00+00:00", "ends_at": "2026-01-15T00:00:00+00:00",
 "reference_uncertainty": [0.5, 0.02], "drift_per_day": 0.001},
 "after": {"method": "mlr_humidity",
 "coefficients": {"intercept": 2.4, "raw": 0.52, "humidity": -0.033},
 "covariance": [[0.7, -0.003, -0.008], [-0.003, 0.0003, 2e-05], [-0.008, 2e-05, 0.00015]],
 "companion": {"intercept": 1.6, "raw": 0.55, "humidity": -0.035},
 "domain": {"humidity": [28.0, 90.0], "value": [2.0, 45.0]},
 "spread": {"absolute": 1.1, "relative": 0.09, "factor": 2.8, "parameter_factor": 2.45, "shared": 0.4},
 "n": 320, "starts_at": "2026-04-01T00:00:00+00:00", "ends_at": "2026-04-15T00:00:00+00:00",
 "reference_uncertainty": [0.5, 0.02], "drift_per_day": 0.001}, "step_at": null}"""
HOURS = pd.DatetimeIndex(["2026-02-03T04:00Z", "2026-03-20T17:00Z"])
SUMS = {
    "raw": pd.DataFrame(
        {"n": [6, 5], "total": [187.3, 402.9], "total_of_squares": [5901.7, 32870.1]}, index=HOURS
    ),
    "humidity": pd.DataFrame({"n": [6, 5], "total": [431.2, 288.8]}, index=HOURS),
}
# computed once by the first release; a change of any bit is a change of published figures: raise CODE_VERSION
VALUES = ("0x1.df43a4ae46264p+3", "0x1.4e27f1be383ccp+5")
UNCERTAINTIES = ("0x1.d9026fe347270p+2", "0x1.cc2e2d4d8cf65p+3")


def test_a_published_number_is_the_same_to_the_last_bit_as_when_it_was_published() -> None:
    assert calibration.CODE_VERSION == "1.0"
    found = calibration.recompute(json.loads(DOCUMENT), SUMS, expected=6)
    assert tuple(v.hex() for v in found["value"].tolist()) == VALUES
    assert tuple(v.hex() for v in found["expanded_uncertainty"].tolist()) == UNCERTAINTIES


def test_the_recomputed_number_is_the_formula_worked_by_hand() -> None:
    found = calibration.recompute(json.loads(DOCUMENT), SUMS, expected=6)
    w = (HOURS[0] - pd.Timestamp("2026-01-15T00:00Z")) / pd.Timedelta(days=76)  # 15 January to 1 April
    raw, humidity = 187.3 / 6, 431.2 / 6
    by_hand = (2.1 + 0.3 * w) + (0.47 + 0.05 * w) * raw + (-0.031 - 0.002 * w) * humidity
    assert abs(found["value"].iloc[0] - by_hand) < 1e-12


def test_the_order_and_the_company_of_hours_change_no_bit() -> None:
    document = json.loads(DOCUMENT)
    together = calibration.recompute(document, SUMS, expected=6)
    for row in (0, 1):
        alone = calibration.recompute(document, {k: v.iloc[[row]] for k, v in SUMS.items()}, expected=6)
        assert alone.iloc[0].tolist() == together.iloc[row].tolist()
    backwards = calibration.recompute(document, {k: v.iloc[::-1] for k, v in SUMS.items()}, expected=6)
    assert backwards.iloc[::-1].to_numpy().tolist() == together.to_numpy().tolist()


def test_long_arrays_give_the_bits_of_short_ones() -> None:
    # vector instructions treat the last elements of an array apart: they must not round apart
    model = calibration.from_document(json.loads(DOCUMENT))
    at = pd.date_range("2026-01-10", periods=2003, freq="h", tz="UTC")
    rng = np.random.default_rng(0)
    hours = pd.DataFrame({"raw": rng.gamma(2.0, 20.0, 2003), "humidity": rng.uniform(20, 99, 2003)}, index=at)
    whole = calibration.apply(model, hours)
    for size in (1, 2, 3, 5, 7, 17):
        part = calibration.apply(model, hours[-size:])
        assert part["value"].tolist() == whole["value"].tolist()[-size:]
        assert part["expanded_uncertainty"].tolist() == whole["expanded_uncertainty"].tolist()[-size:]


def test_the_library_needs_nothing_of_the_system() -> None:
    code = (
        "import sys, calibration; bad = {'django', 'psycopg', 'capto', 'paho'} & set(sys.modules); "
        "assert not bad, bad"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_sum_without_its_covariate_gives_no_number() -> None:
    sums = {**SUMS, "humidity": SUMS["humidity"].iloc[:1]}
    found = calibration.recompute(json.loads(DOCUMENT), sums, expected=6)
    assert np.isnan(found["value"].iloc[1]) and not np.isnan(found["value"].iloc[0])
    assert calibration.carries(found["flags"], calibration.Flag.NO_COVARIATE).tolist() == [False, True]


def test_an_unseen_unit_is_less_sure_than_those_that_were_fitted() -> None:
    units = [
        calibration.fit(stay(8, seed=k).assign(raw=lambda f, k=k: f["raw"] * (1 + 0.1 * k)))
        for k in (1, 2, 3)
    ]
    shared = pooled(units)
    hours = stay(2)
    wide, narrow = (
        calibration.apply(one, hours)["expanded_uncertainty"].mean() for one in (shared, units[1])
    )
    assert wide > 1.2 * narrow
    assert shared.coefficients["raw"] == np.mean([u.coefficients["raw"] for u in units])


def test_a_model_lent_to_another_unit_adds_what_units_differ_by() -> None:
    # u(bs,s) = 3 in the signal, slope 2: 3/2 in the value, doubled
    model = calibration.Model(
        method="linear",
        coefficients={"intercept": 0.0, "slope": 2.0},
        covariance=((0.0, 0.0), (0.0, 0.0)),
        domain={"value": (0.0, 100.0)},
        spread=calibration.Spread(absolute=0.0, relative=0.0, factor=0.0),
        n=300,
        starts_at="2026-01-01T00:00Z",
        ends_at="2026-05-01T00:00Z",
        between_units=3.0,
    )
    found = calibration.explain(model, pd.DataFrame({"raw": [40.0]}, index=HOURS[:1]))
    assert found["units"].iloc[0] == found["expanded_uncertainty"].iloc[0] == 3.0

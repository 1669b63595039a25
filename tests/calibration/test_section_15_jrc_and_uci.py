"""Published and recomputed figures of shared/reference/calibration.md, section 15: JRC Ispra and UCI."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestRegressor

import calibration
from calibration import corrections, equivalence
from calibration.colocation import system
from calibration.robust import solve
from calibration.terms import METHODS
from tests.calibration.shared import DATA, JRC_BOXES, jrc_minutes, jrc_pm10, needs_shared_data

pytestmark = needs_shared_data


@pytest.mark.parametrize(
    ("box", "n", "figures"),
    [
        ("40816F", 273, (1.77532, 1.98288, 0.89648, 1.93408, -3.9053)),
        ("40458D", 273, (1.58229, 7.33701, 0.88187, 1.73773, 1.5720)),
        ("4047D0", 261, (1.54157, 4.39406, 0.90525, 1.65753, -0.0102)),
        ("406414", 273, (1.53656, 4.71673, 0.89816, 1.66175, 0.0735)),
        ("40642E", 273, (1.55442, 4.76853, 0.88971, 1.69408, -0.4112)),
    ],
)
def test_the_hourly_table_of_the_boxes(box: str, n: int, figures: tuple[float, ...]) -> None:
    pairs = jrc_pm10(box)
    found = calibration.metrics(pairs["reference"], pairs["raw"])
    assert found["n"] == n
    names = ("slope", "intercept", "r2", "orthogonal_slope", "orthogonal_intercept")
    for name, value in zip(names, figures, strict=True):
        assert found[name] == pytest.approx(value, abs=6e-5), name


def test_the_figures_between_the_five_boxes() -> None:
    units = pd.DataFrame({box: jrc_pm10(box)["raw"] for box in JRC_BOXES})
    found = calibration.precision(units)
    assert found.n == 261
    assert calibration.between_sensors(units) == pytest.approx(4.487738, abs=1e-6)
    assert (found.sd, found.cv, found.mean) == pytest.approx((4.015493, 6.127921, 65.527831), abs=2e-6)


def test_kappa_koehler_on_the_minutes_of_a_box() -> None:
    minutes = jrc_minutes("pms5003_pm10_40816F")
    assert len(minutes) == 15956
    raw = calibration.metrics(minutes["x"], minutes["y"])
    assert [raw[k] for k in ("slope", "intercept", "r2", "rmse")] == pytest.approx(
        [1.764002, 2.408475, 0.872184, 36.571277], abs=1e-6
    )
    dry = corrections.kappa_koehler(
        minutes["y"].to_numpy(), minutes["Relative_humidity"].to_numpy(), kappa=0.4
    )
    found = calibration.metrics(minutes["x"].to_numpy(), dry)
    assert [found[k] for k in ("slope", "intercept", "r2", "rmse")] == pytest.approx(
        [0.993974, 5.991632, 0.875208, 9.303255], abs=1e-6
    )


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ("40816F", 11.095393),
        ("40458D", 11.463879),
        ("4047D0", 9.580969),
        ("406414", 9.823638),
        ("40642E", 10.506574),
    ],
)
def test_the_residuals_that_jrc_stored_are_those_that_it_published(box: str, expected: float) -> None:
    minutes = jrc_minutes(f"pms5003_pm10_{box}")
    found = calibration.metrics(minutes[".fitted"], minutes["y"])
    assert found["rmse"] == pytest.approx(expected, abs=1e-6)
    published = {
        p["data_file"]: p for p in json.loads((DATA / "jrc_airsenseur/published_fits.json").read_text())
    }
    assert published[f"pms5003_pm10_{box}.csv"]["rmse"] == pytest.approx(expected, abs=1e-6)


def test_the_no2_cell_of_jrc_has_a_negative_slope() -> None:
    minutes = jrc_minutes("no2_b43f_mlr_40816F")
    columns = {
        "raw": minutes["y"].to_numpy(),
        "temperature": minutes["Temperature_int"].to_numpy(),
        "ox": minutes["OX_A431_P1_volt"].to_numpy(),
        "absolute_humidity": minutes["Absolute_humidity"].to_numpy(),
    }
    design, target = system(METHODS["cell_inverse"], columns, minutes["x"].to_numpy())
    found, _ = solve(design, target, robust=False)
    # intercept, temperature, ox, absolute humidity, slope: calibration.md states the slope second
    assert found.tolist() == pytest.approx([1.712849, 0.323225, 0.293607, -1.235702, -0.319306], abs=1e-6)
    agreement = calibration.metrics(target, design @ found)
    assert (agreement["r2"], agreement["rmse"]) == pytest.approx((0.842320, 1.186332), abs=1e-6)


def test_the_no2_cell_gives_no2_back_on_later_days() -> None:
    minutes = jrc_minutes("no2_b43f_mlr_40816F").rename(
        columns={
            "x": "reference",
            "y": "raw",
            "Temperature_int": "temperature",
            "OX_A431_P1_volt": "ox",
            "Absolute_humidity": "absolute_humidity",
        }
    )
    hours = (
        minutes[["reference", "raw", "temperature", "ox", "absolute_humidity"]].resample("h").mean().dropna()
    )
    model = calibration.fit(hours[:216], method="cell_inverse")
    assert model.coefficients["slope"] < 0
    found = calibration.apply(model, hours[216:])
    agreement = calibration.metrics(hours["reference"][216:], found["value"])
    assert agreement["r2"] is not None and agreement["r2"] > 0.6
    held = (hours["reference"][216:] - found["value"]).abs() <= found["expanded_uncertainty"]
    assert 0.85 <= held.mean() <= 1.0


def uci() -> pd.DataFrame:
    frame = pd.read_csv(DATA / "airquality_uci/AirQualityUCI_iso_comma.csv", encoding="utf-8-sig")
    return frame.replace(-200, np.nan)


INPUTS = ["PT08.S1(CO)", "PT08.S2(NMHC)", "PT08.S3(NOx)", "PT08.S4(NO2)", "PT08.S5(O3)", "T", "RH", "AH"]


def skill(reference: np.ndarray, predicted: np.ndarray) -> float:
    return float(1 - np.sum((reference - predicted) ** 2) / np.sum((reference - reference.mean()) ** 2))


@pytest.mark.parametrize(
    ("target", "n", "forward", "fortnight", "rmse"),
    [
        ("CO(GT)", 7344, 0.8186, 0.3948, 0.6014),
        ("NO2(GT)", 7393, 0.4243, 0.6293, 37.711),
        ("NOx(GT)", 7396, 0.8307, -0.2782, 86.408),
        ("C6H6(GT)", 8991, 0.9185, 0.6362, None),
    ],
)
def test_the_linear_fits_of_uci_in_forward_time(
    target: str, n: int, forward: float, fortnight: float, rmse: float | None
) -> None:
    frame = uci()
    at = pd.to_datetime(frame["Date"] + " " + frame["Time"])
    frame = frame[[target, *INPUTS]].assign(at=at).dropna()
    assert len(frame) == n
    y = frame[target].to_numpy()
    design = np.column_stack([np.ones(n), frame[INPUTS].to_numpy()])
    cut = int(0.7 * n)
    found = design[cut:] @ solve(design[:cut], y[:cut], robust=False)[0]
    assert skill(y[cut:], found) == pytest.approx(forward, abs=1e-4)
    if rmse is not None:
        assert np.sqrt(np.mean((y[cut:] - found) ** 2)) == pytest.approx(rmse, rel=1e-4)
    early = (frame["at"] < frame["at"].iloc[0] + pd.Timedelta(days=14)).to_numpy()
    found = design[~early] @ solve(design[early], y[early], robust=False)[0]
    assert skill(y[~early], found) == pytest.approx(fortnight, abs=1e-4)


def test_a_random_split_flatters_a_forest_and_forward_time_does_not() -> None:
    frame = uci()[["NO2(GT)", *INPUTS]].dropna()
    y, x = frame["NO2(GT)"].to_numpy(), frame[INPUTS].to_numpy()
    cut = int(0.7 * len(y))
    forest = RandomForestRegressor(n_estimators=200, min_samples_leaf=3, random_state=0, n_jobs=2)
    forward = skill(y[cut:], forest.fit(x[:cut], y[:cut]).predict(x[cut:]))
    assert forward == pytest.approx(0.5051, abs=0.01)
    order = np.random.default_rng(0).permutation(len(y))
    mixed = skill(y[order[cut:]], forest.fit(x[order[:cut]], y[order[:cut]]).predict(x[order[cut:]]))
    assert mixed == pytest.approx(0.859, abs=0.015)


def test_the_orthogonal_residuals_need_no_gate_on_the_boxes() -> None:
    pairs = jrc_pm10("40816F")
    fitted = equivalence.regression(pairs["reference"], pairs["raw"])
    assert fitted.slope_significant
    assert equivalence.indicative_class(fitted, calibration.objective("pm10")).number in (3, None)

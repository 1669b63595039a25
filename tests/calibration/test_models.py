import json

import numpy as np
import pandas as pd
import pytest

import calibration
from calibration import Flag


def stay(days: int, *, seed: int = 1, noise: float = 1.0) -> pd.DataFrame:
    """Hours beside a station whose law is known: reference = 2 + 0.5·raw - 0.05·humidity + noise."""
    rng = np.random.default_rng(seed)
    at = pd.date_range("2026-01-05", periods=24 * days, freq="h", tz="UTC")
    raw = 30.0 + 15.0 * np.sin(np.arange(at.size) / 9.0) + rng.gamma(2.0, 4.0, at.size)
    humidity = 60.0 + 20.0 * np.sin(np.arange(at.size) / 5.0)
    reference = 2.0 + 0.5 * raw - 0.05 * humidity + rng.normal(0.0, noise, at.size)
    return pd.DataFrame({"reference": reference, "raw": raw, "humidity": humidity}, index=at)


def test_the_fit_finds_the_law_that_made_the_pairs() -> None:
    model = calibration.fit(stay(14), method="mlr_humidity")
    assert model.coefficients["intercept"] == pytest.approx(2.0, abs=0.5)
    assert model.coefficients["raw"] == pytest.approx(0.5, abs=0.01)
    assert model.coefficients["humidity"] == pytest.approx(-0.05, abs=0.01)
    assert not model.provisional


def test_a_model_survives_json_and_gives_the_same_bits() -> None:
    pairs = stay(6)
    model = calibration.fit(pairs)
    again = calibration.Model.from_dict(json.loads(json.dumps(model.to_dict())))
    assert again == model
    first, second = calibration.apply(model, pairs), calibration.apply(again, pairs)
    for name in ("value", "expanded_uncertainty", "flags"):
        assert first[name].to_numpy().tobytes() == second[name].to_numpy().tobytes()


def test_one_hour_alone_gives_the_same_bits_as_a_year_of_hours() -> None:
    pairs = stay(30)
    model = calibration.fit(pairs[: 24 * 6])
    together = calibration.apply(model, pairs)
    for row in (0, 77, 719):
        alone = calibration.apply(model, pairs.iloc[[row]])
        assert alone.iloc[0].tolist() == together.iloc[row].tolist()


def test_a_model_of_an_unknown_method_is_refused() -> None:
    data = calibration.fit(stay(6)).to_dict() | {"method": "astrology"}
    with pytest.raises(ValueError, match="unknown method 'astrology'"):
        calibration.Model.from_dict(data)


def test_less_than_three_days_is_refused_with_the_reason() -> None:
    with pytest.raises(calibration.Refused) as refusal:
        calibration.fit(stay(3)[:-1])
    assert refusal.value.code == "too_short"
    assert "71 h" in refusal.value.english and "71 h" in refusal.value.french


def test_three_days_with_too_few_pairs_are_refused_with_the_reason() -> None:
    pairs = stay(4).iloc[::2].iloc[:47]
    with pytest.raises(calibration.Refused) as refusal:
        calibration.fit(pairs)
    assert refusal.value.code == "too_few_pairs"


def test_less_than_fourteen_days_is_provisional_with_at_least_three_folds() -> None:
    for days in (3, 4, 5, 13):
        model = calibration.fit(stay(days))
        assert model.provisional
        assert model.folds >= 3


def test_a_missing_humidity_gives_no_value_and_says_why() -> None:
    model = calibration.fit(stay(6))
    hours = stay(1).assign(humidity=np.nan)
    found = calibration.apply(model, hours)
    assert found["value"].isna().all()
    assert calibration.carries(found["flags"], Flag.NO_COVARIATE).all()


def test_hours_outside_the_domain_are_flagged_and_wider() -> None:
    model = calibration.fit(stay(6))
    inside = pd.DataFrame({"raw": [35.0], "humidity": [60.0]}, index=stay(1).index[:1])
    dry = inside.assign(humidity=5.0)
    near, far = calibration.apply(model, inside), calibration.apply(model, dry)
    assert not calibration.carries(near["flags"], Flag.EXTRAPOLATED)[0]
    assert calibration.carries(far["flags"], Flag.EXTRAPOLATED)[0]
    assert far["expanded_uncertainty"].iloc[0] > near["expanded_uncertainty"].iloc[0]


def test_an_incomplete_hour_is_less_sure_than_a_complete_one() -> None:
    model = calibration.fit(stay(6))
    hour = pd.DataFrame(
        {"raw": [35.0], "humidity": [60.0], "sd": [12.0], "n": [60], "coverage": [1.0]},
        index=stay(1).index[:1],
    )
    full, half = calibration.apply(model, hour), calibration.apply(model, hour.assign(n=9, coverage=0.75))
    # sd·gain/√n·√(1-coverage) = 12·0.5/3·0.5 = 1 µg/m³, doubled and added in quadrature
    added = half["expanded_uncertainty"] ** 2 - full["expanded_uncertainty"] ** 2
    assert added.iloc[0] == pytest.approx(4.0 * (12.0 * model.coefficients["raw"] / 3 * 0.5) ** 2)


def test_each_row_gets_the_model_that_it_names() -> None:
    first, second = calibration.fit(stay(6)), calibration.fit(stay(6, seed=2), method="linear")
    hours = stay(3).assign(calibration_id=[1.0, 2.0, np.nan] * 24)
    found = calibration.apply_each({1: first, 2: second}, hours)
    pd.testing.assert_frame_equal(found[::3], calibration.apply(first, hours[::3]))
    pd.testing.assert_frame_equal(found[1::3], calibration.apply(second, hours[1::3]))
    assert found["value"][2::3].isna().all()
    assert (found["flags"][2::3] == int(Flag.UNCALIBRATED)).all()

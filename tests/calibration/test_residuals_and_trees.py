import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.stats.diagnostic import het_breuschpagan

import calibration
from calibration.residuals import at_limit_value, breusch_pagan, forward_residuals
from calibration.trees import TreeModel, apply_trees, fit_trees, trees_win, walk
from tests.calibration.shared import DATA, needs_shared_data
from tests.calibration.test_models import stay


def test_no_hour_is_predicted_by_a_fit_that_knew_it() -> None:
    pairs = stay(8, noise=0.0)
    pairs.iloc[150:, 0] += 50.0  # the last two days are another world
    found = forward_residuals(pairs, method="linear")
    first = found[found["block"] == found["block"].max() - 1]
    assert first["residual"].abs().median() > 20.0
    assert found.index.min() >= pairs.index[0] + pd.Timedelta(days=2)


def test_breusch_pagan_is_that_of_statsmodels() -> None:
    rng = np.random.default_rng(2)
    level = rng.uniform(5, 60, 400)
    for residual in (rng.normal(0, 1, 400), rng.normal(0, 0.1 * level)):
        oracle = het_breuschpagan(residual, sm.add_constant(level), robust=True)[1]
        assert breusch_pagan(residual, level) == pytest.approx(oracle, rel=1e-9)
    assert breusch_pagan(rng.normal(0, 0.1 * level), level) < 0.05


def test_the_spread_grows_with_the_level_where_the_residuals_do() -> None:
    rng = np.random.default_rng(3)
    pairs = stay(20, noise=0.0)
    pairs["reference"] *= 1.0 + 0.25 * rng.normal(0.0, 1.0, len(pairs))
    assert calibration.fit(pairs, method="mlr_humidity").spread.relative > 0.05
    assert calibration.fit(stay(20), method="mlr_humidity").spread.relative < 0.02


def test_the_class_at_the_limit_value_is_indicative() -> None:
    model = calibration.fit(stay(14), quantity="pm25")
    found = at_limit_value(model)
    assert found.limit_value == 25.0
    hours = pd.DataFrame({"raw": [49.0], "humidity": [60.0]}, index=pd.DatetimeIndex([model.ends_at]))
    near = calibration.apply(model, hours).iloc[0]  # 2 + 0.5·49 - 0.05·60 is about 23.5
    assert found.uncertainty == pytest.approx(100 * near["expanded_uncertainty"] / 25.0, rel=0.05)
    assert found.number == 1 and "indicati" in found.french
    assert at_limit_value(calibration.fit(stay(14), quantity="pm1")).number is None


def curved(days: int, *, seed: int = 5) -> pd.DataFrame:
    """A law that no line follows: the humidity acts only above 70 %."""
    rng = np.random.default_rng(seed)
    at = pd.date_range("2026-01-01", periods=24 * days, freq="h", tz="UTC")
    humidity = 60.0 + 25.0 * np.sin(np.arange(at.size) / 5.0) + rng.normal(0, 3, at.size)
    raw = rng.gamma(3.0, 10.0, at.size)
    reference = raw * np.where(humidity > 70.0, 0.4, 0.8) + rng.normal(0, 0.5, at.size)
    return pd.DataFrame({"reference": reference, "raw": raw, "humidity": humidity}, index=at)


@pytest.fixture(scope="module")
def grown() -> TreeModel:
    return fit_trees(curved(50), inputs=("raw", "humidity"))


def test_trees_need_six_weeks() -> None:
    with pytest.raises(calibration.Refused) as refusal:
        fit_trees(curved(41), inputs=("raw", "humidity"))
    assert refusal.value.code == "too_short_for_trees"


def test_trees_win_where_the_law_is_curved_and_not_where_it_is_straight(grown: TreeModel) -> None:
    assert trees_win(grown)
    assert not trees_win(fit_trees(stay(50), inputs=("raw", "humidity")))


def test_inside_the_box_the_interval_of_trees_holds(grown: TreeModel) -> None:
    later = curved(20, seed=8)
    found = apply_trees(grown, later)
    inside = ~calibration.carries(found["flags"], calibration.Flag.EXTRAPOLATED)
    held = (later["reference"] - found["value"]).abs() <= found["expanded_uncertainty"]
    assert inside.mean() > 0.9
    assert 0.93 <= held[inside].mean() <= 1.0


def test_outside_the_box_the_line_speaks_and_says_so(grown: TreeModel) -> None:
    far = curved(1).assign(raw=500.0)
    found = apply_trees(grown, far)
    line = calibration.apply(grown.linear, far)
    assert found["value"].tolist() == line["value"].tolist()
    assert calibration.carries(found["flags"], calibration.Flag.EXTRAPOLATED).all()


def test_trees_survive_json_and_give_the_same_bits(grown: TreeModel) -> None:
    again = TreeModel.from_dict(json.loads(json.dumps(grown.to_dict())))
    hours = curved(5, seed=9)
    assert apply_trees(again, hours).equals(apply_trees(grown, hours))


def test_a_missing_input_gives_no_value(grown: TreeModel) -> None:
    found = apply_trees(grown, curved(1).assign(humidity=np.nan))
    assert found["value"].isna().all()
    assert calibration.carries(found["flags"], calibration.Flag.NO_COVARIATE).all()


def test_walking_the_trees_is_what_scikit_learn_predicts() -> None:
    from sklearn.ensemble import GradientBoostingRegressor

    from calibration import trees

    pairs = curved(45)
    x, y = pairs[["raw", "humidity"]].to_numpy(), pairs["reference"].to_numpy()
    start, grown = trees._grow(x, y, 0)
    oracle = GradientBoostingRegressor(
        loss="huber",
        n_estimators=trees.TREES,
        max_depth=trees.DEPTH,
        learning_rate=trees.LEARNING_RATE,
        subsample=0.7,
        min_samples_leaf=trees.SMALLEST_LEAF,
        random_state=0,
    ).fit(x, y)
    assert walk(start, grown, x) == pytest.approx(oracle.predict(x), abs=1e-9)


@needs_shared_data
def test_trees_lose_on_the_forward_nox_of_uci() -> None:
    frame = pd.read_csv(DATA / "airquality_uci/AirQualityUCI_iso_comma.csv", encoding="utf-8-sig").replace(
        -200, np.nan
    )
    frame.index = pd.to_datetime(frame["Date"] + " " + frame["Time"]).dt.tz_localize("UTC")
    pairs = frame.rename(columns={"NOx(GT)": "reference", "PT08.S5(O3)": "raw", "RH": "humidity"})
    found = fit_trees(pairs[["reference", "raw", "humidity"]][: 24 * 60], inputs=("raw", "humidity"))
    assert found.scores["rmse"] is not None and found.linear.scores["rmse"] is not None
    assert not trees_win(found)

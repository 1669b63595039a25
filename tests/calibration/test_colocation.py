import numpy as np
import pandas as pd
import pytest

import calibration
from calibration.blocks import HOUR, bootstrap, covariance, forward_folds
from tests.calibration.test_models import stay


def at(hours: int) -> np.ndarray:
    return np.arange(hours) * HOUR


def test_every_fold_is_fitted_only_on_hours_before_the_gap() -> None:
    for hours, gap in ((72, 6), (240, 6), (24 * 60, 24)):
        times = at(hours)
        folds = forward_folds(times)
        assert folds
        for fold in folds:
            assert times[fold.train].max() < times[fold.test].min() - gap * HOUR


def test_a_short_stay_is_scored_by_days_and_a_long_one_by_weeks() -> None:
    assert {len(fold.test) for fold in forward_folds(at(24 * 9))} == {24}
    assert {len(fold.test) for fold in forward_folds(at(24 * 35))} == {168}


def test_a_long_stay_is_fitted_on_two_weeks_before_it_is_scored() -> None:
    folds = forward_folds(at(24 * 35))
    assert [int(fold.test[0]) // 24 for fold in folds] == [14, 21, 28]


def test_the_block_bootstrap_is_wider_than_the_naive_error_on_neighbouring_hours() -> None:
    rng = np.random.default_rng(5)
    noise = np.repeat(rng.normal(0.0, 1.0, 60), 24)  # a whole day has the same error
    design = np.column_stack([np.ones(noise.size), np.tile(np.sin(np.arange(24.0)), 60)])
    draws = bootstrap(design, noise, np.ones(noise.size), at(noise.size), seed=0)
    found = np.sqrt(covariance(draws)[0][0])
    assert found == pytest.approx(1.0 / np.sqrt(60), rel=0.25)  # sixty days, not 1440 hours
    assert found > 3.0 / np.sqrt(1440)


def test_the_bootstrap_gives_the_same_covariance_twice() -> None:
    assert calibration.fit(stay(6)) == calibration.fit(stay(6))


def test_hour_labels_that_disagree_are_refused() -> None:
    pairs = stay(6)
    late = pairs.assign(reference=pairs["reference"].shift(1)).dropna()
    with pytest.raises(calibration.Refused) as refusal:
        calibration.fit(late)
    assert refusal.value.code == "lag"
    assert "+1 h" in refusal.value.english and "+1 h" in refusal.value.french


def test_an_input_that_does_not_vary_is_refused() -> None:
    with pytest.raises(calibration.Refused) as refusal:
        calibration.fit(stay(6).assign(humidity=50.0))
    assert refusal.value.code == "no_variation"


def test_one_mad_hour_does_not_bend_the_fit() -> None:
    pairs = stay(10)
    mad = pairs.copy()
    mad.iloc[100, mad.columns.get_loc("reference")] = 900.0
    clean, bent = calibration.fit(pairs), calibration.fit(mad)
    assert bent.coefficients["raw"] == pytest.approx(clean.coefficients["raw"], rel=0.01)


def test_the_simplest_of_equals_is_chosen() -> None:
    # the law of stay() has humidity in it but no temperature: adding one cannot win by more than noise
    pairs = stay(12)
    pairs["temperature"] = 10.0 + np.random.default_rng(2).normal(0.0, 3.0, len(pairs))
    found = calibration.compare(pairs, methods=("mlr_humidity", "mlr_humidity_temperature"))
    assert calibration.choose(found).method == "mlr_humidity"


def test_a_method_that_is_clearly_better_is_chosen_over_a_simpler_one() -> None:
    rng = np.random.default_rng(3)
    pairs = stay(12, noise=0.3)
    pairs["humidity"] = 60.0 + 30.0 * np.sin(np.arange(len(pairs)) / 7.0)
    pairs["reference"] = 2.0 + 0.5 * pairs["raw"] - 0.3 * pairs["humidity"] + rng.normal(0, 0.3, len(pairs))
    found = calibration.compare(pairs, methods=("linear", "mlr_humidity"))
    assert calibration.choose(found).method == "mlr_humidity"


def test_a_method_without_its_column_says_so() -> None:
    found = calibration.compare(stay(6), methods=("linear", "mlr_humidity_temperature"))
    assert found[1].refused == "no column temperature"
    assert calibration.choose(found).method == "linear"


def test_a_short_stay_moves_only_the_line() -> None:
    long = calibration.fit(stay(20), method="mlr_humidity")
    bench = stay(4, seed=9)
    bench["reference"] = 1.5 + 1.2 * bench["reference"]
    moved = calibration.update(long, bench)
    old, new = long.coefficients, moved.coefficients
    assert new["humidity"] / new["raw"] == pytest.approx(old["humidity"] / old["raw"])
    assert new["raw"] == pytest.approx(1.2 * 0.5, abs=0.02)
    assert moved.provisional == long.provisional
    found = calibration.apply(moved, bench)
    assert abs((bench["reference"] - found["value"]).mean()) < 0.3


def test_a_short_stay_moves_the_line_of_an_inverse_method() -> None:
    long = calibration.fit(stay(20).assign(humidity=60.0), method="linear")
    bench = stay(4, seed=9)
    bench["raw"] = 3.0 + 1.1 * bench["raw"]
    moved = calibration.update(long, bench)
    assert moved.coefficients["slope"] == pytest.approx(1.1 * long.coefficients["slope"], rel=0.05)


def test_less_than_three_days_cannot_even_move_the_line() -> None:
    with pytest.raises(calibration.Refused):
        calibration.update(calibration.fit(stay(20)), stay(2))


def test_the_order_of_the_rows_does_not_matter() -> None:
    pairs = stay(6)
    assert calibration.fit(pairs.sample(frac=1.0, random_state=1)) == calibration.fit(pairs)


def test_a_pair_with_a_missing_side_is_left_out() -> None:
    pairs = stay(6)
    holed = pairs.copy()
    holed.iloc[10:20, 0] = np.nan
    assert calibration.fit(holed).n == len(pairs) - 10
    assert calibration.fit(holed).starts_at == pd.Timestamp(pairs.index[0]).isoformat()
    assert calibration.fit(holed, seed=1).covariance != calibration.fit(holed).covariance

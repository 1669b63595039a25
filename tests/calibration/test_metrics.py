import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import calibration
from calibration.ranks import kendall, spearman


def test_the_figures_are_those_worked_out_by_hand() -> None:
    # x 1..4, y 1, 3, 2, 6: Sxx 5, Syy 14, Sxy 7; errors 0, 1, -1, 2
    found = calibration.metrics([1, 2, 3, 4], [1, 3, 2, 6])
    assert found["slope"] == pytest.approx(1.4)
    assert found["intercept"] == pytest.approx(-0.5)
    assert found["r2"] == pytest.approx(49 / 70)
    assert found["rmse"] == pytest.approx(1.5**0.5)
    assert found["nrmse"] == pytest.approx(100 * 1.5**0.5 / 2.5)
    assert found["mbe"] == pytest.approx(0.5)
    assert found["mae"] == pytest.approx(1.0)
    # orthogonal: (14 - 5 + sqrt(81 + 196)) / 14
    assert found["orthogonal_slope"] == pytest.approx((9 + 277**0.5) / 14)


def test_pairs_are_made_by_hour_and_not_by_position() -> None:
    at = pd.date_range("2026-01-01", periods=5, freq="h", tz="UTC")
    reference = pd.Series([1.0, 2.0, 3.0, 4.0], index=at[:4])
    sensor = pd.Series([3.0, 4.0, 5.0], index=at[1:4])
    found = calibration.metrics(reference, sensor)
    assert (found["n"], found["mbe"]) == (3, 1.0)


def test_an_orthogonal_fit_is_refused_below_an_r2_of_three_tenths() -> None:
    found = calibration.metrics([1, 2, 3, 4], [1, -1, 1, 0.5])
    assert found["r2"] is not None and found["r2"] < 0.3
    assert found["orthogonal_slope"] is None and found["orthogonal_intercept"] is None
    assert found["slope"] is not None


def test_figures_that_the_data_cannot_give_are_none() -> None:
    assert calibration.metrics([], [])["rmse"] is None
    assert calibration.metrics([2.0, 2.0, 2.0], [1.0, 2.0, 3.0])["slope"] is None
    assert calibration.metrics([-1.0, -2.0, 0.5], [1.0, 2.0, 3.0])["nrmse"] is None


def test_lists_of_unlike_length_cannot_be_paired() -> None:
    with pytest.raises(ValueError, match="cannot be paired"):
        calibration.metrics([1.0], [1.0, 2.0])


def test_ranks_agree_as_scipy_says_with_and_without_ties() -> None:
    draw = np.random.default_rng(7)
    for size in (12, 100, 3_000):
        for decimals in (0, 1, 9):
            x = draw.normal(size=size).round(decimals)
            y = (x + draw.normal(size=size)).round(decimals)
            assert kendall(x, y) == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-12)
            assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)


def test_the_library_starts_without_the_statistics_of_scipy() -> None:
    code = "import sys, calibration; sys.exit('scipy.stats' in sys.modules or 'sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from calibration.drift_watch import alarms, residual_trend, watch

AT = pd.date_range("2026-01-01", periods=24 * 40, freq="h", tz="UTC")


def air(seed: int = 3) -> pd.Series:
    rng = np.random.default_rng(seed)
    slow = np.repeat(rng.normal(0.0, 0.4, 40), 24)
    return pd.Series(
        20.0 * np.exp(slow) + 6.0 * np.sin(np.arange(AT.size) / 4.0) + rng.normal(0, 1, AT.size), index=AT
    )


def test_a_sound_sensor_raises_no_alarm() -> None:
    truth = air()
    sensor = truth + np.random.default_rng(1).normal(0.0, 2.0, AT.size)
    assert alarms(watch(truth, sensor)) == []


def test_a_sensor_that_loses_half_its_slope_is_found_with_its_slope() -> None:
    truth = air()
    worn = truth.copy()
    worn.iloc[24 * 20 :] *= 0.5
    found = alarms(watch(truth, worn))
    assert len(found) == 1
    assert found[0].slope == pytest.approx(2.0, rel=0.05)  # what it would have to be multiplied by
    assert "slope_off" in found[0].reasons
    # the first full window of drift ends three days after it began
    assert AT[24 * 20] < found[0].begin <= AT[24 * 23]


def test_a_change_of_slope_that_leaves_the_mean_alone_is_found() -> None:
    truth = air()
    turned = truth.mean() + 0.4 * (truth - truth.mean())
    windows = watch(truth, turned)
    assert windows["slope"].median() == pytest.approx(2.5, rel=0.01)
    assert alarms(windows)


def test_an_alarm_needs_five_days() -> None:
    truth = air()
    short = truth.copy()
    short.iloc[24 * 20 : 24 * 23] *= 0.4
    assert alarms(watch(truth, short)) == []


def test_windows_with_too_little_data_are_left_out() -> None:
    truth = air()
    holed = truth.copy()
    holed.iloc[24 * 10 : 24 * 14] = np.nan
    windows = watch(truth, holed)
    assert (windows["n"] >= 54).all()
    assert len(windows) < len(watch(truth, truth))


def test_the_watch_changes_nothing() -> None:
    truth = air()
    before = truth.copy()
    watch(truth, truth * 0.5)
    pd.testing.assert_series_equal(truth, before)


def test_the_trend_of_residuals_counts_days_and_not_hours() -> None:
    rng = np.random.default_rng(7)
    daily = np.repeat(rng.normal(0.0, 1.0, 40), 24)
    found = residual_trend(pd.Series(daily + 0.1 * np.arange(AT.size) / 24.0, index=AT))
    assert found.low < 3.0 < found.high  # 0.1 a day
    assert found.high - found.low > 0.8  # hours taken for independent would give about a fifth of it
    assert np.isnan(residual_trend(pd.Series(1.0, index=AT[:30])).per_30_days)


def test_the_interval_of_a_trend_is_that_of_scipys_line() -> None:
    days = np.arange(20.0)
    daily = 0.3 * days + np.random.default_rng(5).normal(0, 2, days.size)
    found = residual_trend(pd.Series(daily, index=pd.date_range("2026-01-01", periods=20, tz="UTC")))
    line = stats.linregress(days, daily)
    half = stats.t.ppf(0.975, 18) * line.stderr
    assert found == pytest.approx((30 * line.slope, 30 * (line.slope - half), 30 * (line.slope + half)))

import numpy as np
import pandas as pd
import pytest

import calibration


def minutes(count: int, *, start: str = "2026-01-01T00:00Z") -> pd.DatetimeIndex:
    return pd.date_range(start, periods=count, freq="min")


def test_forty_five_of_sixty_minutes_are_enough() -> None:
    readings = pd.Series(10.0, index=minutes(45))
    hour = calibration.hourly_means(readings, expected=60)
    assert hour["coverage"].iloc[0] == 0.75
    assert (hour["coverage"] >= calibration.COVERAGE_NEEDED).all()


def test_forty_four_of_sixty_minutes_are_not_enough() -> None:
    hour = calibration.hourly_means(pd.Series(10.0, index=minutes(44)), expected=60)
    assert not (hour["coverage"] >= calibration.COVERAGE_NEEDED).any()


def test_the_sums_of_two_chunks_add_up_to_the_sums_of_the_whole() -> None:
    readings = pd.Series(np.arange(120.0) % 7, index=minutes(120))
    whole = calibration.hour_sums(readings)
    first, second = calibration.hour_sums(readings[:50]), calibration.hour_sums(readings[50:])
    merged = (
        pd.concat([first, second])
        .groupby(level=0)
        .agg({"n": "sum", "total": "sum", "total_of_squares": "sum", "minimum": "min", "maximum": "max"})
    )
    pd.testing.assert_frame_equal(merged, whole)


def test_units_are_summed_apart() -> None:
    at = minutes(2).append(minutes(2))
    unit = pd.Series(["a", "a", "b", "b"], index=at)
    sums = calibration.hour_sums(pd.Series([1.0, 3.0, 10.0, 30.0], index=at), unit=unit)
    assert sums["total"].to_dict() == {("a", at[0]): 4.0, ("b", at[0]): 40.0}


def test_mean_and_spread_come_back_from_the_sums() -> None:
    # 2, 4, 9: mean 5, squares 101, variance (101 - 3*25)/2 = 13
    sums = calibration.hour_sums(pd.Series([2.0, 4.0, 9.0], index=minutes(3)))
    hour = calibration.means_from_sums(sums, expected=60).iloc[0]
    assert hour["mean"] == 5.0
    assert hour["sd"] == pytest.approx(13.0**0.5, rel=1e-15)


def test_a_missing_reading_does_not_count() -> None:
    readings = pd.Series([1.0, np.nan, 3.0], index=minutes(3))
    assert calibration.hour_sums(readings)["n"].tolist() == [2]


def test_eighteen_hours_make_a_day_and_seventeen_do_not() -> None:
    at = pd.date_range("2026-01-01", periods=18, freq="h", tz="UTC")
    enough = calibration.daily_means(pd.Series(6.0, index=at))
    assert enough["mean"].tolist() == [6.0]
    assert np.isnan(calibration.daily_means(pd.Series(6.0, index=at[:17]))["mean"].iloc[0])


def test_an_eight_hour_mean_needs_six_hours() -> None:
    at = pd.date_range("2026-01-01", periods=10, freq="h", tz="UTC")
    values = pd.Series([1.0, 2.0, np.nan, np.nan, 5.0, 6.0, 7.0, 8.0, np.nan, 10.0], index=at)
    means = calibration.running_means(values)
    assert means.iloc[7] == pytest.approx((1 + 2 + 5 + 6 + 7 + 8) / 6)
    assert np.isnan(means.iloc[8])  # hours 1..8: five valid
    assert np.isnan(means.iloc[9])  # hours 2..9: five valid

import numpy as np
import pandas as pd
import pytest

import calibration
from calibration import checks, corrections, neighbours

AT = pd.date_range("2026-01-01", periods=48, freq="h", tz="UTC")


def test_a_lone_peak_is_a_spike_and_an_episode_is_not() -> None:
    values = pd.Series(10.0 + np.sin(np.arange(48.0)), index=AT)
    values.iloc[20] = 120.0
    assert np.flatnonzero(checks.spike(values)).tolist() == [20]
    episode = pd.Series(10.0 + np.sin(np.arange(48.0)), index=AT)
    episode.iloc[20:32] = 120.0 + np.sin(np.arange(12.0))
    assert not checks.spike(episode).any()


def test_small_wiggles_in_still_air_are_no_spikes() -> None:
    values = pd.Series(5.0, index=AT)
    values.iloc[20] = 9.9
    assert not checks.spike(values).any()
    values.iloc[20] = 10.1
    assert np.flatnonzero(checks.spike(values)).tolist() == [20]


@pytest.mark.parametrize("hours", [0, 1, 2, 3, 4])
def test_fewer_than_five_hours_hold_no_spike(hours: int) -> None:
    values = pd.Series([10.0, 120.0, 10.0, 10.0][:hours], index=AT[:hours], dtype=float)
    assert checks.spike(values).tolist() == [False] * hours


def test_spikes_are_looked_for_in_each_unit_apart() -> None:
    one = pd.Series(10.0, index=AT[:10])
    other = pd.Series(90.0, index=AT[:10])
    both = pd.concat([one, other])
    unit = pd.Series([1] * 10 + [2] * 10, index=both.index)
    assert not checks.spike(both, unit=unit).any()


def test_a_sensor_warms_up_for_a_day_and_after_a_power_cut_for_six_hours() -> None:
    found = checks.warming_up(AT, started=AT[[0, 40]], hours=checks.WARM_UP_HOURS["pm25"])
    assert np.flatnonzero(found).tolist() == [*range(24), *range(40, 46)]


def test_saturated_air_starts_above_95_percent() -> None:
    assert checks.saturated(pd.Series([94.9, 95.0, 95.1, np.nan])).tolist() == [False, False, True, False]


def test_a_step_across_a_gap_is_not_judged() -> None:
    humidity = pd.Series([40.0, 70.0, 30.0], index=AT[[0, 1, 5]])
    assert checks.step(humidity, larger_than=checks.HUMIDITY_STEP).tolist() == [False, True, False]


def test_a_finer_fraction_cannot_exceed_a_coarser_one() -> None:
    pm1, pm25, pm10 = (
        pd.Series(v) for v in ([5.0, 5.0, 30.0, 5.0], [9.0, 9.0, 9.0, np.nan], [12.0, 7.0, 31.0, 3.0])
    )
    found = checks.sizes_out_of_order(pm1=pm1, pm25=pm25, pm10=pm10)
    assert found.tolist() == [False, True, True, True]
    with pytest.raises(ValueError, match="at least two"):
        checks.sizes_out_of_order(pm1=pm1)


def test_two_channels_disagree_only_when_both_bars_are_passed() -> None:
    # 1: 4 apart; 2: 6 apart but 6 % of 103; 3: 10 apart and 100 % of 10
    first, second = pd.Series([2.0, 106.0, 15.0]), pd.Series([6.0, 100.0, 5.0])
    assert checks.channels_disagree(first, second).tolist() == [False, False, True]


def test_nitrogen_must_add_up() -> None:
    no, no2, nox = (pd.Series([v]) for v in (20.0, 30.0, 80.0))
    assert checks.nitrogen_disagrees(no, no2, nox).tolist() == [True]
    assert checks.nitrogen_disagrees(no, no2, nox - 28.0).tolist() == [False]


def test_times_that_cannot_be_are_marked() -> None:
    at = pd.DatetimeIndex(
        ["2026-01-01T00Z", "2026-01-01T02Z", "2026-01-01T01Z", "2026-01-01T02Z", "2026-01-01T09Z"]
    )
    found = checks.bad_times(at, now=pd.Timestamp("2026-01-01T08Z"))
    assert found.tolist() == [False, False, True, True, True]


def network(units: int = 7) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    names = [f"u{k}" for k in range(units)]
    truth = 20.0 + 5.0 * np.sin(np.arange(48.0) / 3)
    hours = pd.DataFrame({name: truth + 0.2 * k for k, name in enumerate(names)}, index=AT)
    latitude = pd.Series({name: 48.10 + 0.001 * k for k, name in enumerate(names)})
    return hours, latitude, pd.Series(-1.67, index=names)


def test_a_unit_that_contradicts_its_neighbours_is_marked() -> None:
    hours, latitude, longitude = network()
    hours.iloc[10, 3] = 80.0
    found = neighbours.disagree_with_buddies(hours, latitude=latitude, longitude=longitude)
    assert list(zip(*np.nonzero(found.to_numpy()), strict=True)) == [(10, 3)]


def test_a_unit_with_few_neighbours_is_not_judged() -> None:
    hours, latitude, longitude = network(5)  # four neighbours each
    hours.iloc[10, 3] = 80.0
    assert (
        not neighbours.disagree_with_buddies(hours, latitude=latitude, longitude=longitude).to_numpy().any()
    )


def test_units_on_another_height_are_no_neighbours() -> None:
    hours, latitude, longitude = network()
    hours.iloc[10, 3] = 80.0
    height = pd.Series([0.0, 0.0, 0.0, 150.0, 0.0, 0.0, 0.0], index=hours.columns)
    found = neighbours.disagree_with_buddies(hours, latitude=latitude, longitude=longitude, height=height)
    assert not found["u3"].any()


def test_a_unit_that_follows_nothing_is_out_of_step() -> None:
    hours, _, _ = network()
    hours["u2"] = np.random.default_rng(4).normal(20.0, 5.0, 48)
    found = neighbours.out_of_step(hours)
    assert found[found].index.tolist() == ["u2"]


def test_a_pair_far_from_the_line_and_from_the_reference_is_marked() -> None:
    rng = np.random.default_rng(6)
    x = pd.Series(20.0 + 8.0 * np.sin(np.arange(48.0)), index=AT)
    y = x * 1.1 + rng.normal(0, 0.5, 48)
    y.iloc[7] = 3.0 * x.iloc[7]
    found = neighbours.disagree_with_reference(x, y)
    assert np.flatnonzero(found).tolist() == [7]


def test_the_two_sets_of_barkjohn_are_told_apart() -> None:
    hours = pd.DataFrame({"raw": [40.0], "humidity": [60.0]}, index=AT[:1])
    paper = calibration.correct(hours, name="barkjohn_2021").iloc[0]
    tools = calibration.correct(hours, name="barkjohn_circulating").iloc[0]
    assert paper == pytest.approx(0.524 * 40 - 0.0862 * 60 + 5.75)
    assert tools == pytest.approx(0.524 * 40 - 0.0852 * 60 + 5.72)
    assert paper != tools


def test_every_published_correction_says_where_it_comes_from() -> None:
    for rule in corrections.CORRECTIONS.values():
        assert rule.source and rule.mark in ("V", "A", "M")
    assert corrections.CORRECTIONS["malings_2020"].mark == "M"


def test_humidity_is_clipped_where_the_growth_diverges() -> None:
    found = corrections.kappa_koehler(np.array([100.0] * 3), np.array([95.0, 99.0, 100.0]), kappa=0.4)
    assert found[0] == found[1] == found[2]
    # C(95) = 1 + 0.4/1.65·19
    assert found[0] == pytest.approx(100 / (1 + 0.4 / 1.65 * 19))
    assert corrections.kappa_koehler(np.array([10.0]), np.array([0.0])).tolist() == [10.0]


def test_the_detection_limit_is_three_spreads_of_clean_air() -> None:
    rng = np.random.default_rng(8)
    x = pd.Series(rng.uniform(0, 50, 5000), index=pd.RangeIndex(5000))
    found = calibration.detection_limit(x, x + rng.normal(0, 1.5, 5000))
    assert found == pytest.approx(4.5, rel=0.1)


def test_the_regional_ratio_needs_enough_sensors() -> None:
    sensors = pd.DataFrame({"a": [20.0, 20.0], "b": [22.0, np.nan], "c": [18.0, np.nan]})
    found = corrections.regional_ratio(sensors, pd.DataFrame({"s": [10.0, 10.0]}))
    assert found.iloc[0] == 0.5 and np.isnan(found.iloc[1])


def plain_hampel(values: pd.Series, unit: pd.Series) -> list[bool]:
    """Hampel's rule said simply, hour by hour."""
    result = []
    for k, (at, value) in enumerate(values.items()):
        near = values[
            (unit == unit.iloc[k]).to_numpy() & (abs(values.index - at) <= pd.Timedelta(hours=3))
        ].dropna()
        off = abs(value - near.median())
        mad = 1.4826 * (near - near.median()).abs().median()
        result.append(bool(len(near) >= 5 and off > 3 * mad and off > 5.0))
    return result


def test_the_fast_rule_is_the_plain_one_also_across_gaps_and_units() -> None:
    rng = np.random.default_rng(12)
    at = AT[rng.random(48) > 0.15]
    values = pd.concat([pd.Series(rng.gamma(1.2, 9.0, at.size), index=at) for _ in range(4)])
    values[rng.random(values.size) < 0.05] = np.nan
    unit = pd.Series(np.repeat(np.arange(4), at.size), index=values.index)
    found = checks.spike(values, unit=unit).tolist()
    assert found == plain_hampel(values, unit)
    assert sum(found) >= 5

import numpy as np
import pandas as pd
import pytest

import calibration
from calibration import Flag, Summary
from calibration.flags import from_names, names


def test_each_flag_has_one_line_of_the_vocabulary() -> None:
    assert [term.flag for term in calibration.VOCABULARY] == list(Flag)
    assert len({term.code for term in calibration.VOCABULARY}) == len(Flag)
    for term in calibration.VOCABULARY:
        assert from_names(names(term.flag)) == term.flag


def test_the_summary_is_the_worst_of_the_checks_that_ran() -> None:
    flags = np.array([0, Flag.SPIKE, Flag.SPIKE | Flag.RANGE, Flag.BELOW_DETECTION])
    assert calibration.summary(flags).tolist() == [Summary.PASS, Summary.SUSPECT, Summary.FAIL, Summary.PASS]


def test_a_value_that_no_check_saw_is_not_evaluated() -> None:
    assert calibration.summary(np.array([0]), evaluated=0).tolist() == [Summary.NOT_EVALUATED]
    assert calibration.summary(np.array([Flag.STUCK]), evaluated=0).tolist() == [Summary.FAIL]


def test_a_run_of_three_hours_is_not_stuck_and_one_of_four_is() -> None:
    at = pd.date_range("2026-01-01", periods=8, freq="h", tz="UTC")
    values = pd.Series([5.0, 5.0, 5.0, 7.0, 9.0, 9.0, 9.0, 9.0], index=at)
    assert calibration.stuck(values).tolist() == [False] * 4 + [True] * 4


def test_the_same_value_on_two_units_is_not_one_run() -> None:
    at = pd.date_range("2026-01-01", periods=2, freq="h", tz="UTC")
    after = pd.date_range("2026-01-01T02:00Z", periods=2, freq="h")
    values = pd.Series(5.0, index=at.append(after))
    unit = pd.Series([1, 1, 2, 2], index=values.index)
    assert not calibration.stuck(values, unit=unit).any()
    assert calibration.stuck(values).all()


def test_a_gap_ends_a_run_and_clean_air_is_never_stuck() -> None:
    at = pd.DatetimeIndex(["2026-01-01T00Z", "2026-01-01T01Z", "2026-01-01T03Z", "2026-01-01T04Z"])
    assert not calibration.stuck(pd.Series(5.0, index=at)).any()
    clean = pd.Series(1.0, index=pd.date_range("2026-01-01", periods=6, freq="h", tz="UTC"))
    assert not calibration.stuck(clean).any()


def test_a_sensor_that_prints_integers_but_moves_within_the_hour_is_not_stuck() -> None:
    at = pd.date_range("2026-01-01", periods=5, freq="h", tz="UTC")
    values = pd.Series(5.0, index=at)
    assert not calibration.stuck(values, within=pd.Series(0.4, index=at)).any()
    assert calibration.stuck(values, within=pd.Series(0.0, index=at)).all()


def graded(**changes: object) -> str:
    given: dict[str, object] = {
        "value": [20.0],
        "expanded_uncertainty": [10.0],
        "flags": [0],
        "coverage": [1.0],
        "quantity": "pm25",
        "basis": "bracketed",
    }
    given |= changes
    value = given.pop("value")
    return str(calibration.grade(value, **given)[0])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("letter", "changes"),
    [
        ("B", {}),
        ("B", {"basis": "single"}),
        ("B", {"coverage": [0.75]}),
        ("C", {"basis": "generic"}),
        ("C", {"flags": [Flag.EXTRAPOLATED]}),
        ("C", {"flags": [Flag.SPIKE]}),
        ("C", {"expanded_uncertainty": [26.0]}),  # more than 100 % of the limit value of 25
        ("B", {"expanded_uncertainty": [24.0]}),  # 120 % of the value but 96 % at the limit value
        ("D", {"expanded_uncertainty": [51.0]}),  # more than 200 % at the limit value
        ("D", {"coverage": [0.74]}),
        ("D", {"basis": "none"}),
        ("D", {"flags": [Flag.STUCK]}),
        ("D", {"flags": [Flag.DRIFT]}),
        ("D", {"value": [np.nan]}),
        ("D", {"expanded_uncertainty": [np.nan]}),
        ("A", {"basis": "reference", "expanded_uncertainty": [np.nan], "coverage": [np.nan]}),
        ("D", {"basis": "reference", "flags": [Flag.RANGE]}),
    ],
)
def test_the_worst_rule_gives_the_grade(letter: str, changes: dict[str, object]) -> None:
    assert graded(**changes) == letter


def test_a_lent_sensor_never_gets_the_grade_of_a_station() -> None:
    for basis in ("bracketed", "single", "generic", "none"):
        assert graded(basis=basis, expanded_uncertainty=[0.0]) != "A"


def test_a_grade_falls_by_itself_when_the_calibration_expires() -> None:
    hours = pd.date_range("2026-01-01", periods=3, freq="h", tz="UTC")
    letters = calibration.grade(
        [20.0] * 3,
        expanded_uncertainty=[5.0] * 3,
        flags=[0] * 3,
        coverage=[1.0] * 3,
        quantity="pm25",
        basis="single",
        hour=hours,
        calibrated_until=hours[1],
    )
    assert letters.tolist() == ["B", "D", "D"]


def test_only_a_station_serves_regulation() -> None:
    assert [g for g in "ABCD" if "regulatory" in calibration.purposes(g)] == ["A"]
    assert [g for g in "ABCD" if "study" in calibration.purposes(g)] == ["A", "B"]
    assert calibration.purposes("D") == ()

import json

import numpy as np
import pandas as pd
import pytest

import calibration
from calibration import Bracket, Flag, Model, Spread


def line(intercept: float, slope: float, *, start: str, end: str, u: float = 0.0, **more: object) -> Model:
    """An inverse straight line without residuals, so that only what is tested remains."""
    given: dict[str, object] = {
        "method": "linear",
        "coefficients": {"intercept": intercept, "slope": slope},
        "covariance": ((u * u, 0.0), (0.0, u * u)),
        "domain": {"value": (0.0, 100.0)},
        "spread": Spread(absolute=0.0, relative=0.0, factor=0.0),
        "n": 300,
        "starts_at": start,
        "ends_at": end,
    }
    return Model(**(given | more))  # type: ignore[arg-type]


BEFORE = line(2.0, 1.60, start="2026-01-01T00:00Z", end="2026-01-15T00:00Z")
AFTER = line(2.0, 1.80, start="2026-04-15T00:00Z", end="2026-04-29T00:00Z")
MIDDLE = pd.Timestamp("2026-03-01T00:00Z")


def hours(*at: str | pd.Timestamp, raw: float = 36.0) -> pd.DataFrame:
    return pd.DataFrame({"raw": raw}, index=pd.DatetimeIndex([pd.Timestamp(t) for t in at]))


def test_the_worked_example_of_the_reference_sheet() -> None:
    # calibration.md, sections 8 and 9: a = 2.0, b 1.60 -> 1.80, y = 36 half way
    found = calibration.explain(
        Bracket(before=BEFORE, after=AFTER), hours("2026-01-15T00:00Z", MIDDLE, "2026-04-15T00:00Z")
    )
    assert found["value"].tolist() == pytest.approx([21.25, 20.0, 18.888888889])
    assert found["drift"].iloc[1] / 2 == pytest.approx(0.6816, abs=5e-5)  # 2.3611·0.28868
    assert found["drift"].iloc[[0, 2]].tolist() == [0.0, 0.0]


def test_the_covariance_inside_a_loan_is_weighted_by_both_sides() -> None:
    before = line(2.0, 1.60, start=BEFORE.starts_at, end=BEFORE.ends_at, u=0.1)
    after = line(2.0, 1.60, start=AFTER.starts_at, end=AFTER.ends_at, u=0.3)
    found = calibration.explain(Bracket(before=before, after=after), hours(MIDDLE, raw=34.0))
    # x = 20, zᵀVz = u²(1 + 400) on each side; weights 1/4 and 1/4; over b² and doubled
    expected = 2.0 * np.sqrt(0.25 * 401 * (0.01 + 0.09)) / 1.6
    assert found["parameters"].iloc[0] == pytest.approx(expected)


def test_the_drift_is_reported_per_thirty_days_and_tested() -> None:
    before = line(2.0, 1.60, start=BEFORE.starts_at, end=BEFORE.ends_at, u=0.03)
    after = line(2.0, 1.80, start=AFTER.starts_at, end=AFTER.ends_at, u=0.04)
    found = calibration.drift(before, after)
    assert found.days == 90.0
    assert found.slope_change == pytest.approx(0.20)
    assert found.slope_u == pytest.approx(0.05)  # 3-4-5
    assert found.slope_significant and not found.intercept_significant
    assert found.per_30_days()[1] == pytest.approx(0.20 / 3)
    assert found.relative_slope_change == pytest.approx(0.125)
    assert not found.needs_workshop


def test_a_forward_model_is_read_as_the_line_that_it_inverts() -> None:
    model = Model(
        method="mlr_humidity",
        coefficients={"intercept": -1.0, "raw": 0.5, "humidity": -0.02},
        covariance=((0.0,) * 3, (0.0, 0.0001, 0.0), (0.0,) * 3),
        domain={"humidity": (40.0, 60.0), "value": (0.0, 50.0)},
        n=300,
        starts_at=BEFORE.starts_at,
        ends_at=BEFORE.ends_at,
        spread=Spread(absolute=0.0, relative=0.0, factor=0.0),
    )
    found = calibration.line(model)
    # x = -1 - 0.02·50 + 0.5·raw, so raw = 4 + 2·x; u(1/g) = u(g)/g² = 0.01/0.25
    assert (found.slope, found.intercept) == pytest.approx((2.0, 4.0))
    assert found.slope_u == pytest.approx(0.04)


def test_more_than_thirty_percent_goes_to_the_workshop_and_is_not_corrected() -> None:
    worn = line(2.0, 1.60 * 1.31, start=AFTER.starts_at, end=AFTER.ends_at)
    assert calibration.drift(BEFORE, worn).needs_workshop
    found = calibration.apply(Bracket(before=BEFORE, after=worn), hours(MIDDLE))
    assert found["value"].iloc[0] == pytest.approx(21.25)  # the first side alone
    assert calibration.carries(found["flags"], Flag.DRIFT)[0]
    letter = calibration.grade(
        found["value"],
        expanded_uncertainty=found["expanded_uncertainty"],
        flags=found["flags"],
        coverage=[1.0],
        quantity="pm25",
        basis="bracketed",
    )
    assert letter.tolist() == ["D"]


def test_thirty_percent_less_is_as_bad_as_thirty_percent_more() -> None:
    worn = line(2.0, 1.60 * 0.69, start=AFTER.starts_at, end=AFTER.ends_at)
    assert calibration.drift(BEFORE, worn).needs_workshop


def test_without_the_second_stay_the_interval_grows_with_the_days() -> None:
    bracket = Bracket(before=BEFORE.with_drift(0.001))
    assert bracket.provisional
    found = calibration.explain(bracket, hours("2026-01-14T00:00Z", "2026-01-25T00:00Z"))
    assert found["drift"].iloc[0] == 0.0
    assert found["drift"].iloc[1] == pytest.approx(2 * 21.25 * 0.001 * 10)  # x̂·ρ·days, doubled


def test_the_second_stay_replaces_the_provisional_value() -> None:
    alone = calibration.apply(Bracket(before=BEFORE), hours(MIDDLE))["value"].iloc[0]
    both = calibration.apply(Bracket(before=BEFORE, after=AFTER), hours(MIDDLE))["value"].iloc[0]
    assert (alone, both) == pytest.approx((21.25, 20.0))
    assert not Bracket(before=BEFORE, after=AFTER).provisional


def test_a_step_inside_the_loan_splits_it() -> None:
    bracket = Bracket(before=BEFORE, after=AFTER, step_at="2026-02-01T00:00Z")
    found = calibration.apply(bracket, hours("2026-01-31T23:00Z", "2026-02-01T00:00Z"))
    assert found["value"].tolist() == pytest.approx([21.25, 18.888888889])


def test_a_bracket_survives_json_and_gives_the_same_bits() -> None:
    bracket = Bracket(before=BEFORE, after=AFTER)
    again = Bracket.from_dict(json.loads(json.dumps(bracket.to_dict())))
    assert again == bracket
    table = hours(*pd.date_range("2026-01-10", periods=3000, freq="h", tz="UTC"))
    assert calibration.apply(again, table)["value"].to_numpy().tobytes() == (
        calibration.apply(bracket, table)["value"].to_numpy().tobytes()
    )


def test_two_methods_cannot_bracket_a_loan() -> None:
    other = Model.from_dict(AFTER.to_dict() | {"method": "dry_linear"})
    with pytest.raises(ValueError, match="cannot bracket"):
        Bracket(before=BEFORE, after=other)
    with pytest.raises(ValueError, match="before the first one ends"):
        Bracket(before=AFTER, after=BEFORE)


def test_past_loans_tell_the_drift_of_a_sensor_model() -> None:
    first = calibration.drift(BEFORE, AFTER)  # + 12.5 % in 90 days
    second = first._replace(relative_slope_change=-0.125)
    assert calibration.drift_history([first, second]) == pytest.approx(0.125 / 90)
    assert calibration.drift_history([]) == 0.0


def test_between_two_stays_the_spells_of_both_count() -> None:
    # K 4 and 4: 1.4561 each; together 8: t(0.975, 8)/t(0.95, 8)·√(1 + 1/8) = 2.3060/1.8595·1.0607 = 1.3154
    spread = Spread(absolute=1.0, relative=0.0, factor=2.0, spells=4.0)
    before, after = (line(2.0, 1.6, start=m.starts_at, end=m.ends_at, spread=spread) for m in (BEFORE, AFTER))
    found = calibration.explain(Bracket(before=before, after=after), hours(MIDDLE))
    assert found["residual"].iloc[0] == pytest.approx(2.0 * 1.3154 / 1.4561, rel=2e-3)
    assert calibration.explain(before, hours(MIDDLE))["residual"].iloc[0] == 2.0


def test_a_loan_stands_in_other_air_than_the_bench() -> None:
    # PM10: 10 % of the value as a standard uncertainty, doubled; nothing while it stands at the bench
    before, after = (
        line(2.0, 1.6, start=m.starts_at, end=m.ends_at, quantity="pm10") for m in (BEFORE, AFTER)
    )
    at = hours("2026-01-10T00:00Z", MIDDLE, "2026-04-20T00:00Z")
    assert calibration.explain(Bracket(before=before, after=after), at)["regime"].tolist() == pytest.approx(
        [0.0, 2 * 0.10 * 21.25, 0.0]
    )
    alone = calibration.explain(Bracket(before=before), at)["regime"]
    assert alone.tolist() == pytest.approx([0.0, 2 * 0.10 * 21.25, 2 * 0.10 * 21.25])
    stays = Bracket(before=before, after=after, elsewhere=0.0)
    assert calibration.explain(stays, at)["regime"].tolist() == [0.0, 0.0, 0.0]
    assert calibration.explain(before, at)["regime"].tolist() == [0.0, 0.0, 0.0]
    assert Bracket.from_dict(json.loads(json.dumps(stays.to_dict()))).elsewhere == 0.0

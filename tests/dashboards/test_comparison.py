"""What may be said of two series of hours; figures worked out by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from calibration.flags import Flag
from capto.charts import Point
from dashboards.comparison import Verdict, by_hour_of_day, compare, swing
from dashboards.hours import Hour, shown_series

START = datetime(2026, 11, 1, tzinfo=UTC)


def hour(
    number: int,
    value: float | None,
    *,
    u: float | None = 3.0,
    flags: int = 0,
    calibration: int | None = 1,
    variant: str = "",
) -> Hour:
    at = START + timedelta(hours=number)
    return Hour(at, value, u, (value or 0.0) * 2, 6, 1.0, flags, "B", False, calibration, variant, "")


def there(values: list[float]) -> list[Point]:
    return [Point(START + timedelta(hours=number), value) for number, value in enumerate(values)]


def test_a_difference_inside_the_uncertainty_is_no_difference() -> None:
    found = compare([hour(n, 12.0) for n in range(24)], there([10.0] * 24))
    assert found is not None
    assert (found.n, found.here, found.there, found.uncertainty) == (24, 12.0, 10.0, 3.0)
    assert found.verdict is Verdict.SAME


@pytest.mark.parametrize(
    ("value", "verdict"), [(13.5, Verdict.MORE), (6.5, Verdict.LESS), (13.0, Verdict.SAME)]
)
def test_only_a_difference_beyond_the_uncertainty_is_told(value: float, verdict: Verdict) -> None:
    found = compare([hour(n, value) for n in range(24)], there([10.0] * 24))
    assert found is not None
    assert found.verdict is verdict


def test_an_uncertainty_above_half_of_the_value_concludes_nothing() -> None:
    found = compare([hour(n, 12.0, u=7.0) for n in range(24)], there([10.0] * 24))
    assert found is not None
    assert found.verdict is Verdict.UNSURE


def test_fewer_than_24_common_hours_compare_nothing() -> None:
    assert compare([hour(n, 12.0) for n in range(48)], there([10.0] * 23)) is None


def test_an_hour_that_a_check_failed_compares_nothing() -> None:
    stuck = [hour(n, 99.0, flags=int(Flag.STUCK)) for n in range(24, 48)]
    found = compare([hour(n, 12.0) for n in range(24)] + stuck, there([10.0] * 48))
    assert found is not None
    assert (found.n, found.here) == (24, 12.0)


def test_an_hour_of_the_day_needs_five_days() -> None:
    """Hour 0 UTC is hour 1 in Paris in November."""
    four = [(START + timedelta(days=day), 10.0) for day in range(4)]
    assert by_hour_of_day(four)[1] is None
    five = [*four, (START + timedelta(days=4), 20.0)]
    assert by_hour_of_day(five)[1] == pytest.approx(12.0)


def week(evening: float, rest: float, u: float = 3.0) -> list[Hour]:
    """Seven days; evening is 18 h to 22 h in Paris, 17 to 21 UTC in November."""
    return [hour(n, evening if n % 24 in range(17, 22) else rest, u=u) for n in range(7 * 24)]


def test_an_evening_twice_as_high_stands_out() -> None:
    found = swing(week(20.0, 10.0))
    assert found is not None
    assert (found.part, round(found.times, 2)) == ("evening", 2.0)


def test_a_swing_smaller_than_the_uncertainty_makes_no_sentence() -> None:
    assert swing(week(4.0, 2.0)) is None


def test_an_evening_a_third_higher_makes_no_sentence() -> None:
    assert swing(week(40.0, 30.0)) is None


def test_the_series_with_more_calibrated_hours_is_the_one_shown() -> None:
    raw = [hour(n, 10.0, calibration=None, variant="atm") for n in range(5)]
    corrected = [hour(n, 12.0, variant="cf1") for n in range(3)]
    assert shown_series([raw, corrected]) is corrected

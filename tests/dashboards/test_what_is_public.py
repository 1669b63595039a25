"""Which hours anyone may read, decided once in the database, tried on the real one."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboards.models import PublishedHour, PublishedSeries
from tests.dashboards.conftest import City

pytestmark = pytest.mark.django_db


def hours_of(public_id: str) -> list[datetime]:
    found = PublishedHour.objects.filter(public_id=public_id).order_by("hour")
    return list(found.values_list("hour", flat=True))


def test_the_hours_of_the_first_and_last_calendar_day_of_a_home_are_not_published(city: City) -> None:
    """Paris is one hour ahead of UTC in November: its days begin at 23:00 UTC."""
    home = city.place(
        "Berriat",
        starts_at=datetime(2026, 11, 16, 9, 30, tzinfo=UTC),
        ends_at=datetime(2026, 11, 19, 17, 0, tzinfo=UTC),
    )
    city.hours(home, [10.0] * 80, end=datetime(2026, 11, 19, 17, tzinfo=UTC))
    published = hours_of(home.public_id)
    assert published[0] == datetime(2026, 11, 16, 23, tzinfo=UTC)
    assert published[-1] == datetime(2026, 11, 18, 22, tzinfo=UTC)
    assert len(published) == 48


def test_a_loan_of_one_day_at_home_publishes_nothing(city: City) -> None:
    home = city.place(
        "Berriat",
        starts_at=datetime(2026, 11, 19, 8, tzinfo=UTC),
        ends_at=datetime(2026, 11, 19, 18, tzinfo=UTC),
    )
    city.hours(home, [10.0] * 10, end=datetime(2026, 11, 19, 18, tzinfo=UTC))
    assert hours_of(home.public_id) == []


def test_a_school_publishes_its_first_day_from_the_hour_of_installation(city: City) -> None:
    school = city.place("École du Parc", kind="school", starts_at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC))
    city.hours(school, [10.0] * 5)
    assert hours_of(school.public_id) == [datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (9, 10, 11)]


@pytest.mark.parametrize("kind", ["home", "school", "public"])
def test_an_indoor_series_is_never_published(city: City, kind: str) -> None:
    inside = city.place("Séjour", kind=kind, is_indoor=True)
    city.hours(inside, [10.0] * 48)
    assert hours_of(inside.public_id) == []
    assert not PublishedSeries.objects.filter(public_id=inside.public_id).exists()


def test_a_device_under_test_is_not_published_and_a_comparison_is(city: City) -> None:
    station = city.station()
    tested = city.place("Banc", kind="bench", purpose="device_test", station=station)
    compared = city.place("Banc", kind="bench", purpose="co_location", station=station)
    for placement in (tested, compared):
        city.hours(placement, [10.0] * 5)
    assert hours_of(tested.public_id) == []
    assert len(hours_of(compared.public_id)) == 5


def test_a_comparison_is_no_place_to_visit(city: City) -> None:
    compared = city.place("Banc", kind="bench", purpose="co_location", station=city.station())
    city.hours(compared, [10.0] * 5)
    assert not PublishedSeries.objects.of_place(compared.public_id).exists()
    assert not PublishedSeries.objects.standing(now=city.now).exists()


def test_the_latest_hour_of_a_place_is_that_of_its_calibrated_series(city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, [10.0] * 3, variant="atm", end=city.now - timedelta(hours=1))
    city.hours(home, [99.0] * 3, variant="cf1", calibration_id=None, grade="D")
    (latest,) = PublishedHour.objects.now(quantity="pm25", now=city.now)
    assert (latest.variant, latest.value) == ("atm", 10.0)


def test_a_value_of_this_morning_is_not_now(city: City) -> None:
    city.hours(city.place("Berriat"), [10.0] * 3, end=city.now - timedelta(hours=6))
    assert not PublishedHour.objects.now(quantity="pm25", now=city.now).exists()

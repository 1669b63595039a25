"""One number explained: the same trail that the recomputation followed, and only of what is published."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from capto.readings.models import HourlyAggregate, HourlyValue, Placement, Series
from capto.validation.recompute import recompute
from dashboards.templatetags.air import written
from tests.dashboards.conftest import NOON, City

pytestmark = pytest.mark.django_db
HOUR = datetime(2026, 11, 20, 9, tzinfo=UTC)


def measured(placement: Placement, *, first: datetime = HOUR - timedelta(hours=3), hours: int = 6) -> Series:
    """Sum six readings of 10, 10, 10, 12, 12 and 12 µg/m³ in each hour, and publish as the task does."""
    series = Series.objects.create(placement=placement, property_id="pm25", variant="atm")
    HourlyAggregate.objects.bulk_create(
        HourlyAggregate(
            series=series,
            hour=first + timedelta(hours=number),
            n=6,
            total=66.0,
            total_of_squares=732.0,
            minimum=10.0,
            maximum=12.0,
        )
        for number in range(hours)
    )
    recompute(first, first + timedelta(hours=hours), now=NOON, reason="first time")
    return series


def test_a_number_is_followed_back_in_six_steps_and_computed_again(client: Client, city: City) -> None:
    school = city.place("École du Parc", kind="school")
    series = measured(school)
    assert HourlyValue.objects.get(series=series, hour=HOUR).raw_mean == 11.0
    page = client.get(f"/lieu/{school.public_id}/pm25/2026-11-20T09Z/").content.decode()
    assert page.count("<h2>") == 7  # six steps, and how to redo them
    assert "Recalculé à l’instant." in page
    assert "66 / 6 = 11" in page.replace(",0", "").replace("\xa0", " ")
    assert "quantity=pm25&amp;from=2026-11-20T09Z&amp;to=2026-11-20T10Z" in page


def test_each_number_of_a_place_leads_to_its_explanation(
    client: Client, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)
    school = city.place("École du Parc", kind="school")
    measured(school)
    page = client.get(f"/lieu/{school.public_id}/").content.decode()
    assert f'href="/lieu/{school.public_id}/pm25/2026-11-20T09Z/"' in page


def test_an_hour_of_which_no_sums_are_kept_is_no_error(client: Client, city: City) -> None:
    school = city.place("École du Parc", kind="school")
    city.hours(school, [11.0] * 5)
    assert client.get(f"/lieu/{school.public_id}/pm25/2026-11-20T09Z/").status_code == 404


def test_an_hour_that_is_not_published_is_not_explained(client: Client, city: City) -> None:
    home = city.place("Berriat", starts_at=HOUR - timedelta(hours=4))  # its first day
    measured(home)
    assert client.get(f"/lieu/{home.public_id}/pm25/2026-11-20T09Z/").status_code == 404


@pytest.mark.parametrize("hour", ["2026-11-20T09:30Z", "2026-11-20T09", "hier", "2026-11-20T03Z"])
def test_what_is_no_hour_of_this_place_is_not_found(client: Client, city: City, hour: str) -> None:
    school = city.place("École du Parc", kind="school")
    measured(school)
    assert client.get(f"/lieu/{school.public_id}/pm25/{hour}/").status_code == 404


def test_an_explanation_states_how_many_queries_it_takes(
    client: Client, city: City, django_assert_max_num_queries: Any
) -> None:
    school = city.place("École du Parc", kind="school")
    measured(school)
    with django_assert_max_num_queries(12):
        client.get(f"/lieu/{school.public_id}/pm25/2026-11-20T09Z/")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (6.0, "6"),
        (16.7333, "16,73"),
        (0.000123456, "0,0001235"),
        (1700.4, "1\u202f700"),
        (-0.5, "−0,5"),
        (0.0, "0"),
    ],
)
def test_a_figure_of_a_trail_has_four_significant_digits_and_no_more_zeros(value: float, text: str) -> None:
    assert written(value).replace("\xa0", "\u202f") == text

"""The pages of the method: what, why, formula, an hour computed again, the thresholds as they stand now."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from calibration.flags import VOCABULARY
from capto.catalogue.models import ObservedProperty
from capto.readings.models import CellRule, HourlyAggregate, HourlyValue
from dashboards.method_steps import STEPS
from dashboards.models import PublishedHour
from tests.dashboards.conftest import City

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]
HOUR = datetime(2026, 11, 20, 9, tzinfo=UTC)


def page(client: Client, slug: str) -> str:
    answer = client.get(f"/methode/{slug}/")
    assert answer.status_code == 200
    return answer.content.decode().replace("\u202f", " ").replace("\xa0", " ")


@pytest.fixture
def explained_hour(city: City) -> City:
    """A school with an hour of six readings of 10, 10, 10, 12, 12 and 12, published as calibrated."""
    school = city.place("École du Parc", kind="school")
    series = city.hours(school, [11.0] * 8, end=HOUR + timedelta(hours=1), calibration_id=None)
    HourlyAggregate.objects.create(
        series=series, hour=HOUR, n=6, total=66.0, total_of_squares=732.0, minimum=10.0, maximum=12.0
    )
    HourlyValue.objects.filter(series=series, hour=HOUR).update(grade="B", calibration_id=7)
    return city


@pytest.mark.parametrize("slug", [step.slug for step in STEPS])
def test_each_step_says_what_why_how_and_leads_on(client: Client, explained_hour: City, slug: str) -> None:
    found = page(client, slug)
    for heading in (
        "Ce qui se passe",
        "Pourquoi",
        "La formule",
        "Un exemple",
        "Les seuils",
        "D’où cela vient",
    ):
        assert f"<h2>{heading}" in found
    position = [step.slug for step in STEPS].index(slug)
    assert ('rel="prev"' in found) == (position > 0)
    assert ('rel="next"' in found) == (position + 1 < len(STEPS))
    assert "pm25/2026-11-20T09Z/" in found  # to the trail of the hour of the example


def test_the_example_is_computed_and_not_typed_in(client: Client, explained_hour: City) -> None:
    assert "66 / 6 = 11" in page(client, "moyenne")
    HourlyAggregate.objects.update(n=5, total=60.0)
    assert "60 / 5 = 12" in page(client, "moyenne")


def test_without_an_hour_the_page_says_so_and_keeps_the_rest(client: Client, db: None) -> None:
    found = page(client, "moyenne")
    assert "Aucune heure étalonnée" in found and "couverture demandée" in found


def test_thresholds_are_those_in_force(client: Client, db: None) -> None:
    known = ObservedProperty.objects.get(code="pm25")
    known.plausible_minimum, known.plausible_maximum = 0.0, 777.0
    known.save()
    found = page(client, "controles")
    assert "de 0 à 777 µg/m³" in found
    assert all(
        f"flags: {term.code}" in found for term in VOCABULARY if term.severity > 2 and term.severity < 9
    )
    CellRule.objects.create(
        below_population=321, size_m=2000, valid_from=date(2026, 1, 1), reason="décision du bureau"
    )
    found = page(client, "publication")
    assert (
        "commune de moins de 321 habitants" in found and "2 000 m" in found and "décision du bureau" in found
    )
    CellRule.objects.filter(below_population=321).update(valid_to=date(2026, 6, 1))
    assert "321" not in page(client, "publication")


def test_the_method_lists_its_steps_and_charts_and_trails_lead_to_it(
    client: Client, english: Client, explained_hour: City
) -> None:
    found = client.get("/methode/").content.decode()
    assert all(f'href="/methode/{step.slug}/"' in found for step in STEPS)
    hour = PublishedHour.objects.get(hour=HOUR)
    trail = client.get(f"/lieu/{hour.public_id}/pm25/2026-11-20T09Z/").content.decode()
    assert all(f'href="/methode/{step.slug}/"' in trail for step in STEPS[:6])
    assert 'href="/methode/"' in client.get(f"/lieu/{hour.public_id}/").content.decode()
    assert "What happens" in english.get("/methode/moyenne/").content.decode()
    assert client.get("/methode/rien/").status_code == 404


def test_a_step_asks_few_questions(
    client: Client, explained_hour: City, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(14):
        client.get("/methode/incertitude/")

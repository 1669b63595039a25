"""An attacker with patience: averages, filters, orders, errors and marks of change reveal nothing more of a home."""

import re
from datetime import timedelta
from statistics import fmean
from urllib.parse import quote

import pytest
from django.test import Client

from capto.readings.models import HourlyValue, Placement
from capto.readings.published_cell import published_cell
from tests.dashboards.conftest import HOUSE, NOON, City

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

INSTALLED = NOON - timedelta(days=5, hours=3)  # 15 November, 10 h in Paris: that whole day stays hidden
HIDDEN = 12345.5  # the value of each hour that nobody may read


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode() + str(dict(answer.headers))


@pytest.fixture
def home(city: City) -> Placement:
    """A home of which the hours of the first day hold a value that is found again wherever it leaks."""
    placement = city.place("Berriat", starts_at=INSTALLED)
    city.hours(placement, [12.0] * 100)
    series = city.hours(placement, [12.0], quantity="no2")
    city.hours(placement, [HIDDEN] * 10, end=INSTALLED + timedelta(hours=10), raw=HIDDEN)
    assert series.placement_id == placement.pk
    return placement


def addresses(public_id: str) -> list[str]:
    """List what is asked for, with bounds, filters and orders that lean on what is hidden."""
    sta = "/api/sta/v1.1"
    asked = [
        f"{sta}/Observations?$filter={quote(f'result eq {HIDDEN}')}",
        f"{sta}/Observations?$orderby={quote('result desc')}&$top=5",
        f"{sta}/Observations?$filter={quote('phenomenonTime lt 2026-11-15T23:00:00Z')}",
        f"{sta}/Things?$expand={quote('Datastreams($expand=Observations($orderby=phenomenonTime asc;$top=3))')}",
        f"{sta}/Locations?$filter={quote(f'contains(name, {HOUSE[0]})')}",
        f"{sta}/Things?$filter={quote('Locations/location/coordinates gt 45')}",
        f"/api/v1/hourly?place_id={public_id}&from=2026-11-15T00:00:00Z&to=2026-11-16T00:00:00Z",
        f"/api/v1/hourly?place_id={public_id}",
        f"/api/v1/places?latitude={HOUSE[0]}&longitude={HOUSE[1]}",
        f"/data/places/{public_id}/hourly.csv?from=2026-11-15T00Z&to=2026-11-15T23Z",
        f"/data/places/{public_id}/hourly.csv",
        "/data/hourly.csv?date=2026-11-15",
        "/data/hourly/2026-11-15.csv",
        "/data/aggregates/2026-11-15.csv",
        "/data/messages/2026-11-15.csv",
        f"/lieu/{public_id}/pm25/2026-11-15T10Z/",
        f"/lieu/{public_id}/pm25/annee/",
        f"/lieu/{public_id}/pm25/jours.atom",
        f"/integrer/{public_id}/pm25/",
        f"/integrer/lieu/{public_id}/pm25/semaine/",
        f"/integrer/lieu/{public_id}/pm25/annee/",
        f"/data/charts/place/{public_id}/pm25/days.csv?from=2026-11-15&to=2026-11-16",
        f"/data/charts/place/{public_id}/pm25/profile.csv?from=2026-11-01&to=2026-11-16",
        "/data/charts/commune/38185/pm25/days.csv?from=2026-11-15&to=2026-11-16",
        "/data/charts/all/evenings/pm25/evenings.csv?from=2026-11-15&to=2026-11-16",
        "/sitemap.xml",
        "/carte.json?grandeur=pm25",
    ]
    return asked


def test_no_filter_order_or_bound_reaches_an_hour_of_the_first_day(client: Client, home: Placement) -> None:
    planted = (f"{HIDDEN}", "12 345", "12\u202f345", "12\xa0345", "45.1885", "5.7245", "SECRET", "MAC-0")
    for address in addresses(home.public_id):
        found = text(client, address)
        for secret in planted:
            # an error may say back the filter that was asked, and nothing else
            assert secret not in found.replace(quote(secret), ""), f"{address} says {secret}"


def test_the_mean_of_every_point_of_an_address_is_the_centre_of_its_cell(client: Client, city: City) -> None:
    for number in range(6):
        city.hours(city.place(f"Lieu {number}"), [12.0] * 2)
    points = client.get("/carte.json?grandeur=pm25").json()["points"]
    positions = [tuple(point["at"]) for point in points if point["kind"] == "lent"]
    assert len(positions) == 6
    cell = published_cell(*HOUSE, size_m=200)
    mean = (fmean(p[0] for p in positions), fmean(p[1] for p in positions))
    assert mean == pytest.approx((cell.latitude, cell.longitude), abs=1e-9)
    assert set(positions) == {(cell.latitude, cell.longitude)}


def test_an_indoor_place_answers_as_one_that_does_not_exist(client: Client, city: City) -> None:
    hidden = city.place("Chambre", is_indoor=True)
    city.hours(hidden, [12.0] * 30)
    city.hours(city.place("Berriat"), [12.0] * 3)
    nobody = "23456789abcd"
    for form in (
        "/lieu/{}/", "/lieu/{}/pm25/", "/lieu/{}/pm25/annee/", "/lieu/{}/pm25/jours.atom", "/integrer/{}/pm25/",
        "/data/places/{}/hourly.csv", "/api/v1/hourly?place_id={}", "/lieu/{}/pm25/2026-11-20T10Z/",
        "/integrer/lieu/{}/pm25/semaine/", "/integrer/lieu/{}/pm25/annee/",
        "/data/charts/place/{}/pm25/days.csv?from=2026-11-15&to=2026-11-20",
    ):  # fmt: skip
        there, not_there = client.get(form.format(hidden.public_id)), client.get(form.format(nobody))
        assert there.status_code == not_there.status_code, form
        if not there.streaming and not not_there.streaming:
            said, said_of_nobody = there.content.decode(), not_there.content.decode()
            assert said.replace(hidden.public_id, "") == said_of_nobody.replace(nobody, ""), form


def test_the_mark_of_change_of_a_file_of_a_place_is_deaf_to_hidden_hours(
    client: Client, home: Placement
) -> None:
    address = f"/data/places/{home.public_id}/hourly.csv"
    before = client.get(address)
    hours_before = b"".join(before.streaming_content)
    HourlyValue.objects.filter(value=HIDDEN).update(value=HIDDEN + 1)
    after = client.get(address)
    assert b"".join(after.streaming_content) == hours_before
    assert after.headers.get("ETag") == before.headers.get("ETag")


def test_public_ids_follow_neither_the_order_of_loans_nor_a_person(city: City) -> None:
    idents = [city.place(f"Lieu {number}").public_id for number in range(12)]
    assert all(re.fullmatch(r"[2-9a-hjkmnp-z]{12}", ident) for ident in idents)
    assert idents != sorted(idents)
    assert len(set(idents)) == 12

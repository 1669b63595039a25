"""Sensors of other networks on our pages: their own symbol, their own licence, and in no figure and no file of ours."""

from datetime import timedelta

import pytest
from django.test import Client

from capto.catalogue.models import ObservedProperty
from capto.readings.models import ForeignHour, ForeignSensor, OpenFeed
from dashboards.open_data.sources import SOURCES
from tests.dashboards.conftest import HOUR, NOON, City

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]
KEY = "90417"


@pytest.fixture
def foreign(city: City) -> ForeignSensor:
    """A foreign sensor that says 999 µg/m³ beside three lent ones of 10, 12 and 20."""
    for label, value in (("Berriat", 10.0), ("Capuche", 12.0), ("Villeneuve", 20.0)):
        city.hours(city.place(label), [value] * 3)
    feed = OpenFeed.objects.create(name="voisins", provider="Réseau voisin", licence="DbCL 1.0")
    sensor = ForeignSensor.objects.create(feed=feed, key=KEY, model="SDS011", latitude=45.19, longitude=5.72)
    ForeignHour.objects.create(
        sensor=sensor, property_id="pm25", hour=NOON - HOUR, n=2, total=1998.0, last_observed_at=NOON,
        licence="DbCL 1.0",
    )  # fmt: skip
    return sensor


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode(errors="replace")


def test_it_has_a_symbol_of_its_own_a_row_with_its_licence_and_grade_d(
    client: Client, foreign: ForeignSensor
) -> None:
    (point,) = [p for p in client.get("/carte.json?grandeur=pm25").json()["points"] if p["kind"] == "foreign"]
    assert (point["at"], point["figure"], point["name"]) == ([45.19, 5.72], "999", f"Réseau voisin {KEY}")
    page = text(client, "/lieux/?grandeur=pm25")
    assert 'class="spot foreign"' in page
    row = page[page.index(f"Réseau voisin {KEY} <span") :].partition("</tr>")[0]
    assert "DbCL 1.0" in row and "<td>D</td>" in row
    (hour,) = client.get("/api/v1/others?quantity=pm25").json()["hours"]
    assert (hour["value"], hour["n"], hour["grade"], hour["licence"]) == (999.0, 2, "D", "DbCL 1.0")
    assert hour["provider"] == "Réseau voisin"


def test_it_is_never_counted_among_ours(client: Client, foreign: ForeignSensor) -> None:
    home = text(client, "/")
    assert "La valeur du milieu de 3 capteurs" in home.replace("\u202f", " ").replace("\xa0", " ")
    assert '12,0 <span class="unit">' in home


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("extension", ["csv", "parquet"])
def test_no_file_holds_it(client: Client, foreign: ForeignSensor, source: str, extension: str) -> None:
    content = text(client, f"/data/{source}/2026-11.{extension}")
    assert KEY not in content and "999" not in content and "voisin" not in content


@pytest.mark.parametrize(
    "address",
    ["/api/sta/v1.1/Things?$top=1000", "/api/sta/v1.1/Observations?$top=1000", "/api/sta/v1.1/Sensors",
     "/api/v1/latest?quantity=pm25", "/api/v1/places", "/data/catalog.jsonld", "/data/datapackage.json"],
)  # fmt: skip
def test_no_interface_of_ours_mixes_it_in(client: Client, foreign: ForeignSensor, address: str) -> None:
    content = text(client, address)
    assert KEY not in content and "voisin" not in content and "999.0" not in content


def test_compared_here_it_has_the_grade_and_the_uncertainty_of_the_comparison(
    client: Client, city: City, foreign: ForeignSensor
) -> None:
    foreign.compare(
        ObservedProperty.objects.get(code="pm25"), city.station(), grade="C", expanded_uncertainty=6.5,
        valid_from=NOON - timedelta(days=1), valid_until=NOON + timedelta(days=30), by="Métrologue", now=NOON,
    )  # fmt: skip
    (hour,) = client.get("/api/v1/others?quantity=pm25").json()["hours"]
    assert (hour["grade"], hour["expanded_uncertainty"]) == ("C", 6.5)


def test_a_silent_one_is_not_shown(client: Client, foreign: ForeignSensor) -> None:
    ForeignHour.objects.update(hour=NOON - timedelta(hours=9))
    assert client.get("/api/v1/others?quantity=pm25").json() == {"hours": []}
    assert "Réseau voisin" not in text(client, "/lieux/?grandeur=pm25")

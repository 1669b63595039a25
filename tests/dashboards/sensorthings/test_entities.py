"""The entity sets of SensorThings, their paths, and what nobody may have or write."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from dashboards.sensorthings.entities import ENTITIES
from tests.dashboards.conftest import HOUSE, NOON, City
from tests.dashboards.sensorthings.conftest import ROOT, corrected, results

pytestmark = pytest.mark.django_db


def test_the_root_lists_the_eight_entity_sets_and_what_is_met(get: Any) -> None:
    root = get("")
    assert [one["name"] for one in root["value"]] == list(ENTITIES)
    assert len(root["value"]) == 8
    assert root["value"][0]["url"] == f"http://testserver{ROOT}/Things"
    assert (
        "http://www.opengis.net/spec/iot_sensing/1.1/req/datamodel" in root["serverSettings"]["conformance"]
    )


@pytest.mark.parametrize(
    ("name", "mandatory"),
    [
        ("Things", ["name", "description"]),
        ("Locations", ["name", "description", "encodingType", "location"]),
        ("HistoricalLocations", ["time"]),
        ("Datastreams", ["name", "description", "unitOfMeasurement", "observationType"]),
        ("Sensors", ["name", "description", "encodingType", "metadata"]),
        ("ObservedProperties", ["name", "definition", "description"]),
        ("Observations", ["phenomenonTime", "result", "resultTime"]),
        ("FeaturesOfInterest", ["name", "description", "encodingType", "feature"]),
    ],
)
def test_every_set_has_entities_with_all_that_the_standard_demands(
    get: Any, client: Client, name: str, mandatory: list[str]
) -> None:
    page = get(f"/{name}")
    assert page["value"]
    for one in page["value"]:
        assert isinstance(one["@iot.id"], int)
        assert one["@iot.selfLink"] == f"http://testserver{ROOT}/{name}({one['@iot.id']})"
        assert [key for key in mandatory if key not in one] == []
        assert client.get(urlsplit(one["@iot.selfLink"]).path).json()["@iot.id"] == one["@iot.id"]
        for link in ENTITIES[name].links:
            address = one[f"{link}@iot.navigationLink"]
            assert client.get(urlsplit(address).path).status_code == 200, address
    single = get(f"/{name}({page['value'][0]['@iot.id']})")
    assert single == page["value"][0]


@pytest.mark.parametrize("name", sorted(ENTITIES))
@pytest.mark.parametrize("ident", [9223372036854775807, 9007199254740990, 2**40 + 5, 0, -1])
def test_an_unknown_id_is_not_found(get: Any, name: str, ident: int) -> None:
    assert get(f"/{name}({ident})", expect=404)["code"] == 404


@pytest.mark.parametrize(
    "path", ["/Nothings", "/Things(1)/Nothing", "/things", "/Things('a')", "/Things(1)(2)"]
)
def test_what_does_not_exist_is_not_found(get: Any, path: str) -> None:
    get(path, expect=404)


def test_paths_are_followed_to_depth_four_and_back(get: Any) -> None:
    thing = get("/Things", filter="name eq 'École du Parc'")["value"][0]["@iot.id"]
    stream = corrected(get)["@iot.id"]
    page = get(f"/Things({thing})/Datastreams({stream})/Observations", orderby="phenomenonTime")
    assert results(page) == [10.0, 12.0, 14.0, 16.0]
    first = page["value"][0]["@iot.id"]
    deep = get(f"/Things({thing})/Datastreams({stream})/Observations({first})/FeatureOfInterest/Observations")
    assert len(deep["value"]) == 4 + 5 + 5 + 0  # corrected, raw, humidity
    back = get(f"/Observations({first})/Datastream/Thing/Locations")
    assert back["value"][0]["name"] == "École du Parc"
    assert get(f"/Observations({first})/Datastream/Sensor")["name"] == "Atelier Mésange"
    other = get("/Things", filter="name eq 'École du Lac'")["value"][0]["@iot.id"]
    get(f"/Things({other})/Datastreams({stream})", expect=404)


def test_properties_values_and_references_have_addresses(get: Any, client: Client) -> None:
    thing = get("/Things", filter="name eq 'École du Parc'")["value"][0]["@iot.id"]
    assert get(f"/Things({thing})/name") == {"name": "École du Parc"}
    value = client.get(f"{ROOT}/Things({thing})/name/$value")
    assert (value.content.decode(), value["Content-Type"]) == ("École du Parc", "text/plain; charset=utf-8")
    refs = get(f"/Things({thing})/Datastreams/$ref")
    assert [list(one) for one in refs["value"]] == [["@iot.selfLink"]] * 3
    stream = corrected(get)["@iot.id"]
    ref = get(f"/Datastreams({stream})/Thing/$ref")
    assert ref == {"@iot.selfLink": f"http://testserver{ROOT}/Things({thing})"}
    assert get(f"/Datastreams({stream})/unitOfMeasurement")["unitOfMeasurement"]["symbol"] == "ug/m3"
    get(f"/Things({thing})/Datastreams/name", expect=400)
    get("/Things/name", expect=400)


def test_an_observation_says_its_interval_its_quality_and_its_correction(get: Any) -> None:
    stream = corrected(get)["@iot.id"]
    one = get(f"/Datastreams({stream})/Observations", orderby="phenomenonTime desc", top="1")["value"][0]
    assert one["phenomenonTime"] == "2026-11-20T11:00:00Z/2026-11-20T12:00:00Z"
    assert one["resultQuality"] == {
        "validity": "valid", "grade": "B", "expanded_uncertainty": 3.0, "coverage_factor": 2, "flags": [],
    }  # fmt: skip
    assert one["parameters"] == {
        "n": 6, "coverage": 1.0, "correction_id": 7, "second_correction_id": None, "provisional": True,
        "code_version": "0.1.0",
    }  # fmt: skip
    hours = int(datetime(2026, 11, 20, 11, tzinfo=UTC).timestamp()) // 3600
    assert one["@iot.id"] == (stream << 21) + hours


def test_any_site_may_read_and_none_may_write(client: Client, town: City) -> None:
    answer = client.get(f"{ROOT}/Things")
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert client.get(f"{ROOT}/Things", headers={"if-none-match": answer["ETag"]}).status_code == 304
    for method in (client.post, client.put, client.patch, client.delete):
        assert method(f"{ROOT}/Things", data="{}", content_type="application/json").status_code == 405
    assert client.head(f"{ROOT}/Things").content == b""


def test_nothing_finer_than_the_published_can_be_had(client: Client, city: City) -> None:
    """Homes: no hour of the first and last day, no exact position, whatever is filtered, sorted or expanded."""
    home = city.place("Logement", kind="home", ends_at=NOON)
    city.hours(home, [1.0] * 24 * 22, end=NOON)
    indoor = city.place("Chambre", kind="home", is_indoor=True)
    city.hours(indoor, [99.0] * 5)
    first = home.starts_at.date() + timedelta(days=1)
    page = client.get(f"{ROOT}/Observations", {"$orderby": "phenomenonTime", "$top": "1"}).json()
    assert page["value"][0]["phenomenonTime"] >= f"{first - timedelta(days=1)}T23:00:00Z"
    last = client.get(f"{ROOT}/Observations", {"$orderby": "phenomenonTime desc", "$top": "1"}).json()
    assert last["value"][0]["phenomenonTime"] < "2026-11-19T23:00:00Z"
    asked = [
        "/Things?$expand=Locations,HistoricalLocations,Datastreams($expand=Sensor,Observations)",
        "/FeaturesOfInterest?$orderby=feature", "/Locations?$filter=location eq 1",
        f"/Locations?$filter=geo.distance(location,geography'POINT ({HOUSE[1]} {HOUSE[0]})') lt 0.00001",
        "/Observations?$filter=result eq 99", "/Things?$filter=latitude gt 1", "/Sensors?$filter=serial ne ''",
        "/Datastreams?$filter=Sensor/inventory_code ne ''",
    ]  # fmt: skip
    for address in asked:
        text = client.get(ROOT + address).content.decode()
        for secret in (
            str(HOUSE[0]),
            str(HOUSE[1]),
            home.sensor.serial,
            home.sensor.inventory_code,
            "Chambre",
        ):
            assert secret not in text, address
    near = client.get(ROOT + asked[3]).json()
    assert near["value"] == []  # the point of the cell is not the house

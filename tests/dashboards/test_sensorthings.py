"""The SensorThings API: each rule that a conformance suite checks, on a small city worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.core.cache import caches
from django.test import Client

from dashboards.sensorthings.entities import ENTITIES
from tests.dashboards.conftest import HOUSE, NOON, City

pytestmark = pytest.mark.django_db
ROOT = "/api/sta/v1.1"


@pytest.fixture
def town(city: City) -> City:
    """Give two schools: five hours of PM2.5 (one without a corrected value) and of humidity, and two of PM10."""
    park = city.place("École du Parc", kind="school")
    city.hours(park, [10.0, 12.0, None, 14.0, 16.0], raw=20.0)
    city.hours(park, [50.0] * 5, quantity="humidity", variant="")
    city.hours(city.place("École du Lac", kind="school"), [30.0, 31.0], quantity="pm10", grade="C", raw=40.0)
    return city


@pytest.fixture
def get(client: Client, town: City) -> Any:
    """Ask an address below the root, give its JSON."""
    caches["limits"].clear()  # of the numbers counted for the test before

    def asked(path: str, expect: int = 200, **query: str) -> Any:
        answer = client.get(f"{ROOT}{path}", {f"${name}": value for name, value in query.items()})
        assert answer.status_code == expect, answer.content.decode()[:400]
        return answer.json()

    return asked


def results(page: Any) -> list[float]:
    return [one["result"] for one in page["value"]]


def corrected(get: Any, name: str = "École du Parc") -> Any:
    """Give the datastream of corrected PM2.5 of a place."""
    (found,) = get(
        "/Datastreams",
        filter=f"Thing/name eq '{name}' and properties/level eq 'corrected'",
    )["value"]
    return found


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


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("result gt 12", [14.0, 16.0]),
        ("result gt '12'", [14.0, 16.0]),
        ("result ge 12 and result lt 16", [12.0, 14.0]),
        ("result eq 10 or result eq 16", [10.0, 16.0]),
        ("not (result gt 12)", [10.0, 12.0]),
        ("not result gt 12", [10.0, 12.0]),
        ("result ne 10", [12.0, 14.0, 16.0]),
        ("result in (10, 14)", [10.0, 14.0]),
        ("result add 2 eq 12", [10.0]),
        ("result sub 2 mul 2 eq 6", [10.0]),
        ("result div 2 eq 7", [14.0]),
        ("result mod 4 eq 0", [12.0, 16.0]),
        ("round(result div 3) eq 3", [10.0]),
        ("floor(result div 3) eq 4", [12.0, 14.0]),
        ("ceiling(result div 3) eq 4", [10.0, 12.0]),
        ("phenomenonTime ge 2026-11-20T10:00:00Z", [14.0, 16.0]),
        ("phenomenonTime gt 2026-11-20T12:00:00.000+02:00", [16.0]),
        ("phenomenonTime lt '2026-11-20T08:00:00Z'", [10.0]),
        ("phenomenonTime ge 2026-11-20T12:00:00Z sub duration'PT2H'", [14.0, 16.0]),
        ("hour(phenomenonTime) eq 8", [12.0]),
        ("year(phenomenonTime) eq 2026 and month(phenomenonTime) eq 11 and day(phenomenonTime) eq 20 "
         "and minute(phenomenonTime) eq 0 and second(phenomenonTime) eq 0 and hour(phenomenonTime) lt 8", [10.0]),
        ("date(phenomenonTime) eq 2026-11-20 and time(phenomenonTime) gt 10:30:00", [16.0]),
        ("fractionalseconds(phenomenonTime) eq 0 and result eq 10", [10.0]),
        ("totaloffsetminutes(phenomenonTime) eq 0 and result eq 10", [10.0]),
        ("phenomenonTime lt now() and phenomenonTime gt mindatetime() and phenomenonTime lt maxdatetime() "
         "and result lt 11", [10.0]),
        ("resultTime eq null", []),
        ("resultQuality/grade eq 'B' and parameters/n gt 5 and result gt 15", [16.0]),
        ("Datastream/Thing/name eq 'École du Parc' and result lt 11", [10.0]),
        ("Datastream/ObservedProperty/properties/quantity eq 'pm10'", []),
        ("startswith(Datastream/Thing/name, 'École') and result lt 11", [10.0]),
        ("FeatureOfInterest/properties/precision_m eq 200 and result lt 11", [10.0]),
        ("@iot.id gt 0 and result lt 11", [10.0]),
    ],
)  # fmt: skip
def test_observations_are_filtered(get: Any, asked: str, expected: list[float]) -> None:
    stream = corrected(get)["@iot.id"]
    assert (
        results(get(f"/Datastreams({stream})/Observations", filter=asked, orderby="phenomenonTime"))
        == expected
    )


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("name eq 'École du Parc'", ["École du Parc"]),
        ("substringof('Parc', name)", ["École du Parc"]),
        ("contains(name, 'Lac')", ["École du Lac"]),
        ("endswith(name, 'Lac')", ["École du Lac"]),
        ("startswith(name, 'École du')", ["École du Parc", "École du Lac"]),
        ("length(name) eq 13", ["École du Parc"]),
        ("indexof(name, 'Parc') eq 9", ["École du Parc"]),
        ("substring(name, 9) eq 'Lac'", ["École du Lac"]),
        ("substring(name, 9, 2) eq 'Pa'", ["École du Parc"]),
        ("tolower(name) eq 'école du lac'", ["École du Lac"]),
        ("toupper(name) eq 'ÉCOLE DU LAC'", ["École du Lac"]),
        ("trim(concat(' ', name)) eq 'École du Lac'", ["École du Lac"]),
        ("concat(name, '!') eq 'École du Lac!'", ["École du Lac"]),
        ("name eq 'l''école'", []),
        ("Datastreams/properties/quantity eq 'pm10'", ["École du Lac"]),
        ("Datastreams/ObservedProperty/name ne ''", ["École du Parc", "École du Lac"]),
        ("Datastreams/Observations/result gt 39", ["École du Parc", "École du Lac"]),
        ("Datastreams/Observations/result gt 80", []),
        ("Datastreams/unitOfMeasurement/symbol eq '%'", ["École du Parc"]),
        ("properties/commune eq 'Grenoble' and properties/simulated eq false", ["École du Parc", "École du Lac"]),
        ("geo.distance(Locations/location, geography'POINT (5.7245 45.1885)') lt 0.01",
         ["École du Parc", "École du Lac"]),
        ("st_within(Locations/location, geography'POLYGON ((5 45, 6 45, 6 46, 5 46, 5 45))')",
         ["École du Parc", "École du Lac"]),
        ("geo.intersects(Locations/location, geography'POLYGON ((1 1, 2 1, 2 2, 1 2, 1 1))')", []),
    ],
)  # fmt: skip
def test_things_are_filtered(get: Any, asked: str, expected: list[str]) -> None:
    assert [one["name"] for one in get("/Things", filter=asked)["value"]] == expected


@pytest.mark.parametrize(
    "asked",
    [
        "", "result gt", "result gt 'many'", "nothing eq 1", "result eq", "(result gt 1", "result gt 1 and",
        "Thing/name eq 'x'", "result", "year(result) eq 1", "nofunction(result) eq 1", "length(result) gt 1",
        "phenomenonTime gt 'hier'", "result gt null", "result eq true", "'", "result gt 1; DROP TABLE x",
        "name eq 'x' --", "not " * 300 + "(result gt 1)", "substring('a') eq 'a'", "🙂 eq 1",
        "result gt 1e999", "Datastream/Thing/latitude gt 45", "public_id eq 'x'", "k_sensor eq 1",
        "phenomenonTime gt duration'PT1H'", "result eq geography'POINT (1 2)'", "result div 'a' gt 1",
    ],
)  # fmt: skip
def test_a_filter_that_is_not_understood_is_refused_without_a_question(
    client: Client, town: City, asked: str, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(4):  # a savepoint and back, patience: none of it reads a row
        answer = client.get(f"{ROOT}/Observations", {"$filter": asked})
    assert answer.status_code == 400, answer.content
    assert answer.json()["code"] == 400
    assert "SELECT" not in answer.content.decode()


@pytest.mark.parametrize("name", ENTITIES)
def test_every_text_is_filtered_and_sorted_by_as_it_is_shown(get: Any, name: str) -> None:
    shown = get(f"/{name}")["value"]
    for property, known in ENTITIES[name].properties.items():
        if known.kind == "string":
            for one in shown:
                quoted = one[property].replace("'", "''")
                found = get(f"/{name}", filter=f"{property} eq '{quoted}'")["value"]
                assert one["@iot.id"] in [other["@iot.id"] for other in found], property
            ordered = [one[property] for one in get(f"/{name}", orderby=f"{property} desc")["value"]]
            assert sorted(ordered, reverse=True) == sorted((one[property] for one in shown), reverse=True)
            paged, page = [], get(f"/{name}", orderby=property, top="1")
            while True:
                paged += [one["@iot.id"] for one in page["value"]]
                if "@iot.nextLink" not in page:
                    break
                page = get(urlsplit(page["@iot.nextLink"]).path.removeprefix(ROOT), **{
                    key[1:]: value for key, value in parse_qsl(urlsplit(page["@iot.nextLink"]).query)
                })  # fmt: skip
            assert sorted(paged) == sorted(one["@iot.id"] for one in shown), property


def test_what_the_standard_knows_and_is_not_offered_says_so(get: Any) -> None:
    assert get("/Things", expect=501, filter="Datastreams/any(d:d/name eq 'x')")["code"] == 501
    get("/Things", expect=501, filter="st_touches(Locations/location, geography'POINT (1 2)')")
    get("/Observations", expect=501, resultFormat="dataArray")


def test_a_number_that_has_no_answer_is_a_bad_request_and_not_a_failure(get: Any) -> None:
    assert get("/Observations", filter="result div 0 gt 1")["value"] == []
    get("/Observations", expect=400, filter="substring(Datastream/Thing/name, 99999999999) eq 'a'")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"$top": "-1"}, 400), ({"$top": "a"}, 400), ({"$skip": "-1"}, 400), ({"$skip": "1.5"}, 400),
        ({"$count": "yes"}, 400), ({"$orderby": "nothing"}, 400), ({"$orderby": ""}, 400),
        ({"$select": "nothing"}, 400), ({"$expand": "Nothing"}, 400), ({"$expand": "Datastreams($top=a)"}, 400),
        ({"$expand": "Datastreams($top=1"}, 400), ({"$nothing": "1"}, 400), ({"$skiptoken": "abc"}, 400),
        ({"$orderby": "Datastreams/name"}, 400), ({"$orderby": "properties"}, 400), ({"other": "1"}, 200),
        ({"$top": "0"}, 200), ({"$top": "99999"}, 200),
    ],
)  # fmt: skip
def test_options_are_read_strictly(client: Client, town: City, query: dict[str, str], status: int) -> None:
    assert client.get(f"{ROOT}/Things", query).status_code == status


def test_count_top_and_skip(get: Any) -> None:
    stream = corrected(get)["@iot.id"]
    address = f"/Datastreams({stream})/Observations"
    assert "@iot.count" not in get(address)
    page = get(address, count="true", top="1", skip="1", orderby="result desc")
    assert (page["@iot.count"], results(page)) == (4, [14.0])
    filtered = get(address, count="true", filter="result gt 11", top="0")
    assert (filtered["@iot.count"], filtered["value"]) == (3, [])
    assert "@iot.nextLink" not in filtered
    assert get("/Observations", count="true")["@iot.count"] == 4 + 5 + 5 + 2 + 2


def test_all_observations_are_counted_as_they_are_listed(get: Any, town: City) -> None:
    """Five raw and four corrected hours of PM2.5, five of humidity, two and two of PM10; none of a home’s edge."""
    town.hours(town.place("Logement", starts_at=NOON - timedelta(days=1)), [1.0] * 30)
    caches["limits"].clear()
    counted = get("/Observations", count="true", top="0")["@iot.count"]
    assert counted == 5 + 4 + 5 + 2 + 2 + 2 * 13  # the home's: from midnight in Paris, 23 h UTC, to noon
    assert counted == len(get("/Observations", top="1000")["value"])


def test_the_first_order_counts_before_the_second(get: Any) -> None:
    page = get("/Datastreams", orderby="Thing/name,properties/level desc,properties/quantity")
    assert [(one["properties"]["quantity"], one["properties"]["level"]) for one in page["value"]] == [
        ("pm10", "raw"), ("pm10", "corrected"), ("humidity", "raw"), ("pm25", "raw"), ("pm25", "corrected"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "orderby",
    ["", "result", "result desc", "phenomenonTime desc", "result asc,phenomenonTime desc", "id desc",
     "resultQuality/expanded_uncertainty", "parameters/n,result desc"],
)  # fmt: skip
@pytest.mark.parametrize("top", ["1", "3", "7"])
def test_following_the_next_links_gives_each_entity_once(
    client: Client, get: Any, orderby: str, top: str
) -> None:
    query = {"top": top, "count": "true", "select": "result", **({"orderby": orderby} if orderby else {})}
    page = get("/Observations", **query)
    seen = [one["@iot.id"] for one in page["value"]]
    while "@iot.nextLink" in page:
        page = client.get(page["@iot.nextLink"].removeprefix("http://testserver")).json()
        assert page["@iot.count"] == 18
        seen += [one["@iot.id"] for one in page["value"]]
    assert len(seen) == len(set(seen)) == 18


def test_pages_by_key_use_no_offset(get: Any) -> None:
    link = get("/Observations", top="2", orderby="phenomenonTime desc")["@iot.nextLink"]
    assert "$skiptoken=" in link and "$skip=" not in link


def test_select_narrows_to_what_is_asked(get: Any) -> None:
    one = get("/Things", select="name,Datastreams")["value"][0]
    assert sorted(one) == ["@iot.id", "@iot.selfLink", "Datastreams@iot.navigationLink", "name"]
    assert sorted(get("/Things", select="id")["value"][0]) == ["@iot.id", "@iot.selfLink"]


def test_expand_is_nested_and_has_options_of_its_own(get: Any) -> None:
    page = get(
        "/Things",
        filter="name eq 'École du Parc'",
        expand="Datastreams($filter=properties/level eq 'corrected';$select=name;"
        "$expand=Observations($orderby=phenomenonTime desc;$top=1;$count=true;$select=result),ObservedProperty),"
        "Locations($select=name)",
    )
    (thing,) = page["value"]
    assert [one["name"] for one in thing["Locations"]] == ["École du Parc"]
    (stream,) = thing["Datastreams"]
    assert (stream["Observations@iot.count"], [one["result"] for one in stream["Observations"]]) == (
        4,
        [16.0],
    )
    assert "$orderby=phenomenonTime%20desc" in stream["Observations@iot.nextLink"]
    assert stream["ObservedProperty"]["properties"]["quantity"] == "pm25"
    path = get("/Things", expand="Datastreams/Observations")["value"][0]
    assert path["Datastreams"][0]["Observations"]


def test_expand_of_one_entity_and_of_a_link_to_one(get: Any) -> None:
    stream = corrected(get)["@iot.id"]
    one = get(f"/Datastreams({stream})", expand="Thing($expand=Locations),Sensor")
    assert (one["Thing"]["Locations"][0]["name"], one["Sensor"]["name"]) == (
        "École du Parc",
        "Atelier Mésange",
    )


def test_expanding_many_asks_the_database_once_for_each_link(
    client: Client, town: City, django_assert_max_num_queries: Any
) -> None:
    for number in range(8):
        town.hours(town.place(f"Lieu {number}", kind="school"), [1.0] * 3)
    with django_assert_max_num_queries(3 + 1 + 4):
        client.get(
            f"{ROOT}/Things", {"$expand": "Datastreams($expand=Observations($top=2),Sensor),Locations"}
        )


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

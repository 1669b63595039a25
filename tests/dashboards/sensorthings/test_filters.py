"""What SensorThings filters and sorts by: each function of the standard on a city worked out by hand."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client

from dashboards.sensorthings.entities import ENTITIES
from tests.dashboards.conftest import City
from tests.dashboards.sensorthings.conftest import ROOT, corrected, results

pytestmark = pytest.mark.django_db


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

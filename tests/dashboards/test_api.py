"""The plain JSON API: what it answers, what it refuses, and that its own description cannot break it."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from dashboards.api.api import throttle
from tests.dashboards.conftest import HOUSE, NOON, City

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_asked_yet() -> None:
    caches["limits"].clear()


@pytest.fixture
def town(city: City) -> City:
    """Give a school with three hours of grade B and two of grade C, a home and a station."""
    school = city.place("École du Parc", kind="school", public_id="parcparcparc")
    city.hours(school, [10.0, 11.0, 12.0], end=NOON - timedelta(hours=2))
    city.hours(school, [13.0, 14.0], grade="C")
    city.hours(city.place("Logement", kind="home"), [5.0])
    city.reference(city.station(), [7.5, 8.5])
    return city


@pytest.fixture
def get(client: Client, town: City) -> Any:
    def asked(path: str, expect: int = 200, **query: Any) -> Any:
        query = {name.rstrip("_"): value for name, value in query.items()}
        answer = client.get(path if path.startswith("/api") else f"/api/v1{path}", query)
        assert answer.status_code == expect, answer.content
        assert answer["Access-Control-Allow-Origin"] == "*"
        return answer.json()

    return asked


def test_places_stand_at_their_published_cell(get: Any, town: City) -> None:
    found = get("/places")
    assert found["licence"] == "https://opendatacommons.org/licenses/odbl/1-0/"
    place = next(one for one in found["places"] if one["place_id"] == "parcparcparc")
    assert (place["label"], place["quantities"], place["precision_m"], place["public_until"]) == (
        "École du Parc", ["pm25"], 200, None,
    )  # fmt: skip
    assert place == get("/places/parcparcparc")
    assert str(HOUSE[0]) not in str(found)
    assert get("/places", insee_code="38185", quantity="pm25")["places"]
    assert get("/places", insee_code="75056")["places"] == []
    get("/places/nowhere", expect=404)


def test_hours_come_in_the_order_of_time_and_page_by_page(get: Any) -> None:
    page = get("/hourly", place_id="parcparcparc", quantity="pm25", limit=2)
    values = [hour["value"] for hour in page["hours"]]
    while page["next"]:
        page = get(page["next"].removeprefix("http://testserver"))
        values += [hour["value"] for hour in page["hours"]]
    assert values == [10.0, 11.0, 12.0, 13.0, 14.0]
    hour = get("/hourly", place_id="parcparcparc", limit=1)["hours"][0]
    assert (hour["interval_start"], hour["interval_end"]) == ("2026-11-20T07:00:00Z", "2026-11-20T08:00:00Z")
    assert (hour["unit"], hour["expanded_uncertainty"], hour["n"], hour["flags"]) == ("ug/m3", 3.0, 6, [])


def test_from_and_to_narrow_the_period(get: Any) -> None:
    asked = {"from_": "2026-11-20T08:00:00Z", "to": "2026-11-20T10:00:00"}
    hours = get("/hourly", place_id="parcparcparc", **asked)["hours"]
    assert [hour["value"] for hour in hours] == [11.0, 12.0]


@pytest.mark.parametrize(
    ("purpose", "values"),
    [("study", [10.0, 11.0, 12.0]), ("awareness", [10.0, 11.0, 12.0, 13.0, 14.0]), ("regulatory", [])],
)
def test_a_purpose_never_gets_a_grade_that_does_not_serve_it(
    get: Any, purpose: str, values: list[float]
) -> None:
    found = get("/hourly", place_id="parcparcparc", purpose=purpose)
    assert [hour["value"] for hour in found["hours"]] == values


@pytest.mark.usefixtures("at_noon")
def test_the_latest_hour_of_each_place(get: Any) -> None:
    found = get("/latest", quantity="pm25")["hours"]
    assert [(hour["place_id"], hour["value"]) for hour in found if hour["place_id"] == "parcparcparc"] == [
        ("parcparcparc", 14.0)
    ]
    assert get("/latest", purpose="study")["hours"] == [hour for hour in found if hour["grade"] in "AB"]
    first = get("/latest", limit=1)
    second = get(first["next"].removeprefix("http://testserver"))
    assert {hour["place_id"] for page in (first, second) for hour in page["hours"]} == {
        hour["place_id"] for hour in found
    }


def test_stations_and_their_hours_under_their_own_licence(get: Any, town: City) -> None:
    (station,) = get("/stations")["stations"]
    assert (station["station_code"], station["quantities"]) == ("FR00001", ["pm25"])
    town.reference(town.station(code="FR00002"), [1.0], licence="odbl", provider="atmo")
    found = get("/stations/FR00001/hourly", quantity="pm25", limit=1)
    assert (found["licence"], found["hours"][0]["value"]) == (
        "https://www.etalab.gouv.fr/licence-ouverte-open-licence/", 7.5,
    )  # fmt: skip
    assert get(found["next"].removeprefix("http://testserver"))["hours"][0]["value"] == 8.5
    assert get("/stations/FR00002/hourly")["hours"] == []
    get("/stations/NOPE/hourly", expect=404)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/hourly", {"limit": 0}), ("/hourly", {"limit": 1001}), ("/hourly", {"from_": "hier"}),
        ("/hourly", {"purpose": "fun"}),
       
        ("/hourly", {"place_id": "'; --"}), ("/explain", {"place_id": "a"}),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_with_its_reason(
    get: Any, path: str, query: dict[str, Any]
) -> None:
    assert get(path, expect=422, **query)["detail"]


@pytest.mark.parametrize("after", ["abc", "WzEsMl0=", "WzFd", "W10=", "eyJhIjoxfQ=="])
@pytest.mark.parametrize("path", ["/places", "/hourly", "/latest", "/stations/FR00001/hourly"])
def test_a_page_that_is_none_is_not_there(get: Any, path: str, after: str) -> None:
    get(path, expect=404, after=after)


def test_a_loop_is_slowed_down_and_a_person_is_not(
    client: Client, town: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "num_requests", 3)
    assert [client.get("/api/v1/quantities").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_the_description_is_openapi_3_1_and_names_every_address(get: Any) -> None:
    description = get("/openapi.json")
    assert description["openapi"].startswith("3.1")
    assert set(description["paths"]) == {
        f"/api/v1/{path}" for path in ("quantities", "places", "places/{place_id}", "latest", "hourly", "stations",
                                       "stations/{station_code}/hourly", "explain", "others")
    }  # fmt: skip

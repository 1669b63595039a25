"""Pages of SensorThings: options, counts, orders, links to the next page, what is selected and expanded."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from tests.dashboards.conftest import NOON, City
from tests.dashboards.sensorthings.conftest import ROOT, corrected, results

pytestmark = pytest.mark.django_db


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

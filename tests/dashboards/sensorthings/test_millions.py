"""Observations are found part by part where there are millions: the same ones, each once, whatever was summed up."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client

from capto.readings.models import HourlyValue, Placement, Publication
from dashboards.models import StretchSum, Withdrawal
from dashboards.models.stretch_sum import merged, stretches
from dashboards.sensorthings import reading, walk
from tests.dashboards.conftest import HOUR, NOON, City
from tests.dashboards.sensorthings.conftest import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

FILTERS = [
    "", "result gt 12", "not (result lt 31)", "result eq 14 or result eq 50", "result gt '30'", "12 lt result",
    "result lt -5", "result mul 2 gt 60", "result ge 12 and result le 20",
    "phenomenonTime ge 2026-11-20T09:00:00Z", "phenomenonTime gt 2026-11-20T09:00:00Z and result gt 14",
    "phenomenonTime lt 2026-11-20T09:00:00Z", "phenomenonTime eq 2026-11-20T09:00:00Z",
    "resultTime gt 2026-11-20T10:10:00Z", "parameters/n ge 6 and resultQuality/grade eq 'C'",
    "parameters/coverage lt 0.5", "hour(phenomenonTime) eq 8", "Datastream/Thing/name eq 'École du Lac'",
    "Datastream/properties/level eq 'raw' and result gt 12", "not (Datastream/properties/quantity eq 'pm25')",
    "FeatureOfInterest/properties/commune eq 'Grenoble' and result lt 20",
    "Datastream/unitOfMeasurement/symbol eq '%' or result gt 39", "@iot.id gt 0 and result gt 30",
    "Datastream/Observations/result gt 45",
]  # fmt: skip
ORDERS = [
    "",
    "phenomenonTime",
    "phenomenonTime desc",
    "result desc",
    "result",
    "resultTime desc",
    "parameters/n",
]


@pytest.fixture
def old(town: City) -> Placement:
    """A school that measured two months before, beside the two of the town."""
    school = town.place("École de la Digue", kind="school", starts_at=NOON - timedelta(days=70))
    town.hours(school, [5.0, 60.0, 7.0], end=NOON - timedelta(days=60))
    town.hours(school, [8.0, 9.0])
    return school


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Walk always, by the smallest parts, and end a page after the first of them."""
    monkeypatch.setattr(reading, "FEW_SKIPPED", -1)
    monkeypatch.setattr(reading, "FIRST_EXPANDED", 1)
    monkeypatch.setattr(reading, "PAGE_SECONDS", 0.0)
    monkeypatch.setattr(walk, "PAGE_SECONDS", 0.0)
    monkeypatch.setattr(walk, "FIRST_HOURS", 1)
    monkeypatch.setattr(walk, "MOST_HOURS", 1)


def ask(client: Client, path: str, **options: str) -> Any:
    answer = client.get(f"{ROOT}{path}", {f"${name}": value for name, value in options.items() if value})
    assert answer.status_code == 200, answer.content
    return answer.json()


def followed(client: Client, path: str, **options: str) -> tuple[list[Any], int]:
    """Follow `@iot.nextLink` to the end: the ids in their order, and how many pages there were."""
    page, pages = ask(client, path, **options), 1
    found = [one["@iot.id"] for one in page["value"]]
    while "@iot.nextLink" in page:
        parts = urlsplit(page["@iot.nextLink"])
        page = client.get(parts.path, dict(parse_qsl(parts.query))).json()
        found += [one["@iot.id"] for one in page["value"]]
        pages += 1
        assert pages < 500
    return found, pages


@pytest.mark.parametrize(("order", "is_summed"), [("", False), *((order, True) for order in ORDERS)])
def test_a_walk_finds_what_one_question_finds_and_each_once(
    client: Client, old: Placement, monkeypatch: pytest.MonkeyPatch, order: str, is_summed: bool
) -> None:
    at_once = {asked: followed(client, "/Observations", filter=asked, orderby=order)[0] for asked in FILTERS}
    assert len(at_once[""]) > 20
    if is_summed:
        StretchSum.objects.renew(now=NOON)
    monkeypatch.setattr(reading, "FEW_SKIPPED", -1)
    monkeypatch.setattr(walk, "PAGE_SECONDS", 0.0)
    monkeypatch.setattr(walk, "FIRST_HOURS", 400)
    monkeypatch.setattr(walk, "MOST_HOURS", 400)
    for asked, expected in at_once.items():
        found, _ = followed(client, "/Observations", filter=asked, orderby=order, top="40")
        assert found == expected, f"{asked!r} by {order!r}"


def test_a_page_that_took_too_long_is_short_and_says_where_the_search_goes_on(
    client: Client, old: Placement, small: None
) -> None:
    first = ask(client, "/Observations", filter="result mul 1 gt 59")
    assert first["value"] == []
    assert "$skiptoken=" in first["@iot.nextLink"]
    found, pages = followed(client, "/Observations", filter="result mul 1 gt 59")
    assert (len(found), pages > 2) == (7, True)  # 60, its raw mean of 90, and five of humidity


def test_sums_spare_the_hours_that_cannot_answer(client: Client, old: Placement, small: None) -> None:
    StretchSum.objects.renew(now=NOON)
    assert ask(client, "/Observations", filter="result gt 1000") == {"value": []}
    _, pages = followed(client, "/Observations", filter="result gt 85")
    assert pages == 1  # one month of one series reaches so high


def test_what_was_written_since_it_was_summed_up_is_found(
    client: Client, town: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "FEW_SKIPPED", -1)
    StretchSum.objects.renew(now=NOON)
    hour = HourlyValue.objects.filter(series__property_id="humidity").order_by("hour").last()
    assert hour is not None
    HourlyValue.objects.filter(series=hour.series, hour=hour.hour).update(raw_mean=2000.0)
    Publication.objects.create(first_hour=hour.hour, last_hour=hour.hour, at=NOON + HOUR)
    found = ask(client, "/Observations", filter="result gt 1000")["value"]
    assert [one["result"] for one in found] == [2000.0]
    first = ask(client, "/Observations", orderby="result desc", top="1")["value"]
    assert [one["result"] for one in first] == [2000.0]
    for name, asked in (("Things", "Datastreams/Observations"), ("FeaturesOfInterest", "Observations")):
        assert len(ask(client, f"/{name}", filter=f"{asked}/result gt 1000")["value"]) == 1
        assert len(ask(client, f"/{name}", filter=f"{asked}/result eq 2000")["value"]) == 1
    HourlyValue.objects.filter(series=hour.series, hour=hour.hour).delete()
    assert ask(client, "/Observations", filter="result gt 1000")["value"] == []
    assert ask(client, "/Things", filter="Datastreams/Observations/result gt 1000")["value"] == []


@pytest.mark.parametrize("is_summed", [False, True])
@pytest.mark.parametrize("asked", FILTERS)
def test_counts_are_those_of_what_is_given(
    client: Client, old: Placement, asked: str, is_summed: bool
) -> None:
    if is_summed:
        StretchSum.objects.renew(now=NOON)
    page = ask(client, "/Observations", filter=asked, count="true", top="1000")
    assert page["@iot.count"] == len(page["value"])
    assert "@capto.countIsEstimate" not in page


def test_a_count_of_too_many_is_an_estimate_and_says_so(
    client: Client, old: Placement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "COUNTED_AT_ONCE", 0)
    page = ask(client, "/Observations", filter="result mul 1 gt 0", count="true")
    assert page["@capto.countIsEstimate"] is True
    assert page["@iot.count"] > 0


def test_what_is_withdrawn_or_hidden_is_in_no_sum(client: Client, city: City) -> None:
    installed = NOON - timedelta(days=3, hours=3)  # the rest of that day in Paris is not public: 14 hours
    home = city.place("Logement", starts_at=installed)
    city.hours(home, [1.0] * 75, quantity="humidity", variant="")
    school = city.place("École", kind="school")
    city.hours(school, [70.0] * 5, quantity="humidity", variant="")
    city.hours(city.place("Chambre", is_indoor=True), [99.0] * 5, quantity="humidity", variant="")
    StretchSum.objects.renew(now=NOON)
    assert ask(client, "/Observations", count="true", top="0")["@iot.count"] == 75 - 14 + 5
    assert ask(client, "/Things", filter="Datastreams/Observations/result gt 110")["value"] == []
    Withdrawal.objects.withdraw(school.public_id, reason="Erreur de pose", author="la métrologue", now=NOON)
    reading.counted.clear()
    assert ask(client, "/Observations", count="true", top="0")["@iot.count"] == 75 - 14
    assert ask(client, "/Things", filter="Datastreams/Observations/result gt 50")["value"] == []
    assert ask(client, "/Observations", filter="result gt 50")["value"] == []
    Withdrawal.objects.all().delete()  # published again: its sums still hold
    reading.counted.clear()
    assert ask(client, "/Observations", count="true", top="0")["@iot.count"] == 75 - 14 + 5


def test_many_that_are_expanded_end_a_page_early_too(client: Client, old: Placement, small: None) -> None:
    asked = {"expand": "Datastreams($expand=Observations($top=1;$filter=result gt 20;$count=true))"}
    found, pages = followed(client, "/Things", **asked)
    assert pages == 3
    assert (
        found == [one["@iot.id"] for one in ask(client, "/Things", select="@iot.id")["value"][:1]] + found[1:]
    )
    assert len(set(found)) == 3


def test_stretches_are_months_and_the_days_of_the_last(city: City) -> None:
    school = city.place("École", kind="school", starts_at=NOON - timedelta(days=70))
    city.hours(school, [1.0], end=NOON - timedelta(days=60))
    city.hours(school, [2.0])
    assert len(StretchSum.objects.stretches()) == 2 + 20  # September, October, and twenty days of November
    assert StretchSum.objects.renew(now=NOON) == 22
    assert StretchSum.objects.renew(now=NOON + HOUR) == 0
    Publication.objects.create(first_hour=NOON - 25 * HOUR, last_hour=NOON - 24 * HOUR, at=NOON + HOUR)
    assert StretchSum.objects.renew(now=NOON + 3 * HOUR) == 1  # the 19th
    assert StretchSum.objects.renew(now=NOON + 3 * HOUR) == 0
    city.place("École du Lac", kind="school", starts_at=NOON - timedelta(days=1)).series.create(
        property_id="pm25"
    )
    assert StretchSum.objects.renew(now=NOON + 12 * HOUR) == 2  # yesterday and today have a series more


def test_stretches_and_intervals() -> None:
    first, last = NOON - timedelta(days=30), NOON.replace(day=2, hour=3)
    assert [start.isoformat()[:10] for start, _ in stretches(first, last)] == [
        "2026-10-01",
        "2026-11-01",
        "2026-11-02",
    ]
    one, two, three = (NOON + number * HOUR for number in range(3))
    assert merged([(two, three), (one, two)]) == [(one, three)]


@pytest.mark.parametrize("token", ["WzEsMl0", "WyJhIiwxLDJd", "W10", "bm8", "W3sidCI6IjIwMjYifSwxLDFd"])
@pytest.mark.parametrize("order", ["", "phenomenonTime", "result"])
def test_a_mark_of_a_page_that_is_not_ours_is_refused(
    client: Client, town: City, token: str, order: str
) -> None:
    asked = {"$skiptoken": token, "$filter": "result gt 1", "$orderby": order}
    answer = client.get(f"{ROOT}/Observations", {name: value for name, value in asked.items() if value})
    assert answer.status_code == 400, answer.content

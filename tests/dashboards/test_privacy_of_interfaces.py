"""A stranger tries to learn from the interfaces what is not public: the first and last day of a home, the house."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from capto.readings.models import HourlyValue, Placement
from tests.dashboards.conftest import HOUSE, NOON, City

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]
STA = "/api/sta/v1.1"
SECRET = 777.125  # the value of every hour that is not public
INSTALLED = NOON - timedelta(days=4, hours=3)  # 16 November, 10 h in Paris
TAKEN_DOWN = NOON - timedelta(hours=26)  # 19 November, 11 h in Paris
MIDNIGHT_AFTER = datetime.fromisoformat("2026-11-17T00:00:00+01:00")
MIDNIGHT_BEFORE = datetime.fromisoformat("2026-11-19T00:00:00+01:00")


@pytest.fixture
def home(city: City) -> Placement:
    """A home whose hours are 10, and SECRET on the days of installing and taking down."""
    found = city.place("Logement", starts_at=INSTALLED, ends_at=TAKEN_DOWN)
    count = int((TAKEN_DOWN - INSTALLED).total_seconds() // 3600)
    series = city.hours(found, [10.0] * count, end=TAKEN_DOWN, raw=10.0)
    hidden(series.pk).update(value=SECRET, raw_mean=SECRET)
    return found


def hidden(series: int) -> Any:
    return HourlyValue.objects.filter(series_id=series).exclude(
        hour__gte=MIDNIGHT_AFTER, hour__lt=MIDNIGHT_BEFORE
    )


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode(errors="replace") + str(dict(answer.headers))


def series_of(home: Placement) -> int:
    return int(home.series.get().pk)


@pytest.mark.parametrize(
    "question",
    [
        "/Observations?$filter=result eq 777.125", "/Observations?$filter=result gt 100 or result lt 0",
        "/Observations?$filter=not (result lt 100)", "/Observations?$orderby=result desc&$top=1",
        "/Observations?$filter=phenomenonTime lt 2026-11-16T23:00:00Z",
        "/Observations?$filter=day(phenomenonTime) eq 19 and hour(phenomenonTime) ge 1",
        "/Things?$filter=Datastreams/Observations/result gt 700",
        "/Things?$expand=Datastreams($expand=Observations($orderby=result desc;$top=1))",
        "/Datastreams?$filter=Observations/phenomenonTime lt 2026-11-16T22:30:00Z",
        "/FeaturesOfInterest?$filter=Observations/result gt 700&$expand=Observations($filter=result gt 700)",
        "/Observations?$filter=result mul 1 gt 776&$count=true",
        "/Observations?$filter=resultTime lt 2026-11-16T22:00:00Z",
    ],
)  # fmt: skip
def test_no_filter_order_or_expansion_reaches_a_hidden_hour(
    client: Client, home: Placement, question: str
) -> None:
    found = json.loads(client.get(STA + question).content)
    assert str(SECRET) not in json.dumps(found["value"])
    if "gt 7" in question and question.startswith(("/Things?$filter", "/FeaturesOfInterest")):
        assert found["value"] == []


def test_no_hidden_hour_has_an_address(client: Client, home: Placement) -> None:
    series = series_of(home)
    public = 0
    for hour in HourlyValue.objects.filter(series_id=series).values_list("hour", flat=True):
        is_hidden = not MIDNIGHT_AFTER <= hour < MIDNIGHT_BEFORE
        for level in (0, 1):
            ident = ((series * 2 + level) << 21) + int(hour.timestamp()) // 3600
            assert client.get(f"{STA}/Observations({ident})").status_code == (404 if is_hidden else 200)
        public += not is_hidden
        written = hour.strftime("%Y-%m-%dT%H:%M:%SZ")
        if is_hidden:
            asked = {"place_id": home.public_id, "quantity": "pm25", "hour": written}
            assert client.get("/api/v1/explain", asked).status_code == 404
            assert client.get(f"/lieu/{home.public_id}/pm25/{written[:13]}Z/").status_code == 404
    assert public == 48


@pytest.mark.parametrize("back", [timedelta(days=30), timedelta(hours=1)])
def test_a_forged_mark_of_a_page_starts_no_earlier(client: Client, home: Placement, back: timedelta) -> None:
    series, start = series_of(home), MIDNIGHT_AFTER - back
    token = base64.urlsafe_b64encode(json.dumps([series, {"t": start.isoformat()}, 0]).encode()).decode()
    assert str(SECRET) not in text(client, f"{STA}/Observations?$top=1000&$skiptoken={token.rstrip('=')}")
    after = base64.urlsafe_b64encode(json.dumps([start.isoformat(), series]).encode()).decode()
    assert str(SECRET) not in text(
        client, f"/api/v1/hourly?place_id={home.public_id}&limit=1000&after={after}"
    )


def test_files_and_their_marks_are_the_same_whatever_the_hidden_hours_are(
    client: Client, home: Placement
) -> None:
    addresses = [
        f"{address}{sign}from=2026-11-16&to=2026-11-20"
        for address, sign in (
            (f"/data/places/{home.public_id}/hourly.csv", "?"),
            (f"/data/places/{home.public_id}/changes.csv", "?"),
            ("/data/hourly/2026-11-16.csv", "?"),
            ("/data/hourly/2026-11-19.parquet", "?"),
            ("/data/hourly.csv?date=2026-11-16", "&"),
            (f"{STA}/Observations?$count=true", "&"),
        )
    ]
    before = {address: client.head(address).headers.get("ETag") for address in addresses}
    assert all(before.values())
    assert not [address for address in addresses if str(SECRET) in text(client, address)]
    hidden(series_of(home)).delete()
    assert {address: client.head(address).headers.get("ETag") for address in addresses} == before


def test_no_distance_comes_nearer_to_the_house_than_its_cell(client: Client, home: Placement) -> None:
    """Circles shrunk around every guess close on the centre of the cell, which many houses share."""
    centre = (home.place.cell_longitude, home.place.cell_latitude)

    def within(longitude: float, latitude: float, degrees: float) -> int:
        asked = f"geo.distance(location,geography'POINT ({longitude} {latitude})') lt {degrees}"
        return len(client.get(f"{STA}/Locations", {"$filter": asked}).json()["value"])

    assert within(*centre, 1e-6) == 1
    apart = ((centre[0] - HOUSE[1]) ** 2 + (centre[1] - HOUSE[0]) ** 2) ** 0.5
    assert within(HOUSE[1], HOUSE[0], apart * 0.99) == 0


@pytest.mark.parametrize(
    "address",
    [
        f"{STA}/Locations?$filter=latitude eq 45.188529", f"{STA}/Things?$orderby=starts_at",
        f"{STA}/Things(1)/sensor", f"{STA}/Datastreams?$filter=placement/ends_at gt 1",
        f"{STA}/Things?$select=device_id",
        "/api/v1/places?insee_code='", "/api/v1/hourly?place_id=%00", "/data/places/%27/hourly.csv",
        "/data/hourly/2026-13-45.csv", "/api/v1/explain?place_id=x&quantity=pm25&hour=yesterday",
    ],
)  # fmt: skip
def test_a_refusal_says_nothing_of_the_database(client: Client, home: Placement, address: str) -> None:
    answer = client.get(address)
    assert 400 <= answer.status_code < 500
    said = text(client, address)
    for secret in (
        "SELECT",
        "readings_",
        "psycopg",
        str(HOUSE[1]),
        home.sensor.serial,
        home.sensor.device_id,
    ):
        assert secret not in said

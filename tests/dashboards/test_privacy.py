"""No public answer says where someone lives, what the device is called, or when it was put up."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from tests.dashboards.conftest import HOUSE, NOON, City

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


def public_answers(client: Client, public_id: str) -> dict[str, str]:
    """Fetch every public address about a place, the wrong ones too."""
    addresses = [
        "/",
        "/?grandeur=pm25",
        "/lieux/",
        "/carte.json?grandeur=pm25",
        f"/lieu/{public_id}/",
        f"/lieu/{public_id}/pm25/",
        f"/lieu/{public_id}/nothing/",
        "/data/",
        "/data/hourly.csv?date=2026-11-20",
        "/data/hourly.csv?date=2026-11-10",
        f"/data/places/{public_id}/hourly.csv",
        f"/data/places/{public_id}/hourly.csv?from=x",
        "/station/FR00001/",
        f"/integrer/lieu/{public_id}/pm25/profil/",
        f"/data/charts/place/{public_id}/pm25/days.csv?from=2026-11-01&to=2026-11-21",
        f"/data/charts/place/{public_id}/pm25/profile.csv?from=2026-11-01&to=2026-11-21",
        "/methode/publication/",
    ]
    answers = {}
    for address in addresses:
        answer = client.get(address)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        answers[address] = content.decode() + str(dict(answer.headers))
    return answers


def test_no_answer_holds_the_exact_position_the_device_or_the_moment(client: Client, city: City) -> None:
    city.reference(city.station(), [11.0] * 100)
    installed = NOON - timedelta(days=12, hours=5, minutes=17)
    home = city.place("Berriat", starts_at=installed)
    city.hours(home, [12.0] * 250)
    planted = [
        f"{HOUSE[0]}", f"{HOUSE[1]}", "45.1885", "5.7245", home.sensor.device_id, home.sensor.serial,
        home.sensor.inventory_code, f"{installed:%Y-%m-%dT%H:%M}", f"{installed:%H:%M}",
    ]  # fmt: skip
    for address, answer in public_answers(client, home.public_id).items():
        for secret in planted:
            assert secret not in answer, f"{address} says {secret}"


def test_when_a_sensor_was_taken_down_is_said_by_the_hour_and_no_finer(client: Client, city: City) -> None:
    taken_down = NOON - timedelta(hours=20, minutes=42, seconds=27)  # 19 November, 15:17:33 UTC
    school = city.place("École du Parc", kind="school", ends_at=taken_down)
    city.hours(school, [12.0, 13.0], end=taken_down.replace(minute=0, second=0) + timedelta(hours=1))
    (thing,) = client.get("/api/sta/v1.1/Things").json()["value"]
    (place,) = client.get("/api/v1/places").json()["places"]
    assert thing["properties"]["until"] == place["public_until"] == "2026-11-19T16:00:00Z"
    hours = client.get(f"/api/v1/hourly?place_id={school.public_id}").json()["hours"]
    assert [hour["value"] for hour in hours] == [12.0, 13.0]  # the hour that it ended in is still there


def test_two_placements_at_one_address_publish_the_same_point_and_nothing_else_joins_them(
    client: Client, city: City
) -> None:
    first = city.place("Berriat", starts_at=NOON - timedelta(days=40), ends_at=NOON - timedelta(days=20))
    second = city.place("Berriat", starts_at=NOON - timedelta(days=19))
    for placement, end in ((first, NOON - timedelta(days=21)), (second, NOON)):
        city.hours(placement, [12.0] * 30, end=end)
    points = set()
    for placement in (first, second):
        answer = client.get(f"/data/places/{placement.public_id}/hourly.csv")
        content = b"".join(answer.streaming_content).decode()
        points |= set(re.findall(r"4\d\.\d+,5\.\d+,200", content))
    assert len(points) == 1
    assert first.public_id != second.public_id

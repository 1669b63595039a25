"""A small city worked out by hand, and who asks SensorThings of it."""

from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from tests.dashboards.conftest import City

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

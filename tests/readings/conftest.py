"""Sensors, places and placements for the tests of readings: real rows, made as the desk would make them."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

import pytest
from django.db import connection

from capto.catalogue.models import Sensor, SensorModel
from capto.members.models import Organisation
from capto.readings.models import Layout, LayoutChannel, Place, Placement

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
NUMBERS = count(1)


@pytest.fixture
def place(db: None) -> Place:
    """A balcony in Grenoble."""
    return Place.at(45.1885, 5.7245, precision_m=200, kind="home", label="Quartier de la gare")


@pytest.fixture
def make_sensor(db: None) -> Callable[..., Sensor]:
    """Make a sensor that sends every `interval_s` seconds."""

    def make(*, interval_s: int = 600) -> Sensor:
        owner, _ = Organisation.objects.get_or_create(name="Atmo d'essai")
        model, _ = SensorModel.objects.get_or_create(
            slug=f"pms-{interval_s}",
            defaults={
                "maker": "Essai",
                "name": f"PMS toutes les {interval_s} s",
                "wire_format": "senml",
                "reporting_interval_s": interval_s,
            },
        )
        number = next(NUMBERS)
        return Sensor.objects.create(
            model=model,
            owner=owner,
            inventory_code=f"C-{number:03}",
            wire_format="senml",
            device_id=f"dev-{number}",
        )

    return make


@pytest.fixture
def make_placement(make_sensor: Callable[..., Sensor], place: Place) -> Callable[..., Placement]:
    """Make a placement of a new sensor, or of the given one, from 1 March 2026 on."""

    def make(
        *,
        sensor: Sensor | None = None,
        starts_at: datetime = MARCH,
        ends_at: datetime | None = None,
        interval_s: int = 600,
    ) -> Placement:
        return Placement.objects.create(
            sensor=sensor or make_sensor(interval_s=interval_s),
            place=place,
            starts_at=starts_at,
            ends_at=ends_at,
        )

    return make


def layout_of(*channels: tuple[str, str, str]) -> Layout:
    """Give the layout of an ordered list of (quantity, variant, channel)."""
    signature = ";".join("/".join(channel) for channel in channels)
    layout, is_new = Layout.objects.get_or_create(signature=signature)
    if is_new:
        for position, (quantity, variant, channel) in enumerate(channels, start=1):
            LayoutChannel.objects.create(
                layout=layout, position=position, property_id=quantity, variant=variant, channel=channel
            )
    return layout


def scalar(query: str, *parameters: object) -> object:
    """Give the single figure that a query answers."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        row = cursor.fetchone()
    assert row is not None
    return row[0]

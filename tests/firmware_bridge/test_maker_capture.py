"""A maker follows a test live: what the device says by MQTT is on the page of the test, with no reference beside it."""

import re
from datetime import UTC, datetime, timedelta

from django.test import Client

from capto.catalogue.models import ObservedProperty, Sensor
from capto.members.models import Organisation, Person
from capto.readings.hourly import aggregate_period
from capto.readings.models import ReferenceSeries, ReferenceStation, ReferenceValue
from capto.validation.models import DeviceTest, TestText

from .conftest import BridgeProcess, Devices, Town, wait_until

HOUR = timedelta(hours=1)


def test_messages_of_a_device_under_test_reach_its_makers_page(
    town: Town, devices: Devices, running_bridge: BridgeProcess
) -> None:
    key, device = town.sensor()
    now = datetime.now(UTC)
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    asked, start = this_hour - 9 * HOUR, this_hour - 5 * HOUR
    with town.here():
        for kind in TestText.Kind.values:
            TestText.objects.get_or_create(
                kind=kind, version="2026-1",
                defaults={"french": "Texte.", "english": "Text.", "published_at": asked - HOUR},
            )  # fmt: skip
        maker = Person.objects.create_user(f"fabricant{key}@exemple.test", name="Fabienne")
        station = ReferenceStation.objects.create(code=f"FR9{key:04d}", name="Les Frênes")
        series = ReferenceSeries.objects.create(station=station, property_id="pm25", provider="lcsqa")
        ReferenceValue.objects.create(
            series=series, hour=this_hour - HOUR, value=77.7, validity=1, imported_at=now
        )
        test = DeviceTest.ask(
            by=maker, quantities=[ObservedProperty.objects.get(pk="pm25")], now=asked, maker_name="Atelier fictif",
            device="Boîte Azur", firmware="2.4", units=1, question="?", payer="le fabricant", way="bridge",
        )  # fmt: skip
        test.plan(
            organisation=Organisation.objects.get(sensors__pk=key), station=station, now=asked,
            calibration=(start, start + 24 * HOUR), scoring=(start + 24 * HOUR, start + 72 * HOUR),
        )  # fmt: skip
        unit = test.test_units.get()
        unit.stand(Sensor.objects.get(pk=key), by=maker, now=asked)
        client = Client()
        client.force_login(maker)
        before = client.get(f"/essais/{test.public_id}/").content.decode()
    assert "data-live" in before and '<td class="number">0 / 5</td>' in before and "polyline" not in before

    devices.airgradient(device, 1, 2, 3)  # 11.2 µg/m³ of PM2.5
    wait_until(
        lambda: town.one("SELECT messages FROM readings_device_state WHERE sensor_id = %s", key) == 3,
        what="the three messages",
    )
    with town.here():
        aggregate_period(this_hour, this_hour + 2 * HOUR)
        page = client.get(f"/essais/{test.public_id}/").content.decode()
        stranger = Client().get(f"/essais/{test.public_id}/").content.decode()
    assert re.search(r'<td class="number">1 / [56]</td>', page)
    assert "0\u00a0minute" in page
    assert 'class="plot"' in page and "PM2,5, exemplaire 1" in page
    assert "la référence se lit ici après" in page and "77,7" not in page and "Trait sombre" not in page
    assert "data-live" not in stranger and 'class="plot"' not in stranger

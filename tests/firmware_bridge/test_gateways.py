"""A gateway speaks for the devices registered behind it and for no other: over HTTP, and on a real broker."""

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from firmware_bridge.models import Credential, Gateway, SpeaksAnotherFormat
from firmware_bridge.rejected_replay import replay
from tests.firmware_bridge.test_http import Web

from . import pages
from .conftest import BridgeProcess, Town, wait_until
from .test_broker_access import Device

EUI, OTHER = "24E124707C123456", "24E124707C654321"
MONDAY = "2026-03-02T10:00:00Z"


def uplink(eui: str, moment: str = MONDAY) -> bytes:
    """A ChirpStack uplink, decoded by its codec."""
    return json.dumps(
        {
            "time": moment,
            "deviceInfo": {"deviceName": "th", "devEui": eui.lower()},
            "fCnt": 4,
            "object": {"temperature": 21.5, "humidity": 44},
            "rxInfo": [{"rssi": -97, "snr": 7.2}],
        }
    ).encode()


@pytest.fixture(scope="module")
def web(bridge_database_url: str) -> Iterator[Web]:
    web = Web(bridge_database_url)
    web.start()
    yield web
    web.stop()


def test_over_http_a_gateway_speaks_for_its_own_only_and_one_registered_later_is_replayed(
    web: Web, town: Town
) -> None:
    mine, _ = town.sensor(EUI, wire_format="chirpstack")
    other, _ = town.sensor(OTHER, wire_format="chirpstack")
    key, username, secret = town.gateway("chirpstack", mine)
    time.sleep(0.5)
    basic = "Basic " + base64.b64encode(f"{username}:{secret}".encode()).decode()
    said = web.post("/ingest/chirpstack", uplink(EUI), Authorization=basic, Content_Type="application/json")
    assert said.status == 201 and town.messages(mine) == 1
    said = web.post("/ingest/chirpstack", uplink(OTHER), Authorization=basic, Content_Type="application/json")
    assert said.status == 403 and town.messages(other) == 0
    said = web.post("/ingest/senml", b"[]", Authorization=basic, Content_Type="application/json")
    assert said.status == 403 and "speaks chirpstack" in said.body["error"]
    said = web.post("/ingest/chirpstack", uplink("24E124707C999999"), Authorization=basic)
    assert said.status == 422  # kept as an unknown device, to be claimed

    from firmware_bridge import database
    from firmware_bridge.intake import Intake
    from firmware_bridge.registry import Registry

    with town.here(), database.connect() as connection:
        now = datetime.now(UTC)
        assert replay(Intake(Registry()), connection, now=now, device=OTHER)[0] == 0
        gateway = Gateway.objects.get(pk=key)
        gateway.speak_for([*gateway.sensors.all(), *_sensors(other)])
        assert replay(Intake(Registry()), connection, now=now, device=OTHER)[0] == 1
    assert town.messages(other) == 1


def _sensors(key: int) -> list[pages.Sensor]:
    return list(pages.Sensor.objects.filter(pk=key))


def test_on_the_broker_its_account_has_the_topics_of_its_devices_which_follow_the_register(
    town: Town, running_bridge: BridgeProcess, mqtt_url: str
) -> None:
    mine, name = town.sensor("kitchen-air", wire_format="zigbee2mqtt")
    later, later_name = town.sensor("garden-air", wire_format="zigbee2mqtt")
    key, username, secret = town.gateway("zigbee2mqtt", mine)
    wait_until(
        lambda: town.one("SELECT admitted_at FROM firmware_bridge_credential WHERE username = %s", username),
        what="the broker's admission",
    )
    client = Device(mqtt_url, username, secret, topic="#")
    for device in (later_name, name):
        client.client.publish(f"zigbee2mqtt/{device}", b'{"temperature": 21.5, "humidity": 40}', qos=1)
    wait_until(lambda: town.messages(mine) == 1, what="the row of the device behind the gateway")
    assert town.messages(later) == 0 and town.rejected(later_name) == [] and client.heard == []
    with town.here():
        gateway = Gateway.objects.get(pk=key)
        gateway.speak_for(pages.Sensor.objects.filter(pk__in=[mine, later]))

    def heard() -> bool:
        client.client.publish(f"zigbee2mqtt/{later_name}", b'{"temperature": 20.5, "humidity": 41}', qos=1)
        time.sleep(0.2)
        return town.messages(later) > 0

    wait_until(heard, what="the device registered later", seconds=20)
    assert not client.cut  # the same connection went on
    client.close()


@pytest.mark.django_db
def test_a_sensor_of_another_format_cannot_stand_behind_it_and_a_credential_is_of_one_thing() -> None:
    library = pages.Library()
    gateway = Gateway.add(name="LoRa", owner=library.owner, wire_format="chirpstack", now=pages.NOW)
    with pytest.raises(SpeaksAnotherFormat):
        gateway.speak_for([library.sensor("d83bda1d7660")])
    first, _ = Credential.issue_to(gateway, now=pages.NOW)
    second, _ = Credential.issue_to(gateway, now=pages.NOW)
    assert list(Credential.objects.standing()) == [second]
    with pytest.raises(IntegrityError), transaction.atomic():
        Credential.objects.filter(pk=first.pk).update(gateway=None)

"""The state of the service: in plain words for everyone, by device for staff, as metrics for machines."""

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from capto.readings.models import DeviceState, RejectedMessage
from firmware_bridge.broker_watch import BrokerDoesNotAnswer, look, look_now
from firmware_bridge.models import BrokerState, ProcessState
from firmware_bridge.service_state import broker_limits

from .conftest import BridgeProcess, Devices, Town, wait_until
from .pages import Library
from .test_broker_access import Device

NOWHERE = "mqtt://bridge:x@127.0.0.1:1"  # nothing listens on port 1


def bridge_says(**fields: Any) -> ProcessState:
    now = timezone.now()
    given = {
        "kind": "bridge",
        "started_at": now - timedelta(hours=1),
        "reported_at": now,
        "is_connected": True,
        "waiting": 3,
        "lag_s": 0.04,
        "per_second": 16.7,
        "memory_mb": 61.0,
        "counts": {"messages": 60_000, "stored": 59_990, "rejected": 10, "rejected_undecodable": 10},
        **fields,
    }
    return ProcessState.objects.create(name="bridge", **given)


def refused(reason: str, **fields: Any) -> None:
    RejectedMessage.objects.create(
        received_at=timezone.now(), transport="mqtt", payload=b"{", reason=reason, **fields
    )


@pytest.mark.django_db
def test_all_is_well_in_figures_and_the_broker_names_what_it_may_drop(client: Client) -> None:
    bridge_says()
    refused("undecodable", device_id="d83bda1d7660", topic="airgradient/readings/d83bda1d7660")
    page = client.get("/statut/").content.decode()
    assert "Tout fonctionne" in page and "16,7" in page and "Illisible" in page
    assert f"{broker_limits().queued_messages:,}".replace(",", "\u202f") in page.replace("\xa0", "\u202f")
    assert broker_limits() == (1_000_000, 1_073_741_824, 65_536, 5)


@pytest.mark.django_db
def test_it_says_so_when_the_bridge_is_stopped_or_the_broker_is_down(
    client: Client, settings: Settings
) -> None:
    page = client.get("/statut/").content.decode()
    assert "Le pont, qui range les messages dans la base, est arrêté." in page
    bridge_says(reported_at=timezone.now() - timedelta(minutes=5))
    assert "Il a tourné jusqu’au" in client.get("/statut/").content.decode()
    settings.MQTT_URL = NOWHERE
    page = client.get("/statut/").content.decode()
    assert "Le courtier, qui reçoit les messages des capteurs, ne répond pas." in page
    assert "Tout fonctionne" not in page


@pytest.mark.django_db
def test_the_public_page_names_no_device_and_staff_sees_each_one(client: Client, settings: Settings) -> None:
    settings.STAFF_SECOND_FACTOR = False
    library = Library()
    sensor = library.sensor("d83bda1d7660", code="AG-07", serial="SERIAL-1")
    now = timezone.now()
    DeviceState.objects.create(sensor=sensor, first_received_at=now, last_received_at=now, messages=1234)
    refused("undecodable", device_id="d83bda1d7660", sensor=sensor)
    bridge_says()
    public = client.get("/statut/").content.decode()
    for secret in ("AG-07", "d83bda1d7660", "SERIAL-1", "Ici"):
        assert secret not in public
    staff = library.staff().get("/statut/").content.decode()
    assert "AG-07" in staff and "61 Mo" in staff
    assert "AG-07" not in Library("Air du Sud").staff().get("/statut/").content.decode()


@pytest.mark.django_db
def test_the_status_page_asks_a_fixed_number_of_questions(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        refused("undecodable", device_id=str(number))
    bridge_says()
    with django_assert_max_num_queries(9):
        client.get("/statut/")


def figures(text: str) -> dict[str, float]:
    """Read Prometheus text with its own parser: name{labels} -> value."""
    return {
        sample.name + "".join(f"|{value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.django_db
def test_metrics_are_what_prometheus_reads(client: Client) -> None:
    bridge_says()
    now = timezone.now()
    BrokerState.note(figures={"stored_messages": 50.0, "retained_messages": 45.0}, problem="", now=now)
    refused("undecodable")
    answer = client.get("/metrics")
    assert answer["Content-Type"].startswith("text/plain")
    found = figures(answer.content.decode())
    assert found["capto_messages_total|bridge|bridge"] == 60_000
    assert found["capto_rejected_total|bridge|bridge|undecodable"] == 10
    assert found["capto_rejected_waiting|undecodable"] == 1
    assert (
        found["capto_queue_depth"] == 3 + 50 - 45
    )  # the bridge's own, and the broker's less what it retains
    assert found["capto_lag_seconds|bridge|bridge"] == 0.04
    assert found["capto_up"] == 1


@pytest.mark.django_db
def test_metrics_are_for_this_machine_or_for_who_has_the_token(client: Client, settings: Settings) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.7").status_code == 403
    # A proxy of this machine hands on the questions of strangers.
    assert client.get("/metrics", headers={"x-forwarded-for": "203.0.113.7"}).status_code == 403
    settings.METRICS_TOKEN = "let-me-see"
    assert client.get("/metrics").status_code == 403
    bearer = {"authorization": "Bearer let-me-see"}
    assert client.get("/metrics", headers=bearer, REMOTE_ADDR="203.0.113.7").status_code == 200
    wrong = {"authorization": "Bearer let-me-sée"}
    assert client.get("/metrics", headers=wrong).status_code == 403


def told_by(url: str) -> bool:
    try:
        return {"stored_messages", "retained_messages", "connected_clients"} <= set(look(url))
    except BrokerDoesNotAnswer:
        return False


@pytest.mark.django_db
def test_the_broker_says_how_much_it_holds_and_a_broker_away_is_noted(settings: Settings) -> None:
    url = os.environ["CAPTO_MQTT_WATCHER_URL"]
    settings.MQTT_WATCHER_URL = url
    wait_until(lambda: told_by(url), what="all figures: a broker tells them every ten seconds")
    assert look_now() == ""
    before = BrokerState.objects.get()
    settings.MQTT_WATCHER_URL = NOWHERE
    assert "refused" in look_now().lower()
    after = BrokerState.objects.get()
    assert after.problem and after.figures == before.figures and after.answered_at == before.answered_at
    with pytest.raises(BrokerDoesNotAnswer, match=r"[Nn]ot authori"):
        look(url.replace("watcher:", "watcher:x"))


def test_a_running_bridge_reports_what_it_does(
    town: Town, running_bridge: BridgeProcess, devices: Devices, client: Client, tmp_path: Path
) -> None:
    key, device = town.sensor()
    devices.airgradient(device, 1, 2, 3)
    wait_until(lambda: town.messages(key) == 3, what="the rows")
    wait_until(
        lambda: town.one("SELECT (counts->>'messages')::int FROM firmware_bridge_processstate") or 0,
        what="the bridge's report",
        seconds=20,
    )
    row = town.all("SELECT kind, is_connected, lag_s, memory_mb FROM firmware_bridge_processstate")[0]
    assert row[0] == "bridge" and row[1] is True and row[2] is not None and 20 < row[3] < 150

    def told() -> bool:
        with town.here():
            found = figures(client.get("/metrics").content.decode())
        return found.get("capto_messages_total|bridge|bridge", 0) >= 3 and found["capto_bridges_running"] == 1

    wait_until(told, what="the bridge in the figures", seconds=30)


def test_the_watcher_reads_the_brokers_figures_and_nothing_else(devices: Devices) -> None:
    url = os.environ["CAPTO_MQTT_WATCHER_URL"]
    watcher = Device(url, "watcher", urlsplit(url).password or "", topic="#")
    devices.publish("airgradient/readings/a1b2c3d4e5f6", b"{}")
    watcher.client.publish("airgradient/readings/a1b2c3d4e5f6", b"{}", qos=1)
    time.sleep(0.5)
    assert watcher.answer == "Success" and watcher.heard == []
    watcher.close()


def test_a_bridge_that_has_run_for_a_while_is_still_certain_of_the_time_of_a_message(
    town: Town, running_bridge: BridgeProcess, devices: Devices
) -> None:
    key, device = town.sensor()
    time.sleep(7)  # longer than a marker vouches for
    devices.airgradient(device, 1)
    wait_until(lambda: town.messages(key) == 1, what="the row")
    assert not town.one("SELECT time_uncertain FROM readings_raw_message WHERE sensor_id = %s", key)
    wait_until(
        lambda: town.one("SELECT lag_s FROM firmware_bridge_processstate") < 3, what="a lag that falls"
    )


ASK = """
import django
django.setup()
from django.test import Client
for _ in range(2):  # the second time the connection is one that has failed before
    answer = Client(SERVER_NAME="localhost").get("/statut/", headers={"Accept-Language": "fr"})
print(answer.status_code, answer["Retry-After"], answer.content.decode())
"""


@pytest.mark.parametrize("broker", ["answers", "is away"])
def test_without_its_database_it_says_what_waits_where_instead_of_an_error_page(
    mqtt_url: str, broker: str
) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "capto.settings",
        "CAPTO_DATABASE_URL": "postgres://capto:x@127.0.0.1:1/capto",  # nothing listens on port 1
        "CAPTO_MQTT_URL": mqtt_url if broker == "answers" else NOWHERE,
    }
    words = [sys.executable, "-c", ASK]
    asked = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
    assert asked.stdout.startswith("503 60 "), asked.stderr
    assert "La base de données, où les mesures sont rangées, ne répond pas." in asked.stdout
    waits = "jusqu’à 1\u202f000\u202f000 messages" in asked.stdout.replace("\xa0", "\u202f")
    assert waits == (broker == "answers")
    assert ("Le courtier, qui reçoit les messages" in asked.stdout) == (broker == "is away")

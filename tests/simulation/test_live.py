"""The simulated sensors in real time, through a real broker."""

import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from capto.catalogue.models import Sensor
from capto.readings.models import LayoutChannel, Place, Placement, RawMessage, ReferenceValue
from capto.simulation import history
from capto.simulation.live import Live, Refused
from capto.simulation.models import SimulatedCity
from firmware_bridge.formats import FORMATS

pytestmark = pytest.mark.django_db
# A day on which none of the six is cut off from its network: outages are a part of what is simulated.
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> Callable[[], float]:
    """A clock that shows noon when the test begins, and goes on."""
    began = time.monotonic()
    return lambda: NOON.timestamp() + time.monotonic() - began


@pytest.fixture
def heard(mqtt_url: str) -> Iterator["queue.Queue[mqtt.MQTTMessage]"]:
    """All that is published, in the order in which it comes."""
    messages: queue.Queue[mqtt.MQTTMessage] = queue.Queue()
    subscribed = threading.Event()
    parts = urlsplit(mqtt_url)
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id=parts.username or "bridge", clean_session=True
    )
    client.username_pw_set(parts.username, parts.password)
    client.on_connect = lambda c, *_: c.subscribe([("airgradient/#", 1), ("senml/#", 1)])
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = lambda _c, _d, message: messages.put(message)
    client.connect(parts.hostname, parts.port)
    client.loop_start()
    assert subscribed.wait(10)
    yield messages
    client.disconnect()
    client.loop_stop()


@pytest.fixture
def city() -> SimulatedCity:
    history.load(now=NOON, days=30, sensors=6, seed=11)
    return SimulatedCity.objects.get()


@pytest.fixture
def simulation_url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue("services").broker.url("simulation")


def run_for(live: Live, seconds: float) -> None:
    threading.Timer(seconds, live.stop.set).start()
    live.run()


def all_of(heard: "queue.Queue[mqtt.MQTTMessage]") -> list[mqtt.MQTTMessage]:
    time.sleep(0.3)
    return [heard.get_nowait() for _ in range(heard.qsize())]


def test_every_sensor_that_stands_somewhere_speaks_as_its_device_would(city, heard, simulation_url, clock):
    said: list[str] = []
    live = Live(city, url=simulation_url, speed=120.0, say=said.append, clock=clock)
    run_for(live, 3.0)
    by_device = defaultdict(list)
    for message in all_of(heard):
        name = "airgradient" if message.topic.startswith("airgradient/") else "senml"
        found = FORMATS[name].decode(message.payload, topic=message.topic, received_at=NOON)
        assert not found.rejected
        by_device[found.device].append({reading.quantity: reading.value for reading in found.readings})
    standing = Placement.objects.filter(ends_at=None).values_list("sensor__device_id", flat=True)
    assert set(by_device) == set(standing)
    assert all(3 <= len(messages) <= 8 for messages in by_device.values())
    assert live.sent == sum(len(messages) for messages in by_device.values())
    assert said[-1] == f"stopped; {live.sent} messages sent"


def test_the_present_goes_on_where_the_past_ended(city, heard, simulation_url, clock):
    sensor = Sensor.objects.get(inventory_code="SIM-002")
    last = RawMessage.objects.filter(sensor=sensor).latest("observed_at")
    position = LayoutChannel.objects.get(layout=last.layout, property="temperature").position
    run_for(Live(city, url=simulation_url, speed=120.0, say=lambda line: None, clock=clock), 2.0)
    message = next(m for m in all_of(heard) if m.topic.endswith(sensor.device_id))
    found = FORMATS["airgradient"].decode(message.payload, topic=message.topic, received_at=NOON)
    temperature = next(reading.value for reading in found.readings if reading.quantity == "temperature")
    assert abs(temperature - last.values[position - 1]) < 3.0  # °C, some minutes later


def test_a_sensor_that_is_taken_away_falls_silent_and_a_lent_one_speaks(city, heard, simulation_url, clock):
    taken, lent = Sensor.objects.get(inventory_code="SIM-001"), Sensor.objects.get(inventory_code="SIM-002")
    now = NOON
    Placement.objects.filter(sensor=taken, ends_at=None).update(ends_at=now)
    Placement.objects.filter(sensor=lent, ends_at=None).update(ends_at=now - timedelta(minutes=1))
    home = Place.at(46.81, 1.02, precision_m=200, kind="home", label="Chez Alice (simulé)")
    Placement.objects.create(sensor=lent, place=home, starts_at=now - timedelta(seconds=30))
    run_for(Live(city, url=simulation_url, speed=120.0, say=lambda line: None, clock=clock), 2.5)
    topics = {message.topic for message in all_of(heard)}
    assert f"airgradient/readings/{lent.device_id}" in topics
    assert f"airgradient/readings/{taken.device_id}" not in topics


def test_stations_publish_their_hours_while_the_city_lives(city, simulation_url, clock):
    finished = NOON - timedelta(hours=6)
    ReferenceValue.objects.filter(hour__gt=finished).delete()
    before = ReferenceValue.objects.count()
    run_for(Live(city, url=simulation_url, say=lambda line: None, clock=clock), 1.0)
    assert ReferenceValue.objects.count() >= before + 4 * 8 - 6  # 4 or 5 hours, 8 series, a gap or two


def test_a_wrong_password_ends_the_simulation_with_the_reason(city, simulation_url, clock):
    parts = urlsplit(simulation_url)
    wrong = f"mqtt://{parts.username}:wrong@{parts.hostname}:{parts.port}"
    live = Live(city, url=wrong, say=lambda line: None, clock=clock)
    threading.Timer(20.0, live.stop.set).start()
    with pytest.raises(Refused, match="refuses the simulation"):
        live.run()


def test_an_unreachable_broker_is_waited_for_with_a_line(city, clock):
    said: list[str] = []
    run_for(Live(city, url="mqtt://127.0.0.1:9", say=said.append, clock=clock), 1.5)
    assert any(line.startswith("Waiting for the broker (127.0.0.1:9)") for line in said)


@pytest.mark.faults
def test_the_broker_may_go_away_and_come_back(city, heard, services, clock):
    said: list[str] = []
    live = Live(city, url=services.broker.url("simulation"), speed=120.0, say=said.append, clock=clock)

    def interrupt() -> None:
        time.sleep(1.5)
        services.broker.stop()
        time.sleep(1.0)
        services.broker.start()
        time.sleep(6.0)
        live.stop.set()

    threading.Thread(target=interrupt).start()
    live.run()
    assert any("went away" in line for line in said)
    assert sum("speak to" in line for line in said) >= 2
    assert live.lost > 0
    assert live.sent > 20

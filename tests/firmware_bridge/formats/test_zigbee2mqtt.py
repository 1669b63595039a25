from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from firmware_bridge.formats import FORMATS, Undecodable

# The sample of the wire formats' reference, section 9.
SAMPLE = (
    '{"pm25":14,"voc_index":132,"temperature":19.4,"humidity":55,"linkquality":84,'
    '"last_seen":"2026-03-01T09:00:00.000Z"}'
)
TOPIC = "zigbee2mqtt/capto-017"
NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)
LATER = datetime(2026, 3, 1, 9, 5, tzinfo=UTC)


def test_the_sample_is_read_at_the_moment_it_was_last_seen(bench):
    decoded = bench.decode("zigbee2mqtt", SAMPLE, topic=TOPIC, received_at=LATER)
    assert bench.values(decoded) == {
        ("pm25", "unknown", ""): 14.0,
        ("voc_index", "native", ""): 132.0,
        ("temperature", "native", ""): 19.4,
        ("humidity", "native", ""): 55.0,
    }
    assert {reading.observed_at for reading in decoded.readings} == {NINE}
    assert decoded.status == {"link_quality": 84}
    assert decoded.device == "capto-017"
    assert decoded.time_source == "device"
    assert decoded.rejected == []


@pytest.mark.parametrize("seen", [1772355600000, "2026-03-01T10:00:00+01:00", "2026-03-01T09:00:00Z"])
def test_last_seen_has_three_spellings(bench, seen):
    decoded = bench.decode("zigbee2mqtt", {"pm25": 1, "last_seen": seen}, topic=TOPIC, received_at=LATER)
    assert decoded.readings[0].observed_at == NINE


def test_a_last_seen_without_zone_takes_the_callers(bench):
    decoded = bench.decode(
        "zigbee2mqtt",
        {"pm25": 1, "last_seen": "2026-03-01T10:00:00"},
        topic=TOPIC,
        timezone=ZoneInfo("Europe/Paris"),
    )
    assert decoded.readings[0].observed_at == NINE
    assert decoded.readings[0].flag == decoded.time_source == "tz_assumed"


def test_without_last_seen_it_is_the_moment_of_reception(bench):
    decoded = bench.decode("zigbee2mqtt", {"pm25": 1}, topic=TOPIC)
    assert decoded.readings[0].observed_at == bench.received_at
    assert decoded.time_source == "received"


def test_ikeas_marker_and_null_become_flags(bench):
    decoded = bench.decode(
        "zigbee2mqtt", {"pm25": -1, "pm10": 65535, "humidity": None, "temperature": -1}, topic=TOPIC
    )
    assert [(r.quantity, r.value, r.flag) for r in decoded.readings] == [
        ("pm25", None, "sensor_error"),
        ("pm10", None, "sensor_error"),
        ("humidity", None, "no_value"),
        ("temperature", -1.0, ""),
    ]


def test_formaldehyde_comes_in_milligrams_and_voltage_in_millivolts(bench):
    decoded = bench.decode("zigbee2mqtt", {"formaldehyd": 0.012, "battery": 90, "voltage": 3000}, topic=TOPIC)
    assert bench.values(decoded) == {("hcho_ugm3", "native", ""): pytest.approx(12.0)}
    assert decoded.status == {"battery_pct": 90, "battery_v": 3}


def test_units_that_differ_by_model_must_be_declared(bench):
    message = {"voc": 120, "pressure": 98.7}
    decoded = bench.decode("zigbee2mqtt", message, topic=TOPIC)
    assert decoded.readings == []
    assert set(bench.reasons(decoded)) == {"voc", "pressure"}
    fields = {
        "voc": {"quantity": "voc_ppb", "unit": "ppb"},
        "pressure": {"quantity": "pressure", "unit": "kPa"},
    }
    decoded = bench.decode(
        "zigbee2mqtt", message, topic=TOPIC, maps={"capto-017": {"version": 1, "fields": fields}}
    )
    assert bench.values(decoded) == {("voc_ppb", "native", ""): 120.0, ("pressure", "native", ""): 987.0}


def test_a_friendly_name_may_hold_slashes(bench):
    decoded = bench.decode("zigbee2mqtt", SAMPLE, topic="maison/salon/capteur")
    assert decoded.device == "salon/capteur"


def test_the_attribute_output_gives_bare_values(bench):
    decoded = bench.decode("zigbee2mqtt", "14", topic=TOPIC + "/pm25")
    assert bench.values(decoded) == {("pm25", "unknown", ""): 14.0}
    assert decoded.device == "capto-017"


@pytest.mark.parametrize("payload", ['{"state":"offline"}', "offline"])
def test_availability_is_presence(bench, payload):
    decoded = bench.decode("zigbee2mqtt", payload, topic=TOPIC + "/availability")
    assert decoded.status == {"online": False}
    assert decoded.device == "capto-017"


def test_the_households_other_devices_are_not_read(bench):
    decoded = bench.decode(
        "zigbee2mqtt",
        '[{"ieee_address":"0x00158d0001a2b3c4","friendly_name":"Chambre de Paul"}]',
        topic="zigbee2mqtt/bridge/devices",
    )
    assert "Paul" not in repr(decoded) and "0x0015" not in repr(decoded)
    assert decoded.device is None


def test_unknown_keys_are_listed(bench):
    decoded = bench.decode(
        "zigbee2mqtt", {"pm25": 3, "fan_mode": "auto", "update": {"state": "idle"}}, topic=TOPIC
    )
    assert bench.reasons(decoded) == {"fan_mode": "the key is unknown"}


@pytest.mark.parametrize("payload", [b"", SAMPLE[:30].encode(), b"[1]", b"\xff", b'{"a":' * 100_000])
def test_what_is_no_state_is_undecodable(bench, payload):
    with pytest.raises(Undecodable):
        bench.decode("zigbee2mqtt", payload, topic=TOPIC)


def test_bad_values_are_refused_alone(bench):
    decoded = bench.decode("zigbee2mqtt", '{"pm25":1e400,"pm10":true,"pm1":"4"}', topic=TOPIC)
    assert bench.values(decoded) == {("pm1", "unknown", ""): 4.0}
    assert len(decoded.rejected) == 2


def test_the_friendly_name_is_read_from_the_topic():
    known = FORMATS["zigbee2mqtt"]
    assert known.device_from_topic(TOPIC + "/availability") == "capto-017"
    assert known.device_from_topic("zigbee2mqtt/bridge/state") is None

import json
from datetime import UTC, datetime

import pytest

from firmware_bridge.formats import FORMATS, Undecodable

# The sample of the wire formats' reference, section 6.
SAMPLE = (
    '{"deduplicationId":"5f0c2a9e-7d11-4c3b-9a55-0e8f6b1d2c47","time":"2026-03-01T09:00:01.105332110+00:00",'
    '"deviceInfo":{"applicationId":"0b6f1d52-3c1e-4f0a-8d7b-2a9c4e5f6071","deviceName":"capto-022",'
    '"devEui":"70b3d57ed0001a2c","tags":{"code":"CAP-022"}},"fCnt":97,"fPort":2,"data":"AWf/3QJojwNzJ2cEAgR0",'
    '"object":{"temperatureSensor":{"1":-3.5},"humiditySensor":{"2":71.5},"barometer":{"3":1008.7},'
    '"analogInput":{"4":11.4}},"rxInfo":[{"gatewayId":"a84041ffff1f0001","rssi":-101,"snr":2.0}]}'
)
TOPIC = "application/0b6f1d52-3c1e-4f0a-8d7b-2a9c4e5f6071/device/70b3d57ed0001a2c/event/"
PM_BY_ANALOG = {"version": 4, "fields": {"analog_in_4": {"quantity": "pm25", "variant": "native"}}}
VALUES = {
    ("temperature", "native", ""): -3.5,
    ("humidity", "native", ""): 71.5,
    ("pressure", "native", ""): 1008.7,
    ("pm25", "native", ""): 11.4,
}


def event(**changes):
    return {key: value for key, value in (json.loads(SAMPLE) | changes).items() if value is not None}


def test_the_sample_is_read_under_the_same_names_as_ttn(bench):
    decoded = bench.decode("chirpstack", SAMPLE, topic=TOPIC + "up", maps={"70B3D57ED0001A2C": PM_BY_ANALOG})
    assert bench.values(decoded) == VALUES
    assert decoded.device == "70B3D57ED0001A2C"  # one canonical form of a DevEUI
    assert decoded.readings[0].observed_at == datetime(2026, 3, 1, 9, 0, 1, 105332, tzinfo=UTC)
    assert decoded.message_id == "5f0c2a9e-7d11-4c3b-9a55-0e8f6b1d2c47"
    assert decoded.status == {"rssi": -101, "snr": 2}
    assert decoded.rejected == []


def test_without_a_codec_the_bytes_are_read(bench):
    assert bench.values(bench.decode("chirpstack", event(object=None), maps=PM_BY_ANALOG)) == VALUES


def test_a_codec_of_a_known_model_uses_the_same_map_as_ttn(bench):
    decoded = bench.decode("chirpstack", event(object={"pm2.5": 11, "pm10": 17}))
    assert bench.values(decoded) == {("pm25", "native", ""): 11.0, ("pm10", "native", ""): 17.0}


def test_a_row_may_be_chosen_by_the_name_of_the_device_profile(bench):
    message = event(object={"pm": 5})
    message["deviceInfo"]["deviceProfileName"] = "our own"
    maps = {"our own": {"version": 1, "fields": {"pm": {"quantity": "pm25", "variant": "native"}}}}
    decoded = bench.decode("chirpstack", message, maps=maps)
    assert bench.values(decoded) == {("pm25", "native", ""): 5.0}
    assert decoded.status["model"] == "our own"


def test_a_position_of_the_device_belongs_to_its_readings(bench):
    place = {"gpsLocation": {"5": {"latitude": 45.76, "longitude": 4.84, "altitude": 173}}}
    decoded = bench.decode("chirpstack", event(object={"temperatureSensor": {"1": 6.8}, **place}))
    assert decoded.readings[0].position == (45.76, 4.84, 173.0)


def test_a_status_event_is_health(bench):
    message = event(margin=12, batteryLevel=76.4, object=None, data=None)
    decoded = bench.decode("chirpstack", message, topic=TOPIC + "status")
    assert decoded.status == {"link_margin": 12, "battery_pct": 76.4}
    assert decoded.readings == [] and decoded.rejected == []


def test_other_events_are_named_and_not_read(bench):
    decoded = bench.decode("chirpstack", event(), topic="/ingest/chirpstack?event=join")
    assert decoded.status == {"event": "join"}
    assert decoded.readings == []


def test_without_a_time_reception_is_told(bench):
    decoded = bench.decode("chirpstack", event(time=None))
    assert decoded.readings[0].observed_at == bench.received_at
    assert decoded.time_source == "received"


def test_version_3_is_refused_with_that_reason(bench):
    with pytest.raises(Undecodable, match="v3"):
        bench.decode("chirpstack", {"applicationID": "1", "devEUI": "cLPVftAAGiw=", "data": "AWf/3Q=="})


@pytest.mark.parametrize(
    "payload", [b"", SAMPLE[:300].encode(), b"{}", b"[]", b"\xff", b'{"deviceInfo":{}', b"[" * 100_000]
)
def test_what_is_no_event_is_undecodable(bench, payload):
    with pytest.raises(Undecodable):
        bench.decode("chirpstack", payload)


def test_bad_values_are_refused_alone(bench):
    message = event(
        object={"temperatureSensor": {"1": "warm", "x": 3}, "humiditySensor": {"2": 71.5}, "barometer": 3}
    )
    decoded = bench.decode("chirpstack", message)
    assert bench.values(decoded) == {("humidity", "native", ""): 71.5}
    assert set(bench.reasons(decoded)) == {"temperature_1", "temperature_x", "barometer"}


def test_an_event_without_a_dev_eui_has_no_device(bench):
    decoded = bench.decode("chirpstack", {"deviceInfo": {"devEui": "cLPVftAAGiw="}, "object": {"pm10": 3}})
    assert decoded.device is None
    assert "devEui" in bench.reasons(decoded)


def test_the_dev_eui_is_read_from_the_topic():
    assert FORMATS["chirpstack"].device_from_topic(TOPIC + "up") == "70B3D57ED0001A2C"

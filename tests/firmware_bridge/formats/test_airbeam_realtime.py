import base64
import gzip
import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from firmware_bridge.formats import Undecodable

# The sample of the wire formats' reference, section 20.
DATA = (
    '{"session_uuid":"7d9b2f1c-0000-4000-8000-00000000abcd","sensor_package_name":"AirBeam3-a1b2c3d4e5f6",'
    '"sensor_name":"AirBeam3-PM2.5","measurement_type":"Particulate Matter","measurement_short_type":"PM",'
    '"unit_name":"microgram per cubic meter","unit_symbol":"µg/m³","threshold_very_low":0,"threshold_low":9,'
    '"threshold_medium":35,"threshold_high":55,"threshold_very_high":150,"measurements":[{"longitude":4.84,'
    '"latitude":45.76,"time":"2026-03-01T10:00:00","milliseconds":0,"value":11}]}'
)
PARIS = ZoneInfo("Europe/Paris")
NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)


def plain(data=DATA):
    return json.dumps({"data": data, "compression": False})


def squeezed(text):
    return json.dumps({"data": base64.b64encode(gzip.compress(text.encode())).decode(), "compression": True})


def changed(**changes):
    return json.dumps(json.loads(DATA) | changes)


@pytest.mark.parametrize("body", [plain(), squeezed(DATA)])
def test_the_sample_is_read_plain_and_compressed(bench, body):
    decoded = bench.decode("airbeam_realtime", body, timezone=PARIS)
    assert bench.values(decoded) == {("pm25", "unknown", ""): 11.0}
    (reading,) = decoded.readings
    assert reading.observed_at == NINE  # local to the session
    assert reading.flag == decoded.time_source == "tz_assumed"
    assert reading.position == (45.76, 4.84, None)
    assert decoded.device == "AirBeam3-a1b2c3d4e5f6"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AirBeam3-PM1", {("pm1", "unknown", ""): 50.0}),
        ("AirBeam3-PM10", {("pm10", "unknown", ""): 50.0}),
        ("AirBeam3-RH", {("humidity", "native", ""): 50.0}),
        ("AirBeam3-F", {("temperature", "native", ""): pytest.approx(10.0)}),  # (50 - 32) / 1.8
    ],
)
def test_the_suffix_names_the_quantity(bench, name, expected):
    data = changed(sensor_name=name, measurements=[{"time": "2026-03-01T10:00:00", "value": 50}])
    assert bench.values(bench.decode("airbeam_realtime", plain(data))) == expected


def test_milliseconds_belong_to_the_time(bench):
    data = changed(measurements=[{"time": "2026-03-01T10:00:00", "milliseconds": 250, "value": 1}])
    decoded = bench.decode("airbeam_realtime", plain(data), timezone=PARIS)
    assert decoded.readings[0].observed_at == NINE.replace(microsecond=250_000)


def test_one_bad_measurement_does_not_refuse_the_others(bench):
    rows = [
        {"time": "2026-03-01T10:00:00", "value": 11},
        {"time": "2026-03-01T10:01:00", "value": "high"},
        {"value": 3},
        7,
    ]
    decoded = bench.decode("airbeam_realtime", plain(changed(measurements=rows)))
    assert len(decoded.readings) == 1
    assert [rejected.item for rejected in decoded.rejected] == [
        "measurements[1]",
        "measurements[2]",
        "measurements[3]",
    ]


def test_an_unknown_sensor_is_refused_with_a_reason(bench):
    decoded = bench.decode("airbeam_realtime", plain(changed(sensor_name="Phone Microphone")))
    assert decoded.readings == []
    assert bench.reasons(decoded) == {"sensor_name": "the sensor is unknown"}


def test_a_bomb_is_not_inflated(bench):
    bomb = json.dumps(
        {"data": base64.b64encode(gzip.compress(b" " * 20_000_000)).decode(), "compression": True}
    )
    with pytest.raises(Undecodable, match="too large"):
        bench.decode("airbeam_realtime", bomb)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b'{"data":{}}',
        plain()[:60].encode(),
        plain("{}").encode(),
        plain("[").encode(),
        b'{"data":"%%%","compression":true}',
        squeezed(DATA).replace("=", "").encode()[:120] + b'","compression":true}',
        b"\xff",
        plain("[" * 100_000).encode(),
    ],
)
def test_what_is_no_request_is_undecodable(bench, payload):
    with pytest.raises(Undecodable):
        bench.decode("airbeam_realtime", payload)

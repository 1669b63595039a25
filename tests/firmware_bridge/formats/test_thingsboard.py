import json
from datetime import UTC, datetime

import pytest

from firmware_bridge.formats import FORMATS, Undecodable

ROW = {
    "version": 1,
    "fields": {
        "pm25": {"quantity": "pm25", "variant": "native"},
        "temperature": {"quantity": "temperature", "unit": "°C"},
    },
}
NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)  # 1772355600000 ms
LATER = datetime(2026, 3, 2, tzinfo=UTC)


def decode(bench, message, **options):
    return bench.decode("thingsboard", message, **{"maps": {"*": ROW}, "received_at": LATER, **options})


# The samples of the wire formats' reference, section 22.
def test_values_alone_are_of_now(bench):
    decoded = decode(bench, '{"pm25":11.4,"temperature":6.8}', topic="v1/devices/me/telemetry")
    assert bench.values(decoded) == {("pm25", "native", ""): 11.4, ("temperature", "native", ""): 6.8}
    assert decoded.readings[0].observed_at == LATER
    assert decoded.time_source == "received"
    assert decoded.device is None


def test_a_timestamp_is_in_milliseconds(bench):
    decoded = decode(bench, '{"ts":1772355600000,"values":{"pm25":11.4}}')
    assert decoded.readings[0].observed_at == NINE
    assert decoded.time_source == "device"


def test_a_list_holds_several_moments(bench):
    decoded = decode(
        bench, '[{"ts":1772355600000,"values":{"pm25":11.4}},{"ts":1772355660000,"values":{"pm25":11.7}}]'
    )
    assert [(r.value, r.observed_at) for r in decoded.readings] == [
        (11.4, NINE),
        (11.7, NINE.replace(minute=1)),
    ]


def test_a_gateway_names_its_device(bench):
    message = '{"capto-017":[{"ts":1772355600000,"values":{"pm25":11.4}}]}'
    decoded = decode(bench, message, topic="v1/gateway/telemetry", maps={"capto-017": ROW})
    assert decoded.device == "capto-017"
    assert bench.values(decoded) == {("pm25", "native", ""): 11.4}


def test_a_gateway_for_several_devices_is_split_before(bench):
    known = FORMATS["thingsboard"]
    message = json.dumps({"a": [{"values": {"pm25": 1}}], "b": [{"values": {"pm25": 2}}]}).encode()
    parts = known.split(message, "v1/gateway/telemetry")
    assert [(decode(bench, part).device, decode(bench, part).readings[0].value) for part in parts] == [
        ("a", 1.0),
        ("b", 2.0),
    ]
    whole = decode(bench, message)
    assert (whole.device, len(whole.readings)) == ("a", 1)
    assert list(bench.reasons(whole)) == ["device"]
    assert known.split(b'{"pm25":1,"pm10":2}', "v1/devices/me/telemetry") == [b'{"pm25":1,"pm10":2}']


def test_seconds_for_milliseconds_are_kept_with_that_hint(bench):
    decoded = decode(bench, '{"ts":1772355600,"values":{"pm25":11.4}}')
    assert decoded.readings[0].observed_at == datetime(1970, 1, 21, 12, 19, 15, 600_000, tzinfo=UTC)
    assert decoded.readings[0].flag == "time_in_seconds"
    assert bench.reasons(decoded) == {"ts": "before 2015: were seconds given for milliseconds?"}


def test_a_name_that_no_row_declares_is_not_guessed(bench):
    decoded = bench.decode("thingsboard", '{"pm25":11.4}')
    assert decoded.readings == []
    assert bench.reasons(decoded) == {"pm25": "no row declares what the name measures"}


def test_text_booleans_and_nested_values_are_cast_or_refused(bench):
    decoded = decode(bench, '{"pm25":"11.4","temperature":{"v":1}}')
    assert bench.values(decoded) == {("pm25", "native", ""): 11.4}
    assert bench.reasons(decoded) == {"temperature": "not a number"}
    assert decode(bench, '{"pm25":true}').readings == []


@pytest.mark.parametrize("stamp", ['"soon"', "NaN", "null", "1e300", "true", "9e14"])
def test_a_time_that_is_none_refuses_its_row_alone(bench, stamp):
    first = '{"ts":' + stamp + ',"values":{"pm25":1}}'
    decoded = decode(bench, f'[{first},{{"ts":1772355600000,"values":{{"pm25":2}}}}]')
    assert [reading.value for reading in decoded.readings] == [2.0]
    assert len(decoded.rejected) == 1


def test_a_message_has_a_maximum(bench):
    rows = [{"ts": 1772355600000 + second * 1000, "values": {"pm25": 1}} for second in range(5001)]
    decoded = decode(bench, rows)
    assert len(decoded.readings) == 5000
    assert bench.reasons(decoded) == {"[5000]": "a message may hold 5000 rows"}


@pytest.mark.parametrize("payload", [b"", b'{"pm25":', b"3", b'"x"', b"\xff", b"[" * 100_000])
def test_what_is_no_telemetry_is_undecodable(bench, payload):
    with pytest.raises(Undecodable):
        decode(bench, payload)

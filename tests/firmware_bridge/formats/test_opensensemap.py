from datetime import UTC, datetime

import pytest

from firmware_bridge.formats import FORMATS, Undecodable

BOX = "/boxes/5c1a7e42b9f03d6688aa10c0/data"
PM25, PM10, WARM, DAMP = (f"5c1a7e42b9f03d6688aa10c{digit}" for digit in "789a")
# The samples of the wire formats' reference, section 4.
OBJECT = (
    '{"5c1a7e42b9f03d6688aa10c7":"11.4","5c1a7e42b9f03d6688aa10c8":["17.2"],'
    '"5c1a7e42b9f03d6688aa10c9":["6.8","2026-03-01T09:00:00Z"],'
    '"5c1a7e42b9f03d6688aa10ca":["74.1","2026-03-01T09:00:00Z",{"lat":45.76,"lng":4.84}]}'
)
ARRAY = (
    '[{"sensor":"5c1a7e42b9f03d6688aa10c7","value":"11.4"},{"sensor":"5c1a7e42b9f03d6688aa10c8","value":"17.2",'
    '"createdAt":"2026-03-01T09:00:00Z","location":[4.84,45.76,173.0]}]'
)
ROW = {
    "version": 1,
    "fields": {
        PM25: {"quantity": "pm25", "unit": "µg/m³", "variant": "native"},
        PM10: {"quantity": "pm10", "unit": "μg/m³"},  # the other micro sign
        WARM: {"quantity": "temperature", "unit": "°C"},
        DAMP: {"quantity": "humidity", "unit": "%"},
        "5c1a7e42b9f03d6688aa10cb": {"quantity": "pressure", "unit": "Pa"},
        "5c1a7e42b9f03d6688aa10cc": {"quantity": "pressure", "unit": "Cel"},
    },
}
MAPS = {"5c1a7e42b9f03d6688aa10c0": ROW}
LATER = datetime(2026, 3, 2, tzinfo=UTC)
NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)


def test_the_object_form_is_read_by_the_boxs_declaration(bench):
    decoded = bench.decode("opensensemap", OBJECT, topic=BOX, maps=MAPS, received_at=LATER)
    assert [(r.quantity, r.variant, r.value, r.observed_at, r.position) for r in decoded.readings] == [
        ("pm25", "native", 11.4, LATER, None),
        ("pm10", "unknown", 17.2, LATER, None),
        ("temperature", "native", 6.8, NINE, None),
        ("humidity", "native", 74.1, NINE, (45.76, 4.84, None)),
    ]
    assert decoded.device == "5c1a7e42b9f03d6688aa10c0"
    assert decoded.time_source == "received"  # of two of them
    assert decoded.mapping == "opensensemap/1+1"


def test_the_array_form_has_longitude_first(bench):
    decoded = bench.decode("opensensemap", ARRAY, topic=BOX, maps=MAPS)
    assert bench.values(decoded) == {("pm25", "native", ""): 11.4, ("pm10", "unknown", ""): 17.2}
    assert decoded.readings[1].position == (45.76, 4.84, 173.0)


def test_one_value_may_be_posted_to_the_path_of_its_sensor(bench):
    body = {"value": "98730.55", "createdAt": "2026-03-01T09:00:00Z"}
    path = "/boxes/5c1a7e42b9f03d6688aa10c0/5c1a7e42b9f03d6688aa10cb"
    decoded = bench.decode("opensensemap", body, topic=path, maps=MAPS)
    assert bench.values(decoded) == {("pressure", "native", ""): pytest.approx(987.3055, rel=1e-12)}
    assert decoded.time_source == "device"


def test_numbers_are_as_good_as_text_and_sensor_id_as_sensor(bench):
    decoded = bench.decode("opensensemap", [{"sensor_id": PM25.upper(), "value": 11.4}], topic=BOX, maps=MAPS)
    assert bench.values(decoded) == {("pm25", "native", ""): 11.4}


def test_one_bad_value_does_not_refuse_the_request(bench):
    body = {
        PM25: "11.4",
        PM10: "high",
        WARM: ["6.8", "yesterday"],
        DAMP: ["1", "2026-03-01T09:00:00Z", [4, 45], 4],
        "00112233445566778899aabb": "1",
        "5c1a7e42b9f03d6688aa10ff": "1",
        "5c1a7e42b9f03d6688aa10cc": "1",
        "temperature": "1",
    }
    decoded = bench.decode("opensensemap", body, topic=BOX, maps=MAPS)
    assert bench.values(decoded) == {("pm25", "native", ""): 11.4}
    assert bench.reasons(decoded) == {
        PM10: "not a number",
        WARM: "the time cannot be read",
        DAMP: "its array must hold a value, and may hold a time and a place",
        "00112233445566778899aabb": "the placeholder of the example sketches, not a sensor",
        "5c1a7e42b9f03d6688aa10ff": "the box declares no such sensor",
        "5c1a7e42b9f03d6688aa10cc": "its declaration cannot be used: the unit does not fit pressure",
        "temperature": "not a sensor id",
    }


def test_without_a_declaration_nothing_is_guessed(bench):
    decoded = bench.decode("opensensemap", OBJECT, topic=BOX)
    assert decoded.readings == []
    assert set(bench.reasons(decoded).values()) == {"the box declares no such sensor"}


def test_no_time_is_too_old_or_too_far(bench):
    body = {PM25: ["1", "1970-01-01T00:00:00Z"], PM10: ["1", "9999-12-31T23:59:59Z"]}
    decoded = bench.decode("opensensemap", body, topic=BOX, maps=MAPS)
    assert [(reading.observed_at.year, reading.flag) for reading in decoded.readings] == [
        (1970, "clock_not_set"),
        (9999, ""),
    ]


def test_a_request_has_a_maximum(bench):
    body = [
        {"sensor": PM25, "value": 1, "createdAt": f"2026-03-01T{i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}Z"}
        for i in range(2502)
    ]
    decoded = bench.decode("opensensemap", body, topic=BOX, maps=MAPS)
    assert len(decoded.readings) == 2500
    assert list(bench.reasons(decoded).values()) == ["a request may hold 2500 values"]


@pytest.mark.parametrize("payload", [b"", OBJECT[:30].encode(), b"3", b"\xff", b'"x"', b"[" * 100_000])
def test_what_is_no_message_is_undecodable(bench, payload):
    with pytest.raises(Undecodable):
        bench.decode("opensensemap", payload, topic=BOX, maps=MAPS)


def test_the_box_is_read_from_the_path():
    assert FORMATS["opensensemap"].device_from_topic(BOX) == "5c1a7e42b9f03d6688aa10c0"
    assert FORMATS["opensensemap"].device_from_topic("/boxes/x/data") is None
    assert FORMATS["opensensemap"].needs_maps

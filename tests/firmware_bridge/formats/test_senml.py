import json
from datetime import UTC, datetime, timedelta

import pytest

from firmware_bridge.formats import FORMATS, Undecodable

# The sample of the wire formats' reference, section 10; 1772355600 is 2026-03-01T09:00:00Z.
SAMPLE = (
    '[{"bn":"urn:dev:mac:a1b2c3fffed4e5f6:","bt":1772355600,"n":"pm25","u":"ug/m3","v":11.4},'
    '{"n":"pm10","u":"ug/m3","v":17.2},{"n":"temperature","u":"Cel","v":6.8},{"n":"humidity","u":"%RH","v":74.1},'
    '{"n":"pm25","u":"ug/m3","t":-60,"v":10.9}]'
)
NINE = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def pack(*records):
    return json.dumps([{"bn": "urn:dev:mac:a1b2c3fffed4e5f6:"}, *records])


def test_the_sample_of_the_reference_is_resolved_record_by_record(bench):
    decoded = bench.decode("senml", SAMPLE, received_at=datetime(2026, 3, 2, tzinfo=UTC))
    assert [(reading.quantity, reading.value, reading.observed_at) for reading in decoded.readings] == [
        ("pm25", 11.4, NINE),
        ("pm10", 17.2, NINE),
        ("temperature", 6.8, NINE),
        ("humidity", 74.1, NINE),
        ("pm25", 10.9, NINE - timedelta(seconds=60)),
    ]
    assert decoded.device == "urn:dev:mac:a1b2c3fffed4e5f6"
    assert decoded.time_source == "device"
    assert decoded.rejected == []
    assert {reading.variant for reading in decoded.readings if reading.quantity == "pm25"} == {"unknown"}


def test_the_variant_is_the_suffix_of_the_name(bench):
    decoded = bench.decode(
        "senml", pack({"n": "pm25:cf1", "u": "ug/m3", "v": 5}, {"n": "pm25:onboard", "u": "ug/m3", "v": 4})
    )
    assert bench.values(decoded) == {("pm25", "cf1", ""): 5.0, ("pm25", "onboard", ""): 4.0}


@pytest.mark.parametrize(
    ("record", "value"),
    [
        ({"n": "temperature", "u": "K", "v": 280.15}, 280.15 - 273.15),
        ({"n": "pressure", "u": "Pa", "v": 98730.55}, 987.3055),
        ({"n": "pressure", "u": "hPa", "v": 987.3}, 987.3),
        ({"n": "pm25", "u": "mg/m3", "v": 0.0125}, 12.5),
        ({"n": "co2", "u": "ppm", "v": 431}, 431.0),
        ({"n": "illuminance", "u": "lux", "v": 35}, 35.0),
        ({"n": "humidity", "u": "%RH", "v": "74.1"}, 74.1),
    ],
)
def test_units_are_brought_to_the_canonical_one(bench, record, value):
    (reading,) = bench.decode("senml", pack(record)).readings
    assert reading.value == pytest.approx(value, rel=1e-12)


def test_a_time_below_two_to_the_28_counts_from_now(bench):
    decoded = bench.decode("senml", pack({"n": "pm25", "u": "ug/m3", "v": 5, "t": -60}))
    assert decoded.readings[0].observed_at == bench.received_at - timedelta(seconds=60)
    assert decoded.time_source == "received"
    decoded = bench.decode("senml", pack({"n": "pm25", "u": "ug/m3", "v": 5}))
    assert decoded.readings[0].observed_at == bench.received_at
    decoded = bench.decode("senml", pack({"n": "pm25", "u": "ug/m3", "v": 5, "t": 2**28}))
    assert decoded.readings[0].observed_at == datetime(1978, 7, 4, 21, 24, 16, tzinfo=UTC)  # 2^28 s of 1970
    assert decoded.time_source == "device"


def test_base_unit_value_and_name_hold_until_replaced(bench):
    records = [
        {"bn": "dev1:", "bu": "ug/m3", "bv": 10, "n": "pm25", "v": 1.5},
        {"n": "pm10", "v": 2.5},
        {"bu": "Cel", "bv": 0, "n": "temperature", "v": 6},
    ]
    decoded = bench.decode("senml", records)
    assert decoded.device == "dev1"
    assert [reading.value for reading in decoded.readings] == [11.5, 12.5, 6.0]


def test_battery_and_signal_are_health_and_not_measurements(bench):
    decoded = bench.decode(
        "senml",
        pack(
            {"n": "battery", "u": "%EL", "v": 76},
            {"n": "vbat", "u": "V", "v": 3.91},
            {"n": "rssi", "u": "dBW", "v": -93},
        ),
    )
    assert decoded.readings == []
    assert decoded.status == {"battery_pct": 76, "battery_v": 3.91, "rssi": -63}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"n": "pm25", "v": 5}, "its unit is missing"),
        ({"n": "pm25", "u": "grain", "v": 5}, "the unit is unknown"),
        ({"n": "temperature", "u": "C", "v": 5}, "the unit is unknown"),  # the coulomb
        ({"n": "pm25", "u": "Cel", "v": 5}, "the unit does not fit pm25"),
        ({"n": "pm99", "u": "ug/m3", "v": 5}, "the quantity is unknown"),
        ({"n": "pm25", "u": "ug/m3", "vs": "high"}, "text, true/false or data is not a measurement"),
        ({"n": "pm25", "u": "ug/m3", "s": 5}, "a sum is not a measurement"),
        ({"n": "pm25", "u": "ug/m3", "v": True}, "true or false is not a number"),
        (
            {"n": "pm25", "u": "ug/m3", "v": 5, "x_": 1},
            "it has a label that must be understood and is unknown",
        ),
        ({"n": "pm25 ", "u": "ug/m3", "v": 5}, "its name is missing or has characters that SenML forbids"),
        ({"n": "pm25", "u": "ug/m3", "v": 5, "t": "noon"}, "not a number"),
        ({"n": "pm25", "u": "ug/m3", "v": 5, "t": 1e11}, None),
        ({"n": "pm25", "u": "ug/m3", "v": 5, "t": 1e12 - 1}, "the time is not a date that exists"),
        ({"n": "pm25", "u": "ug/m3"}, "it has no value"),
    ],
)
def test_a_bad_record_is_refused_alone(bench, record, reason):
    decoded = bench.decode("senml", pack({"n": "pm10", "u": "ug/m3", "v": 17.2}, record))
    assert (
        (len(decoded.readings), list(bench.reasons(decoded).values())) == (1, [reason]) if reason else (2, [])
    )


def test_a_year_5138_is_quarantined_by_the_bridge_and_not_by_us(bench):
    decoded = bench.decode("senml", pack({"n": "pm25", "u": "ug/m3", "v": 5, "t": 100_000_000_000}))
    assert decoded.readings[0].observed_at == datetime(5138, 11, 16, 9, 46, 40, tzinfo=UTC)


def test_infinities_are_refused(bench):
    text = (
        '[{"n":"pm25","u":"ug/m3","v":NaN},{"n":"pm10","u":"ug/m3","v":1e400},{"n":"pm1","u":"ug/m3","v":3}]'
    )
    decoded = bench.decode("senml", text)
    assert bench.values(decoded) == {("pm1", "unknown", ""): 3.0}
    assert set(bench.reasons(decoded).values()) == {"not a finite number"}


def test_a_pack_speaks_for_one_device(bench):
    decoded = bench.decode(
        "senml",
        [{"bn": "a:", "n": "pm25", "u": "ug/m3", "v": 5}, {"bn": "b:", "n": "pm25", "u": "ug/m3", "v": 6}],
    )
    assert decoded.device == "a"
    assert bench.values(decoded) == {("pm25", "unknown", ""): 5.0}
    assert list(bench.reasons(decoded).values()) == ["it names another device than the records before"]


def test_the_device_may_stand_in_the_topic_alone(bench):
    decoded = bench.decode("senml", [{"n": "pm25", "u": "ug/m3", "v": 5}], topic="senml/capto-017")
    assert decoded.device == "capto-017"


def test_a_quantity_of_ours_alone_is_declared_by_a_row(bench):
    maps = {"version": 1, "fields": {"nitrate": {"quantity": "nitrate", "unit": "mg/L"}}}
    decoded = bench.decode("senml", pack({"n": "nitrate", "u": "mg/L", "v": 21.5}), maps=maps)
    assert decoded.readings[0][:5] == ("nitrate", "native", "", 21.5, "mg/L")
    assert decoded.mapping == "senml/1+1"


def test_a_pack_has_a_maximum(bench):
    record = {"n": "pm25", "u": "ug/m3", "v": 5}
    decoded = bench.decode("senml", [{**record, "t": -second} for second in range(5003)])
    assert len(decoded.readings) == 5000
    assert bench.reasons(decoded) == {"[5000]": "a pack may hold 5000 records"}


@pytest.mark.parametrize(
    "payload",
    [b"", b"{}", b"[]", b"[{", b"[" * 100_000, b"\x80", b'[{"bver":11,"n":"pm25","u":"ug/m3","v":5}]'],
)
def test_what_is_no_pack_is_undecodable(bench, payload):
    with pytest.raises(Undecodable):
        bench.decode("senml", payload)


def test_the_bridge_is_told_that_the_time_is_stated():
    assert FORMATS["senml"].states_time
    assert FORMATS["senml"].transport == "both"


# [{-2: "urn:dev:mac:a1:", -3: 1772355600, 0: "pm25", 1: "ug/m3", 2: 11.5}, {0: "temperature", 1: "Cel", 2: -2}],
# encoded by hand after RFC 8949: 82 array of 2, a5 map of 5, 21 is -2, 22 is -3, 1a a four-byte number,
# f9 49c0 the half float 11.5, a3 map of 3, 21 the number -2.
CBOR = bytes.fromhex(
    "82"
    "a5"
    "21"
    "6f" + b"urn:dev:mac:a1:".hex() + "22"
    "1a69a40010"
    "00"
    "64" + b"pm25".hex() + "01"
    "65" + b"ug/m3".hex() + "02"
    "f949c0"
    "a3"
    "00"
    "6b" + b"temperature".hex() + "01"
    "63" + b"Cel".hex() + "02"
    "21"
)


def test_a_pack_in_cbor_is_the_same_pack(bench):
    decoded = bench.decode("senml", CBOR, headers={"Content-Type": "application/senml+cbor"})
    assert bench.values(decoded) == {("pm25", "unknown", ""): 11.5, ("temperature", "native", ""): -2.0}
    assert {reading.observed_at for reading in decoded.readings} == {NINE}
    assert decoded.device == "urn:dev:mac:a1"


@pytest.mark.parametrize(
    "payload", [CBOR[:-1], CBOR + b"\x00", b"\x9f", b"\x81" * 100_000, b"\x9b" + b"\xff" * 8, b"\x81\x1c"]
)
def test_cbor_that_is_none_is_undecodable(bench, payload):
    with pytest.raises(Undecodable):
        bench.decode("senml", payload)

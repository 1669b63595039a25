import struct
from datetime import UTC, datetime

import pytest

from firmware_bridge.formats import Undecodable

BOX = "/boxes/5c1a7e42b9f03d6688aa10c0/data"
PM25, PM10 = "5c1a7e42b9f03d6688aa10c7", "5c1a7e42b9f03d6688aa10c8"
MAPS = {
    "version": 1,
    "fields": {PM25: {"quantity": "pm25", "unit": "µg/m³"}, PM10: {"quantity": "pm10", "unit": "µg/m³"}},
}
NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)
LATER = datetime(2026, 3, 2, tzinfo=UTC)


def csv(bench, text, **options):
    options = {"topic": BOX, "headers": {"content-type": "text/csv; charset=utf-8"}, "maps": MAPS, **options}
    return bench.decode("opensensemap_other", text, **options)


def sbx(bench, data, kind):
    return bench.decode(
        "opensensemap_other", data, topic=BOX, headers={"Content-Type": kind}, maps=MAPS, received_at=LATER
    )


def test_the_csv_samples_are_read(bench):
    text = f"{PM25},11.4\r\n{PM10},17.2,2026-03-01T09:00:00Z,4.84,45.76,173.0\r\n"
    decoded = csv(bench, text, received_at=LATER)
    assert [(r.quantity, r.value, r.observed_at, r.position) for r in decoded.readings] == [
        ("pm25", 11.4, LATER, None),
        ("pm10", 17.2, NINE, (45.76, 4.84, 173.0)),
    ]


def test_an_empty_leading_field_is_skipped_and_ambiguous_lines_are_refused(bench):
    decoded = csv(bench, f",{PM25},11.4\n{PM10},17.2,,4.84,45.76\n{PM10}\n\n{PM10},1,2,3\n")
    assert bench.values(decoded) == {("pm25", "unknown", ""): 11.4}
    assert bench.reasons(decoded) == {
        "line 2": "a place without a time is ambiguous",
        "line 3": "it has not 2, 3, 5 or 6 fields",
        "line 5": "it has not 2, 3, 5 or 6 fields",
    }


def test_the_binary_samples_are_read(bench):
    decoded = sbx(bench, bytes.fromhex("5c1a7e42b9f03d6688aa10c700004841"), "application/sbx-bytes")
    assert bench.values(decoded) == {("pm25", "unknown", ""): 12.5}
    assert decoded.readings[0].observed_at == LATER
    decoded = sbx(
        bench, bytes.fromhex("5c1a7e42b9f03d6688aa10c7000048411000a469"), "application/sbx-bytes-ts"
    )
    assert bench.values(decoded) == {("pm25", "unknown", ""): 12.5}
    assert decoded.readings[0].observed_at == NINE
    assert decoded.time_source == "device"


def test_binary_floats_are_not_rounded_to_one_decimal(bench):
    data = bytes.fromhex(PM25) + struct.pack("<f", 11.437)
    assert bench.values(sbx(bench, data, "application/sbx-bytes")) == {("pm25", "unknown", ""): 11.437}


def test_a_binary_nan_is_refused_alone(bench):
    data = bytes.fromhex(PM25) + struct.pack("<f", float("nan")) + bytes.fromhex(PM10) + struct.pack("<f", 3)
    decoded = sbx(bench, data, "application/sbx-bytes")
    assert bench.values(decoded) == {("pm10", "unknown", ""): 3.0}
    assert bench.reasons(decoded) == {PM25: "not a finite number"}


@pytest.mark.parametrize(
    ("length", "kind"), [(0, "bytes"), (17, "bytes"), (20, "bytes"), (16, "bytes-ts"), (21, "bytes-ts")]
)
def test_a_length_that_is_no_multiple_is_undecodable(bench, length, kind):
    with pytest.raises(Undecodable):
        sbx(bench, b"\x5c" * length, f"application/sbx-{kind}")


def test_luftdaten_is_read_by_our_table_and_needs_no_declaration(bench):
    body = {
        "sensordatavalues": [
            {"value_type": "SDS_P1", "value": "17.25"},
            {"value_type": "BME280_pressure", "value": "98730.55"},
        ]
    }
    decoded = bench.decode("opensensemap_other", body, topic=BOX + "?luftdaten=1")
    assert bench.values(decoded) == {
        ("pm10", "native", ""): 17.25,
        ("pressure", "native", ""): pytest.approx(987.3055, rel=1e-12),
    }
    assert decoded.device == "5c1a7e42b9f03d6688aa10c0"


HACKAIR = (
    '{"reading":{"PM2.5_AirPollutantValue":"11.40","PM10_AirPollutantValue":"17.20","Temperature_Value":"6.80",'
    '"Humidity_Value":"74.10"},"battery":"4.02","tamper":"0","error":"0"}'
)


def test_the_hackair_sample_is_read(bench):
    decoded = bench.decode("opensensemap_other", HACKAIR, topic=BOX + "?hackair=1")
    assert bench.values(decoded) == {
        ("pm25", "unknown", ""): 11.4,
        ("pm10", "unknown", ""): 17.2,
        ("temperature", "native", ""): 6.8,
        ("humidity", "native", ""): 74.1,
    }
    assert decoded.status == {"battery_v": 4.02}
    assert {reading.flag for reading in decoded.readings} == {""}


def test_an_error_code_of_hackair_flags_its_readings(bench):
    decoded = bench.decode(
        "opensensemap_other", HACKAIR.replace('"error":"0"', '"error":"3"'), topic=BOX + "?hackair=1"
    )
    assert {reading.flag for reading in decoded.readings} == {"device_flagged"}
    assert decoded.status["errors"] == ["error 3"]


@pytest.mark.parametrize(
    ("payload", "topic", "kind"),
    [
        (b"{}", BOX, ""),
        (b"{}", BOX, "application/json"),
        (b"", BOX, "text/csv"),
        (b"{}", BOX + "?hackair=1", ""),
        (b"{}", BOX + "?luftdaten=1", ""),
        (b"\xff", BOX + "?luftdaten=1", ""),
        (HACKAIR[:40].encode(), BOX + "?hackair=1", ""),
    ],
)
def test_what_is_no_message_is_undecodable(bench, payload, topic, kind):
    with pytest.raises(Undecodable):
        bench.decode("opensensemap_other", payload, topic=topic, headers={"Content-Type": kind})

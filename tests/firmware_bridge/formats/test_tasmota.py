from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from firmware_bridge.formats import FORMATS, Undecodable

# The sample of the wire formats' reference, section 7.
SAMPLE = (
    '{"Time":"2026-03-01T10:00:00","BME280":{"Temperature":6.8,"Humidity":74.1,"DewPoint":2.5,"Pressure":987.3},'
    '"PMS5003":{"CF1":6,"CF2.5":12,"CF10":15,"PM1":6,"PM2.5":11,"PM10":14,"PB0.3":1210,"PB0.5":352,"PB1":61,'
    '"PB2.5":9,"PB5":2,"PB10":1},"PressureUnit":"hPa","TempUnit":"C"}'
)
PARIS = ZoneInfo("Europe/Paris")
TOPIC = "tele/capto-017/SENSOR"


def test_the_sample_is_read_and_counts_are_per_tenth_of_a_litre(bench):
    decoded = bench.decode("tasmota", SAMPLE, topic=TOPIC, timezone=PARIS)
    assert bench.values(decoded) == {
        ("temperature", "native", ""): 6.8,
        ("humidity", "native", ""): 74.1,
        ("dew_point", "native", ""): 2.5,
        ("pressure", "native", ""): 987.3,
        ("pm1", "cf1", ""): 6.0,
        ("pm25", "cf1", ""): 12.0,
        ("pm10", "cf1", ""): 15.0,
        ("pm1", "atm", ""): 6.0,
        ("pm25", "atm", ""): 11.0,
        ("pm10", "atm", ""): 14.0,
        ("pn03", "native", ""): 12.10,
        ("pn05", "native", ""): 3.52,
        ("pn1", "native", ""): 0.61,
        ("pn25", "native", ""): 0.09,
        ("pn5", "native", ""): 0.02,
        ("pn10", "native", ""): 0.01,
    }
    assert decoded.device == "capto-017"
    assert decoded.rejected == []


def test_the_local_time_takes_the_callers_zone_and_says_so(bench):
    decoded = bench.decode("tasmota", SAMPLE, topic=TOPIC, timezone=PARIS)
    assert {reading.observed_at for reading in decoded.readings} == {datetime(2026, 3, 1, 9, tzinfo=UTC)}
    assert {reading.flag for reading in decoded.readings} == {"tz_assumed"}
    assert decoded.time_source == "tz_assumed"
    summer = bench.decode("tasmota", SAMPLE.replace("2026-03-01", "2026-07-01"), timezone=PARIS)
    assert summer.readings[0].observed_at == datetime(2026, 7, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("zone", [UTC, PARIS, ZoneInfo("Pacific/Auckland"), ZoneInfo("America/Guadeloupe")])
def test_before_the_clock_is_set_the_time_is_the_one_of_reception(bench, zone):
    message = SAMPLE.replace("2026-03-01T10", "1970-01-01T00")
    decoded = bench.decode("tasmota", message, topic=TOPIC, timezone=zone)
    assert {reading.observed_at for reading in decoded.readings} == {bench.received_at}
    assert {reading.flag for reading in decoded.readings} == {"clock_not_set"}
    assert decoded.time_source == "received"


def test_units_are_those_of_the_message(bench):
    message = {
        "Time": "2026-03-01T10:00:00",
        "BMP280": {"Temperature": 50.0, "Pressure": 29.5},
        "PressureUnit": "inHg",
        "TempUnit": "F",
    }
    assert bench.values(bench.decode("tasmota", message)) == {
        ("temperature", "native", ""): pytest.approx(10.0),  # (50 - 32) / 1.8
        ("pressure", "native", ""): pytest.approx(998.984755, rel=1e-9),  # 29.5 × 33.86389
    }


def test_a_missing_or_unknown_unit_is_not_guessed(bench):
    decoded = bench.decode(
        "tasmota", {"BME280": {"Temperature": 6.8, "Humidity": 74, "Pressure": 9}, "PressureUnit": "bar"}
    )
    assert bench.values(decoded) == {("humidity", "native", ""): 74.0}
    assert bench.reasons(decoded) == {
        "BME280/Temperature": "TempUnit is missing",
        "BME280/Pressure": "its unit is unknown",
    }


def test_a_smoothed_co2_is_another_variable(bench):
    decoded = bench.decode(
        "tasmota", {"SCD40": {"CarbonDioxide": 512, "eCO2": 498, "Temperature": 20}, "TempUnit": "C"}
    )
    assert bench.values(decoded) == {
        ("co2", "native", ""): 512.0,
        ("eco2", "onboard", ""): 498.0,
        ("temperature", "native", ""): 20.0,
    }


def test_two_sensors_of_a_kind_are_told_apart(bench):
    message = {
        "DS18B20-1": {"Id": "01", "Temperature": 6.8},
        "DS18B20-2": {"Temperature": 7.1},
        "TempUnit": "C",
    }
    assert bench.values(bench.decode("tasmota", message)) == {
        ("temperature", "native", "DS18B20-1"): 6.8,
        ("temperature", "native", "DS18B20-2"): 7.1,
    }


def test_failures_become_flags(bench):
    decoded = bench.decode(
        "tasmota", {"SDS0X1": {"PM2.5": 999.9, "PM10": 17.2}, "BME280": {"Humidity": None}}
    )
    assert [(r.quantity, r.variant, r.value, r.flag) for r in decoded.readings] == [
        ("pm25", "native", None, "sensor_error"),
        ("pm10", "native", 17.2, ""),
        ("humidity", "native", None, "sensor_error"),
    ]


def test_the_last_will_tells_presence(bench):
    assert bench.decode("tasmota", "Online", topic="tele/capto-017/LWT").status == {"online": True}
    assert bench.decode("tasmota", "Offline", topic="tele/capto-017/LWT").status == {"online": False}


def test_messages_with_network_names_are_refused_unread(bench):
    state = {"Time": "2026-03-01T10:00:00", "Wifi": {"SSId": "Chez Paul", "BSSId": "AA:BB:CC:DD:EE:FF"}}
    for kind in ("STATE", "STATUS5"):
        with pytest.raises(Undecodable) as refusal:
            bench.decode("tasmota", state, topic=f"tele/capto-017/{kind}")
        assert "Paul" not in str(refusal.value)
    decoded = bench.decode("tasmota", state)  # where no topic tells the kind
    assert "Paul" not in repr(decoded) and "AA:BB" not in repr(decoded)


def test_unknown_keys_are_listed_and_may_be_declared(bench):
    message = {"SPS30": {"PM2_5": 7.1, "TYPSIZ": 0.6}, "Switch1": "ON"}
    decoded = bench.decode("tasmota", message)
    assert set(bench.reasons(decoded)) == {"SPS30/PM2_5", "SPS30/TYPSIZ", "Switch1"}
    maps = {"version": 1, "fields": {"SPS30/PM2_5": {"quantity": "pm25", "variant": "native"}}}
    assert bench.values(bench.decode("tasmota", message, maps=maps)) == {("pm25", "native", ""): 7.1}


@pytest.mark.parametrize("payload", [b"", SAMPLE[:50].encode(), b"[]", b"\xff", b'{"a":' * 100_000])
def test_what_is_no_message_is_undecodable(bench, payload):
    with pytest.raises(Undecodable):
        bench.decode("tasmota", payload, topic=TOPIC)


def test_a_bad_value_is_refused_alone(bench):
    decoded = bench.decode("tasmota", '{"PMS5003":{"CF1":"6 ug","PM1":NaN,"PM2.5":true,"PM10":14}}')
    assert bench.values(decoded) == {("pm10", "atm", ""): 14.0}
    assert len(decoded.rejected) == 3


def test_a_prefix_for_the_loan_may_stand_in_front():
    assert FORMATS["tasmota"].device_from_topic("loan9/tele/capto-017/SENSOR") == "capto-017"
    assert FORMATS["tasmota"].retained_is_state

import json
from datetime import UTC, datetime

import pytest

from firmware_bridge.formats import Undecodable

# The sample of the wire formats' reference, section 11.
SAMPLE = (
    '{"SensorId":"84:f3:eb:1:2a:9","DateTime":"2026/03/01T09:00:13z","place":"outside","current_temp_f":48,'
    '"current_humidity":61,"current_dewpoint_f":35,"pressure":989.41,"pm1_0_cf_1":6.12,"pm2_5_cf_1":11.40,'
    '"pm10_0_cf_1":13.05,"pm1_0_atm":6.12,"pm2_5_atm":11.40,"pm10_0_atm":13.05,"p_0_3_um":1180.4,'
    '"pm1_0_cf_1_b":5.80,"pm2_5_cf_1_b":10.95,"pm2_5_atm_b":10.95,"p_0_3_um_b":1122.0,"rssi":-66,"uptime":40211,'
    '"hardwareversion":"2.0"}'
)


def changed(**changes):
    return json.loads(SAMPLE) | changes


def test_the_sample_is_read_by_channel(bench):
    decoded = bench.decode("purpleair", SAMPLE)
    assert bench.values(decoded) == {
        ("temperature", "native", ""): pytest.approx(8.8888889, abs=1e-7),  # (48 - 32) / 1.8
        ("humidity", "native", ""): 61.0,
        ("dew_point", "native", ""): pytest.approx(1.6666667, abs=1e-7),
        ("pressure", "native", ""): 989.41,
        ("pm1", "cf1", "A"): 6.12,
        ("pm25", "cf1", "A"): 11.40,
        ("pm10", "cf1", "A"): 13.05,
        ("pm1", "atm", "A"): 6.12,
        ("pm25", "atm", "A"): 11.40,
        ("pm10", "atm", "A"): 13.05,
        ("pn03", "native", "A"): 11.804,
        ("pm1", "cf1", "B"): 5.80,
        ("pm25", "cf1", "B"): 10.95,
        ("pm25", "atm", "B"): 10.95,
        ("pn03", "native", "B"): 11.22,
    }
    assert decoded.rejected == []
    assert decoded.status == {"place": "outside", "rssi": -66, "uptime": 40211, "hardware": "2.0"}


def test_the_address_gets_back_its_zeros(bench):
    assert bench.decode("purpleair", SAMPLE).device == "84:f3:eb:01:2a:09"


def test_the_time_has_slashes_and_is_utc(bench):
    decoded = bench.decode("purpleair", SAMPLE)
    assert {r.observed_at for r in decoded.readings} == {datetime(2026, 3, 1, 9, 0, 13, tzinfo=UTC)}
    assert decoded.time_source == "device"


def test_network_name_and_coordinates_do_not_leave(bench):
    found = bench.decode(
        "purpleair", changed(ssid="Chez Paul", lat=45.123456, lon=4.654321, Geo="PurpleAir-2a9")
    )
    assert found.rejected == []
    assert not any(secret in repr(found) for secret in ("Paul", "45.123456", "4.654321", "PurpleAir-2a9"))


def test_a_single_laser_has_no_channel(bench):
    message = {"SensorId": "84:f3:eb:1:2a:9", "pm2_5_cf_1": 11.4, "pm2_5_atm": 11.4}
    assert bench.values(bench.decode("purpleair", message)) == {
        ("pm25", "cf1", ""): 11.4,
        ("pm25", "atm", ""): 11.4,
    }


def test_lasers_that_disagree_are_flagged_and_kept(bench):
    decoded = bench.decode("purpleair", changed(pm2_5_cf_1_b=0.0, pm1_0_cf_1_b=2.0))
    flagged = {(r[:3], r.value) for r in decoded.readings if r.flag == "channels_disagree"}
    # |11.40 - 0| > 5 and > 0.61 × 5.7; |6.12 - 2| = 4.12 is not above 5 µg/m³
    assert flagged == {(("pm25", "cf1", "A"), 11.4), (("pm25", "cf1", "B"), 0.0)}


def test_the_second_thermometer_is_told_apart_and_its_gas_is_raw(bench):
    decoded = bench.decode(
        "purpleair",
        {"SensorId": "1:2:3:4:5:6", "current_temp_f": 50, "current_temp_f_680": 59, "gas_680": 61.2},
    )
    assert bench.values(decoded) == {
        ("temperature", "native", "BME280"): pytest.approx(10.0),
        ("temperature", "native", "BME680"): pytest.approx(15.0),
        ("voc_raw", "native", ""): 61.2,
    }


def test_derived_indices_are_ignored_and_unknown_keys_listed(bench):
    decoded = bench.decode(
        "purpleair", changed(**{"pm2.5_aqi": 47, "p25aqic": "rgb(0,0,0)", "status_3": 2, "novel": 1})
    )
    assert bench.reasons(decoded) == {"novel": "the key is unknown"}


def test_bad_values_are_refused_alone(bench):
    decoded = bench.decode(
        "purpleair", '{"SensorId":"x","pm2_5_atm":NaN,"pm10_0_atm":"13 ug","pm1_0_atm":-1,"DateTime":"now"}'
    )
    assert [(r.quantity, r.value, r.flag) for r in decoded.readings] == [("pm1", None, "sensor_error")]
    assert set(bench.reasons(decoded)) == {"SensorId", "pm2_5_atm", "pm10_0_atm", "DateTime"}
    assert decoded.time_source == "received"


@pytest.mark.parametrize("payload", [b"", SAMPLE[:60].encode(), b"[]", b"\xff", b'{"a":' * 100_000])
def test_what_is_no_message_is_undecodable(bench, payload):
    with pytest.raises(Undecodable):
        bench.decode("purpleair", payload)

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from firmware_bridge.formats import FORMATS, Undecodable

# The samples of the wire formats' reference, section 1.
FORM_A = (
    '{"software_version":"NRZ-2024-135","sensordatavalues":[{"value_type":"P1","value":"17.25"},'
    '{"value_type":"P2","value":"9.40"}]}'
)
FORM_C = (
    '{"esp8266id":"7654321","software_version":"NRZ-2024-135","sensordatavalues":['
    '{"value_type":"SDS_P1","value":"17.25"},{"value_type":"SDS_P2","value":"9.40"},'
    '{"value_type":"BME280_temperature","value":"6.82"},{"value_type":"BME280_pressure","value":"98730.55"},'
    '{"value_type":"BME280_humidity","value":"74.10"},{"value_type":"samples","value":"412007"},'
    '{"value_type":"min_micro","value":"199"},{"value_type":"max_micro","value":"288115"},'
    '{"value_type":"interval","value":"145000"},{"value_type":"signal","value":"-67"}]}'
)


def form_b(**values):
    return json.dumps(
        {"sensordatavalues": [{"value_type": key, "value": value} for key, value in values.items()]}
    )


def test_p1_is_pm10_and_pressure_comes_in_pascals(bench):
    decoded = bench.decode("airrohr", FORM_C)
    assert bench.values(decoded) == {
        ("pm10", "native", ""): 17.25,
        ("pm25", "native", ""): 9.40,
        ("temperature", "native", ""): 6.82,
        ("pressure", "native", ""): pytest.approx(987.3055, rel=1e-12),  # 98730.55 Pa
        ("humidity", "native", ""): 74.10,
    }
    assert decoded.device == "esp8266-7654321"
    assert decoded.status == {
        "firmware": "NRZ-2024-135",
        "samples": 412007,
        "min_micro": 199,
        "max_micro": 288115,
        "interval": 145,  # 145000 ms
        "rssi": -67,
    }
    assert decoded.rejected == []
    assert decoded.time_source == "received"


def test_a_post_for_one_sensor_does_not_say_which_and_its_variant_is_unknown(bench):
    decoded = bench.decode("airrohr", FORM_A, headers={"X-Sensor": "esp8266-7654321", "X-PIN": "1"})
    assert bench.values(decoded) == {("pm10", "unknown", ""): 17.25, ("pm25", "unknown", ""): 9.40}
    assert decoded.device == "esp8266-7654321"


def test_header_names_have_no_case(bench):
    assert (
        bench.decode("airrohr", FORM_A, headers={"x-sensor": "ESP8266-7654321"}).device == "esp8266-7654321"
    )


def test_the_pin_of_the_ppd42_makes_a_count_of_p1(bench):
    message = form_b(durP1="1234", ratioP1="0.12", P1="45.1")
    for headers in ({"X-PIN": "5"}, {}):
        assert bench.values(bench.decode("airrohr", message, headers=headers)) == {
            ("ppd42_p1_duration", "native", ""): 1234.0,
            ("ppd42_p1_ratio", "native", ""): 0.12,
            ("ppd42_p1_count", "native", ""): 45.1,
        }


@pytest.mark.parametrize(
    ("key", "quantity", "variant"),
    [
        ("SDS_P1", "pm10", "native"),
        ("SDS_P2", "pm25", "native"),
        ("PMS_P0", "pm1", "atm"),
        ("PMS_P1", "pm10", "atm"),
        ("PMS_P2", "pm25", "atm"),
        ("HPM_P1", "pm10", "native"),
        ("NPM_P0", "pm1", "native"),
        ("NPM_N1", "pnto1", "native"),
        ("NPM_N25", "pnto25", "native"),
        ("SPS30_P4", "pm4", "native"),
        ("SPS30_N05", "pnto05", "native"),
        ("SPS30_TS", "pm_tps", "native"),
        ("IPS_P01", "pm01", "native"),
        ("SCD30_co2_ppm", "co2", "native"),
        ("DNMS_noise_LAeq", "laeq", "native"),
        ("DNMS_noise_LA_min", "la_min", "native"),
        ("DS18B20_temperature", "temperature", "native"),
        ("humidity", "humidity", "native"),
    ],
)
def test_every_value_type_has_its_quantity(bench, key, quantity, variant):
    assert bench.values(bench.decode("airrohr", form_b(**{key: "12.5"}))) == {(quantity, variant, ""): 12.5}


def test_two_thermometers_are_told_apart_by_their_names(bench):
    decoded = bench.decode("airrohr", form_b(temperature="20.1", BME280_temperature="19.8", SDS_P2="9"))
    assert bench.values(decoded) == {
        ("temperature", "native", "DHT"): 20.1,
        ("temperature", "native", "BME280"): 19.8,
        ("pm25", "native", ""): 9.0,
    }


def test_the_failure_values_of_the_sds011_become_flags(bench):
    decoded = bench.decode("airrohr", form_b(SDS_P1="1999.9", SDS_P2="999.9", BME280_temperature="-1"))
    assert [(reading.quantity, reading.value, reading.flag) for reading in decoded.readings] == [
        ("pm10", None, "sensor_error"),
        ("pm25", None, "sensor_error"),
        ("temperature", -1.0, ""),
    ]
    assert bench.values(bench.decode("airrohr", form_b(SDS_P1="-1"))) == {("pm10", "native", ""): None}
    # 999.9 µg/m³ of PM10 is dust, not a failure.
    assert bench.values(bench.decode("airrohr", form_b(SDS_P1="999.9"))) == {("pm10", "native", ""): 999.9}


def test_a_position_without_fix_is_dropped(bench):
    decoded = bench.decode("airrohr", form_b(SDS_P2="9", GPS_lat="45.76", GPS_lon="4.84", GPS_height="173"))
    assert decoded.readings[0].position == (45.76, 4.84, 173.0)
    decoded = bench.decode(
        "airrohr", form_b(SDS_P2="9", GPS_lat="0", GPS_lon="0", GPS_timestamp="1970-01-01T00:00:00.000")
    )
    assert decoded.readings[0].position is None
    assert decoded.rejected == []


def test_a_bad_value_is_refused_and_the_others_stay(bench):
    message = form_b(SDS_P1="nan", SDS_P2="9.4", PMS_P1="12 µg", NPM_P1="", XYZ_P1="3", signal="-67 dBm")
    decoded = bench.decode("airrohr", message)
    assert bench.values(decoded) == {("pm25", "native", ""): 9.4}
    assert bench.reasons(decoded) == {
        "SDS_P1": "not a finite number",
        "PMS_P1": "not a number",
        "NPM_P1": "empty",
        "XYZ_P1": "the value type is unknown",
    }
    assert decoded.status == {"rssi": -67}


def test_a_body_that_names_another_node_than_the_header_says_so(bench):
    decoded = bench.decode("airrohr", FORM_C, headers={"X-Sensor": "esp8266-1"})
    assert decoded.device == "esp8266-1"
    assert bench.reasons(decoded) == {"esp8266id": "it is not the node of the X-Sensor header"}


def test_the_rare_timestamp_without_zone_takes_the_callers(bench):
    message = json.dumps(
        {"timestamp": "2026-03-01 10:00:00", "sensordatavalues": [{"value_type": "SDS_P2", "value": "9"}]}
    )
    decoded = bench.decode("airrohr", message, timezone=ZoneInfo("Europe/Paris"))
    assert decoded.readings[0].observed_at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert decoded.readings[0].flag == "tz_assumed"
    assert decoded.time_source == "tz_assumed"


def test_the_line_for_influxdb_says_the_same(bench):
    decoded = bench.decode("airrohr", "feinstaub,node=esp8266-7654321 SDS_P1=17.25,SDS_P2=9.40,signal=-67")
    assert bench.values(decoded) == {("pm10", "native", ""): 17.25, ("pm25", "native", ""): 9.4}
    assert decoded.device == "esp8266-7654321"
    assert decoded.status == {"rssi": -67}


def test_a_row_names_the_sensor_behind_a_bare_p1(bench):
    maps = {"esp8266-7654321": {"version": 1, "fields": {"P1": {"quantity": "pm10", "variant": "native"}}}}
    decoded = bench.decode("airrohr", FORM_A, headers={"X-Sensor": "esp8266-7654321"}, maps=maps)
    assert bench.values(decoded) == {("pm10", "native", ""): 17.25, ("pm25", "unknown", ""): 9.4}


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        FORM_C[:50].encode(),
        b"[]",
        b"{}",
        b'{"sensordatavalues":{}}',
        b"\xff",
        b"feinstaub,node=x",
        b"[" * 100_000,
    ],
)
def test_what_is_no_message_is_undecodable(bench, payload):
    with pytest.raises(Undecodable):
        bench.decode("airrohr", payload)


def test_entries_without_a_type_are_refused_alone(bench):
    decoded = bench.decode(
        "airrohr", '{"sensordatavalues":[null,{"value":1},{"value_type":"SDS_P2","value":9}]}'
    )
    assert bench.values(decoded) == {("pm25", "native", ""): 9.0}
    assert len(decoded.rejected) == 2


def test_it_comes_over_http_alone():
    assert FORMATS["airrohr"].transport == "http"
    assert FORMATS["airrohr"].device_from_topic("/ingest/airrohr/esp8266-7654321") == "esp8266-7654321"


def test_a_nebulo_says_the_same_under_its_own_name(bench):
    message = {
        "nebuloid": "A1B2C3D4E5F6",
        "software_version": "Nebulo-V1-122021",
        "sensordatavalues": [
            {"value_type": "NPM_P1", "value": "17.20"},
            {"value_type": "NPM_N25", "value": "0.06"},
            {"value_type": "BME280_temperature", "value": "-128.00"},
            {"value_type": "GPS_lat", "value": "-200.000000"},
        ],
    }
    decoded = bench.decode("airrohr", message, headers={"X-Sensor": "esp32-A1B2C3D4E5F6"})
    assert decoded.device == "esp32-a1b2c3d4e5f6"
    assert decoded.rejected == []
    assert bench.values(decoded) == {
        ("pm10", "native", ""): 17.2,
        ("pnto25", "native", ""): 0.06,  # its firmware divided by 1000 already
        ("temperature", "native", ""): None,
    }
    assert bench.decode("airrohr", message).device == "esp32-a1b2c3d4e5f6"


ARCHIVE = (
    "sensor_id;sensor_type;location;lat;lon;timestamp;P1;durP1;ratioP1;P2;durP2;ratioP2\n"
    "12345;SDS011;6789;45.760;4.840;2026-03-01T09:00:05;17.25;;;9.40;;\n"
    "12345;SDS011;6789;45.760;4.840;2026-03-01T09:02:30;1999.90;;;nan;;\n"
    "12346;SDS011;6789;45.760;4.840;2026-03-01T09:02:30;1;;;1;;\n"
    "12345;SDS011\n"
)


def test_a_file_of_the_public_archive_is_read_row_by_row(bench):
    decoded = bench.decode("airrohr", ARCHIVE)
    assert [(r.quantity, r.variant, r.value, r.observed_at.minute, r.flag) for r in decoded.readings] == [
        ("pm10", "native", 17.25, 0, "tz_assumed"),
        ("pm25", "native", 9.40, 0, "tz_assumed"),
        ("pm10", "native", None, 2, "sensor_error tz_assumed"),
    ]
    assert decoded.device == "12345"
    assert decoded.time_source == "tz_assumed"
    assert all(reading.position is None for reading in decoded.readings)
    assert bench.reasons(decoded) == {
        "line 4": "it is of another sensor than the lines before",
        "line 5": "it has another number of columns than the header",
    }


def test_the_archive_tells_the_sensor_by_its_type_and_pressure_in_pascals(bench):
    head = "sensor_id;sensor_type;location;lat;lon;timestamp;"
    plantower = bench.decode("airrohr", head + "P1;P2\n1;PMS7003;2;45.7;4.8;2026-03-01T09:00:05;12;8\n")
    assert bench.values(plantower) == {("pm10", "atm", ""): 12.0, ("pm25", "atm", ""): 8.0}
    climate = bench.decode(
        "airrohr",
        head + "pressure;temperature;humidity\n1;BME280;2;45.7;4.8;2026-03-01T09:00:05;98730.55;6.82;74.1\n",
    )
    assert bench.values(climate)["pressure", "native", ""] == pytest.approx(987.3055, rel=1e-12)

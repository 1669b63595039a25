import json

import pytest

from firmware_bridge.formats import FORMATS, Undecodable, airgradient
from firmware_bridge.formats.json_text import load_object

# The sample of the wire formats' reference, section 2.
SAMPLE = (
    '{"pm01":5.4,"pm02":11.2,"pm10":12.9,"pm01Standard":5.4,"pm02Standard":11.2,"pm10Standard":12.9,'
    '"pm02Compensated":8.3,"pm003Count":1034.5,"pm02Count":12.7,"atmp":9.6,"atmpCompensated":8.8,"rhum":66.4,'
    '"rhumCompensated":73.2,"rco2":431,"tvocIndex":88,"tvocRaw":30120,"noxIndex":2,"noxRaw":15990,"boot":17,'
    '"bootCount":17,"wifi":-62,"serialno":"a1b2c3d4e5f6","firmware":"3.3.9","model":"I-9PSL"}'
)
# Counts are per dL: 1034.5 / 100 = 10.345 and 12.7 / 100 = 0.127 per cm³.
SAMPLE_VALUES = {
    ("pm1", "atm", ""): 5.4,
    ("pm25", "atm", ""): 11.2,
    ("pm10", "atm", ""): 12.9,
    ("pm1", "cf1", ""): 5.4,
    ("pm25", "cf1", ""): 11.2,
    ("pm10", "cf1", ""): 12.9,
    ("pm25", "onboard", ""): 8.3,
    ("pn03", "native", ""): 10.345,
    ("pn25", "native", ""): 0.127,
    ("temperature", "native", ""): 9.6,
    ("temperature", "onboard", ""): 8.8,
    ("humidity", "native", ""): 66.4,
    ("humidity", "onboard", ""): 73.2,
    ("co2", "native", ""): 431.0,
    ("voc_index", "native", ""): 88.0,
    ("voc_raw", "native", ""): 30120.0,
    ("nox_index", "native", ""): 2.0,
    ("nox_raw", "native", ""): 15990.0,
}
SERIAL = '"serialno":"a1b2c3d4e5f6"'


def test_the_sample_of_the_reference_is_read_field_by_field(bench):
    decoded = bench.decode("airgradient", SAMPLE, topic="airgradient/readings/a1b2c3d4e5f6")
    assert bench.values(decoded) == SAMPLE_VALUES
    assert decoded.device == "a1b2c3d4e5f6"
    assert decoded.status == {"boot_count": 17, "rssi": -62, "firmware": "3.3.9", "model": "I-9PSL"}
    assert decoded.rejected == []
    assert all(type(reading.value) is float for reading in decoded.readings)


def test_units_are_canonical(bench):
    units = {reading.quantity: reading.unit for reading in bench.decode("airgradient", SAMPLE).readings}
    assert units["pm25"] == "ug/m3"
    assert units["pn03"] == "/cm3"
    assert units["temperature"] == "Cel"
    assert units["co2"] == "[ppm]"


def test_the_time_is_the_one_of_reception_and_says_so(bench):
    decoded = bench.decode("airgradient", SAMPLE)
    assert {reading.observed_at for reading in decoded.readings} == {bench.received_at}
    assert decoded.time_source == "received"


def test_the_quick_and_the_careful_path_agree(bench):
    careful = airgradient._decode_carefully(load_object(SAMPLE.encode()), "", bench.received_at, None)
    assert airgradient._decode_usual(SAMPLE.encode(), "", bench.received_at) == careful


def test_a_sensor_left_out_by_the_firmware_is_simply_absent(bench):
    decoded = bench.decode("airgradient", '{"rco2":431,"wifi":-62,' + SERIAL + "}")
    assert bench.values(decoded) == {("co2", "native", ""): 431.0}
    assert decoded.rejected == []


def test_with_two_lasers_the_channels_are_kept_and_their_mean_is_not(bench):
    message = {
        "pm02": 11.0,
        "atmp": 9.7,
        "rco2": 430,
        "pm02Compensated": 8.0,
        "channels": {"1": {"pm02": 10.0, "pm003Count": 900, "atmp": 9.6}, "2": {"pm02": 12.0, "atmp": 9.8}},
        "serialno": "a1b2c3d4e5f6",
    }
    assert bench.values(bench.decode("airgradient", message)) == {
        ("co2", "native", ""): 430.0,
        ("pm25", "onboard", ""): 8.0,
        ("pm25", "atm", "A"): 10.0,
        ("pn03", "native", "A"): 9.0,
        ("temperature", "native", "A"): 9.6,
        ("pm25", "atm", "B"): 12.0,
        ("temperature", "native", "B"): 9.8,
    }


def test_when_one_laser_fails_the_root_does_not_pass_for_the_mean(bench):
    message = {"pm02": 10.0, "channels": {"1": {"pm02": 10.0}}, "serialno": "a1b2c3d4e5f6"}
    assert bench.values(bench.decode("airgradient", message)) == {("pm25", "atm", "A"): 10.0}


def test_the_marker_of_an_invalid_value_is_stored_as_a_flag(bench):
    decoded = bench.decode("airgradient", '{"pm02":-1,"rhum":-1,"atmp":-1,"rco2":420,' + SERIAL + "}")
    found = {reading.quantity: (reading.value, reading.flag) for reading in decoded.readings}
    assert found == {
        "pm25": (None, "sensor_error"),
        "humidity": (None, "sensor_error"),
        "temperature": (-1.0, ""),  # a frosty morning, not a marker
        "co2": (420.0, ""),
    }
    decoded = bench.decode("airgradient", '{"atmp":-1000,"rco2":null,' + SERIAL + "}")
    found = {reading.quantity: (reading.value, reading.flag) for reading in decoded.readings}
    assert found == {"temperature": (None, "sensor_error"), "co2": (None, "no_value")}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NaN", "not a finite number"),
        ("Infinity", "not a finite number"),
        ("-Infinity", "not a finite number"),
        ("1e400", "not a finite number"),
        ("1e300", "too large to be real"),
        ("9" * 5000, "not a finite number"),
        ("true", "true or false is not a number"),
        ('"11.2 µg/m³"', "not a number"),
        ('""', "empty"),
        ("[11.2]", "not a number"),
    ],
)
def test_what_is_no_number_is_refused_alone(bench, text, reason):
    decoded = bench.decode("airgradient", '{"rco2":431,"pm02":' + text + "," + SERIAL + ',"wifi":-62}')
    assert bench.values(decoded) == {("co2", "native", ""): 431.0}
    assert bench.reasons(decoded) == {"pm02": reason}


def test_a_key_given_twice_with_two_values_is_refused(bench):
    decoded = bench.decode("airgradient", '{"pm02":5,"rco2":431,"pm02":7,' + SERIAL + "}")
    assert bench.values(decoded) == {("co2", "native", ""): 431.0}
    assert bench.reasons(decoded) == {"pm02": "the key is given twice with different values"}


def test_unknown_keys_are_listed_with_a_reason(bench):
    decoded = bench.decode("airgradient", '{"pm02":5,"rco2":431,"pm99":7,' + SERIAL + "}")
    assert bench.reasons(decoded) == {"pm99": "the key is unknown"}


def test_the_addresses_of_satellites_do_not_leave(bench):
    message = {
        "pm02": 5,
        "satellites": {"84f3eb010203": {"atmp": 20.1, "rhum": 40}},
        "serialno": "a1b2c3d4e5f6",
    }
    decoded = bench.decode("airgradient", message)
    assert "84f3eb010203" not in repr(decoded)
    assert [rejected.item for rejected in decoded.rejected] == ["satellites"]


def test_the_identity_comes_from_the_body_else_from_the_topic(bench):
    upper = bench.decode("airgradient", '{"pm02":5,"rco2":431,"serialno":"A1B2C3D4E5F6"}')
    assert upper.device == "a1b2c3d4e5f6"
    silent = bench.decode("airgradient", '{"pm02":5}', topic="airgradient/readings/a1b2c3d4e5f6")
    assert silent.device == "a1b2c3d4e5f6"
    posted = bench.decode("airgradient", '{"pm02":5}', topic="/sensors/airgradient:a1b2c3d4e5f6/measures")
    assert posted.device == "a1b2c3d4e5f6"
    assert bench.decode("airgradient", '{"pm02":5}').device is None


def test_a_row_of_maps_names_the_variant_of_a_unit_with_another_sensor(bench):
    row = {"version": 3, "fields": {"pm02": {"quantity": "pm25", "variant": "native"}}}
    decoded = bench.decode("airgradient", '{"pm02":5,"rco2":431,' + SERIAL + "}", maps={"a1b2c3d4e5f6": row})
    assert bench.values(decoded) == {("pm25", "native", ""): 5.0, ("co2", "native", ""): 431.0}
    assert decoded.mapping == "airgradient/1+3"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"   ",
        SAMPLE[:-40].encode(),  # truncated
        b"\xff\xfe{",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"null",
        b'["pm02", 5]',
        b"{" + b'"pm02":1,' * 1000,
        b"x" * 1_000_000,
    ],
)
def test_what_is_no_message_is_undecodable(bench, payload):
    with pytest.raises(Undecodable) as refusal:
        bench.decode("airgradient", payload)
    assert str(refusal.value)


def test_a_hostile_message_fills_no_page(bench):
    message = json.dumps({f"{'k' * 500}{number}": number for number in range(2000)})
    decoded = bench.decode("airgradient", message)
    assert len(decoded.rejected) == 101
    assert max(len(rejected.item) for rejected in decoded.rejected) <= 64


def test_the_bridge_is_told_where_to_listen():
    known = FORMATS["airgradient"]
    assert known.topics == ("airgradient/readings/+",)
    assert known.transport == "both"
    assert known.device_from_topic("airgradient/readings/A1B2C3D4E5F6") == "a1b2c3d4e5f6"
    assert known.device_from_topic("airgradient/readings/a/b") is None

import pytest

from firmware_bridge.formats import FORMATS, Undecodable

# The sample of the wire formats' reference, section 21.
SAMPLE = (
    '{"capteurID":"nebuleairpro7","data":[{"sondeID":"NPM1","PM1":5.1,"PM25":10.8,"PM10":16.2,"err":"000"},'
    '{"sondeID":"NPM2","PM1":5.4,"PM25":11.3,"PM10":17.0,"err":"000"},'
    '{"sondeID":"NPM3","PM1":5.0,"PM25":10.6,"PM10":15.9,"err":"000"}]}'
)


def probes(*data):
    return {"capteurID": "nebuleairpro7", "data": list(data)}


def test_the_three_probes_are_three_channels(bench):
    decoded = bench.decode("nebuleair", SAMPLE + "\r")  # a carriage return follows the JSON
    assert bench.values(decoded) == {
        ("pm1", "native", "1"): 5.1,
        ("pm25", "native", "1"): 10.8,
        ("pm10", "native", "1"): 16.2,
        ("pm1", "native", "2"): 5.4,
        ("pm25", "native", "2"): 11.3,
        ("pm10", "native", "2"): 17.0,
        ("pm1", "native", "3"): 5.0,
        ("pm25", "native", "3"): 10.6,
        ("pm10", "native", "3"): 15.9,
    }
    assert decoded.device == "nebuleairpro7"
    assert decoded.status == {} and decoded.rejected == []
    assert decoded.time_source == "received"


def test_without_names_the_place_in_the_list_is_the_channel(bench):
    decoded = bench.decode(
        "nebuleair", probes({"PM1": 5, "error_num": "000"}, {"PM1": 6, "error_num": "000"})
    )
    assert bench.values(decoded) == {("pm1", "native", "1"): 5.0, ("pm1", "native", "2"): 6.0}


@pytest.mark.parametrize("key", ["err", "error_num"])
def test_the_bits_of_a_probe_flag_its_readings_alone(bench, key):
    decoded = bench.decode("nebuleair", probes({"PM25": 10, key: "010"}, {"PM25": 11, key: "000"}))
    assert [(r.channel, r.value, r.flag) for r in decoded.readings] == [
        ("1", 10.0, "device_flagged"),
        ("2", 11.0, ""),
    ]
    assert decoded.status == {"errors": ["probe 1: 010"]}


def test_a_probe_that_did_not_answer_is_a_failure_and_not_clean_air(bench):
    decoded = bench.decode(
        "nebuleair",
        probes({"PM1": 0.0, "PM25": 0.0, "PM10": 0.0, "err": "000"}, {"PM1": 0.0, "PM25": 1.0, "PM10": 1.0}),
    )
    assert [(r.channel, r.value, r.flag) for r in decoded.readings] == [
        ("1", None, "sensor_error"),
        ("1", None, "sensor_error"),
        ("1", None, "sensor_error"),
        ("2", 0.0, ""),
        ("2", 1.0, ""),
        ("2", 1.0, ""),
    ]


def test_bad_items_are_refused_alone(bench):
    decoded = bench.decode(
        "nebuleair", '{"capteurID":"n7","extra":1,"data":[3,{"PM1":NaN,"PM25":"10.8","PM10":true,"x":1}]}'
    )
    assert bench.values(decoded) == {("pm25", "native", "2"): 10.8}
    assert set(bench.reasons(decoded)) == {"data[1]", "data[2].PM1", "data[2].PM10", "data[2].x", "extra"}


def test_the_list_is_bounded(bench):
    decoded = bench.decode("nebuleair", probes(*[{"PM1": number} for number in range(1, 100)]))
    assert len(decoded.readings) == 16


@pytest.mark.parametrize("payload", [b"", SAMPLE[:50].encode(), b"{}", b"[]", b"\xff", b'{"a":' * 100_000])
def test_what_is_no_message_is_undecodable(bench, payload):
    with pytest.raises(Undecodable):
        bench.decode("nebuleair", payload)


def test_it_comes_over_http_alone():
    assert FORMATS["nebuleair"].transport == "http"

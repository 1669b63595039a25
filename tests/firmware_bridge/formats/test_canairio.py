import pytest

from firmware_bridge.formats import FORMATS, Undecodable

# The samples of the wire formats' reference, section 15.
HOME_ASSISTANT = (
    '{"pm1":"6","pm25":"11","pm10":"17","carbon_dioxide":"512","temperature":"19.60","humidity":"54.10",'
    '"pressure":"987.30","altitude":"173.00","battery":"76","voltage":"3.91","signal_strength":"-63"}'
)
ANAIRE = (
    '{"id":"CAPTO017","ver":"0.7.6","CO2":"512","humidity":"54.1","temperature":"19.6","pressure":"987.3","pm1":6,'
    '"pm25":11,"pm10":17,"geo":"u05k","battery":"76","VBat":"3.91"}'
)
AIR = {
    ("pm1", "unknown", ""): 6.0,
    ("pm25", "unknown", ""): 11.0,
    ("pm10", "unknown", ""): 17.0,
    ("co2", "native", ""): 512.0,
    ("temperature", "native", ""): 19.6,
    ("humidity", "native", ""): 54.1,
    ("pressure", "native", ""): 987.3,
}


def test_the_home_assistant_mode_is_read(bench):
    decoded = bench.decode("canairio", HOME_ASSISTANT, topic="homeassistant/sensor/CAPTO017/state")
    assert bench.values(decoded) == {**AIR, ("altitude", "native", ""): 173.0}
    assert decoded.device == "CAPTO017"
    assert decoded.status == {"battery_pct": 76, "battery_v": 3.91, "rssi": -63}
    assert decoded.time_source == "received"
    assert decoded.rejected == []


def test_the_anaire_mode_mixes_text_and_numbers_and_its_place_does_not_leave(bench):
    decoded = bench.decode("canairio", ANAIRE, topic="measurement")
    assert bench.values(decoded) == AIR
    assert decoded.device == "CAPTO017"
    assert decoded.status == {"firmware": "0.7.6", "battery_pct": 76, "battery_v": 3.91}
    assert "u05k" not in repr(decoded)


def test_the_line_for_influxdb_is_read(bench):
    line = (
        "fixed_stations_01,mac=84F3EB010209,geo3=u05,name=CAPTO017,rev=944 "
        "pm25=11,pm10=17,co2=512,tmp=19.6,hum=54.1,prs=987.3,rssi=-63i"
    )
    decoded = bench.decode("canairio", line)
    assert bench.values(decoded) == {key: value for key, value in AIR.items() if key[0] != "pm1"}
    assert decoded.device == "CAPTO017"
    assert decoded.status == {"firmware": "944", "rssi": -63}
    assert "84F3EB" not in repr(decoded) and "u05" not in repr(decoded)


def test_zero_stands_for_a_sensor_that_is_not_there(bench):
    decoded = bench.decode(
        "canairio", {"pm25": 11, "temperature": "0", "humidity": "0.00", "CO2": 0, "battery": 0}
    )
    assert [(r.quantity, r.value, r.flag) for r in decoded.readings] == [
        ("pm25", 11.0, ""),
        ("temperature", None, "not_fitted"),
        ("humidity", None, "not_fitted"),
        ("co2", None, "not_fitted"),
    ]
    assert decoded.status == {}


def test_a_declared_zero_is_a_value(bench):
    maps = {"version": 1, "fields": {"temperature": {"quantity": "temperature", "unit": "Cel"}}}
    decoded = bench.decode("canairio", {"temperature": "0"}, maps=maps)
    assert bench.values(decoded) == {("temperature", "native", ""): 0.0}


def test_zero_of_one_fraction_is_clean_air_where_another_is_measured(bench):
    assert bench.values(bench.decode("canairio", {"pm1": 0, "pm25": 1, "pm10": 2})) == {
        ("pm1", "unknown", ""): 0.0,
        ("pm25", "unknown", ""): 1.0,
        ("pm10", "unknown", ""): 2.0,
    }
    assert set(bench.values(bench.decode("canairio", {"pm1": 0, "pm25": 0})).values()) == {None}


def test_the_co2_sensors_own_climate_is_a_channel(bench):
    decoded = bench.decode("canairio", {"temperature": 19.6, "co2tmp": 21.2, "co2hum": 50})
    assert bench.values(decoded) == {
        ("temperature", "native", ""): 19.6,
        ("temperature", "native", "CO2"): 21.2,
        ("humidity", "native", "CO2"): 50.0,
    }


def test_bad_values_are_refused_alone(bench):
    decoded = bench.decode("canairio", '{"pm25":"nan","pm10":true,"pm1":"6","mystery":1}')
    assert bench.values(decoded) == {("pm1", "unknown", ""): 6.0}
    assert set(bench.reasons(decoded)) == {"pm25", "pm10", "mystery"}


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        ANAIRE[:40].encode(),
        b"[]",
        b"\xff",
        b"fixed_stations_01",
        b"fixed_stations_01,mac name=3",
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_message_is_undecodable(bench, payload):
    with pytest.raises(Undecodable):
        bench.decode("canairio", payload)


def test_the_station_is_read_from_the_topic():
    assert FORMATS["canairio"].device_from_topic("homeassistant/sensor/CAPTO017/state") == "CAPTO017"
    assert FORMATS["canairio"].device_from_topic("measurement") is None

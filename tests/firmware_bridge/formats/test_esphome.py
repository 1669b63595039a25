import pytest

from firmware_bridge.formats import FORMATS, Undecodable


@pytest.mark.parametrize(
    ("object_id", "text", "expected"),
    [
        (
            "pm_2_5um",
            "11.4",
            ("pm25", "unknown", "", 11.4, "ug/m3"),
        ),  # the samples of the reference, section 8
        ("pm_10_0um", "17.2", ("pm10", "unknown", "", 17.2, "ug/m3")),
        ("pm_1_0um", "6", ("pm1", "unknown", "", 6.0, "ug/m3")),
        ("temperature", "-0.5", ("temperature", "native", "", -0.5, "Cel")),
    ],
)
def test_one_number_on_one_topic_is_one_reading(bench, object_id, text, expected):
    decoded = bench.decode("esphome", text, topic=f"capto-017/sensor/{object_id}/state")
    assert [reading[:5] for reading in decoded.readings] == [expected]
    assert decoded.device == "capto-017"
    assert decoded.readings[0].observed_at == bench.received_at
    assert decoded.time_source == "received"


def test_a_row_declares_what_the_owner_named(bench):
    maps = {"capto-017": {"version": 2, "fields": {"salon": {"quantity": "temperature", "unit": "°F"}}}}
    decoded = bench.decode("esphome", "50", topic="capto-017/sensor/salon/state", maps=maps)
    assert bench.values(decoded) == {("temperature", "native", ""): pytest.approx(10.0)}
    assert decoded.mapping == "esphome/1+2"


def test_a_row_goes_before_the_built_in_names(bench):
    maps = {"version": 1, "fields": {"pm_2_5um": {"quantity": "pm25", "variant": "atm"}}}
    decoded = bench.decode("esphome", "11.4", topic="capto-017/sensor/pm_2_5um/state", maps=maps)
    assert bench.values(decoded) == {("pm25", "atm", ""): 11.4}


def test_an_undeclared_name_is_not_guessed(bench):
    decoded = bench.decode("esphome", "3", topic="capto-017/sensor/salon/state")
    assert decoded.readings == []
    assert bench.reasons(decoded) == {"salon": "neither discovery nor a row declares its unit"}


def test_nan_is_a_failed_sensor(bench):
    decoded = bench.decode("esphome", "nan", topic="capto-017/sensor/pm_2_5um/state")
    assert (decoded.readings[0].value, decoded.readings[0].flag) == (None, "sensor_error")


@pytest.mark.parametrize("text", ["inf", "1e400", "11.4 µg/m³", "true", "1e300"])
def test_what_is_no_number_is_refused(bench, text):
    decoded = bench.decode("esphome", text, topic="capto-017/sensor/pm_2_5um/state")
    assert decoded.readings == []
    assert list(bench.reasons(decoded)) == ["pm_2_5um"]


def test_status_and_signal_are_health(bench):
    assert bench.decode("esphome", "online", topic="capto-017/status").status == {"online": True}
    assert bench.decode("esphome", "-63", topic="capto-017/sensor/wifi_signal/state").status == {"rssi": -63}


@pytest.mark.parametrize(
    ("payload", "topic"),
    [
        (b"", "capto-017/sensor/pm_2_5um/state"),
        (b"\xff", "capto-017/sensor/pm_2_5um/state"),
        (b"1" * 1_000_000, "capto-017/sensor/pm_2_5um/state"),
        (b"11.4", ""),
        (b"11.4", "capto-017/text_sensor/ssid/state"),
        (b"maybe", "capto-017/status"),
    ],
)
def test_what_is_no_state_is_undecodable(bench, payload, topic):
    with pytest.raises(Undecodable):
        bench.decode("esphome", payload, topic=topic)


def test_a_retained_state_is_not_a_measurement():
    assert FORMATS["esphome"].retained_is_state
    assert (
        FORMATS["esphome"].device_from_topic("loan/9/capto-017/sensor/pm_2_5um/state") == "loan/9/capto-017"
    )

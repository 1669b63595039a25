import json

import pytest

from firmware_bridge.formats import FORMATS, Undecodable

# The sample of the wire formats' reference, section 14.
SAMPLE = (
    '{"name":"Capto 017 PM2.5","uniq_id":"capto017pm25","stat_t":"capto-017/state","dev_cla":"pm25",'
    '"unit_of_meas":"µg/m³","val_tpl":"{{ value_json.pm25 }}","dev":{"ids":["capto017"],"mf":"DIY","mdl":"ESP32"}}'
)
CONFIG = "homeassistant/sensor/capto017/pm25/config"


def changed(**changes):
    return {key: value for key, value in (json.loads(SAMPLE) | changes).items() if value is not None}


def test_a_config_declares_what_a_state_topic_will_carry(bench):
    decoded = bench.decode("ha_discovery", SAMPLE, topic=CONFIG)
    assert decoded.readings == [] and decoded.rejected == []
    assert decoded.device == "capto017"
    row = decoded.status["units"]["capto-017/state"]
    assert row["fields"] == {"pm25": {"quantity": "pm25", "unit": "µg/m³"}}
    assert decoded.status["model"] == "ESP32"


def test_its_row_decodes_the_states(bench):
    maps = bench.decode("ha_discovery", SAMPLE, topic=CONFIG).status["units"]
    decoded = bench.decode("ha_discovery", '{"pm25":11.4,"rssi":-60}', topic="capto-017/state", maps=maps)
    assert bench.values(decoded) == {("pm25", "unknown", ""): 11.4}
    assert bench.reasons(decoded) == {"rssi": "no discovery message declares it"}
    assert decoded.time_source == "received"


def test_a_changed_unit_is_another_version(bench):
    def version(unit):
        config = changed(dev_cla="pm25", unit_of_meas=unit)
        return bench.decode("ha_discovery", config, topic=CONFIG).status["units"]["capto-017/state"][
            "version"
        ]

    assert version("µg/m³") == version("µg/m³") != version("mg/m³")


def test_both_micro_signs_are_one_unit(bench):
    for unit in ("\u00b5g/m³", "\u03bcg/m³"):
        maps = bench.decode("ha_discovery", changed(unit_of_meas=unit), topic=CONFIG).status["units"]
        assert bench.values(
            bench.decode("ha_discovery", '{"pm25":1}', topic="capto-017/state", maps=maps)
        ) == {("pm25", "unknown", ""): 1.0}


def test_long_names_base_topics_and_bare_values_are_understood(bench):
    config = {
        "~": "capto-017",
        "state_topic": "~/t",
        "device_class": "temperature",
        "unit_of_measurement": "°F",
        "value_template": "{{ value }}",
        "device": {"identifiers": "capto017"},
    }
    maps = bench.decode("ha_discovery", config, topic=CONFIG).status["units"]
    assert list(maps) == ["capto-017/t"]
    decoded = bench.decode("ha_discovery", "50", topic="capto-017/t", maps=maps)
    assert bench.values(decoded) == {("temperature", "native", ""): pytest.approx(10.0)}


def test_nested_paths_are_followed(bench):
    maps = bench.decode("ha_discovery", changed(val_tpl="{{value_json.air.pm}}"), topic=CONFIG).status[
        "units"
    ]
    decoded = bench.decode("ha_discovery", {"air": {"pm": "7.5"}}, topic="capto-017/state", maps=maps)
    assert bench.values(decoded) == {("pm25", "unknown", ""): 7.5}


@pytest.mark.parametrize(
    "template",
    [
        "{{ value_json.pm25 | float }}",
        "{{ value_json.__class__.__mro__() }}",
        "{% for i in range(9**9) %}{% endfor %}",
        "{{ states('person.paul') }}",
        "x" * 10_000,
        3,
    ],
)
def test_no_template_is_run(bench, template):
    decoded = bench.decode("ha_discovery", changed(val_tpl=template), topic=CONFIG)
    assert "units" not in decoded.status
    assert list(bench.reasons(decoded)) == ["value_template"]


@pytest.mark.parametrize(
    ("changes", "item"),
    [
        ({"stat_t": "+/state"}, "state_topic"),
        ({"stat_t": "#"}, "state_topic"),
        ({"stat_t": None}, "state_topic"),
        ({"dev_cla": "aqi"}, "device_class"),
        ({"unit_of_meas": None}, "unit_of_measurement"),
        ({"unit_of_meas": "°C"}, "unit_of_measurement"),
    ],
)
def test_what_is_not_understood_declares_nothing(bench, changes, item):
    decoded = bench.decode("ha_discovery", changed(**changes), topic=CONFIG)
    assert "units" not in decoded.status
    assert list(bench.reasons(decoded)) == [item]


def test_health_that_is_declared_goes_to_the_status(bench):
    config = changed(dev_cla="battery", unit_of_meas="%", val_tpl="{{ value_json.bat }}")
    maps = bench.decode("ha_discovery", config, topic=CONFIG).status["units"]
    decoded = bench.decode("ha_discovery", {"bat": 76}, topic="capto-017/state", maps=maps)
    assert decoded.readings == []
    assert decoded.status == {"battery_pct": 76}


def test_an_empty_config_removes_the_entity(bench):
    assert bench.decode("ha_discovery", b"", topic=CONFIG).status == {"event": "removed"}


@pytest.mark.parametrize(
    ("payload", "topic"),
    [
        (b"", "capto-017/state"),
        (SAMPLE[:40].encode(), CONFIG),
        (b"[]", CONFIG),
        (b"\xff", CONFIG),
        (b'{"a":' * 100_000, "x/state"),
    ],
)
def test_what_is_no_message_is_undecodable(bench, payload, topic):
    with pytest.raises(Undecodable):
        bench.decode("ha_discovery", payload, topic=topic)


def test_the_node_is_read_from_the_topic():
    assert FORMATS["ha_discovery"].device_from_topic(CONFIG) == "capto017"
    assert FORMATS["ha_discovery"].device_from_topic("capto-017/state") == "capto-017"

import json

import pytest

from firmware_bridge.formats import FORMATS, Undecodable

# The sample of the wire formats' reference, section 18.
DESCRIPTION = (
    '{"homie":"5.0","version":3,"name":"Capto 017","nodes":{"air":{"properties":{"pm25":{"name":"PM2.5",'
    '"datatype":"float","unit":"µg/m³","retained":true}}}}}'
)
ROOT = "homie/5/capto-017/"


def test_a_description_declares_and_its_row_decodes_the_values(bench):
    described = bench.decode("homie", DESCRIPTION, topic=ROOT + "$description")
    assert described.device == "capto-017"
    assert described.readings == []
    maps = described.status["units"]
    assert maps["capto-017"]["fields"] == {"air/pm25": {"quantity": "pm25", "unit": "µg/m³"}}
    decoded = bench.decode("homie", "11.4", topic=ROOT + "air/pm25", maps=maps)
    assert bench.values(decoded) == {("pm25", "unknown", ""): 11.4}
    assert decoded.time_source == "received"


def test_a_value_that_nothing_declares_is_not_guessed(bench):
    decoded = bench.decode("homie", "11.4", topic=ROOT + "air/pm25")
    assert decoded.readings == []
    assert bench.reasons(decoded) == {"air/pm25": "neither the description nor a row declares it"}


def test_a_persons_row_declares_other_names_and_variants(bench):
    maps = {
        "capto-017": {"version": 1, "fields": {"salon/poussiere": {"quantity": "pm25", "variant": "native"}}}
    }
    decoded = bench.decode("homie", "11.4", topic=ROOT + "salon/poussiere", maps=maps)
    assert bench.values(decoded) == {("pm25", "native", ""): 11.4}


def test_a_description_is_refused_property_by_property(bench):
    nodes = {
        "air": {
            "properties": {
                "pm25": {"datatype": "float", "unit": "°C"},
                "pm10": {"datatype": "string", "unit": "µg/m³"},
                "pm1": {"datatype": "float"},
                "odeur": {"datatype": "float", "unit": "%"},
                "humidity": {"datatype": "integer", "unit": "%"},
            }
        }
    }
    decoded = bench.decode("homie", json.dumps({"nodes": nodes}), topic=ROOT + "$description")
    assert list(decoded.status["units"]["capto-017"]["fields"]) == ["air/humidity"]
    assert set(bench.reasons(decoded)) == {"air/pm25", "air/pm10", "air/pm1", "air/odeur"}


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("ready", {"state": "ready", "online": True}),
        ("lost", {"state": "lost", "online": False}),
        ("sleeping", {"state": "sleeping"}),  # an expected silence
    ],
)
def test_the_state_is_presence(bench, state, status):
    assert bench.decode("homie", state, topic=ROOT + "$state").status == status


def test_an_empty_value_is_a_deleted_topic(bench):
    assert bench.decode("homie", b"", topic=ROOT + "air/pm25").status == {"event": "removed"}


def test_versions_3_and_4_have_no_number_in_the_topic(bench):
    maps = {"capto-017": {"version": 1, "fields": {"air/pm25": {"quantity": "pm25"}}}}
    decoded = bench.decode("homie", "11.4", topic="homie/capto-017/air/pm25", maps=maps)
    assert bench.values(decoded) == {("pm25", "unknown", ""): 11.4}
    assert decoded.device == "capto-017"


@pytest.mark.parametrize("text", ["nan", "inf", "1e400", "true", "11.4 µg/m³"])
def test_what_is_no_number_is_refused(bench, text):
    maps = {"version": 1, "fields": {"air/pm25": {"quantity": "pm25"}}}
    decoded = bench.decode("homie", text, topic=ROOT + "air/pm25", maps=maps)
    assert decoded.readings == []
    assert list(bench.reasons(decoded)) == ["air/pm25"]


@pytest.mark.parametrize(
    ("payload", "topic"),
    [
        (b"11.4", ""),
        (b"11.4", "homie/5/capto-017"),
        (b"maybe", ROOT + "$state"),
        (b"[]", ROOT + "$description"),
        (DESCRIPTION[:50].encode(), ROOT + "$description"),
        (b"\xff", ROOT + "air/pm25"),
        (b"1" * 1_000_000, ROOT + "air/pm25"),
        (b"secret", ROOT + "$log/info"),
        (b'{"a":' * 100_000, ROOT + "$description"),
    ],
)
def test_what_is_no_message_is_undecodable(bench, payload, topic):
    with pytest.raises(Undecodable):
        bench.decode("homie", payload, topic=topic)


def test_a_retained_value_is_not_a_measurement():
    assert FORMATS["homie"].retained_is_state

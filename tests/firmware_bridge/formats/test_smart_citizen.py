import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from firmware_bridge.formats import FORMATS, Undecodable

# The samples of the wire formats' reference, section 3.
RAW = (
    "{t:2026-03-01T09:00:00Z,10:74,14:35,55:8.12,56:69.30,53:51.70,227:98.73,193:6.2,194:10.4,195:11.1,196:11.6,"
    "205:97,206:null}"
)
JSON = '{"data":[{"recorded_at":"2026-03-01T09:00:00Z","sensors":[{"id":194,"value":10.4},{"id":55,"value":8.12}]}]}'
CARD = (
    "TIME,BATT,TEMP,PM_25\nISO 8601,%,C,ug/m3\nTime,Battery,Temperature,PM 2.5\n,10,55,87\n"
    "2026-03-01T09:00:26Z,-1,8.12,none\n2026-03-01T09:01:26Z,74,8.20,11\n"
)
TOPIC = "device/sck/a1b2c3/readings/raw"
NINE = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def test_the_kits_own_notation_is_read(bench):
    decoded = bench.decode("smart_citizen", RAW, topic=TOPIC, received_at=datetime(2026, 3, 9, tzinfo=UTC))
    assert bench.values(decoded) == {
        ("illuminance", "native", ""): 35.0,
        ("temperature", "native", ""): 8.12,
        ("humidity", "native", ""): 69.30,
        ("laeq", "native", ""): 51.70,
        ("pressure", "native", ""): pytest.approx(987.3, rel=1e-12),  # 98.73 kPa
        ("pm1", "native", ""): 6.2,
        ("pm25", "native", ""): 10.4,
        ("pm4", "native", ""): 11.1,
        ("pm10", "native", ""): 11.6,
        ("voc_index", "native", ""): 97.0,
        ("nox_index", "native", ""): None,
    }
    assert {reading.observed_at for reading in decoded.readings} == {NINE}
    assert [reading.flag for reading in decoded.readings if reading.quantity == "nox_index"] == ["no_value"]
    assert decoded.device == "a1b2c3"
    assert decoded.status == {"battery_pct": 74}
    assert decoded.time_source == "device"


def test_the_json_form_is_read(bench):
    decoded = bench.decode("smart_citizen", JSON, topic="device/sck/a1b2c3/readings")
    assert bench.values(decoded) == {("pm25", "native", ""): 10.4, ("temperature", "native", ""): 8.12}
    assert decoded.readings[0].observed_at == NINE


def test_the_file_of_the_card_is_read_by_its_line_of_ids(bench):
    decoded = bench.decode("smart_citizen", CARD)
    assert [(r.quantity, r.value, r.flag, r.observed_at.minute) for r in decoded.readings] == [
        ("temperature", 8.12, "", 0),
        ("pm25", None, "no_value", 0),
        ("temperature", 8.20, "", 1),
        ("pm25", 11.0, "", 1),
    ]
    assert {r.variant for r in decoded.readings if r.quantity == "pm25"} == {"unknown"}
    assert decoded.status["battery_pct"] == 74


def test_minus_one_of_battery_means_none(bench):
    decoded = bench.decode("smart_citizen", "{t:2026-03-01T09:00:00Z,10:-1}", topic=TOPIC)
    assert decoded.status == {"power": "mains or no battery"}


def test_routing_goes_by_segments_and_not_by_letters(bench):
    decoded = bench.decode("smart_citizen", JSON, topic="device/sck/rawraw/readings")
    assert decoded.device == "rawraw"
    assert len(decoded.readings) == 2
    known = FORMATS["smart_citizen"]
    assert known.device_from_topic("bridge/x/device/sck/a1b2c3/readings/raw") == "a1b2c3"
    assert known.device_from_topic("device/inventory") is None


def test_the_notation_forgives_spaces_line_ends_trailing_commas_and_noise(bench):
    text = "{ t : 2026-03-01T09:00:00Z ,\n 194 : 10.4 ,\n 55:8.12,\xff }".encode("latin-1")
    decoded = bench.decode("smart_citizen", text, topic=TOPIC)
    assert bench.values(decoded) == {("pm25", "native", ""): 10.4, ("temperature", "native", ""): 8.12}
    assert decoded.rejected == []


def test_counts_come_per_tenth_of_a_litre_and_twin_lasers_have_channels(bench):
    decoded = bench.decode(
        "smart_citizen", "{t:2026-03-01T09:00:00Z,165:1210,99:1000,105:1100,72:9,76:10,186:50}"
    )
    assert bench.values(decoded) == {
        ("pn03", "native", ""): 12.10,
        ("pn03", "native", "A"): 10.0,
        ("pn03", "native", "B"): 11.0,
        ("pm25", "unknown", "A"): 9.0,
        ("pm25", "unknown", "B"): 10.0,
        ("pnto05", "native", ""): 0.5,  # from a floor up to 0.5 µm: never merged with pn05
    }


def test_two_thermometers_are_told_apart(bench):
    decoded = bench.decode("smart_citizen", "{t:2026-03-01T09:00:00Z,55:8.1,204:9.3}")
    assert bench.values(decoded) == {
        ("temperature", "native", "board"): 8.1,
        ("temperature", "native", "SEN5x"): 9.3,
    }


def test_a_time_without_zone_takes_the_callers(bench):
    message = {"data": [{"recorded_at": "2026-03-01 10:00:00", "sensors": [{"id": "pm25", "value": "9"}]}]}
    decoded = bench.decode("smart_citizen", message, timezone=ZoneInfo("Europe/Paris"))
    assert decoded.readings[0].observed_at == NINE
    assert decoded.readings[0].flag == "tz_assumed"
    assert decoded.time_source == "tz_assumed"


def test_a_clock_that_was_not_set_is_flagged_and_kept(bench):
    decoded = bench.decode("smart_citizen", "{t:2000-01-01T00:00:09Z,55:8.12}", topic=TOPIC)
    assert decoded.readings[0].observed_at == datetime(2000, 1, 1, 0, 0, 9, tzinfo=UTC)
    assert decoded.readings[0].flag == "clock_not_set"


def test_the_flash_replayed_after_an_outage_keeps_its_times(bench):
    group = {"recorded_at": "2026-02-01T09:00:00Z", "sensors": [{"id": 55, "value": 1.0}]}
    later = {"recorded_at": "2026-03-01T09:00:00Z", "sensors": [{"id": 55, "value": 2.0}]}
    decoded = bench.decode("smart_citizen", {"data": [group, later, group]})
    assert [reading.value for reading in decoded.readings] == [1.0, 2.0]  # the repetition is the same reading


def test_a_position_needs_a_fix(bench):
    there = bench.decode(
        "smart_citizen", "{t:2026-03-01T09:00:00Z,55:8,125:45.76,126:4.84,127:173,128:1,131:1.2}"
    )
    assert there.readings[0].position == (45.76, 4.84, 173.0)
    assert there.status == {"gps_fix": 1, "hdop": 1.2}
    nowhere = bench.decode("smart_citizen", "{t:2026-03-01T09:00:00Z,55:8,125:45.76,126:4.84,128:0}")
    assert nowhere.readings[0].position is None


def test_bad_items_are_refused_alone(bench):
    decoded = bench.decode("smart_citizen", "{t:2026-03-01T09:00:00Z,55:8.1,56:nan,999:4,x:4,57,194:1e400}")
    assert bench.values(decoded) == {("temperature", "native", ""): 8.1}
    assert bench.reasons(decoded) == {
        "57": "it has no value",
        "56": "not a finite number",
        "999": "the sensor id is unknown",
        "x": "the sensor id is unknown",
        "194": "not a finite number",
    }


def test_info_and_hello_are_health(bench):
    info = {
        "time": "2026-03-01T09:00:00Z",
        "hw_ver": "2.1",
        "id": "5F",
        "sam_ver": "0.9.9",
        "mac": "84:F3:EB:01:02:03",
    }
    decoded = bench.decode("smart_citizen", info, topic="device/sck/a1b2c3/info")
    assert decoded.status == {"firmware": "0.9.9", "hardware": "2.1"}
    assert "84:F3" not in repr(decoded)
    hello = bench.decode("smart_citizen", "a1b2c3:Hello", topic="device/sck/a1b2c3/hello")
    assert hello.status == {"event": "hello"}


@pytest.mark.parametrize(
    "payload", [b"", RAW[:60].encode(), b"{t:2026", b'{"data":1}', b"a,b,c", b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_no_message_is_undecodable(bench, payload):
    with pytest.raises(Undecodable):
        bench.decode("smart_citizen", payload)


def test_a_card_row_with_a_wrong_number_of_columns_is_refused_alone(bench):
    decoded = bench.decode("smart_citizen", CARD + "2026-03-01T09:02:26Z,1\nnoon,1,2,3\n")
    assert len(decoded.readings) == 4
    assert list(bench.reasons(decoded)) == ["line 7", "line 8"]


def test_every_group_of_the_json_form_must_be_one(bench):
    decoded = bench.decode(
        "smart_citizen", json.dumps({"data": [3, {"sensors": [{"value": 1}, {"id": True}]}]})
    )
    assert decoded.readings == []
    assert set(bench.reasons(decoded)) == {"data[0]", "data[1]"}

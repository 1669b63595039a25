from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from firmware_bridge.formats import FORMATS, Undecodable

# The sample of the wire formats' reference, section 19.
SAMPLE = (
    '{"phenomenonTime":"2026-03-01T10:00:00+01:00","result":11.4,"Datastream":{"@iot.id":87},'
    '"parameters":{"firmware":"3.3.9"}}'
)
MAPS = {
    "version": 1,
    "fields": {"87": {"quantity": "pm25", "unit": "µg/m³", "variant": "native"}, "a b": {"quantity": "pm10"}},
}
NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)
LATER = datetime(2026, 3, 2, tzinfo=UTC)


def observe(bench, message, **options):
    return bench.decode("sensorthings", message, **{"maps": MAPS, "received_at": LATER, **options})


def test_the_sample_is_read_as_its_datastream_is_declared(bench):
    decoded = observe(bench, SAMPLE, topic="v1.1/Observations")
    assert bench.values(decoded) == {("pm25", "native", ""): 11.4}
    assert decoded.readings[0].observed_at == NINE
    assert decoded.device == "87"
    assert decoded.status == {"firmware": "3.3.9"}
    assert decoded.time_source == "device"


def test_the_topic_may_name_the_datastream_with_or_without_quotes(bench):
    assert observe(bench, {"result": 1}, topic="v1.1/Datastreams(87)/Observations").device == "87"
    decoded = observe(bench, {"result": "17.2"}, topic="v1.1/Datastreams('a b')/Observations")
    assert bench.values(decoded) == {("pm10", "unknown", ""): 17.2}
    assert decoded.readings[0].observed_at == LATER
    assert decoded.time_source == "received"


def test_an_interval_gives_its_end_and_its_length(bench):
    message = {
        "phenomenonTime": "2026-03-01T08:00:00Z/2026-03-01T09:00:00Z",
        "result": 1,
        "Datastream": {"@iot.id": 87},
    }
    decoded = observe(bench, message)
    assert decoded.readings[0].observed_at == NINE
    assert decoded.status == {"averaging_s": 3600.0}


def test_the_result_time_is_second_best(bench):
    message = {"resultTime": "2026-03-01T09:00:00Z", "result": 1, "Datastream": {"@iot.id": "87"}}
    assert observe(bench, message).readings[0].observed_at == NINE


def test_a_time_without_offset_takes_the_callers_zone(bench):
    message = {"phenomenonTime": "2026-03-01T10:00:00", "result": 1, "Datastream": {"@iot.id": 87}}
    decoded = observe(bench, message, timezone=ZoneInfo("Europe/Paris"))
    assert decoded.readings[0].observed_at == NINE
    assert decoded.readings[0].flag == decoded.time_source == "tz_assumed"


def test_null_is_a_reading_without_value(bench):
    decoded = observe(bench, {"result": None}, topic="v1.1/Datastreams(87)/Observations")
    assert (decoded.readings[0].value, decoded.readings[0].flag) == (None, "no_value")


def test_a_data_array_holds_several(bench):
    body = [
        {
            "Datastream": {"@iot.id": 87},
            "components": ["phenomenonTime", "result"],
            "dataArray@iot.count": 3,
            "dataArray": [
                ["2026-03-01T09:00:00Z", 1],
                ["2026-03-01T09:01:00Z", "NaN"],
                ["2026-03-01T09:02:00Z"],
            ],
        }
    ]
    decoded = observe(bench, body, topic="/v1.1/CreateObservations")
    assert [(r.value, r.observed_at) for r in decoded.readings] == [(1.0, NINE)]
    assert sorted(bench.reasons(decoded).items()) == [
        ("87", "not a finite number"),
        ("[0]", "a row does not fit the components"),
    ]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"result": 1}, "neither the topic nor the body names the datastream"),
        ({"result": 1, "Datastream": {"@iot.id": 88}}, "the datastream is not declared"),
        ({"Datastream": {"@iot.id": 87}}, "there is no result"),
        ({"result": True, "Datastream": {"@iot.id": 87}}, "true or false is not a number"),
        ({"result": 1, "phenomenonTime": "noon", "Datastream": {"@iot.id": 87}}, "the time cannot be read"),
    ],
)
def test_what_cannot_be_stored_says_why(bench, message, reason):
    decoded = observe(bench, message)
    assert decoded.readings == []
    assert list(bench.reasons(decoded).values()) == [reason]


def test_a_body_may_not_write_into_another_datastream(bench):
    decoded = observe(bench, SAMPLE, topic="v1.1/Datastreams(5)/Observations")
    assert decoded.readings == []
    assert list(bench.reasons(decoded).values()) == ["the body names another datastream than the topic"]


def test_the_place_of_a_home_does_not_leave(bench):
    message = {
        "result": 1,
        "Datastream": {"@iot.id": 87},
        "FeatureOfInterest": {"name": "Chez Paul", "feature": {"coordinates": [4.654321, 45.123456]}},
        "parameters": {"owner": "Paul"},
    }
    found = repr(observe(bench, message))
    assert not any(secret in found for secret in ("Paul", "4.654321", "45.123456"))


@pytest.mark.parametrize(
    ("payload", "topic"),
    [
        (b"", "v1.1/Observations"),
        (b"3", "v1.1/Observations"),
        (SAMPLE[:40].encode(), "v1.1/Observations"),
        (b"\xff", "v1.1/Observations"),
        (SAMPLE.encode(), "v1.1/Things"),
        (b"[" * 100_000, "v1.1/Observations"),
    ],
)
def test_what_is_no_observation_is_undecodable(bench, payload, topic):
    with pytest.raises(Undecodable):
        observe(bench, payload, topic=topic)


def test_the_datastream_is_read_from_the_topic():
    assert FORMATS["sensorthings"].device_from_topic("v1.1/Datastreams('a b')/Observations") == "a b"

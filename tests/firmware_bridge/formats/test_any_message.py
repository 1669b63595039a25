"""Whatever arrives, a decoder answers by the rules or says Undecodable."""

import importlib
import json
import math
import struct
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.formats import FORMATS, Undecodable, decoded
from firmware_bridge.formats.units import CANONICAL_UNIT

from .valid_messages import VALID

RECEIVED_AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
FLAGS = {
    decoded.SENSOR_ERROR,
    decoded.NO_VALUE,
    decoded.TZ_ASSUMED,
    decoded.CLOCK_NOT_SET,
    decoded.TIME_IN_SECONDS,
    decoded.CHANNELS_DISAGREE,
    decoded.DEVICE_FLAGGED,
    decoded.AT_SCALE_LIMIT,
    decoded.NOT_FITTED,
}
HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**40), 2**63, 1e308, -0.0, 65535, -1, 999.9, 1999.9]),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        [
            "nan",
            "inf",
            "1e400",
            "11,4",
            "12 µg/m³",
            "",
            "null",
            "0x10",
            "1970-01-01T00:00:00",
            "9999-12-31T23:59:59",
        ]
    ),
    st.lists(st.integers(), max_size=4),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)
JSON = st.recursive(
    HOSTILE,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
)
TOPICS = st.text(max_size=40) | st.sampled_from([topic for _, topic, _, _ in VALID.values()])


def check(name, payload, topic, headers, maps):
    """Decode twice, and hold the answer to the rules that every format shares."""

    def once():
        return FORMATS[name].decode(
            payload,
            topic=topic,
            headers=headers,
            received_at=RECEIVED_AT,
            timezone=timezone(timedelta(hours=1)),
            maps=maps or None,
        )

    try:
        found = once()
    except Undecodable as refusal:
        assert str(refusal) and refusal.code
        with pytest.raises(Undecodable):
            once()
        return
    assert once() == found
    keys = [(*reading[:3], reading.observed_at) for reading in found.readings]
    assert len(keys) == len(set(keys))
    for reading in found.readings:
        assert reading.value is None or (type(reading.value) is float and math.isfinite(reading.value))
        assert reading.value is not None or reading.flag
        assert set(reading.flag.split()) <= FLAGS
        assert reading.variant in decoded.VARIANTS
        assert reading.unit == CANONICAL_UNIT[reading.quantity]
        assert reading.observed_at.tzinfo is UTC
        assert len(reading.channel) <= 20
        if reading.position is not None:
            assert abs(reading.position[0]) <= 90 and abs(reading.position[1]) <= 180
    assert found.device is None or 0 < len(found.device) <= 255
    assert found.status.keys() <= decoded.STATUS_KEYS.keys()
    json.dumps(found.status, allow_nan=False)
    assert len(found.rejected) <= 101
    assert all(len(rejected.item) <= 64 and rejected.reason for rejected in found.rejected)
    assert found.time_source in ("device", "received", "tz_assumed")
    assert found.mapping


def test_every_format_has_a_valid_message_here():
    assert VALID.keys() == FORMATS.keys()


@pytest.mark.parametrize("name", FORMATS)
def test_the_valid_message_says_something(name):
    payload, topic, headers, maps = VALID[name]
    check(name, payload, topic, headers, maps)
    found = FORMATS[name].decode(
        payload, topic=topic, headers=headers, received_at=RECEIVED_AT, maps=maps or None
    )
    assert found.readings or found.status


@pytest.mark.parametrize("name", FORMATS)
def test_the_topic_names_the_same_device_as_the_message(name):
    payload, topic, headers, maps = VALID[name]
    found = FORMATS[name].decode(
        payload, topic=topic, headers=headers, received_at=RECEIVED_AT, maps=maps or None
    )
    assert FORMATS[name].device_from_topic(topic) in (None, found.device)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60, deadline=None)
@given(payload=st.binary(max_size=200), topic=TOPICS)
def test_random_bytes_break_nothing(name, payload, topic):
    _, own_topic, headers, maps = VALID[name]
    check(name, payload, own_topic, headers, maps)
    check(name, payload, topic, {}, {})


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60, deadline=None)
@given(message=JSON, topic=TOPICS)
def test_random_json_breaks_nothing(name, message, topic):
    payload = json.dumps(message).encode()
    _, own_topic, headers, maps = VALID[name]
    check(name, payload, own_topic, headers, maps)
    check(name, payload, topic, {}, {})


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_message_breaks_nothing(name, data):
    payload, topic, headers, maps = VALID[name]
    damaged = bytearray(payload)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged)))
        length = data.draw(st.integers(0, 6))
        damaged[at : at + length] = data.draw(
            st.binary(max_size=6) | st.sampled_from([b"NaN", b"1e400", b"-1", b"{", b"]"])
        )
    check(name, bytes(damaged), topic, headers, maps)


def places(message, path=()):
    """List the paths to every value inside a JSON message."""
    yield path
    children = (
        message.items()
        if isinstance(message, dict)
        else enumerate(message)
        if isinstance(message, list)
        else ()
    )
    for key, value in children:
        yield from places(value, (*path, key))


def replaced(message, path, value):
    if not path:
        return value
    copy = dict(message) if isinstance(message, dict) else list(message)
    copy[path[0]] = replaced(copy[path[0]], path[1:], value)
    return copy


JSON_FORMATS = sorted(
    name for name, (payload, *_) in VALID.items() if payload[:1] in (b"{", b"[") and name != "smart_citizen"
)


@pytest.mark.parametrize("name", JSON_FORMATS)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_hostile_value_anywhere_breaks_nothing(name, data):
    payload, topic, headers, maps = VALID[name]
    message = json.loads(payload)
    path = data.draw(st.sampled_from(list(places(message))))
    damaged = replaced(message, path, data.draw(HOSTILE))
    check(name, json.dumps(damaged).encode(), topic, headers, maps)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x00" * 1000,
        b"[" * 100_000,
        b'{"data":' * 100_000,
        b"1" * 1_000_000,
        b'{"a":' + b"9" * 100_000 + b"}",
        b'"' + b"x" * 1_000_000 + b'"',
        b"," * 1_000_000,
        b"{t:" + b"1:1," * 250_000 + b"}",
        b"\xab\xba\xff\xff" + struct.pack(">IBf", 1, 2, 3.0) * 65535 + b"\x00",
    ],
    ids=[
        "empty",
        "zeros",
        "deep list",
        "deep object",
        "digits",
        "huge integer",
        "long text",
        "commas",
        "raw",
        "frames",
    ],
)
def test_a_heavy_message_breaks_nothing(name, payload):
    _, topic, headers, maps = VALID[name]
    check(name, payload, topic, headers, maps)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("year", [1, 1970, 2000, 2100, 9999])
def test_reception_at_any_time_is_no_error(name, year):
    payload, topic, headers, _ = VALID[name]
    at = datetime(year, 1, 1, tzinfo=UTC)
    FORMATS[name].decode(
        payload, topic=topic, headers=headers, received_at=at, timezone=timezone(timedelta(hours=14))
    )


@pytest.mark.parametrize(
    "maps",
    [
        {"fields": {"pm02": 3}},
        {"*": {"fields": {"pm02": {"quantity": "nitrate"}}}},
        {"*": 3},
        {"fields": 3},
        {"fields": {"pm02": {"quantity": "pm25", "unit": "ug/m3", "factor": "x"}}},
    ],
)
@pytest.mark.parametrize("name", FORMATS)
def test_a_row_that_cannot_be_used_is_a_reason_and_no_error(name, maps):
    payload, topic, headers, _ = VALID[name]
    check(name, payload, topic, headers, maps)


def test_a_naive_moment_of_reception_is_the_callers_error():
    with pytest.raises(ValueError, match="time zone"):
        FORMATS["airgradient"].decode(b"{}", received_at=datetime(2026, 3, 1))  # noqa: DTZ001


def test_no_format_imports_another_and_all_are_pure():
    folder = Path(importlib.import_module("firmware_bridge.formats").__file__).parent
    for path in folder.glob("*.py"):
        if path.name != "__init__.py":
            lines = [
                line
                for line in path.read_text().splitlines()
                if line.startswith(("from .", "import ", "from "))
            ]
            assert not [line for line in lines for name in FORMATS if line.startswith(f"from .{name} ")], (
                path.name
            )
            assert len(path.read_text().splitlines()) < 400, path.name
    script = (
        "import sys; import firmware_bridge.formats; print(*sorted(m.split('.')[0] for m in sys.modules))"
    )
    environment = {"PATH": "/usr/bin", "DJANGO_SETTINGS_MODULE": ""}
    root = folder.parent.parent
    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root, env=environment
    )
    strangers = set(printed.stdout.split()) - set(sys.stdlib_module_names) - {"firmware_bridge"}
    assert not {name for name in strangers if not name.startswith("_")}

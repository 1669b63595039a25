import struct
from datetime import UTC, datetime

import pytest

from firmware_bridge.formats import FORMATS, Undecodable

# The sample of the wire formats' reference, section 12: 2026-03-01T09:00:00Z, PM2.5 12.5, RH 63.0.
SAMPLE = bytes.fromhex("abba000269a40010024148000069a4001004427c000022")
PATH = "/api/v3/fixed_sessions/7d9b2f1c-0000-4000-8000-00000000abcd/measurements"


def body(*frames):
    data = (
        b"\xab\xba"
        + struct.pack(">H", len(frames))
        + b"".join(struct.pack(">IBf", *frame) for frame in frames)
    )
    checksum = 0
    for byte in data:
        checksum ^= byte
    return data + bytes([checksum])


def test_the_sample_is_read_frame_by_frame(bench):
    decoded = bench.decode("airbeam", SAMPLE, topic=PATH, received_at=datetime(2026, 3, 9, tzinfo=UTC))
    assert bench.values(decoded) == {("pm25", "unknown", ""): 12.5, ("humidity", "native", ""): 63.0}
    assert {r.observed_at for r in decoded.readings} == {datetime(2026, 3, 1, 9, tzinfo=UTC)}
    assert decoded.device == "7d9b2f1c-0000-4000-8000-00000000abcd"
    assert decoded.time_source == "device"


def test_temperature_comes_in_fahrenheit(bench):
    decoded = bench.decode(
        "airbeam", body((1772355600, 5, 50.0), (1772355600, 1, 6.5), (1772355600, 3, 17.25))
    )
    assert bench.values(decoded) == {
        ("temperature", "native", ""): pytest.approx(10.0),
        ("pm1", "unknown", ""): 6.5,
        ("pm10", "unknown", ""): 17.25,
    }


def test_an_empty_body_asks_for_the_time(bench):
    decoded = bench.decode("airbeam", b"", topic=PATH)
    assert decoded.readings == [] and decoded.rejected == []
    assert decoded.status == {"event": "clock_sync"}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"\xab\xba\x00\x01", "payload_too_short"),
        (b"\xba\xab" + SAMPLE[2:], "invalid_magic_bytes"),
        (b"\xab\xba\x00\x00\x11", "empty_measurement_count"),
        (SAMPLE[:-1], "payload_size_mismatch"),
        (SAMPLE + b"\x00", "payload_size_mismatch"),
        (SAMPLE[:-1] + b"\x23", "invalid_checksum"),
        (b"{" * 1_000_000, "invalid_magic_bytes"),
    ],
)
def test_structure_and_checksum_refuse_the_whole_body_in_upstreams_words(bench, payload, code):
    with pytest.raises(Undecodable) as refusal:
        bench.decode("airbeam", payload)
    assert refusal.value.code == code


def test_one_bad_frame_does_not_refuse_the_others(bench):
    at = 1772355600
    decoded = bench.decode(
        "airbeam", body((at, 2, 9.0), (at, 2, float("nan")), (at, 3, float("inf")), (at, 77, 1.0))
    )
    assert bench.values(decoded) == {("pm25", "unknown", ""): 9.0}
    assert bench.reasons(decoded) == {
        "frame 1": "not a finite number",
        "frame 2": "not a finite number",
        "frame 3": "the type 77 is unknown",
    }


def test_an_epoch_of_zero_is_kept_and_flagged(bench):
    (reading,) = bench.decode("airbeam", body((0, 2, 9.0))).readings
    assert reading.observed_at == datetime(1970, 1, 1, tzinfo=UTC)
    assert reading.flag == "clock_not_set"


def test_a_repeated_frame_is_one_reading_and_a_contradiction_is_none(bench):
    at = 1772355600
    decoded = bench.decode("airbeam", body((at, 2, 9.0), (at, 2, 9.0), (at, 3, 1.0), (at, 3, 2.0)))
    assert bench.values(decoded) == {("pm25", "unknown", ""): 9.0}
    assert list(bench.reasons(decoded)) == ["pm10"]


def test_the_model_may_name_its_variant(bench):
    maps = {"*": {"version": 1, "fields": {"2": {"quantity": "pm25", "variant": "atm"}}}}
    decoded = bench.decode("airbeam", SAMPLE, maps=maps)
    assert ("pm25", "atm", "") in bench.values(decoded)


def test_the_session_is_read_from_the_path():
    assert FORMATS["airbeam"].device_from_topic(PATH) == "7d9b2f1c-0000-4000-8000-00000000abcd"
    assert FORMATS["airbeam"].transport == "http"

import pytest

from firmware_bridge.formats import Undecodable

# The sample of the wire formats' reference, section 16: ch 1 -3.5 °C, ch 2 71.5 %, ch 3 1008.7 hPa, ch 4 analog 11.40.
SAMPLE = bytes.fromhex("0167ffdd02688f0373276704020474")
MODEL = {"version": 2, "fields": {"analog_in_4": {"quantity": "pm25", "variant": "native"}}}


def test_the_sample_is_read_with_the_map_of_its_model(bench):
    decoded = bench.decode("cayenne_lpp", SAMPLE, topic="lpp/capto-021", maps=MODEL)
    assert bench.values(decoded) == {
        ("temperature", "native", ""): -3.5,
        ("humidity", "native", ""): 71.5,
        ("pressure", "native", ""): 1008.7,
        ("pm25", "native", ""): 11.40,
    }
    assert decoded.device == "capto-021"
    assert decoded.rejected == []
    assert decoded.time_source == "received"


def test_without_a_map_an_analog_channel_means_nothing(bench):
    decoded = bench.decode("cayenne_lpp", SAMPLE)
    assert len(decoded.readings) == 3
    assert list(bench.reasons(decoded)) == ["analog_in_4"]


@pytest.mark.parametrize(
    ("frame", "value"),
    [
        ("01670000", {("temperature", "native", ""): 0.0}),
        ("0165ffff", {("illuminance", "native", ""): 65535.0}),
        ("017d01af", {("co2", "native", ""): 431.0}),
        ("017900ad", {("altitude", "native", ""): 173.0}),
        ("0168c8", {("humidity", "native", ""): 100.0}),
        (
            "016701000267ffff",
            {("temperature", "native", "ch1"): 25.6, ("temperature", "native", "ch2"): -0.1},
        ),
    ],
)
def test_types_have_their_scale_and_sign(bench, frame, value):
    assert bench.values(bench.decode("cayenne_lpp", bytes.fromhex(frame))) == value


def test_an_unknown_type_ends_the_frame_but_what_was_read_stays(bench):
    decoded = bench.decode("cayenne_lpp", bytes.fromhex("0167ffdd" + "02f0" + "0000"))
    assert bench.values(decoded) == {("temperature", "native", ""): -3.5}
    assert bench.reasons(decoded) == {"byte 4": "the record type 240 is unknown, so the rest cannot be read"}


def test_a_truncated_record_is_refused_and_the_rest_stays(bench):
    decoded = bench.decode("cayenne_lpp", SAMPLE[:-1], maps=MODEL)
    assert len(decoded.readings) == 3
    assert bench.reasons(decoded) == {"byte 11": "the frame ends inside a record"}


def test_the_limit_of_the_analog_scale_is_flagged(bench):
    decoded = bench.decode("cayenne_lpp", bytes.fromhex("04027fff"), maps=MODEL)
    assert decoded.readings[0][3] == 327.67
    assert decoded.readings[0].flag == "at_scale_limit"


def test_a_place_belongs_to_the_readings_unless_it_is_no_fix(bench):
    # 45.7600° = 457600 = 0x06fb80, 4.8400° = 48400 = 0x00bd10, 173 m = 17300 = 0x004394
    decoded = bench.decode("cayenne_lpp", bytes.fromhex("0167ffdd" + "058806fb8000bd10004394"))
    assert decoded.readings[0].position == (45.76, 4.84, 173.0)
    decoded = bench.decode("cayenne_lpp", bytes.fromhex("0167ffdd" + "0588" + "00" * 9))
    assert decoded.readings[0].position is None


@pytest.mark.parametrize(
    "payload", [b"", b"\x01", b"\x01\xf0\x00", b"\x01\x67\xff", b"{}", b"\xff" * 1_000_000]
)
def test_what_is_no_frame_is_undecodable(bench, payload):
    with pytest.raises(Undecodable):
        bench.decode("cayenne_lpp", payload)

import struct
from datetime import UTC, datetime

import pytest

from firmware_bridge.formats import Undecodable

# The samples of the wire formats' reference, section 17: time 1772355600, fields 1, 2, 3, 5 = 4, 9, 13, 8.
TELEMETRY = bytes.fromhex("0d1000a469220808041009180d2808")
JSON = (
    '{"id":3311278094,"from":2890143221,"to":4294967295,"channel":0,"type":"telemetry","sender":"!ac44d5f5",'
    '"timestamp":1772355600,"rssi":-88,"snr":3.5,"hops_away":1,"payload":{"pm10":4,"pm25":9,"pm100":13}}'
)
NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)
LATER = datetime(2026, 3, 1, 9, 5, tzinfo=UTC)


def varint(value):
    value &= 2**64 - 1
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def message(*fields):
    """Encode (number, value): int as varint, float as float, bytes as they are, ("fixed32", n)."""
    out = b""
    for number, value in fields:
        if isinstance(value, float):
            out += varint(number << 3 | 5) + struct.pack("<f", value)
        elif isinstance(value, tuple):
            out += varint(number << 3 | 5) + struct.pack("<I", value[1])
        elif isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def envelope(telemetry, *, port=67, sender=2890143221):
    data = message((1, port), (2, telemetry))
    packet = message(
        (1, ("fixed32", sender)),
        (2, ("fixed32", 2**32 - 1)),
        (4, data),
        (6, ("fixed32", 77)),
        (7, ("fixed32", 1772355660)),
        (8, 3.5),
        (12, -88),
    )
    return message((1, packet), (2, b"LongFast"), (3, b"!ac44d5f5"))


def air(*fields, time=1772355600):
    return message((1, ("fixed32", time)), (4, message(*fields)))


PLANTOWER = {
    ("pm1", "cf1", ""): 4.0,  # pm10_standard
    ("pm25", "cf1", ""): 9.0,
    ("pm10", "cf1", ""): 13.0,  # pm100_standard
    ("pm25", "atm", ""): 8.0,
}


def test_pm10_is_pm1_and_pm100_is_pm10(bench):
    decoded = bench.decode("meshtastic", TELEMETRY, received_at=LATER)
    assert bench.values(decoded) == PLANTOWER
    assert {reading.observed_at for reading in decoded.readings} == {NINE}
    assert decoded.device is None
    assert decoded.rejected == []


def test_an_envelope_names_the_node_and_not_the_gateway(bench):
    decoded = bench.decode("meshtastic", envelope(TELEMETRY), topic="msh/EU_868/2/e/LongFast/!0000beef")
    assert bench.values(decoded) == PLANTOWER
    assert decoded.device == "!ac4415f5"  # 2890143221 in hexadecimal
    assert decoded.message_id == "!ac4415f5:77"
    assert decoded.status == {"snr": 3.5, "rssi": -88}


def test_an_unknown_time_falls_back_to_the_packets_then_to_reception(bench):
    decoded = bench.decode("meshtastic", envelope(air((1, 4), time=0)), received_at=LATER)
    assert decoded.readings[0].observed_at == datetime(2026, 3, 1, 9, 1, tzinfo=UTC)
    decoded = bench.decode("meshtastic", air((1, 4), time=0), received_at=LATER)
    assert decoded.readings[0].observed_at == LATER
    assert decoded.time_source == "received"


def test_zero_is_a_value_and_absence_is_not(bench):
    decoded = bench.decode("meshtastic", air((1, 0), (5, 0)))
    assert bench.values(decoded) == {("pm1", "cf1", ""): 0.0, ("pm25", "atm", ""): 0.0}


def test_a_sensirion_is_told_by_the_fields_it_alone_has(bench):
    decoded = bench.decode("meshtastic", air((2, 9), (19, 11), (8, 500), (12, 600), (21, 20.5), (25, 0.5)))
    assert bench.values(decoded) == {
        ("pm25", "native", ""): 9.0,
        ("pm4", "native", ""): 11.0,
        ("pnto05", "native", ""): 5.0,
        ("pnto10", "native", ""): 6.0,
        ("temperature", "native", ""): 20.5,
        ("pm_tps", "native", ""): 0.5,
    }


def test_counts_of_a_plantower_are_per_tenth_of_a_litre(bench):
    decoded = bench.decode("meshtastic", air((4, 3), (7, 1210), (12, 1)))
    assert bench.values(decoded) == {
        ("pm1", "atm", ""): 3.0,
        ("pn03", "native", ""): 12.1,
        ("pn10", "native", ""): 0.01,
    }


def test_masses_alone_do_not_tell_their_variant(bench):
    assert bench.values(bench.decode("meshtastic", air((2, 9)))) == {("pm25", "unknown", ""): 9.0}


def test_the_climate_of_several_sensors_is_told_apart(bench):
    decoded = bench.decode("meshtastic", air((13, 512), (14, 20.0), (15, 50.0), (18, 21.0)))
    assert bench.values(decoded) == {
        ("co2", "native", ""): 512.0,
        ("temperature", "native", "CO2"): 20.0,
        ("humidity", "native", ""): 50.0,
        ("temperature", "native", "HCHO"): 21.0,
    }


def test_status_bits_flag_what_they_spoil(bench):
    decoded = bench.decode("meshtastic", air((2, 9), (22, 50.0), (23, 100.0), (26, 1 << 4 | 1 << 7)))
    assert {r.quantity: r.flag for r in decoded.readings} == {
        "pm25": "device_flagged",
        "humidity": "",
        "voc_index": "device_flagged",
    }
    assert decoded.status["errors"] == ["fan", "gas"]


def test_environment_and_device_metrics_are_read(bench):
    environment = message((1, ("fixed32", 1772355600)), (3, message((1, 6.8), (2, 74.1), (3, 987.3))))
    assert bench.values(bench.decode("meshtastic", environment)) == {
        ("temperature", "native", ""): 6.8,
        ("humidity", "native", ""): 74.1,
        ("pressure", "native", ""): 987.3,
    }
    device = message((1, ("fixed32", 1772355600)), (2, message((1, 76), (2, 3.91), (5, 40211))))
    assert bench.decode("meshtastic", device).status == {
        "battery_pct": 76,
        "battery_v": 3.91,
        "uptime": 40211,
    }
    powered = message((2, message((1, 101))))
    assert bench.decode("meshtastic", powered).status == {"power": "mains"}


def test_the_json_of_older_nodes_is_read(bench):
    decoded = bench.decode("meshtastic", JSON, received_at=LATER)
    assert {r.quantity: r.value for r in decoded.readings} == {"pm1": 4.0, "pm25": 9.0, "pm10": 13.0}
    assert decoded.readings[0].observed_at == NINE
    assert decoded.device == "!ac4415f5"  # 2890143221 in hexadecimal
    assert decoded.message_id == "!ac4415f5:3311278094"
    assert decoded.status == {"rssi": -88, "snr": 3.5}


def test_neighbours_are_not_decoded(bench):
    secret = b"Rendez-vous chez Paul"
    decoded = bench.decode("meshtastic", envelope(secret, port=1))
    assert decoded.readings == [] and decoded.status == {"event": "not telemetry"}
    assert "Paul" not in repr(decoded)
    position = (
        '{"from":2890143221,"type":"position","payload":{"latitude_i":457600000,"longitude_i":48400000}}'
    )
    assert "4576" not in repr(bench.decode("meshtastic", position))


def test_an_encrypted_packet_says_what_to_do(bench):
    packet = message((1, ("fixed32", 5)), (5, b"\x01\x02\x03"))
    with pytest.raises(Undecodable, match="decrypted"):
        bench.decode("meshtastic", message((1, packet)))


def test_a_field_of_the_wrong_kind_or_number_gives_no_reading(bench):
    decoded = bench.decode(
        "meshtastic", air((1, 4.0), (2, float("nan")), (14, float("nan")), (200, 3), (5, 8))
    )
    assert {r.quantity for r in decoded.readings if r.value is not None} >= {"pm25"}
    assert set(bench.reasons(decoded)) >= {"co2_temperature", "air quality 200"}


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        TELEMETRY[:-1],
        b"\x0a\xff",
        b"\xff" * 100,
        b"\x08" * 1_000_000,
        JSON[:50].encode(),
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_packet_is_undecodable(bench, payload):
    with pytest.raises(Undecodable):
        bench.decode("meshtastic", payload)

import json
from datetime import UTC, datetime

import pytest

from firmware_bridge.formats import Undecodable

# The sample of the wire formats' reference, section 5.
SAMPLE = (
    '{"end_device_ids":{"device_id":"capto-021","application_ids":{"application_id":"capto"},'
    '"dev_eui":"70B3D57ED0001A2B"},"received_at":"2026-03-01T09:00:01.412345678Z","uplink_message":{'
    '"session_key_id":"AY3xk0Jq1T2mVZ7sQ4cP9w==","f_port":1,"f_cnt":318,"frm_payload":"AWf/3QJojwNzJ2cEAgR0",'
    '"decoded_payload":{"temperature_1":-3.5,"relative_humidity_2":71.5,"barometric_pressure_3":1008.7,'
    '"analog_in_4":11.4},"rx_metadata":[{"gateway_ids":{"gateway_id":"gw-a"},"time":"2026-03-01T09:00:01.105Z",'
    '"rssi":-97,"snr":4.5}],"received_at":"2026-03-01T09:00:01.207Z"}}'
)
AM319 = '{"temperature":6.8,"humidity":74,"co2":512,"pm2.5":11,"pm10":17,"pressure":987.3}'
DL_PM = (
    '{"pm2_5_mass_concentration":{"displayName":"PM2.5 mass concentration","value":11.4,"unit":"µg⋅m⁻³"},'
    '"barometric_pressure":{"value":98730,"unit":"Pa"}}'
)
CLIMATE = {
    ("temperature", "native", ""): -3.5,
    ("humidity", "native", ""): 71.5,
    ("pressure", "native", ""): 1008.7,
}
PM_BY_ANALOG = {"version": 4, "fields": {"analog_in_4": {"quantity": "pm25", "variant": "native"}}}


def uplink(**changes):
    message = json.loads(SAMPLE)
    message["uplink_message"].update(changes)
    message["uplink_message"] = {k: v for k, v in message["uplink_message"].items() if v is not None}
    return message


def test_the_sample_is_read_with_the_row_of_its_device(bench):
    decoded = bench.decode("ttn", SAMPLE, maps={"70B3D57ED0001A2B": PM_BY_ANALOG})
    assert bench.values(decoded) == {**CLIMATE, ("pm25", "native", ""): 11.4}
    assert decoded.device == "70B3D57ED0001A2B"
    assert decoded.status == {"rssi": -97, "snr": 4.5}
    assert {reading.observed_at for reading in decoded.readings} == {
        datetime(2026, 3, 1, 9, 0, 1, 105000, tzinfo=UTC)
    }
    assert decoded.message_id == "70B3D57ED0001A2B/AY3xk0Jq1T2mVZ7sQ4cP9w==/318"
    assert decoded.mapping == "ttn/1+lorawan/1+4"
    assert decoded.rejected == []


def test_without_a_decoded_payload_the_bytes_are_read(bench):
    decoded = bench.decode("ttn", uplink(decoded_payload=None), maps={"*": PM_BY_ANALOG})
    assert bench.values(decoded) == {**CLIMATE, ("pm25", "native", ""): 11.4}


def test_bytes_of_another_encoding_are_refused_whole(bench):
    # 01 67 ff dd would be a temperature, but what follows is no record.
    decoded = bench.decode("ttn", uplink(decoded_payload=None, frm_payload="AWf/3QLw"))
    assert decoded.readings == []
    assert list(bench.reasons(decoded)) == ["payload"]


def test_float32_noise_is_rounded_to_the_scale_of_the_type(bench):
    decoded = bench.decode(
        "ttn", uplink(decoded_payload={"analog_in_4": 11.399999618530273}), maps={"*": PM_BY_ANALOG}
    )
    assert bench.values(decoded) == {("pm25", "native", ""): 11.4}


def test_the_milesight_map_is_built_in_and_keys_may_hold_dots(bench):
    decoded = bench.decode("ttn", uplink(decoded_payload=json.loads(AM319) | {"battery": 90, "tvoc": 120}))
    assert bench.values(decoded) == {
        ("temperature", "native", ""): 6.8,
        ("humidity", "native", ""): 74.0,
        ("co2", "native", ""): 512.0,
        ("pm25", "native", ""): 11.0,
        ("pm10", "native", ""): 17.0,
        ("pressure", "native", ""): 987.3,
        ("tvoc_vendor", "native", ""): 120.0,
    }
    assert decoded.status["battery_pct"] == 90


def test_the_decentlab_map_is_built_in_and_told_units_are_converted(bench):
    payload = json.loads(DL_PM) | {"battery_voltage": {"value": 3.1, "unit": "V"}}
    decoded = bench.decode("ttn", uplink(decoded_payload=payload))
    assert bench.values(decoded) == {
        ("pm25", "native", ""): 11.4,
        ("pressure", "native", ""): 987.3,
    }  # 98730 Pa
    assert decoded.status["battery_v"] == 3.1


def test_another_model_gets_no_map_of_these(bench):
    decoded = bench.decode("ttn", uplink(decoded_payload=json.loads(AM319), version_ids={"model_id": "xyz9"}))
    assert decoded.readings == []
    assert decoded.status["model"] == "xyz9"
    assert set(bench.reasons(decoded).values()) == {"no decoder map of the model has this key"}


def test_a_row_may_address_nested_keys_and_scale_them(bench):
    row = {"version": 1, "fields": {"air/pm": {"quantity": "pm25", "variant": "native", "factor": 0.1}}}
    decoded = bench.decode("ttn", uplink(decoded_payload={"air": {"pm": 114}}), maps={"xyz9": row, "*": row})
    assert bench.values(decoded) == {("pm25", "native", ""): pytest.approx(11.4)}


def test_the_normalised_payload_fills_what_the_decoded_one_left(bench):
    normalised = [{"air": {"temperature": 6.9, "relativeHumidity": 74.5, "lightIntensity": 300}}]
    decoded = bench.decode(
        "ttn", uplink(decoded_payload={"temperature": 6.8, "pm2.5": 11}, normalized_payload=normalised)
    )
    assert bench.values(decoded) == {
        ("temperature", "native", ""): 6.8,
        ("pm25", "native", ""): 11.0,
        ("humidity", "native", ""): 74.5,
        ("illuminance", "native", ""): 300.0,
    }


def test_several_gateways_make_one_reading_at_the_earliest_time(bench):
    heard = [
        {"time": "2026-03-01T09:00:03Z", "rssi": -101},
        {"time": "2026-03-01T09:00:02.123456789Z", "rssi": -80, "snr": 9},
        {"time": "1970-01-01T00:01:00Z", "rssi": -120, "snr": 1},  # a gateway without time
        {"rssi": -110, "snr": -3},
    ]
    decoded = bench.decode("ttn", uplink(rx_metadata=heard))
    assert len(decoded.readings) == 3
    assert decoded.readings[0].observed_at == datetime(2026, 3, 1, 9, 0, 2, 123456, tzinfo=UTC)
    assert decoded.status == {"rssi": -80, "snr": 9}


def test_the_time_falls_back_to_the_servers(bench):
    decoded = bench.decode("ttn", uplink(rx_metadata=None))
    assert decoded.readings[0].observed_at == datetime(2026, 3, 1, 9, 0, 1, 207000, tzinfo=UTC)
    message = uplink(rx_metadata=None, received_at=None)
    assert bench.decode("ttn", message).readings[0].observed_at.microsecond == 412345  # nanoseconds are cut
    del message["received_at"]
    decoded = bench.decode("ttn", message)
    assert decoded.readings[0].observed_at == bench.received_at
    assert decoded.time_source == "received"


def test_an_absent_counter_is_zero(bench):
    assert bench.decode("ttn", uplink(f_cnt=None)).message_id.endswith("/0")


def test_a_simulated_uplink_is_no_data(bench):
    message = uplink() | {"simulated": True}
    decoded = bench.decode("ttn", message)
    assert decoded.readings == []
    assert list(bench.reasons(decoded)) == ["simulated"]


def test_the_registered_place_and_the_gateways_place_do_not_leave(bench):
    message = uplink(locations={"user": {"latitude": 45.123456, "longitude": 4.654321}})
    message["uplink_message"]["rx_metadata"][0]["location"] = {"latitude": 45.999, "longitude": 4.999}
    found = repr(bench.decode("ttn", message))
    assert not any(secret in found for secret in ("45.123456", "4.654321", "45.999", "4.999"))


def test_bad_values_are_refused_alone(bench):
    payload = '{"pm2.5":NaN,"pm10":true,"temperature":"6.8","co2":1e400,"colour":"red"}'
    text = json.dumps(uplink(decoded_payload="@")).replace('"@"', payload)
    decoded = bench.decode("ttn", text)
    assert bench.values(decoded) == {("temperature", "native", ""): 6.8}
    assert set(bench.reasons(decoded)) == {"pm2.5", "pm10", "co2", "colour"}


@pytest.mark.parametrize(
    "payload", [b"", SAMPLE[:300].encode(), b"{}", b'{"uplink_message":3}', b"[]", b"[" * 100_000]
)
def test_what_is_no_uplink_is_undecodable(bench, payload):
    with pytest.raises(Undecodable):
        bench.decode("ttn", payload)

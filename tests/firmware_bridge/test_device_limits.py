"""How much one device may send before it is held back, and that the others do not feel it."""

from collections import Counter
from pathlib import Path

from firmware_bridge.device_limits import HOUR_US, KEPT_PER_HOUR, DeviceLimits, Verdict

from .conftest import BridgeProcess, Devices, Town, wait_until

SECOND_US = 1_000_000


def test_a_device_may_catch_up_and_then_send_at_its_pace() -> None:
    limits = DeviceLimits(100.0, 5_000.0)
    assert {limits.verdict("a", 0) for _ in range(5_000)} == {Verdict.READ}
    assert limits.verdict("a", 0) is Verdict.KEPT
    after_a_second = Counter(limits.verdict("a", SECOND_US) for _ in range(150))
    assert after_a_second == {Verdict.READ: 100, Verdict.KEPT: 50}
    assert limits.verdict("b", SECOND_US) is Verdict.READ


def test_of_a_loop_a_thousand_messages_an_hour_are_kept_and_the_rest_counted() -> None:
    limits = DeviceLimits(0.001, 5_000.0)
    verdicts = Counter(limits.verdict("a", 0) for _ in range(10_000))
    assert verdicts == {Verdict.READ: 5_000, Verdict.KEPT: KEPT_PER_HOUR, Verdict.DROPPED: 4_000}
    later = Counter(limits.verdict("a", HOUR_US) for _ in range(10))
    assert later == {Verdict.READ: 3, Verdict.KEPT: 7}  # 3,600 s at one in a thousand seconds


def test_two_months_of_minutes_come_at_once() -> None:
    limits = DeviceLimits(100.0)
    assert {limits.verdict("a", 0) for _ in range(60 * 24 * 60)} == {Verdict.READ}


def test_no_limit_is_no_limit() -> None:
    limits = DeviceLimits(0.0)
    assert {limits.verdict("a", 0) for _ in range(20_000)} == {Verdict.READ}


def test_a_device_in_a_tight_loop_is_held_back_and_the_others_lose_nothing(
    town: Town, devices: Devices, publisher_url: str, bridge_database_url: str, mqtt_url: str, tmp_path: Path
) -> None:
    wild, wild_device = town.sensor()
    fleet = [town.sensor() for _ in range(5)]
    bridge = BridgeProcess(bridge_database_url, mqtt_url, tmp_path / "bridge.log")
    bridge.environment["CAPTO_DEVICE_MESSAGES_PER_S"] = "10"
    bridge.environment["CAPTO_DEVICE_MESSAGES_AT_ONCE"] = "5000"
    bridge.start()
    try:
        devices.airgradient(wild_device, 0)
        wait_until(lambda: town.messages(wild) == 1, what="the bridge at work")
        for turn in range(8):
            devices.airgradient(wild_device, *range(1_000 * turn + 1, 1_000 * turn + 1_001))
            for _, device in fleet:
                devices.airgradient(device, turn)
        for key, _ in fleet:
            wait_until(lambda key=key: town.messages(key) == 8, what="the others")  # type: ignore[misc]
        wait_until(lambda: len(town.rejected(wild_device)) >= KEPT_PER_HOUR, what="what was set aside")
    finally:
        bridge.stop()
    assert 5_000 <= town.messages(wild) < 7_000
    assert {reason for reason, _ in town.rejected(wild_device)} == {"too_fast"}
    assert len(town.rejected(wild_device)) == KEPT_PER_HOUR
    for key, _ in fleet:
        assert town.values(key, "boot_count") == [float(turn) for turn in range(8)]

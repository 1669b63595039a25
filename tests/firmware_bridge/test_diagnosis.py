"""The detectors on traces that another file makes: found how many, after how long, how many false alarms."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import NamedTuple

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from firmware_bridge.diagnosis import DETECTORS, Finding, Hour, Sum, Trace, findings, silent

from .faults.traces import FAULTS, MINUTES, QUANTITIES, Device, Town

START = datetime(2026, 1, 1, tzinfo=UTC)
SUMS_READY = timedelta(minutes=2)  # after the end of the hour: capto.readings.hourly.FINISHED_AFTER
PLAUSIBLE = {"pm25": (0.0, 1000.0), "temperature": (-40.0, 60.0), "humidity": (0.0, 105.0)}
HEALTHY_MONTHS = 200
FAULTY_EACH = 20
TOWN_SIZE = 20
STEP = 5  # minutes between two looks of the watch
HEALTHY_EVERY = 30  # minutes between two looks at healthy devices: two hundred months take their time
PER_HOUR = 60 // STEP
COMPARED = ("pm25", "temperature", "humidity")


def hours_of(device: Device) -> list[Hour]:
    """Sum up a device's minutes as the database would."""
    count = len(device.arrived) // 60
    arrived = device.arrived[: count * 60].reshape(count, 60)
    n = arrived.sum(axis=1)
    sums: dict[str, list[Sum]] = {}
    for quantity in QUANTITIES:
        values = np.where(arrived, device.values[quantity][: count * 60].reshape(count, 60), np.nan)
        with np.errstate(all="ignore"):
            means = np.nansum(values, axis=1) / np.maximum(n, 1)
            lows = np.nanmin(np.where(arrived, values, np.inf), axis=1)
            highs = np.nanmax(np.where(arrived, values, -np.inf), axis=1)
        sums[quantity] = [
            Sum(int(c), float(m), float(a), float(b))
            for c, m, a, b in zip(n, means, lows, highs, strict=True)
        ]
    return [
        Hour(START + timedelta(hours=h), int(n[h]), {q: sums[q][h] for q in QUANTITIES})
        for h in range(count)
        if n[h]
    ]


class Recently(NamedTuple):
    """Sums of the sixty minutes before each fifth minute: n, mean, lowest and highest of each quantity."""

    n: NDArray[np.int64]
    mean: dict[str, NDArray[np.float64]]
    lowest: dict[str, NDArray[np.float64]]
    highest: dict[str, NDArray[np.float64]]

    def at(self, minute: int) -> Hour | None:
        """The hour before a minute that five divides; None where nothing came."""
        place = minute // STEP - PER_HOUR
        n = int(self.n[place])
        if not n:
            return None
        sums = {
            q: Sum(n, float(self.mean[q][place]), float(self.lowest[q][place]), float(self.highest[q][place]))
            for q in QUANTITIES
        }
        return Hour(START + timedelta(minutes=minute - 60), n, sums)


def recently(device: Device) -> Recently:
    """Sum up sixty minutes at each fifth one, as the database would."""
    count = len(device.arrived) // STEP
    arrived = device.arrived[: count * STEP].reshape(count, STEP)
    n = sliding_window_view(arrived.sum(axis=1), PER_HOUR).sum(axis=1)
    mean, lowest, highest = {}, {}, {}
    for quantity in QUANTITIES:
        values = device.values[quantity][: count * STEP].reshape(count, STEP)
        total = sliding_window_view(np.where(arrived, values, 0.0).sum(axis=1), PER_HOUR).sum(axis=1)
        mean[quantity] = total / np.maximum(n, 1)
        low = np.where(arrived, values, np.inf).min(axis=1)
        high = np.where(arrived, values, -np.inf).max(axis=1)
        lowest[quantity] = sliding_window_view(low, PER_HOUR).min(axis=1)
        highest[quantity] = sliding_window_view(high, PER_HOUR).max(axis=1)
    return Recently(n, mean, lowest, highest)


def watch(
    device: Device, others: "Others", *, only_after: int = 0, every: int = STEP, until: str = ""
) -> list[tuple[int, Finding]]:
    """Run the detectors as the watch does, and `silent` each minute of a gap; gives (minute, finding) of every alarm.

    every: minutes between two looks; until: the kind of finding after which nobody looks any more.
    """
    hours, sixty = hours_of(device), recently(device)
    arrivals = np.flatnonzero(device.arrived)
    by_day: dict[int, list[tuple[float, float]]] = defaultdict(list)
    days: list[tuple[date, float, float]] = []
    alarms: list[tuple[int, Finding]] = []
    position, known_hours = 0, 0
    for minute in range(60, len(device.arrived), every):
        now = START + timedelta(minutes=minute)
        while position < len(hours) and hours[position].start + timedelta(hours=1) <= now - SUMS_READY:
            hour = hours[position]
            h = (hour.start - START) // timedelta(hours=1)
            by_day[h // 24].append((hour.sums["pm25"].mean, others.by_hour[hour.start]["pm25"]))
            position += 1
        if minute < only_after:
            continue
        if position != known_hours:
            known_hours = position
            days = [
                (
                    (START + timedelta(days=day)).date(),
                    float(np.mean([a for a, _ in pairs])),
                    float(np.mean([b for _, b in pairs])),
                )
                for day, pairs in by_day.items()
                if len(pairs) >= 18
            ]
        heard = int(arrivals[np.searchsorted(arrivals, minute, side="right") - 1])
        past = slice(max(0, minute - 60), minute)
        refused = int((np.abs(device.clock_s[past][device.arrived[past]]) > 86_400).sum())
        past = slice(max(0, minute - 15), minute)
        clock = device.clock_s[past][device.arrived[past]]
        clock = clock[np.abs(clock) <= 86_400]
        trace = Trace(
            now=now,
            starts_at=START,
            interval_s=60.0,
            last_received_at=START + timedelta(minutes=heard),
            hours=hours[max(0, position - 8) : position],
            recent=sixty.at(minute),
            others=others.by_hour,
            others_recently={q: float(others.recently[q][minute // STEP - PER_HOUR]) for q in COMPARED},
            days=days,
            time_refusals=refused,
            lag_s=float(clock.min()) if len(clock) else None,
            plausible=PLAUSIBLE,
        )
        alarms += [(minute, finding) for finding in findings(trace)]
        if any(finding.kind == until for _, finding in alarms):
            break
    ends = np.append(arrivals[1:], len(device.arrived))
    gaps = ends - arrivals > 3
    for before, after in zip(arrivals[gaps], ends[gaps], strict=True):
        for minute in range(max(before + 1, only_after), min(after, before + 10)):
            trace = Trace(
                now=START + timedelta(minutes=int(minute)),
                starts_at=START,
                interval_s=60.0,
                last_received_at=START + timedelta(minutes=int(before)),
            )
            if (found := silent(trace)) is not None:
                alarms.append((int(minute), found))
                break
    return sorted(alarms, key=lambda alarm: alarm[0])


class Others(NamedTuple):
    """The medians of a town's healthy devices: by hour, and of sixty minutes at each fifth one."""

    by_hour: dict[datetime, dict[str, float]]
    recently: dict[str, NDArray[np.float64]]


def medians_of(devices: list[Device]) -> Others:
    """The medians of a town's healthy devices, as its members see the others."""
    by_quantity = {}
    for quantity in COMPARED:
        means = [device.values[quantity].reshape(-1, 60).mean(axis=1) for device in devices]
        by_quantity[quantity] = np.median(means, axis=0)
    sixty = [recently(device) for device in devices]
    return Others(
        {
            START + timedelta(hours=h): {q: float(by_quantity[q][h]) for q in COMPARED}
            for h in range(len(by_quantity["pm25"]))
        },
        {q: np.median([one.mean[q] for one in sixty], axis=0) for q in COMPARED},
    )


def episodes(alarms: list[tuple[int, Finding]]) -> Counter[str]:
    """Count alarms as a person meets them: alarms of one kind within a day are one."""
    counted: Counter[str] = Counter()
    last: dict[str, int] = {}
    for minute, finding in alarms:
        if minute - last.get(finding.kind, -(10**9)) > MINUTES:
            counted[finding.kind] += 1
        last[finding.kind] = minute
    return counted


def test_each_fault_is_found_soon_and_healthy_devices_are_left_in_peace() -> None:
    false_alarms: Counter[str] = Counter()
    delays: dict[str, list[float]] = {fault: [] for fault in FAULTS}
    months = 0
    for number in range(HEALTHY_MONTHS // TOWN_SIZE):
        town = Town(number, season_c=(6.0, 16.0, 2.0, 11.0, 21.0)[number % 5])
        healthy = [town.device() for _ in range(TOWN_SIZE)]
        others = medians_of(healthy)
        for device in healthy:
            months += 1
            false_alarms += episodes(watch(device, others, every=HEALTHY_EVERY))
        for fault in FAULTS:
            for _ in range(FAULTY_EACH * TOWN_SIZE // HEALTHY_MONTHS):
                device = town.device(fault)
                found = [
                    minute
                    for minute, finding in watch(device, others, only_after=device.fault_minute, until=fault)
                    if finding.kind == fault
                ]
                delays[fault].append((found[0] - device.shows_minute) / 60 if found else float("inf"))
    print(f"\n{months} healthy sensor-months, {FAULTY_EACH} devices with each fault")
    print(
        f"{'fault':20}{'found':>8}{'median delay h':>16}{'longest h':>12}{'false alarms per sensor-month':>32}"
    )
    rates = {}
    for fault in FAULTS:
        found = [delay for delay in delays[fault] if delay != float("inf")]
        rates[fault] = false_alarms[fault] / months
        said = (f"{median(found):>16.2f}{max(found):>12.1f}") if found else " " * 28
        print(f"{fault:20}{len(found):>4}/{len(delays[fault]):<3}{said}{rates[fault]:>32.3f}")
    assert months >= 200 and set(DETECTORS) == set(FAULTS)
    for fault in FAULTS:
        share = sum(delay != float("inf") for delay in delays[fault]) / len(delays[fault])
        assert share >= FLOORS[fault][0], f"{fault}: found {share:.0%}"
        assert median(delays[fault]) <= FLOORS[fault][1], f"{fault}: after {median(delays[fault])} h"
        assert rates[fault] <= FLOORS[fault][2], f"{fault}: {rates[fault]} false alarms per sensor-month"


# At least this share found, at most this median delay (hours), at most so many false alarms per sensor-month.
FLOORS: dict[str, tuple[float, float, float]] = {
    "silent": (1.0, 0.1, 0.3),
    "stuck": (1.0, 1.1, 0.05),
    "out_of_range": (1.0, 0.2, 0.05),
    "too_humid": (0.9, 1.1, 0.1),
    "clock_wrong": (1.0, 0.35, 0.05),
    "battery_low": (1.0, 1.1, 0.05),
    "weak_signal": (1.0, 1.1, 0.05),
    "fan_failing": (0.9, 12.0, 0.05),
    "indoors_by_mistake": (0.8, 24.0, 0.05),
    "drifting": (0.9, 24.0 * 14, 0.05),
}


@pytest.mark.parametrize("minutes, is_silent", [(2, False), (3, False), (4, True)])
def test_a_device_is_silent_after_three_reporting_intervals(minutes: int, is_silent: bool) -> None:
    trace = Trace(
        now=START,
        starts_at=START - timedelta(days=1),
        interval_s=60.0,
        last_received_at=START - timedelta(minutes=minutes),
    )
    assert (silent(trace) is not None) is is_silent

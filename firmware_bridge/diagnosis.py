"""What is wrong with a device, from its last hours: pure detectors, each True where something is wrong.

A detector reads a Trace and answers a Finding or None. All thresholds are named here; those without a source are
ours, chosen so that a healthy fleet is left in peace, and measured on traces of an independent generator
(tests/firmware_bridge/faults).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any, NamedTuple

SILENT_INTERVALS = 3.0  # reporting intervals without a message
STUCK_MESSAGES = 10  # equal values in an hour: the last digit of a laser counter moves even in steady air
STUCK_AT_ZERO_HOURS = 6  # clean air reads 0 for hours on counters with whole numbers
WET_HUMIDITY = 96.0  # %, mean of an hour; in fog everybody has it
WETTER_THAN_OTHERS = 8.0  # percentage points over the median of the others
CLOCK_AHEAD_S = 120.0
CLOCK_BEHIND_S = 900.0
LOW_BATTERY_PCT = 20.0
LOW_BATTERY_V = 3.45  # of one lithium cell, about 10 % left
NOT_A_CELL_V = 2.5  # below it is another scale or another kind of battery
WEAK_SIGNAL_DBM = -82.0  # about where Wi-Fi falls to its slowest rates and loses packets
LOST_SHARE = 0.25  # of the messages of an hour, two hours in a row
AIR_WORTH_COMPARING = 6.0  # µg/m³ of the others' median PM2.5: below, ratios say nothing
CHOKED_RATIO = 0.2  # of the others' PM2.5: a fan that hardly turns
CHOKED_HOURS = 3
INDOOR_WARMER = 6.0  # °C over the others' median
INDOOR_STEADY = 1.5  # °C between the lowest and highest hourly mean of the hours compared
INDOOR_HOURS = 3
INDOOR_AT_LEAST = 14.0  # °C: warmer than the others in a cold shed is no room
DRIFT_DAYS = 7  # at each end of the comparison
DRIFT_FACTOR = 1.45  # between the two ratios to the others

PARTICLES = "pm25"


class Sum(NamedTuple):
    """One quantity in one hour, in its canonical unit."""

    n: int
    mean: float
    minimum: float
    maximum: float


class Hour(NamedTuple):
    """One finished hour of a device: how many messages, and what they said of each quantity."""

    start: datetime
    messages: int
    sums: Mapping[str, Sum]


class Finding(NamedTuple):
    """One thing that is wrong, since when, and the figures that say so."""

    kind: str
    since: datetime
    evidence: dict[str, Any]


@dataclass(frozen=True)
class Trace:
    """What is known of one placement at a moment.

    hours: finished ones, oldest first, without those of which nothing came. recent: the sixty minutes before `now`,
    None where they are not known. others, others_recently: the median of the other outdoor devices by quantity, in
    each hour and in those sixty minutes. days: (day, own mean PM2.5, others' median) since the placement began.
    time_refusals: messages of the last hour refused for their time. lag_s: the smallest time from measuring to
    reception in the last quarter of an hour, negative where the clock is ahead; None where the device states no time.
    """

    now: datetime
    starts_at: datetime
    interval_s: float
    last_received_at: datetime | None
    hours: Sequence[Hour] = ()
    recent: Hour | None = None
    others: Mapping[datetime, Mapping[str, float]] = field(default_factory=dict)
    others_recently: Mapping[str, float] = field(default_factory=dict)
    days: Sequence[tuple[date, float, float]] = ()
    time_refusals: int = 0
    lag_s: float | None = None
    is_indoor: bool = False
    plausible: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)

    def last(self, count: int) -> list[Hour]:
        """The last finished hours, [] unless all of them are there and end no earlier than an hour ago."""
        hours = list(self.hours[-count:])
        if len(hours) < count or hours[-1].start + timedelta(hours=2) <= self.now:
            return []
        return hours if hours[-1].start - hours[0].start == timedelta(hours=count - 1) else []

    def newest(self) -> list[tuple[Hour, Mapping[str, float]]]:
        """The newest hour with the others' medians: the last sixty minutes, else the last finished hour, else none."""
        if self.recent is not None:
            return [(self.recent, self.others_recently)]
        return [(hour, self.others.get(hour.start, {})) for hour in self.last(1)]


def silent(trace: Trace) -> Finding | None:
    """No message for three reporting intervals."""
    heard = max(trace.last_received_at or trace.starts_at, trace.starts_at)
    quiet_s = (trace.now - heard).total_seconds()
    if quiet_s <= SILENT_INTERVALS * trace.interval_s:
        return None
    return Finding("silent", heard, {"quiet_minutes": round(quiet_s / 60)})


def stuck(trace: Trace) -> Finding | None:
    """The particles stand still for an hour and ten messages, or at zero for six while the others measure some."""
    expected = 3600 / trace.interval_s
    if expected >= STUCK_MESSAGES:
        alike = [hour for hour, _ in trace.newest()]
    else:  # a slow device: as many hours as ten messages take
        alike = trace.last(math.ceil(STUCK_MESSAGES / expected))
    values = [hour.sums.get(PARTICLES) for hour in alike]
    known = [value for value in values if value is not None]
    if known and len(known) == len(values):
        lowest, highest = min(v.minimum for v in known), max(v.maximum for v in known)
        count = sum(v.n for v in known)
        enough = max(STUCK_MESSAGES, len(known) * expected / 2)
        if lowest == highest != 0 and count >= enough:
            return Finding("stuck", alike[0].start, {"value": lowest, "messages": count})
    hours = trace.last(STUCK_AT_ZERO_HOURS)
    if hours and all(
        (value := hour.sums.get(PARTICLES)) is not None
        and value.maximum == 0
        and trace.others.get(hour.start, {}).get(PARTICLES, 0.0) >= AIR_WORTH_COMPARING
        for hour in hours
    ):
        return Finding("stuck", hours[0].start, {"value": 0.0, "hours": STUCK_AT_ZERO_HOURS})
    return None


def out_of_range(trace: Trace) -> Finding | None:
    """A value that the quantity cannot have."""
    for hour, _ in trace.newest():
        for quantity, value in hour.sums.items():
            lowest, highest = trace.plausible.get(quantity, (None, None))
            if lowest is not None and value.minimum < lowest:
                return Finding("out_of_range", hour.start, {"quantity": quantity, "value": value.minimum})
            if highest is not None and value.maximum > highest:
                return Finding("out_of_range", hour.start, {"quantity": quantity, "value": value.maximum})
    return None


def too_humid(trace: Trace) -> Finding | None:
    """Wet while the others are not: the particle counter counts droplets."""
    for hour, medians in trace.newest():
        humidity, others = hour.sums.get("humidity"), medians.get("humidity")
        if humidity is None or others is None:
            continue
        if humidity.mean >= WET_HUMIDITY and humidity.mean - others >= WETTER_THAN_OTHERS:
            return Finding(
                "too_humid", hour.start, {"humidity": round(humidity.mean), "others": round(others)}
            )
    return None


def clock_wrong(trace: Trace) -> Finding | None:
    """Messages are refused for their time, or all of them state one far from their reception."""
    since = trace.now - timedelta(hours=1)
    if trace.time_refusals >= 2:
        return Finding("clock_wrong", since, {"refused_messages": trace.time_refusals})
    if trace.lag_s is not None and not -CLOCK_AHEAD_S <= trace.lag_s <= CLOCK_BEHIND_S:
        return Finding("clock_wrong", since, {"behind_minutes": round(trace.lag_s / 60)})
    return None


def battery_low(trace: Trace) -> Finding | None:
    """The battery ends within a day or so."""
    for hour, _ in trace.newest():
        charge, voltage = hour.sums.get("battery_pct"), hour.sums.get("battery_v")
        if charge is not None and charge.mean < LOW_BATTERY_PCT:
            return Finding("battery_low", hour.start, {"battery_pct": round(charge.mean)})
        if charge is None and voltage is not None and NOT_A_CELL_V < voltage.mean < LOW_BATTERY_V:
            return Finding("battery_low", hour.start, {"battery_v": round(voltage.mean, 2)})
    return None


def weak_signal(trace: Trace) -> Finding | None:
    """The Wi-Fi is hardly heard, or a quarter of the messages is lost two hours in a row."""
    for hour, _ in trace.newest():
        signal = hour.sums.get("rssi")
        if signal is not None and signal.mean < WEAK_SIGNAL_DBM:
            return Finding("weak_signal", hour.start, {"rssi": round(signal.mean)})
    hours = trace.last(2)
    expected = 3600 / trace.interval_s
    if hours and trace.starts_at <= hours[0].start:
        shares = [hour.messages / expected for hour in hours]
        if max(shares) < 1 - LOST_SHARE:
            return Finding("weak_signal", hours[0].start, {"received_pct": round(100 * sum(shares) / 2)})
    return None


def fan_failing(trace: Trace) -> Finding | None:
    """No particles while the rest of the device speaks, or hardly any while the others measure them."""
    for hour, _ in trace.newest():
        earlier = any(PARTICLES in one.sums for one in trace.hours)
        if earlier and PARTICLES not in hour.sums and hour.messages >= 2:
            return Finding("fan_failing", hour.start, {"messages_without_particles": hour.messages})
    ratios = _ratios(trace, CHOKED_HOURS)
    if ratios and max(ratios) < CHOKED_RATIO:
        return Finding(
            "fan_failing", trace.hours[-CHOKED_HOURS].start, {"share_of_others": round(max(ratios), 2)}
        )
    return None


def indoors_by_mistake(trace: Trace) -> Finding | None:
    """As warm and as steady as a room, while it is cold outside."""
    hours = trace.last(INDOOR_HOURS)
    if trace.is_indoor or not hours:
        return None
    means, warmer = [], []
    for hour in hours:
        own, others = hour.sums.get("temperature"), trace.others.get(hour.start, {}).get("temperature")
        if own is None or others is None:
            return None
        means.append(own.mean)
        warmer.append(own.mean - others)
    is_room = min(means) >= INDOOR_AT_LEAST and max(means) - min(means) <= INDOOR_STEADY
    if not is_room or min(warmer) < INDOOR_WARMER:
        return None
    return Finding("indoors_by_mistake", hours[0].start, {"warmer": round(min(warmer), 1)})


def drifting(trace: Trace) -> Finding | None:
    """The ratio to the others of the last week is far from that of the first."""
    days = [
        (day, own / others)
        for day, own, others in trace.days
        if others >= AIR_WORTH_COMPARING / 2 and own > 0
    ]
    if len(days) < 2 * DRIFT_DAYS:
        return None
    first = median(ratio for _, ratio in days[:DRIFT_DAYS])
    last = median(ratio for _, ratio in days[-DRIFT_DAYS:])
    if 1 / DRIFT_FACTOR < last / first < DRIFT_FACTOR:
        return None
    since = datetime.combine(days[-DRIFT_DAYS][0], datetime.min.time(), trace.now.tzinfo)
    return Finding("drifting", since, {"factor": round(last / first, 2)})


def _ratios(trace: Trace, count: int) -> list[float]:
    """Own PM2.5 over the others' in the last hours; [] unless all of them can be compared."""
    found = []
    for hour in trace.last(count):
        own, others = hour.sums.get(PARTICLES), trace.others.get(hour.start, {}).get(PARTICLES)
        if own is None or others is None or others < AIR_WORTH_COMPARING:
            return []
        found.append(own.mean / others)
    return found


DETECTORS: Mapping[str, Callable[[Trace], Finding | None]] = {
    "silent": silent,
    "stuck": stuck,
    "out_of_range": out_of_range,
    "too_humid": too_humid,
    "clock_wrong": clock_wrong,
    "battery_low": battery_low,
    "weak_signal": weak_signal,
    "fan_failing": fan_failing,
    "indoors_by_mistake": indoors_by_mistake,
    "drifting": drifting,
}


def findings(trace: Trace) -> list[Finding]:
    """Everything that is wrong now; a silent device is only silent."""
    quiet = silent(trace)
    if quiet is not None:
        return [quiet]
    return [found for detect in DETECTORS.values() if (found := detect(trace)) is not None]

"""Traces of healthy and faulty devices, minute by minute. Knows nothing of the detectors and imports none.

One air for all devices of a month; each has its own place, noise, Wi-Fi and battery. Faults are physical: what a
stopped fan, a wet housing or a room does to the numbers, with a strength drawn for each device.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MINUTES = 60 * 24
QUANTITIES = ("pm25", "temperature", "humidity", "rssi", "battery_pct")
FAULTS = (
    "silent", "stuck", "out_of_range", "too_humid", "clock_wrong", "battery_low", "weak_signal", "fan_failing",
    "indoors_by_mistake", "drifting",
)  # fmt: skip
Floats = NDArray[np.float64]


@dataclass
class Device:
    """One device over a month: values by minute, NaN where absent; which messages arrived; the error of its clock.

    A fault begins at `fault_minute` and shows from `shows_minute` on: a charger that is unplugged harms nothing until
    the charge is low (20 %), a slowing fan until a quarter of the particles is left.
    """

    values: dict[str, Floats]
    arrived: NDArray[np.bool_]
    clock_s: Floats
    fault: str = ""
    fault_minute: int = -1
    shows_minute: int = -1


class Town:
    """The air of a month: PM2.5 in episodes, weather with days and nights, fog in some mornings."""

    def __init__(self, seed: int, *, days: int = 30, season_c: float = 6.0) -> None:
        self.random = np.random.default_rng(seed)
        self.minutes = days * MINUTES
        self.t = np.arange(self.minutes)
        hours = days * 24 + 2
        slow = np.zeros(hours)
        for hour in range(1, hours):  # an episode lasts about two days
            slow[hour] = slow[hour - 1] * np.exp(-1 / 40) + self.random.normal(0, 0.16)
        day = 0.25 * np.sin(2 * np.pi * (self.t / MINUTES - 0.3)) + 0.2 * np.sin(4 * np.pi * self.t / MINUTES)
        self.pm = 9.0 * np.exp(np.interp(self.t / 60, np.arange(hours), slow) + day)
        weather = np.interp(self.t / MINUTES, np.arange(days + 1), self.random.normal(0, 3.0, days + 1))
        self.sun = np.clip(np.sin(2 * np.pi * (self.t / MINUTES - 0.25)), 0, None)
        self.sky = np.repeat(self.random.uniform(0, 1, days), MINUTES)  # 1: clear
        self.temperature = season_c + weather + 4.5 * (self.sun * self.sky - 0.3)
        self.humidity = np.clip(84 - 3.2 * (self.temperature - season_c) + self._wet(days), 20, 100)

    def _wet(self, days: int) -> Floats:
        foggy = np.repeat(self.random.uniform(size=days) < 0.25, MINUTES)
        return np.where(foggy, 16.0 * (1 - self.sun), 0.0)

    def device(self, fault: str = "", *, at_day: float = 10.0) -> Device:
        """Draw one device, healthy or with a fault that begins at a day of the month."""
        random, t = self.random, self.t
        ratio = np.exp(random.normal(0, 0.22))
        local = np.interp(
            t / 60,
            np.arange(0, t[-1] / 60 + 24, 12),
            random.normal(0, 0.15, len(np.arange(0, t[-1] / 60 + 24, 12))),
        )
        pm = self.pm * ratio * np.exp(local)
        for start in random.choice(
            len(t) - 60, random.poisson(8), replace=False
        ):  # somebody grills or smokes near by
            pm[start : start + 40] += random.uniform(20, 250) * np.exp(-np.arange(40) / 12)
        pm = np.round(
            np.clip(pm * (1 + random.normal(0, 0.05, len(t))) + random.normal(0, 0.3, len(t)), 0, None), 1
        )
        temperature = self.temperature + random.normal(0, 0.6) + random.uniform(0, 6) * self.sun * self.sky
        temperature = np.round(temperature + random.normal(0, 0.1, len(t)), 2)
        humidity = self.humidity + random.normal(0, 2.0) - 2.5 * (temperature - self.temperature)
        humidity = np.round(np.clip(humidity + random.normal(0, 0.5, len(t)), 5, 100), 1)
        wandering = np.repeat(random.normal(0, 2.5, len(t) // 360 + 1), 360)[: len(t)]
        rssi = np.round(random.uniform(-73, -48) + wandering + random.normal(0, 2, len(t)))
        battery = np.clip(85 + 10 * np.sin(2 * np.pi * t / MINUTES) + random.normal(0, 0.3, len(t)), 0, 100)
        arrived = random.uniform(size=len(t)) > random.uniform(0.0, 0.012)
        for start in random.choice(len(t) - 5, random.poisson(10), replace=False):  # the box restarts
            arrived[start : start + 2] = False
        values = {
            "pm25": pm,
            "temperature": temperature,
            "humidity": humidity,
            "rssi": rssi,
            "battery_pct": battery,
        }
        device = Device(values, arrived, random.normal(1.0, 0.3, len(t)), fault)
        if fault:
            device.fault_minute = int(at_day * MINUTES) + int(random.integers(MINUTES))
            device.shows_minute = device.fault_minute
            self._break(device, fault, slice(device.fault_minute, None))
        return device

    def _break(self, device: Device, fault: str, after: slice) -> None:
        random, values = self.random, device.values
        length = len(self.t) - after.start
        if fault == "silent":
            device.arrived[after] = False
        elif fault == "stuck":
            values["pm25"][after] = values["pm25"][after.start] or 4.2
        elif fault == "out_of_range":  # a broken wire: the same end of scale, now and then
            broken = random.uniform(size=length) < random.uniform(0.05, 1.0)
            values["temperature"][after] = np.where(
                broken, random.choice([-127.0, 85.0]), values["temperature"][after]
            )
        elif fault == "too_humid":  # water in the housing
            values["humidity"][after] = np.round(
                random.uniform(97.5, 100, 1) + random.normal(0, 0.3, length), 1
            )
        elif fault == "clock_wrong":
            device.clock_s[after] += random.choice([-3600.0, 3600.0, 7200.0, -86_400 * 400])
        elif fault == "battery_low":  # no charger any more: 1 to 4 % an hour
            charge = 90 - random.uniform(1, 4) * np.arange(length) / 60
            values["battery_pct"][after] = np.clip(charge, 1, 100)
            device.shows_minute += int(np.argmax(charge < 20))
        elif fault == "weak_signal":
            values["rssi"][after] = np.round(random.uniform(-91, -84) + random.normal(0, 2, length))
            device.arrived[after] &= random.uniform(size=length) > random.uniform(0.1, 0.4)
        elif fault == "fan_failing":  # the flow ends within hours to two days
            slowing = np.exp(-np.arange(length) / random.uniform(60, 60 * 24))
            values["pm25"][after] = np.round(values["pm25"][after] * np.clip(slowing, 0.03, 1), 1)
            device.shows_minute += int(np.argmax(slowing < 0.25))
        elif fault == "indoors_by_mistake":
            room = random.uniform(18, 22) + 0.6 * np.sin(2 * np.pi * np.arange(length) / MINUTES)
            values["temperature"][after] = np.round(room + random.normal(0, 0.1, length), 2)
            values["humidity"][after] = np.round(45 + random.normal(0, 2, length), 1)
            values["pm25"][after] = np.round(values["pm25"][after] * 0.5, 1)
        elif fault == "drifting":  # dust on the optics: factor 2 to 3 within the rest of the month
            change = random.uniform(2.0, 3.0) ** random.choice([-1, 1])
            values["pm25"][after] = np.round(
                values["pm25"][after] * change ** (np.arange(length) / length), 1
            )

"""The air of the simulated city: what is true there, at any spot and any instant.

Pure and deterministic by seed: no Django, no clock, no file. `City(...).between(from, to)` gives a `Period`, and
`period.air(spot, at)` what a perfect instrument would read there; `period.hourly(spot, hours)` are the true hourly
means that published intervals are judged against. Units: µg/m³, °C, %, hPa; times in seconds since 1970, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from capto.simulation.particles import Relays, deliquesced
from capto.simulation.randomness import Floats, Instants, key_of, normal, passing, wandering
from capto.simulation.town import Spot, exposure, metres
from capto.simulation.weather import (
    DAY,
    HOUR,
    STEP,
    Episode,
    Weather,
    dew_point_of,
    relative_humidity,
    seasonal,
    weather,
)

SPIN_UP: Final = 30 * DAY  # before a period, for what remembers: accumulated emissions, wet particles
TOWN: Final = 4_500.0  # metres that the wind crosses
EPISODE_ENDS_BEFORE: Final = 5 * DAY  # before the day the city was opened
EPISODE_LASTS: Final = 4 * DAY
FLEET_AGE: Final = 400 * DAY  # of the sensors on the day the city was opened


class CivilTime(NamedTuple):
    """The clock and calendar that people live by, in Europe/Paris."""

    hour: Floats  # 0 to 24, with its minutes
    weekend: NDArray[np.bool_]
    holidays: NDArray[np.bool_]


class Air(NamedTuple):
    """What is in the air at some instants, in µg/m³ but temperature °C, humidity %, pressure hPa.

    inorganic (ammonium nitrate and sulphate), smoke (wood), exhaust and mineral are the parts of PM2.5; coarse is
    PM10 less PM2.5. wet is the share (0..1) of the inorganic particles that are droplets of solution, ripeness the
    slow change of the smoke's particle size (about standard normal), daylight the sine of the sun's elevation.
    """

    inorganic: Floats
    smoke: Floats
    exhaust: Floats
    mineral: Floats
    coarse: Floats
    no2: Floats
    o3: Floats
    temperature: Floats
    humidity: Floats
    pressure: Floats
    wet: Floats
    ripeness: Floats
    daylight: Floats

    @property
    def pm25(self) -> Floats:
        """The true mass of particles under 2.5 µm, dry, in µg/m³."""
        return self.inorganic + self.smoke + self.exhaust + self.mineral

    @property
    def pm10(self) -> Floats:
        """The true mass of particles under 10 µm, dry, in µg/m³."""
        return self.pm25 + self.coarse


@dataclass(frozen=True, kw_only=True)
class City:
    """A city by its seed and the instant (seconds since 1970) at which it was opened: its episode is just before."""

    seed: int
    opened_at: int

    @property
    def bought_at(self) -> int:
        """When the city's sensors were new (seconds since 1970, UTC)."""
        return self.opened_at // DAY * DAY - FLEET_AGE

    @property
    def episode(self) -> Episode:
        """The spell of still air of the days before the opening."""
        ends = self.opened_at // DAY * DAY - EPISODE_ENDS_BEFORE
        return Episode(ends - EPISODE_LASTS, ends)

    def between(self, start: int, end: int) -> Period:
        """Give the air of [start, end) (seconds since 1970, UTC)."""
        return Period(self, start, end)


class Period:
    """The air of the city between two instants: town-wide fields on a grid of ten minutes, spots on demand."""

    def __init__(self, city: City, start: int, end: int) -> None:
        self.city = city
        first = (start - SPIN_UP) // DAY * DAY
        self.at: Instants = np.arange(first, end + 2 * STEP, STEP, dtype=np.int64)

    def _key(self, *names: object) -> int:
        return key_of(self.city.seed, *names)

    @cached_property
    def weather(self) -> Weather:
        """The weather on the grid `at`."""
        return weather(self.city.seed, self.at, episode=self.city.episode)

    @cached_property
    def wet(self) -> Floats:
        """The share of inorganic particles that are droplets, on the grid: it depends on the past humidity."""
        return deliquesced(self.weather.humidity, Relays())

    @cached_property
    def loss(self) -> Floats:
        """How fast the town's own emissions leave or fall, 1/s, on the grid."""
        growth = np.maximum(np.diff(self.weather.mixing_height, prepend=self.weather.mixing_height[0]), 0.0)
        return np.asarray(
            self.weather.wind / TOWN + growth / self.weather.mixing_height / STEP + 5e-5 * self.weather.rain
        )

    @cached_property
    def traffic(self) -> Floats:
        """Traffic emissions accumulated over the town (about 1 on average), on the grid."""
        local = _civil_time(self.at)
        hour, weekend = local.hour, local.weekend
        rush = np.exp(-(((hour - 8.2) / 1.5) ** 2)) + 1.1 * np.exp(-(((hour - 17.8) / 1.9) ** 2))
        day = 1.0 / (1.0 + np.exp(-(hour - 6.5) * 2.0)) / (1.0 + np.exp((hour - 21.0) * 1.2))
        working = 0.12 + 0.75 * day + 0.95 * rush
        resting = 0.15 + 0.55 * day + 0.25 * np.exp(-(((hour - 17.5) / 3.0) ** 2))
        emission = np.where(weekend, resting, working) * np.where(local.holidays, 0.78, 1.0)
        return _accumulated(emission, self.weather.mixing_height, self.loss) / 0.85

    @cached_property
    def smoke(self) -> Floats:
        """Wood smoke accumulated over the town (about 1 on a winter evening), on the grid."""
        local = _civil_time(self.at)
        hour = local.hour
        evening = np.exp(-((((hour - 20.5 + 12.0) % 24.0 - 12.0) / 2.6) ** 2))
        lit = 0.30 + 1.25 * evening + 0.35 * np.exp(-(((hour - 8.0) / 1.8) ** 2)) + 0.25 * local.weekend
        daily = _trailing_mean(self.weather.temperature, DAY // STEP)
        heating = np.maximum(14.0 - daily, 0.0) / 10.0
        return _accumulated(lit * heating, self.weather.mixing_height, self.loss) / 0.5

    @cached_property
    def regional(self) -> tuple[Floats, Floats, Floats]:
        """What the wind brings, on the grid: inorganic, mineral (fine) and coarse particles in µg/m³."""
        at = self.at
        still = self.city.episode.strength(at)
        slow = _trailing_mean(self.weather.wind, DAY // STEP)
        washed = np.exp(-0.06 * _trailing_mean(self.weather.rain, DAY // STEP) * 24.0)
        chemistry = passing(self._key("secondary"), at, scales_s=(2 * DAY, 5 * DAY))
        formed = np.exp(0.48 * (chemistry * (1.0 - 0.7 * still) + 0.7 * still))
        spring = 1.0 + 0.35 * seasonal(at, peak_s=68 * DAY)
        inorganic = 3.6 * formed * spring * (3.0 / slow) ** 0.45 * washed * (1.0 + 0.9 * still)
        dry = np.clip((95.0 - self.weather.humidity) / 40.0, 0.15, 1.2)
        desert = np.maximum(passing(self._key("desert"), at, scales_s=(3 * DAY, 6 * DAY)) - 1.9, 0.0)
        earth = np.exp(0.4 * passing(self._key("earth"), at, scales_s=(DAY, 4 * DAY))) * washed
        mineral = 0.9 * earth * dry + 9.0 * desert
        coarse = 7.0 * earth * dry + 28.0 * desert
        return inorganic, mineral, coarse

    def _on(self, field: Floats, at: Floats) -> Floats:
        """Read a field of the grid at instants between its points."""
        return np.interp(at, self.at, field)

    def air(self, where: Spot, at: Floats | Instants) -> Air:
        """Give what a perfect instrument reads at a spot at instants (seconds since 1970) inside the period."""
        t = np.asarray(at, dtype=np.float64)
        if t.size and (np.min(t) < self.at[0] or np.max(t) > self.at[-1]):
            raise ValueError("the instants lie outside the period")
        received = exposure(self.city.seed, where)
        x, y = metres(where)
        corner = (round(x / 30.0), round(y / 30.0))  # within 30 m two instruments are in one air
        whole = np.floor(t).astype(np.int64)
        gust = wandering(self._key("gust", *corner), whole, scale_s=int(1.4 * HOUR))
        plume = wandering(self._key("plume", *corner), whole, scale_s=int(2.3 * HOUR))
        # the same air comes in patches: hours of real stations differ by a tenth from one to the next
        patch = np.exp(0.11 * wandering(self._key("patch"), whole, scale_s=HOUR))
        patch = patch * np.exp(0.05 * wandering(self._key("eddy", *corner), whole, scale_s=HOUR // 2))
        traffic = self._on(self.traffic, t) * received.traffic * np.exp(0.22 * gust)
        smoke = 2.9 * self._on(self.smoke, t) * received.smoke * np.exp(0.25 * plume)
        inorganic, mineral, coarse = (self._on(field, t) for field in self.regional)
        temperature = self._on(self.weather.temperature, t)
        humidity = self._on(self.weather.humidity, t)
        dry = np.clip((95.0 - humidity) / 40.0, 0.15, 1.2)
        background = 58.0 + 30.0 * seasonal(whole, peak_s=150 * DAY)
        daylight = self._on(self.weather.daylight, t)
        photochemistry = 65.0 * daylight * np.clip((temperature - 8.0) / 14.0, 0.1, 1.8)
        nitrogen = 5.0 + 13.0 * traffic + 0.35 * smoke
        no2 = nitrogen / (1.0 + nitrogen / 160.0)
        still = self.city.episode.strength(whole)
        air = Air(
            inorganic=inorganic * patch,
            smoke=smoke,
            exhaust=0.5 + 1.5 * traffic,
            mineral=mineral * patch * received.dust + 0.15 * traffic * dry,
            coarse=coarse * patch * received.dust + 2.3 * traffic * dry,
            no2=no2,
            o3=np.maximum(background + photochemistry * (1 + 0.3 * still) - 1.1 * no2, 2.0),
            temperature=temperature,
            humidity=humidity,
            pressure=self._on(self.weather.pressure, t),
            wet=self._on(self.wet, t),
            ripeness=wandering(self._key("ripeness"), whole, scale_s=int(1.7 * DAY)),
            daylight=daylight,
        )
        return self._indoors(air, corner, t) if where.is_indoor else air

    def _indoors(self, outdoors: Air, corner: tuple[int, int], t: Floats) -> Air:
        """Give the air of a home: what comes in from outdoors, and what the kitchen adds at meals."""
        local = _civil_time(np.floor(t).astype(np.int64))
        hour = local.hour
        day = np.floor(t / DAY).astype(np.int64)
        meals = np.zeros_like(t)
        for number, (begins, lasts) in enumerate(((12.1, 0.7), (19.2, 1.0))):
            key = self._key("meal", *corner, number)
            since = hour - begins - 0.4 * normal(key, day)
            size = np.exp(2.4 + 0.7 * normal(key + 7, day))
            rise = 1.0 - np.exp(-np.maximum(since, 0.0) / 0.15)
            meals += size * np.where(
                since > 0, rise * np.exp(-np.maximum(since - lasts / 2, 0.0) / lasts), 0.0
            )
        temperature = (
            19.5 + 0.25 * np.maximum(outdoors.temperature - 15.0, 0.0) + 0.4 * np.sin(hour / 24.0 * 6.283)
        )
        dew_point = dew_point_of(outdoors.temperature, outdoors.humidity) + 3.5
        return outdoors._replace(
            inorganic=0.45 * outdoors.inorganic,
            smoke=0.60 * outdoors.smoke + meals,
            exhaust=0.60 * outdoors.exhaust,
            mineral=0.40 * outdoors.mineral + 0.4,
            coarse=0.25 * outdoors.coarse + 0.25 * meals + 1.5,
            no2=0.6 * outdoors.no2,
            o3=0.2 * outdoors.o3,
            temperature=temperature,
            humidity=relative_humidity(temperature, dew_point),
            wet=np.zeros_like(t),
            daylight=np.zeros_like(t),
        )

    def hourly(self, where: Spot, hours: Instants) -> dict[str, Floats]:
        """Give the true means over [hour, hour + 1 h) at a spot: pm25, pm10, no2, o3 in µg/m³, humidity, ...

        hours: starts of hours in seconds since 1970. The mean is that of the signal joined by straight lines
        between points a minute and a half apart.
        """
        points = 41
        inside = np.linspace(0.0, HOUR, points)
        at = (hours[:, None] + inside[None, :]).ravel()
        air = self.air(where, at)
        weights = np.full(points, 1.0 / (points - 1))
        weights[[0, -1]] *= 0.5
        found = {
            "pm25": air.pm25,
            "pm10": air.pm10,
            "no2": air.no2,
            "o3": air.o3,
            "temperature": air.temperature,
            "humidity": air.humidity,
        }
        return {name: values.reshape(-1, points) @ weights for name, values in found.items()}


def _civil_time(at: Instants) -> CivilTime:
    local = pd.DatetimeIndex(pd.to_datetime(at, unit="s", utc=True)).tz_convert("Europe/Paris")
    day = local.day_of_year.to_numpy()
    return CivilTime(
        hour=local.hour.to_numpy() + local.minute.to_numpy() / 60.0,
        weekend=local.day_of_week.to_numpy() >= 5,
        holidays=((day > 195) & (day < 235)) | (day > 356) | (day < 4),  # mid-July to late August, Christmas
    )


def _accumulated(emission: Floats, height: Floats, loss: Floats) -> Floats:
    """Solve dC/dt = E/h - loss·C on the grid, step by step, exactly where E, h and loss are constant in a step.

    emission: relative; height in m; loss in 1/s. The unit is that of an emission of 1 into 500 m for an hour.
    """
    gained = emission / height * 500.0 / HOUR
    kept = np.exp(-loss * STEP)
    target = gained / loss
    level = float(target[0])
    found = []
    for keep, aim in zip(kept.tolist(), target.tolist(), strict=True):
        level = aim + (level - aim) * keep
        found.append(level)
    return np.array(found)


def _trailing_mean(values: Floats, width: int) -> Floats:
    """Average the last `width` points, fewer at the beginning."""
    summed = np.concatenate([[0.0], np.cumsum(values)])
    count = np.minimum(np.arange(1, values.size + 1), width)
    end = np.arange(1, values.size + 1)
    result: Floats = (summed[end] - summed[end - count]) / count
    return result

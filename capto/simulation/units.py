"""What each simulated sensor makes of the air: its gain and offset, its ageing, its noise and its faults.

No law here is one of the corrections of `calibration`: the laser ages in steps whose dates depend on the heat it
has borne, dust settles on the optics fast and then slowly, light depends on the source of the particles, and the
humidity acts through the past (see `particles`). A unit is a function of (seed, number): the same in every process.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from capto.simulation.city import Air, City
from capto.simulation.particles import fog, growth
from capto.simulation.randomness import Floats, Instants, chance, drawn, key_of, normal, uniform, wandering
from capto.simulation.weather import DAY, HOUR, saturation_pressure, weather

NEVER: Final = int(np.iinfo(np.int64).max)
LASER_LIFE: Final = 130.0  # days at 15 °C between two steps of the laser's light, on average
HEAT: Final = 0.06  # per °C: a laser at 27 °C ages twice as fast as at 15 °C
STUCK_LASTS: Final = 60 * HOUR
FAN_LASTS: Final = 45 * DAY  # from the first wear of the bearing to its stop


class Family(NamedTuple):
    """A make of particle counter: light seen per µg of each source, and what it reports under 10 µm."""

    wire_format: str
    inorganic: float
    smoke: float
    exhaust: float
    mineral: float
    coarse: float  # share of the coarse mass counted as PM2.5
    coarse_in_pm10: float  # share of it counted as PM10
    pm1: float  # share of the PM2.5 signal
    noise: float  # µg/m³, of one message in clean air
    relative_noise: float


# Laser counters see coarse dust badly and smoke too well (Kuula 2020); the figures are ours.
OPEN_AIR: Final = Family("airgradient", 0.95, 1.35, 0.75, 0.45, 0.04, 0.40, 0.66, 0.6, 0.06)
SENML_BOX: Final = Family("senml", 0.72, 0.95, 0.55, 0.55, 0.06, 0.58, 0.80, 0.4, 0.045)


class Fault(StrEnum):
    """What is wrong with a unit, if anything."""

    NONE = ""
    STUCK = "stuck"  # repeats its particle values for two days and a half, now and then
    FAN = "fan"  # the bearing of the fan wears, then stops: no more particle values
    RADIO = "radio"  # far from the Wi-Fi: loses a third of its messages
    SPIDER = "spider"  # something lives in the optical chamber


FAULTS: Final = {4: Fault.STUCK, 9: Fault.FAN, 14: Fault.RADIO, 23: Fault.SPIDER}
INDOOR: Final = 12  # the number of the unit that is always lent to be used indoors


class Said(NamedTuple):
    """What a unit's messages say, by quantity, each an array over instants.

    sent: which messages left and arrived; sees_particles: which of them carry particle values.
    """

    values: dict[str, Floats]
    sent: NDArray[np.bool_]
    sees_particles: NDArray[np.bool_]


@dataclass(frozen=True)
class Unit:
    """The sensor `number` (1, 2, ...) of a city."""

    city: City
    number: int

    @property
    def family(self) -> Family:
        """Every third unit is a SenML box."""
        return SENML_BOX if self.number % 3 == 0 else OPEN_AIR

    @property
    def fault(self) -> Fault:
        """What is wrong with this unit."""
        return FAULTS.get(self.number, Fault.NONE)

    @property
    def device_id(self) -> str:
        """Give the identity that the device states: a locally administered MAC address, as its format spells it."""
        if self.family is SENML_BOX:
            return f"urn:dev:mac:02ca70fffe{self.number:06x}"
        return f"02ca70{self.number:06x}"

    @property
    def says_whole(self) -> frozenset[str]:
        """Name the quantities of a message that lacks nothing."""
        own = {"pressure"} if self.family is SENML_BOX else {"pm1", "pn03"}
        return frozenset({"pm25", "pm10", "temperature", "humidity"} | own)

    def phase(self, interval_s: int) -> int:
        """Give the second of the interval at which it sends."""
        return int(self._chance("phase") * interval_s)

    def _drawn(self, name: str) -> float:
        return drawn(self.city.seed, "unit", self.number, name)

    def _chance(self, name: str) -> float:
        return chance(self.city.seed, "unit", self.number, name)

    def _key(self, name: str) -> int:
        return key_of(self.city.seed, "unit", self.number, name)

    @cached_property
    def laser_steps(self) -> tuple[tuple[int, float], ...]:
        """Instants (seconds since 1970) at which the laser lost light, and the share that it lost each time.

        Damage adds up with the temperature of the air; a step comes at each threshold. Three years ahead.
        """
        at = np.arange(self.city.bought_at, self.city.opened_at + 1_095 * DAY, 6 * HOUR, dtype=np.int64)
        heat = weather(self.city.seed, at, episode=self.city.episode).temperature
        borne = np.cumsum(0.25 * np.exp(HEAT * (heat - 15.0)))
        steps = []
        threshold = 0.0
        for count in range(12):
            threshold += LASER_LIFE * (0.35 - np.log(self._chance(f"life {count}")))
            where = int(np.searchsorted(borne, threshold))
            if where >= at.size:
                break
            steps.append((int(at[where]), 0.02 + 0.06 * self._chance(f"step {count}")))
        return tuple(steps)

    def light(self, at: Instants) -> Floats:
        """Give the relative sensitivity at instants (seconds since 1970): gain, dust on the optics, laser steps."""
        age = (at - self.city.bought_at) / DAY
        gain = np.exp(0.09 * self._drawn("gain"))
        dust = 0.05 + 0.10 * self._chance("dust")
        settled = 1.0 - dust * (1.0 - np.exp(-np.maximum(age, 0.0) / 180.0))
        sway = 1.0 + 0.012 * wandering(self._key("sway"), at, scale_s=17 * DAY)
        found: Floats = gain * settled * sway
        for when, share in self.laser_steps:
            found = found * np.where(at >= when, 1.0 - share, 1.0)
        return found

    def warmth(self, air: Air) -> Floats:
        """Give by how many °C the inside of the case is warmer than the air, more in the sun."""
        found: Floats = 1.0 + 0.4 * abs(self._drawn("heat")) + 2.5 * air.daylight * self._chance("sun")
        return found

    def humidity_inside(self, air: Air) -> Floats:
        """Give the humidity in the case in %: the same vapour in warmer air."""
        vapour = saturation_pressure(air.temperature) / saturation_pressure(
            air.temperature + self.warmth(air)
        )
        found: Floats = air.humidity * vapour
        return found

    def signal(self, air: Air) -> tuple[Floats, Floats]:
        """Give what an ideal unit of this family shows as PM2.5 and PM10, in µg/m³, before gain and noise."""
        family = self.family
        grown = growth(self.humidity_inside(air), air.wet)
        salts = family.inorganic * air.inorganic * grown
        smoke = family.smoke * (1.0 + 0.12 * air.ripeness) * air.smoke * (1.0 + 0.15 * (grown - 1.0))
        rest = family.exhaust * air.exhaust + family.mineral * air.mineral
        fine = salts + smoke + rest + family.coarse * air.coarse + fog(air.humidity)
        fine = fine / (1.0 + fine / 900.0)  # particles hide one another
        return fine, 1.06 * fine + family.coarse_in_pm10 * air.coarse

    def says(self, air: Air, at: Instants) -> Said:
        """Give what the messages of instants (seconds since 1970, UTC, increasing) say of the air."""
        family = self.family
        fine, all_sizes = self.signal(air)
        light = self.light(at)
        offset = 0.4 + 0.5 * self._drawn("offset")
        flow, rough = self._fan(at)
        shot = normal(self._key("shot"), at) * rough
        coarse_shot = normal(self._key("coarse shot"), at) * rough

        def shown(level: Floats, noise: Floats) -> Floats:
            spread = np.hypot(family.noise, family.relative_noise * level)
            return np.maximum(light * flow * level + offset + spread * noise, 0.0)

        pm25 = shown(fine, shot) + self._visitor(at)
        pm10: Floats = np.maximum(shown(all_sizes, 0.8 * shot + 0.6 * coarse_shot) + self._visitor(at), pm25)
        temperature = air.temperature + self.warmth(air) + 0.05 * normal(self._key("thermometer"), at)
        read = self.humidity_inside(air) * (1.0 + 0.02 * self._drawn("hygrometer"))
        read = read + 1.5 * self._drawn("hygrometer offset") + 0.3 * normal(self._key("hygrometer"), at)
        humidity: Floats = np.minimum(np.maximum(read, 1.0), 100.0)
        values: dict[str, Floats] = {
            "pm1": np.round(family.pm1 * pm25, 1),
            "pm25": np.round(pm25, 1),
            "pm10": np.round(pm10, 1),
            "temperature": np.round(temperature, 2),
            "humidity": np.round(humidity, 2),
        }
        if family is SENML_BOX:
            del values["pm1"]
            values["pressure"] = np.round(air.pressure + 0.1 * normal(self._key("barometer"), at), 1)
        else:
            values["pn03"] = np.round(85.0 * family.pm1 * pm25 * np.exp(0.05 * coarse_shot)) / 10.0
        self._hold(values, at)
        return Said(values, self._arrives(at), at < self._fan_stops())

    def _fan_stops(self) -> int:
        return self.city.opened_at - 2 * DAY if self.fault is Fault.FAN else NEVER

    def _fan(self, at: Instants) -> tuple[Floats | float, Floats | float]:
        """Give the relative air flow and how much the noise grows: a worn bearing slows before it stops."""
        if self.fault is not Fault.FAN:
            return 1.0, 1.0
        worn = np.clip((at - (self._fan_stops() - FAN_LASTS)) / FAN_LASTS, 0.0, 1.0)
        flow: Floats = 1.0 - 0.75 * worn**1.5
        return flow, 1.0 + 3.0 * worn

    def _visitor(self, at: Instants) -> Floats | float:
        """Give what a spider adds, in µg/m³: single high values, in bouts of some hours."""
        if self.fault is not Fault.SPIDER:
            return 0.0
        about = wandering(self._key("spider"), at, scale_s=9 * HOUR) > 1.0
        bite = uniform(self._key("bite"), at) < 0.12
        found: Floats = np.where(about & bite, 40.0 * np.exp(normal(self._key("leg"), at)), 0.0)
        return np.round(found, 1)

    def _stuck_from(self) -> tuple[int, ...]:
        """Give the starts of the spells in which the unit repeats itself; the last is just before the opening."""
        last = self.city.opened_at - 4 * DAY
        return (last - 211 * DAY, last - 96 * DAY, last)

    def _hold(self, values: dict[str, Floats], at: Instants) -> None:
        """Repeat one set of particle values through each stuck spell."""
        for start in self._stuck_from() if self.fault is Fault.STUCK else ():
            held = (at >= start) & (at < start + STUCK_LASTS)
            level = 6.0 + 9.0 * self._chance(f"stuck {start}")
            for quantity, share in (("pm1", 0.66), ("pm25", 1.0), ("pm10", 1.2), ("pn03", 5.6)):
                if quantity in values:
                    values[quantity][held] = round(share * level, 1)

    def _arrives(self, at: Instants) -> NDArray[np.bool_]:
        """Tell which messages arrive: single losses, and outages of hours to days at the place."""
        lost = 0.30 if self.fault is Fault.RADIO else 0.006
        outage = wandering(self._key("outage"), at, scale_s=11 * HOUR)
        limit = 1.2 if self.fault is Fault.RADIO else 2.6
        arrives: NDArray[np.bool_] = (uniform(self._key("lost"), at) >= lost) & (outage < limit)
        return arrives

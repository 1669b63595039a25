"""The weather of the simulated city, as a function of time: what mixes, washes and warms its air.

A temperate oceanic climate in orders of magnitude (mean 12 °C, amplitude 8 °C, wind 1-8 m/s, boundary layer
from 100 m on a still night to 1,700 m on a summer afternoon). It imitates no place and no year.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from capto.simulation.randomness import Floats, Instants, key_of, passing

HOUR: Final = 3_600  # seconds
DAY: Final = 86_400
YEAR: Final = 365.2425 * DAY
STEP: Final = 600  # seconds between two points of the city's grid of time
LATITUDE: Final = 46.80  # degrees, WGS 84: the centre of the simulated town, among ponds and fields
LONGITUDE: Final = 1.00
SYNOPTIC: Final = (int(1.3 * DAY), int(3.1 * DAY), int(7.7 * DAY))  # passage of fronts, of highs, of regimes
COLDEST: Final = 20 * DAY  # 21 January, after the start of the year


class Weather(NamedTuple):
    """Arrays on the same instants: temperature °C, humidity %, pressure hPa, wind m/s, mixing_height m,
    rain mm/h, daylight 0..1 (sine of the sun's elevation), cold 1 in late January to -1 in July."""

    temperature: Floats
    humidity: Floats
    pressure: Floats
    wind: Floats
    mixing_height: Floats
    rain: Floats
    daylight: Floats
    cold: Floats


class Episode(NamedTuple):
    """A spell of still air: from, to (seconds since 1970, UTC); it comes and goes over half a day."""

    starts_at: int
    ends_at: int

    def strength(self, at: Instants) -> Floats:
        """Give 0 outside the episode, 1 in its middle."""
        rise = np.clip((at - self.starts_at) / (DAY / 2), 0.0, 1.0)
        fall = np.clip((self.ends_at - at) / (DAY / 2), 0.0, 1.0)
        shape: Floats = np.minimum(rise, fall)
        return shape * shape * (3.0 - 2.0 * shape)


def seasonal(at: Instants, *, peak_s: int) -> Floats:
    """Give the cosine of the year with its maximum `peak_s` seconds after 1 January."""
    result: Floats = np.cos(2.0 * np.pi * (at - peak_s) / YEAR)
    return result


def solar_hour(at: Instants) -> Floats:
    """Give the mean solar hour (0..24) at the town."""
    result: Floats = ((at / HOUR) + LONGITUDE / 15.0) % 24.0
    return result


def sun(at: Instants) -> Floats:
    """Give the sine of the sun's elevation, 0 by night. Source: Cooper 1969 for the declination."""
    day = (at % YEAR) / DAY
    declination = np.radians(23.45) * np.sin(2.0 * np.pi * (284.0 + day) / 365.0)
    angle = 2.0 * np.pi * (solar_hour(at) - 12.0) / 24.0
    latitude = np.radians(LATITUDE)
    sine = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(angle)
    result: Floats = np.maximum(sine, 0.0)
    return result


def saturation_pressure(temperature: Floats) -> Floats:
    """Give the saturation vapour pressure over water in hPa from °C. Source: Magnus form, Sonntag 1990."""
    result: Floats = 6.112 * np.exp(17.62 * temperature / (243.12 + temperature))
    return result


def relative_humidity(temperature: Floats, dew_point: Floats) -> Floats:
    """Give the relative humidity in %, at most 100, from two temperatures in °C."""
    result: Floats = 100.0 * np.minimum(
        saturation_pressure(dew_point) / saturation_pressure(temperature), 1.0
    )
    return result


def dew_point_of(temperature: Floats, humidity: Floats) -> Floats:
    """Give the dew point in °C from °C and %."""
    ratio = np.log(np.maximum(humidity, 1.0) / 100.0) + 17.62 * temperature / (243.12 + temperature)
    result: Floats = 243.12 * ratio / (17.62 - ratio)
    return result


def weather(seed: int, at: Instants, *, episode: Episode) -> Weather:
    """Give the weather at instants (seconds since 1970, UTC, any spacing)."""

    def front(name: str) -> Floats:
        return passing(key_of(seed, name), at, scales_s=SYNOPTIC)

    still = episode.strength(at)
    cold = seasonal(at, peak_s=COLDEST)
    daylight = sun(at)
    cloud = (1.0 - 0.7 * still) / (1.0 + np.exp(-1.7 * (front("cloud") + 0.25 * cold)))
    warmth = front("warmth")
    mean = 12.0 - 8.2 * cold + 3.0 * warmth - 4.0 * still * np.maximum(cold, 0.0)
    swing = (6.6 - 2.0 * cold) * (1.0 - 0.65 * cloud)
    temperature = mean + swing * np.cos(2.0 * np.pi * (solar_hour(at) - 15.0) / 24.0)
    depression = 4.8 + 2.0 * (1.0 - cold) * (1.0 - 0.4 * cloud) + 2.0 * front("dryness") - 2.4 * cloud
    humidity = relative_humidity(temperature, mean - depression)
    breeze = 0.85 + 0.50 * front("wind") + 0.12 * cold
    wind = np.exp(breeze * (1.0 - still) - 0.1 * still) * (0.75 + 0.45 * daylight)
    wind = np.clip(wind, 0.4, 14.0)
    by_night = 75.0 + 50.0 * wind
    # the layer grows behind the sun and collapses after it: the sun of one and of two hours ago
    lagged = 0.5 * (sun(at - HOUR) + sun(at - 2 * HOUR))
    mixing_height = (by_night + 1_450.0 * lagged * (1.0 - 0.4 * cloud)) * (1.0 - 0.35 * still)
    rain = 1.2 * np.maximum(cloud - 0.72, 0.0) / 0.28 * np.maximum(front("rain") - 0.3, 0.0) * (1.0 - still)
    pressure = 1003.0 + 7.5 * front("pressure") + 9.0 * still
    return Weather(
        temperature=temperature,
        humidity=humidity,
        pressure=pressure,
        wind=wind,
        mixing_height=np.maximum(mixing_height, 60.0),
        rain=rain,
        daylight=daylight,
        cold=cold,
    )

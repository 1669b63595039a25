"""What kept pledges avoid: vehicle-kilometres, fires, grams and kilograms, as P5-P50-P95 by Monte-Carlo.

Pure: numbers in, numbers out, no Django and no clock. A result is a mass or a distance, never a concentration. Each
factor draws from a generator of its own (seed and key), so that one more factor leaves the draws of the others as
they were, and the same seed gives the same figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import log
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CODE_VERSION = "1.0"  # raised whenever the same inputs could give another published figure
DRAWS = 20_000
KINDS = ("triangular", "lognormal", "fixed")
Z95 = 1.959963984540054  # half width of a normal 95 % interval, in standard deviations
QUANTITIES = ("vehicle_km", "evenings", "nox_g", "pm10_g", "pm25_g", "co2_kg")  # the order of pages


class Factor(NamedTuple):
    """A number with its interval: the range of a triangle, or the 95 % interval of a log-normal."""

    value: float
    low: float
    high: float
    distribution: str = "triangular"


class Interval(NamedTuple):
    """The 5th, 50th and 95th percentile."""

    p5: float
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Pledged:
    """What an effect is estimated from.

    `kind` is car or wood. `people` do it, `partly` do a part of it; `own_km` is the sum of the usual car kilometres of
    the `told_km` people among them who said them, the others count with the factor `km_per_day`. With `declared` the
    factor `kept` is applied to what people said, otherwise everyone keeps it (the potential). `share` names a factor of
    what one pledge avoids of a whole one, such as car-pooling.
    """

    kind: str
    people: int
    partly: int = 0
    told_km: int = 0
    own_km: float = 0.0
    declared: bool = False
    share: str = ""

    def as_inputs(self) -> dict[str, object]:
        """Give the inputs as they are stored with a published figure."""
        return asdict(self)


def draw(key: str, factor: Factor, *, seed: int, draws: int) -> Floats:
    """Draw a factor; with low = high it is the value alone.

    The log-normal has the value as median; its two sides take their width from low and high, each holding 47.5 %.
    Raises ValueError for an interval that does not hold the value.
    """
    value, low, high, distribution = factor
    if not low <= value <= high:
        raise ValueError(f"{key}: {value} is not between {low} and {high}")
    if low == high or distribution == "fixed":
        return np.full(draws, value)
    generator = np.random.default_rng([seed, crc32(key.encode())])
    if distribution == "triangular":
        return generator.triangular(low, value, high, draws)
    if distribution != "lognormal" or low <= 0:
        raise ValueError(f"{key}: no {distribution} of {low} to {high}")
    normal = generator.standard_normal(draws)
    sides = np.where(normal < 0, log(value / low), log(high / value)) / Z95
    return np.asarray(value * np.exp(normal * sides), dtype=np.float64)


def estimate(
    pledged: Pledged, factors: Mapping[str, Factor], *, seed: int, draws: int = DRAWS
) -> dict[str, Interval]:
    """Estimate what is avoided, by quantity (`QUANTITIES`); raises KeyError where a factor is missing.

    Car: people x km x share kept x share not replaced by another trip x grams per km (see the factor set for the
    sources). Wood: people x kg of wood x MJ per kg x grams per GJ. CO2 of wood is left out: it is in the short cycle.
    """

    def of(key: str) -> Floats:
        return draw(key, factors[key], seed=seed, draws=draws)

    doing = np.full(draws, float(pledged.people))
    if pledged.partly:
        doing = doing + pledged.partly * of("partly")
    certain = of("kept") if pledged.declared else np.ones(draws)
    if pledged.kind == "car":
        everyone = pledged.people + pledged.partly
        told = pledged.told_km / everyone if everyone else 0.0
        mean_told = pledged.own_km / pledged.told_km if pledged.told_km else 0.0
        km = told * mean_told + (1.0 - told) * of("km_per_day")
        if not pledged.declared:
            certain = certain * of("would_have_driven")
        avoided = doing * km * certain * of("not_replaced")
        if pledged.share:
            avoided = avoided * of(pledged.share)
        results = {
            "vehicle_km": avoided,
            "nox_g": avoided * of("car_nox"),
            "pm10_g": avoided * of("car_pm10") / 1e3,
            "pm25_g": avoided * of("car_pm25") / 1e3,
            "co2_kg": avoided * of("car_co2"),
        }
    elif pledged.kind == "wood":
        evenings = doing * certain
        gigajoules = evenings * of("wood_kg") * of("wood_heat") / 1e3
        fine = gigajoules * of("wood_pm25")
        results = {
            "evenings": evenings,
            "nox_g": gigajoules * of("wood_nox"),
            "pm10_g": fine * of("wood_pm10_ratio"),
            "pm25_g": fine,
        }
    else:
        raise ValueError(f"no effect is estimated of {pledged.kind!r}")
    return {key: interval_of(results[key]) for key in QUANTITIES if key in results}


def interval_of(values: Floats) -> Interval:
    """Give the 5th, 50th and 95th percentile of draws."""
    return Interval(*(float(value) for value in np.percentile(values, (5, 50, 95))))


def times_too_small(
    grams: Interval, factors: Mapping[str, Factor], *, smallest_seen: float, seed: int, draws: int = DRAWS
) -> float:
    """Say how many times smaller the effect is than the smallest difference that sensors tell apart (µg/m³).

    The most favourable reading: the P95 of the mass, in the air over `box_hours` hours, by the box model
    dC = E / (u H W). Only this ratio is given away, never dC: inf where nothing is avoided, less than 1 where it
    could be seen.
    """
    seconds = draw("box_hours", factors["box_hours"], seed=seed, draws=draws) * 3600.0
    air = np.ones(draws)
    for key in ("box_wind", "box_height", "box_width"):
        air = air * draw(key, factors[key], seed=seed, draws=draws)
    micrograms = float(np.percentile(grams.p95 * 1e6 / seconds / air, 95))
    return smallest_seen / micrograms if micrograms > 0 else float("inf")

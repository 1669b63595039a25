"""A small city whose laws are not those of the library: to see whether its intervals hold.

Truth: seasonal and daily pattern, synoptic spells as a slow AR process in the logarithm, an episode. The
sensors: exponential humidity growth (the library knows kappa-Köhler and straight lines), a gain that wanders
with the kind of aerosol over days, unit gains, a drift that is neither linear nor common, noise with heavy
tails that depends on the hour before. The reference has an error of its own.
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def ar(rng: np.random.Generator, size: int, hours: float, spread: float) -> np.ndarray:
    """A stationary AR(1) process with a correlation time in hours and a standard deviation."""
    phi = float(np.exp(-1.0 / hours))
    noise = rng.normal(0.0, spread * np.sqrt(1.0 - phi * phi), size)
    out = np.empty(size)
    state = rng.normal(0.0, spread)
    for i in range(size):
        state = phi * state + noise[i]
        out[i] = state
    return out


def air(seed: int, *, days: int) -> pd.DataFrame:
    """Hours of true concentration (µg/m³), humidity (%), temperature (°C) and the station's reading."""
    rng = np.random.default_rng(seed)
    at = pd.date_range("2025-10-01", periods=24 * days, freq="h", tz="UTC")
    hour = np.arange(at.size)
    daily = np.cos(2 * np.pi * (hour % 24 - 8) / 24)
    spell = ar(rng, at.size, 60.0, 0.5)
    truth = 16.0 * np.exp(spell + 0.15 * daily + ar(rng, at.size, 4.0, 0.15))
    temperature = 9.0 - 5.0 * daily + ar(rng, at.size, 72.0, 4.0)
    humidity = np.clip(75.0 + 12.0 * daily - 8.0 * spell + ar(rng, at.size, 24.0, 8.0), 15.0, 100.0)
    reference = truth + rng.normal(0.0, 0.6, at.size) + 0.02 * truth * rng.normal(0.0, 1.0, at.size)
    return pd.DataFrame(
        {"truth": truth, "reference": reference, "humidity": humidity, "temperature": temperature}, index=at
    )


def sensor(city: pd.DataFrame, seed: int, *, drift_per_month: float = 0.03) -> pd.DataFrame:
    """The hours of one low-cost unit: columns raw, humidity (its own), temperature, reference."""
    rng = np.random.default_rng(10_000 + seed)
    size = len(city)
    month = np.arange(size) / 720.0
    gain = rng.lognormal(0.35, 0.12) * (1.0 + drift_per_month * rng.normal(0, 1) * month**0.7)
    aerosol = np.exp(ar(rng, size, 40.0, 0.12))
    wet = np.exp(1.1 * (np.clip(city["humidity"].to_numpy(), 40.0, 98.0) / 100.0) ** 4)
    noise = ar(rng, size, 3.0, 1.0) + 0.8 * rng.standard_t(4, size)
    signal = city["truth"].to_numpy() * gain * aerosol * wet * (1.0 + 0.05 * rng.normal(0, 1, size))
    raw = np.maximum(1.5 + signal + noise, 0.0)
    return pd.DataFrame(
        {
            "reference": city["reference"],
            "truth": city["truth"],
            "raw": raw,
            "humidity": np.clip(city["humidity"] - 6.0 + rng.normal(0, 1.5, size), 5.0, 100.0),
            "temperature": city["temperature"] + 2.0 + rng.normal(0, 0.3, size),
        },
        index=city.index,
    )

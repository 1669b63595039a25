"""Random numbers that are a function of time: the same instant gives the same number in any window, any process.

A generator with a state would make a day depend on where its window began; the past that was loaded and the
present that is sent over MQTT could then not be one city. Here each number is a hash of (key, index).
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
Instants = NDArray[np.int64]

# SplitMix64 (Steele, Lea, Flood 2014): its increment and its two mixers
GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
MIXER_1: Final = np.uint64(0xBF58476D1CE4E5B9)
MIXER_2: Final = np.uint64(0x94D049BB133111EB)


def key_of(*names: object) -> int:
    """Give 64 bits that stand for names, the same on every machine: `key_of(seed, "wind")`."""
    text = "/".join(str(name) for name in names)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def uniform(key: int, index: Instants) -> Floats:
    """Draw one number of (0, 1) for each index (whole numbers, any shape), independent between indices."""
    with np.errstate(over="ignore"):
        z = np.asarray(index, dtype=np.int64).view(np.uint64) * GOLDEN + np.uint64(key)
        z = (z ^ (z >> np.uint64(30))) * MIXER_1
        z = (z ^ (z >> np.uint64(27))) * MIXER_2
        z ^= z >> np.uint64(31)
    # 52 bits and a half: never 0, never 1
    return ((z >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def normal(key: int, index: Instants) -> Floats:
    """Draw one standard normal number for each index (whole numbers, any shape)."""
    drawn: Floats = np.asarray(ndtri(uniform(key, index)))
    return drawn


def drawn(*names: object) -> float:
    """Draw one standard normal number for names: a trait of a thing, `drawn(seed, "unit 7", "gain")`."""
    return float(normal(key_of(*names), np.zeros(1, dtype=np.int64))[0])


def chance(*names: object) -> float:
    """Draw one number of (0, 1) for names."""
    return float(uniform(key_of(*names), np.zeros(1, dtype=np.int64))[0])


def wandering(key: int, at: Instants, *, scale_s: int) -> Floats:
    """Give smooth noise of unit variance that forgets itself in about `scale_s` seconds.

    at: seconds since 1970 (UTC). Normal numbers at nodes `scale_s` apart, joined by a smoothstep whose weights are
    scaled so that the variance is 1 between the nodes too.
    """
    node = np.floor_divide(at, scale_s)
    part = (at - node * scale_s) / scale_s
    later = part * part * (3.0 - 2.0 * part)
    before, after = normal(key, node), normal(key, node + 1)
    mixed: Floats = (before * (1.0 - later) + after * later) / np.sqrt((1.0 - later) ** 2 + later**2)
    return mixed


def passing(key: int, at: Instants, *, scales_s: tuple[int, ...]) -> Floats:
    """Sum smooth noises of several scales (seconds) into one of unit variance, as weather has them."""
    total = sum(wandering(key + number, at, scale_s=scale) for number, scale in enumerate(scales_s))
    result: Floats = np.asarray(total, dtype=np.float64) / np.sqrt(len(scales_s))
    return result

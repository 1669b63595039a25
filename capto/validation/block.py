"""From the sums of many series to their published hours, in one pass of arrays. Pure: no database, no clock.

Here the functions of `calibration` are put together: means and coverage, checks, correction, grade.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import calibration
from calibration import Flag
from calibration.checks import WARM_UP_HOURS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SECONDS: Final = 3600
BY_ROW: Final = ("channel", "hour", "n", "total", "total_of_squares", "minimum", "maximum")
UNCORRECTED: Final = 0  # the code of a row that no calibration covers
# How far a changed hour changes the flags of others: a run of equal hours, the window of a spike.
REACH_HOURS: Final = max(calibration.checks.STUCK_HOURS - 1, calibration.checks.SPIKE_WINDOW // 2)
# Hours on each side of a period that the checks look at: a run that begins or ends outside it.
CONTEXT_HOURS: Final = 2 * REACH_HOURS
SIZES: Final = ("pm1", "pm25", "pm10")  # each holds the one before


class Correction(NamedTuple):
    """What a row rests on: the model or bracket to apply, its calibrations (0 for none), basis and status."""

    model: Any
    calibration: int
    second: int
    basis: str
    provisional: bool


class Channel(NamedTuple):
    """What the pass must know of one series.

    expected: readings in a full hour; low, high: plausible range, NaN for none; started: the hour in which the
    sensor was put up; device: what series that one instrument measures together have in common.
    """

    series: int
    quantity: str
    expected: float
    low: float
    high: float
    started: int = 0
    device: Hashable = None


@dataclass(frozen=True, kw_only=True)
class Block:
    """Sums of hours, one row for each (series, hour), in any order.

    channel: position of the row's series in `channels`; hour: since 1970; n, total, total_of_squares, minimum,
    maximum: of the hour. Matrices are channels by hours, the first column being `first_hour`: covariates by name
    (NaN where absent), correction (codes of `corrections`, 0 for none), set_aside (by a person).
    """

    channels: Sequence[Channel]
    first_hour: int
    channel: Ints
    hour: Ints
    n: Ints
    total: Floats
    total_of_squares: Floats
    minimum: Floats
    maximum: Floats
    covariates: Mapping[str, Floats]
    correction: NDArray[np.int32]
    corrections: Mapping[int, Correction]
    set_aside: NDArray[np.bool_] | None = None

    def ordered(self) -> "Block":
        """Give the same block with its rows sorted by channel and hour."""
        order = np.lexsort((self.hour, self.channel))
        return replace(self, **{name: getattr(self, name)[order] for name in BY_ROW})


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Published hours as arrays, one element for each (series, hour), sorted by series and hour.

    value and uncertainty are NaN where absent, calibration and second 0.
    """

    series: Ints
    hour: Ints
    raw_mean: Floats
    value: Floats
    uncertainty: Floats
    n: Ints
    coverage: Floats
    flags: Ints
    grade: NDArray[np.bytes_]
    calibration: Ints
    second: Ints
    provisional: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.series)

    def where(self, chosen: NDArray[Any] | slice) -> "Hours":
        """Give the rows that a mask, positions or a slice choose."""
        return Hours(**{name: column[chosen] for name, column in vars(self).items()})


def publish(block: Block, *, begin: int, end: int) -> Hours:
    """Give the published hours of [begin, end) of a block; rows outside only serve the checks.

    Where no calibration covers an hour its value is the raw mean, without uncertainty; where the validity of its
    calibration ended, the value is still corrected, without uncertainty. Both have grade D.
    """
    block = block.ordered()
    means = inputs(block)
    rests = _Rests.of(block)
    corrected = calibration.apply_each(
        {code: correction.model for code, correction in block.corrections.items()}, means, by="correction"
    )
    value = np.where(rests.code == UNCORRECTED, means["raw"].to_numpy(), corrected["value"].to_numpy())
    unstated = (rests.basis == "none") | np.isnan(value)
    uncertainty = np.where(unstated, np.nan, corrected["expanded_uncertainty"].to_numpy())
    flags = checks(block, means) | corrected["flags"].to_numpy(dtype=np.int64)
    flags[rests.basis == "none"] |= int(Flag.UNCALIBRATED)
    coverage = means["coverage"].to_numpy()
    published = Hours(
        series=np.array([known.series for known in block.channels], dtype=np.int64)[block.channel],
        hour=block.hour,
        raw_mean=means["raw"].to_numpy(),
        value=value,
        uncertainty=uncertainty,
        n=block.n,
        coverage=coverage,
        flags=flags,
        grade=_grades(block, rests.basis, value, uncertainty, flags, coverage),
        calibration=rests.calibration,
        second=rests.second,
        provisional=rests.provisional,
    )
    inside = (block.hour >= begin) & (block.hour < end)
    return published if inside.all() else published.where(inside)


class _Rests(NamedTuple):
    """On what each row rests, by row."""

    code: NDArray[np.int32]
    basis: NDArray[np.str_]
    calibration: Ints
    second: Ints
    provisional: NDArray[np.bool_]

    @classmethod
    def of(cls, block: Block) -> "_Rests":
        code = block.correction[block.channel, block.hour - block.first_hour]
        size = max(block.corrections, default=0) + 1
        basis = np.full(size, "none", dtype="<U9")
        calibrations = np.zeros((2, size), dtype=np.int64)
        provisional = np.zeros(size, dtype=bool)
        for known, correction in block.corrections.items():
            basis[known] = correction.basis
            calibrations[:, known] = correction.calibration, correction.second
            provisional[known] = correction.provisional
        return cls(code, basis[code], calibrations[0][code], calibrations[1][code], provisional[code])


def inputs(block: Block) -> pd.DataFrame:
    """Give the columns that corrections read: raw, sd, n, coverage, the covariates and the correction's code.

    Indexed by the start of the hour (UTC), in the order of the block's rows.
    """
    at = pd.DatetimeIndex((block.hour * SECONDS).astype("datetime64[s]"), tz="UTC")
    expected = np.array([known.expected for known in block.channels])[block.channel]
    sums = pd.DataFrame(
        {"n": block.n, "total": block.total, "total_of_squares": block.total_of_squares}, index=at
    )
    hours = calibration.means_from_sums(sums, expected=pd.Series(expected, index=at))
    hours = hours.rename(columns={"mean": "raw"})
    column = block.hour - block.first_hour
    for name, matrix in block.covariates.items():
        hours[name] = matrix[block.channel, column]
    hours["correction"] = block.correction[block.channel, column]
    return hours


def checks(block: Block, hours: pd.DataFrame) -> Ints:
    """Give the flags that the hours themselves raise, before any correction.

    hours: the columns that `inputs` gives for the same, ordered block. Checked: coverage, range (one impossible
    reading spoils its hour), stuck, spike, warm-up after the sensor was put up, order of the particle sizes, and
    what a person set aside.
    """
    low = np.array([known.low for known in block.channels])[block.channel]
    high = np.array([known.high for known in block.channels])[block.channel]
    unit = pd.Series(block.channel, index=hours.index)
    wrong = {
        Flag.COVERAGE: (hours["coverage"] < calibration.COVERAGE_NEEDED).to_numpy(),
        Flag.RANGE: (block.minimum < low) | (block.maximum > high),
        Flag.STUCK: calibration.stuck(hours["raw"], unit=unit, within=hours["sd"]).to_numpy(),
        Flag.SPIKE: calibration.spike(hours["raw"], unit=unit).to_numpy(),
        Flag.WARM_UP: _warming_up(block),
        Flag.CONSISTENCY: _out_of_order(block, hours),
    }
    if block.set_aside is not None:
        wrong[Flag.PERSON] = block.set_aside[block.channel, block.hour - block.first_hour]
    flags = np.zeros(len(hours), dtype=np.int64)
    for flag, rows in wrong.items():
        flags[rows] |= int(flag)
    return flags


def _warming_up(block: Block) -> NDArray[np.bool_]:
    """Mark the first hours of each placement: 24 for particles, 72 for gases."""
    ready = np.array([known.started + WARM_UP_HOURS.get(known.quantity, 0) for known in block.channels])
    return np.asarray(block.hour < ready[block.channel])


def _out_of_order(block: Block, hours: pd.DataFrame) -> NDArray[np.bool_]:
    """Mark the hours of particle sizes of one device that contradict each other."""
    devices: dict[Hashable, dict[str, int]] = defaultdict(dict)
    for row, known in enumerate(block.channels):
        if known.quantity in SIZES:
            devices[known.device][known.quantity] = row
    together = [sizes for sizes in devices.values() if len(sizes) > 1]
    if not together:
        return np.zeros(len(hours), dtype=bool)
    absent = len(block.channels)  # one more row, which stays empty
    column = block.hour - block.first_hour
    means = np.full((absent + 1, block.correction.shape[1]), np.nan)
    means[block.channel, column] = hours["raw"].to_numpy()
    rows = {name: [sizes.get(name, absent) for sizes in together] for name in SIZES}
    pm1, pm25, pm10 = (pd.Series(means[rows[name]].ravel()) for name in SIZES)
    contradicted = calibration.sizes_out_of_order(pm1=pm1, pm25=pm25, pm10=pm10)
    marked = np.zeros(means.shape, dtype=bool)
    for found in rows.values():
        marked[found] = contradicted.to_numpy().reshape(len(together), -1)
    return np.asarray(marked[block.channel, column])


def _grades(
    block: Block,
    basis: NDArray[np.str_],
    value: Floats,
    uncertainty: Floats,
    flags: Ints,
    coverage: Floats,
) -> NDArray[np.bytes_]:
    grades = np.full(len(value), b"D", dtype="S1")
    names = sorted({known.quantity for known in block.channels})
    quantity = np.array([names.index(known.quantity) for known in block.channels])[block.channel]
    for number, name in enumerate(names):
        rows = np.flatnonzero((quantity == number) & (basis != "none"))
        letters = calibration.grade(
            value[rows],
            expanded_uncertainty=uncertainty[rows],
            flags=flags[rows],
            coverage=coverage[rows],
            quantity=name,
            basis=basis[rows],
        )
        grades[rows] = letters.astype("S1")
    return grades

"""Recompute an archive of Parquet files, cut by sensor and month, on one machine or on many. No database, no clock.

For an archive that outgrows one machine: `archive_writing.write` takes it out of the database, here each partition is
computed by itself by the very function that publishes hours (`block.publish`). `recompute` takes the `map` to use:
Python's own, or that of a Dask client. Layout of a folder:

    series.parquet                              one row a series (`corrections.Known`, and the covariates)
    calibrations.json                           the approved versions with their models
    set_aside.json                              hours that people doubt, by series
    sums/sensor=12/month=2025-01/part-0.parquet series, hour, n, total, total_of_squares, minimum, maximum
    hours/sensor=12/month=2025-01/part-0.parquet what comes out
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import calibration as library
from capto.validation.block import CONTEXT_HOURS, Block, Hours, publish
from capto.validation.corrections import SECONDS, Known, Timeline, best, needed, positions

SUMS: Final = "sums"
HOURS: Final = "hours"
FILE: Final = "part-0.parquet"
SUM_COLUMNS: Final = ("series", "hour", "n", "total", "total_of_squares", "minimum", "maximum")

Map = Callable[[Callable[["Partition"], int], Sequence["Partition"]], Iterable[int]]


class Partition(NamedTuple):
    """One sensor and one month (such as 2025-01) of an archive: read in one folder, written to another."""

    source: str
    target: str
    sensor: int
    month: str

    @property
    def hours(self) -> tuple[int, int]:
        """The hours [begin, end) of the month, since 1970 (UTC)."""
        first = pd.Period(self.month, freq="M")
        return _hour(first.start_time), _hour((first + 1).start_time)

    def path(self, folder: str, kind: str, *, months: int = 0) -> Path:
        """Give the file of this sensor and of the month so many months on."""
        month = pd.Period(self.month, freq="M") + months
        return Path(folder, kind, f"sensor={self.sensor}", f"month={month}", FILE)


def _hour(at: pd.Timestamp) -> int:
    return int(at.value // 1_000_000_000 // SECONDS)


@dataclass(frozen=True, kw_only=True)
class Stay:
    """The stay of a version beside a station."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Line:
    """An approved version as the archive holds it; what `corrections.Version` asks for."""

    pk: int
    sensor_id: int | None
    sensor_model_id: int | None
    property_id: str
    variant: str
    channel: str
    method: str
    valid_from: datetime
    valid_to: datetime
    co_location: Stay | None
    model: dict[str, Any]

    def fitted(self) -> library.Model:
        """Give the model."""
        return library.Model.from_dict(self.model)

    @classmethod
    def read(cls, told: dict[str, Any]) -> "Line":
        """Read a line of calibrations.json."""
        stay = told["co_location"]
        return cls(
            **told
            | {
                "valid_from": datetime.fromisoformat(told["valid_from"]),
                "valid_to": datetime.fromisoformat(told["valid_to"]),
                "co_location": stay
                and Stay(
                    starts_at=datetime.fromisoformat(stay["starts_at"]),
                    ends_at=datetime.fromisoformat(stay["ends_at"]),
                ),
            }
        )


class Catalogue:
    """What stands beside the sums: series, versions, doubts; read once by each process."""

    def __init__(self, folder: Path) -> None:
        self.series = pd.read_parquet(folder / "series.parquet")
        self.timeline = Timeline(
            [Line.read(told) for told in json.loads((folder / "calibrations.json").read_text())]
        )
        self.doubts: list[list[int]] = json.loads((folder / "set_aside.json").read_text())

    def published(self, sensor: int) -> list[Known]:
        """List the pollutants of a sensor, in the order of their series."""
        own = self.series[(self.series["sensor"] == sensor) & self.series["is_pollutant"]].sort_values(
            "series"
        )
        return [
            Known(
                int(row["series"]),
                int(row["placement"]),
                int(row["sensor"]),
                int(row["sensor_model"]),
                str(row["quantity"]),
                str(row["variant"]),
                str(row["channel"]),
                int(row["interval"]),
                None if np.isnan(row["low"]) else float(row["low"]),
                None if np.isnan(row["high"]) else float(row["high"]),
                datetime.fromtimestamp(float(row["starts_at"]), UTC),
            )
            for row in own.to_dict("records")
        ]

    def covariate(self, item: Known, name: str) -> int | None:
        """Give the series of a covariate that goes with a series."""
        rows = self.series[(self.series["placement"] == item.placement) & (self.series["quantity"] == name)]
        found = [
            (str(row["variant"]), str(row["channel"]), int(row["series"])) for row in rows.to_dict("records")
        ]
        return best(found, item)


@lru_cache(maxsize=1)
def _catalogue(folder: str) -> Catalogue:
    return Catalogue(Path(folder))


def partitions(source: Path, target: Path) -> list[Partition]:
    """List the partitions of an archive."""
    return [
        Partition(
            str(source), str(target), int(path.parts[-3].partition("=")[2]), path.parts[-2].partition("=")[2]
        )
        for path in sorted((source / SUMS).glob(f"sensor=*/month=*/{FILE}"))
    ]


def recompute(source: Path, target: Path, *, run: Map = map) -> int:
    """Recompute every partition of an archive and give the number of hours written.

    run: what maps a function over partitions: Python's `map`, or `dask_map(client)`. The results do not depend on it.
    """
    return sum(run(one, partitions(source, target)))


def dask_map(client: Any) -> Map:
    """Let the workers of a Dask client compute the partitions; they must see the same folders."""

    def run(work: Callable[[Partition], int], parts: Sequence[Partition]) -> Iterable[int]:
        found: Iterable[int] = client.gather(client.map(work, parts, pure=False))
        return found

    return run


def one(part: Partition) -> int:
    """Recompute one partition, write its hours and give their number."""
    catalogue = _catalogue(part.source)
    known = catalogue.published(part.sensor)
    begin, end = part.hours
    frame = _as_frame(publish(block(part, known, catalogue), begin=begin, end=end)) if known else None
    path = part.path(part.target, HOURS)
    path.parent.mkdir(parents=True, exist_ok=True)
    if frame is None or frame.empty:
        path.unlink(missing_ok=True)
        return 0
    frame.to_parquet(path, index=False)
    return len(frame)


def block(part: Partition, known: Sequence[Known], catalogue: Catalogue) -> Block:
    """Lay out what a month is computed from, with the hours around it that the checks look at."""
    begin, end = part.hours[0] - CONTEXT_HOURS, part.hours[1] + CONTEXT_HOURS
    sums = pd.concat(list(_read(part)), ignore_index=True)
    sums = sums[(sums["hour"] >= begin) & (sums["hour"] < end)]
    correction, corrections = catalogue.timeline.over(known, begin=begin, end=end)
    ids = [item.series for item in known]
    own = sums[sums["series"].isin(ids)]
    needs = sorted({name for used in corrections.values() for name in needed(used.model)})
    return Block(
        channels=[item.as_channel() for item in known],
        first_hour=begin,
        channel=positions(ids, own["series"].to_numpy(dtype=np.int64)),
        **{name: own[name].to_numpy() for name in SUM_COLUMNS[1:]},
        covariates={
            name: _means(sums, [catalogue.covariate(item, name) for item in known], begin=begin, end=end)
            for name in needs
        },
        correction=correction,
        corrections=corrections,
        set_aside=_doubted(catalogue, known, begin=begin, end=end),
    )


def _read(part: Partition) -> Iterator[pd.DataFrame]:
    for months in (-1, 0, 1):
        path = part.path(part.source, SUMS, months=months)
        if path.exists():
            yield pd.read_parquet(path)


def _means(sums: pd.DataFrame, series: Sequence[int | None], *, begin: int, end: int) -> NDArray[np.float64]:
    """Give hourly means of one covariate for each channel: channels by hours, NaN where absent."""
    means = np.full((len(series), end - begin), np.nan)
    for row, wanted in enumerate(series):
        if wanted is not None:
            own = sums[sums["series"] == wanted]
            means[row, own["hour"].to_numpy() - begin] = own["total"].to_numpy() / own["n"].to_numpy()
    return means


def _doubted(
    catalogue: Catalogue, known: Sequence[Known], *, begin: int, end: int
) -> NDArray[np.bool_] | None:
    row_of = {item.series: row for row, item in enumerate(known)}
    marked = np.zeros((len(known), end - begin), dtype=bool)
    for series, first, after in catalogue.doubts:
        if series in row_of and first < end and after > begin:
            marked[row_of[series], max(first - begin, 0) : after - begin] = True
    return marked if marked.any() else None


def _as_frame(hours: Hours) -> pd.DataFrame:
    return pd.DataFrame(vars(hours) | {"grade": hours.grade.astype("U1")})

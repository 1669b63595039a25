"""Which correction each hour of a series rests on: approved versions laid out in time. Pure: no database, no clock."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

import calibration as library
from capto.validation.block import Channel, Correction
from capto.validation.timeline import Span, Stay, generic, overlay, spans

SECONDS: Final = 3600
UNBOUNDED: Final = float("nan")
# Of several humidities of one device the one of the same channel is taken, then the first of these variants.
VARIANTS: Final = ("", "native", "onboard", "atm", "unknown")


class Known(NamedTuple):
    """One published series as the database describes it; `interval` in seconds."""

    series: int
    placement: int
    sensor: int
    sensor_model: int
    quantity: str
    variant: str
    channel: str
    interval: int
    low: float | None
    high: float | None
    starts_at: datetime

    def as_channel(self) -> Channel:
        """Give what the computation must know of the series."""
        return Channel(
            self.series,
            self.quantity,
            SECONDS / self.interval,
            UNBOUNDED if self.low is None else self.low,
            UNBOUNDED if self.high is None else self.high,
            hour_of(self.starts_at),
            (self.placement, self.variant, self.channel),
        )


class Version(Protocol):
    """What must be known of an approved version: a row of the database, or a line of an archive."""

    @property
    def pk(self) -> Any: ...
    @property
    def sensor_id(self) -> Any: ...
    @property
    def sensor_model_id(self) -> Any: ...
    @property
    def property_id(self) -> Any: ...
    @property
    def variant(self) -> Any: ...
    @property
    def channel(self) -> Any: ...
    @property
    def method(self) -> Any: ...
    @property
    def valid_from(self) -> Any: ...
    @property
    def valid_to(self) -> Any: ...
    @property
    def co_location(self) -> Any: ...

    def fitted(self) -> library.Model: ...


def hour_of(at: datetime) -> int:
    """Give the hour (since 1970) in which a time lies."""
    return int(at.timestamp() // SECONDS)


def needed(model: Any) -> tuple[str, ...]:
    """Name the covariates that a model or bracket reads besides the signal itself."""
    fitted = getattr(model, "before", model)
    return tuple(name for name in fitted.rule.needs if name != "raw")


def positions(ids: Sequence[int], series: NDArray[np.int64]) -> NDArray[np.int64]:
    order = np.argsort(ids)
    return np.asarray(order[np.searchsorted(ids, series, sorter=order)], dtype=np.int64)


def best(candidates: Sequence[tuple[str, str, int]], item: Known) -> int | None:
    """Choose the covariate of a series among (variant, channel, series) of its placement; None of none."""

    def preference(candidate: tuple[str, str, int]) -> tuple[bool, int, str, int]:
        variant, channel, series = candidate
        rank = VARIANTS.index(variant) if variant in VARIANTS else len(VARIANTS)
        return channel != item.channel, rank, variant, series

    return min(candidates, key=preference)[2] if candidates else None


class _Key(NamedTuple):
    owner: int
    quantity: str
    variant: str
    channel: str


class Timeline:
    """Approved versions of some sensors, laid out in time; with drafts added, what would be if they were."""

    def __init__(self, rows: Sequence[Version]) -> None:
        self._models: dict[int, library.Model] = {}
        own: dict[_Key, list[Stay]] = defaultdict(list)
        shared: dict[_Key, list[Span]] = defaultdict(list)
        for row in rows:
            fitted = row.fitted()
            self._models[row.pk] = fitted
            stay = _stay(row, fitted)
            if row.sensor_id is not None:
                own[_Key(row.sensor_id, row.property_id, row.variant, row.channel)].append(stay)
            else:
                model = _Key(row.sensor_model_id or 0, row.property_id, row.variant, row.channel)
                shared[model] += generic(stay)
        self._own = {key: spans(stays) for key, stays in own.items()}
        self._shared = dict(shared)

    def spans_of(self, item: Known) -> list[Span]:
        """Give the spans of one series, its own calibrations before those of its sensor model."""
        own = self._own.get(_Key(item.sensor, item.quantity, item.variant, item.channel), [])
        shared = self._shared.get(_Key(item.sensor_model, item.quantity, item.variant, item.channel), [])
        return overlay(own, shared)

    def over(
        self, known: Sequence[Known], *, begin: int, end: int
    ) -> tuple[NDArray[np.int32], dict[int, Correction]]:
        """Give the code of the correction of each channel and hour of [begin, end), and what the codes mean."""
        codes: dict[tuple[int, int, str, bool], int] = {}
        corrections: dict[int, Correction] = {}
        matrix = np.zeros((len(known), end - begin), dtype=np.int32)
        for row, item in enumerate(known):
            for span in self.spans_of(item):
                first, last = max(span.begin, begin) - begin, min(span.end, end) - begin
                if first >= last:
                    continue
                key = span[2:]
                if key not in codes:
                    codes[key] = len(codes) + 1
                    corrections[codes[key]] = self._correction(span)
                matrix[row, first:last] = codes[key]
        return matrix, corrections

    def _correction(self, span: Span) -> Correction:
        model: Any = self._models[span.calibration]
        if span.second:
            model = library.Bracket(before=model, after=self._models[span.second])
        return Correction(model, span.calibration, span.second, span.basis, span.provisional)


def _stay(row: Version, fitted: library.Model) -> Stay:
    begin, end = row.valid_from, row.valid_from
    if row.co_location is not None:
        begin, end = row.co_location.starts_at, row.co_location.ends_at
    return Stay(
        row.pk,
        row.method,
        hour_of(begin),
        hour_of(end),
        hour_of(row.valid_from),
        hour_of(row.valid_to),
        fitted.provisional,
    )

"""A fitted correction as data: everything that another person needs to compute the same number."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from calibration.terms import METHODS, Method
from calibration.version import CODE_VERSION


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The half-width of what the fit left over: factor * (absolute + relative * max(value, 0)).

    absolute, in the unit of the value, and relative describe one typical residual in forward blocks;
    factor brings it to about 95 % of the hours of a block that the fit has not seen; parameter_factor is
    the coverage factor of the coefficients' standard uncertainty; spells is the number of independent spells
    of weather behind both (0: not stated); shared is the part of the residual
    variance that the hours of one day have in common. See calibration.uncertainty.
    """

    absolute: float
    relative: float
    factor: float
    parameter_factor: float = 2.0
    spells: float = 0.0
    shared: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Model:
    """A correction fitted on one co-location; frozen, and JSON both ways by to_dict and from_dict.

    coefficients by term, with `slope` for the reference in inverse methods; covariance in the same order,
    from a moving-block bootstrap; companion: the coefficients of the same fit turned the other way round
    (calibration.uncertainty, change of regime), empty where there is none; domain: (lowest, highest) of
    each input and of the value in the fit; spread: residuals in forward blocks; quantiles: of their
    absolute value, in the unit of the value; starts_at, ends_at: first hour and end of last hour of the
    fit (ISO 8601, UTC); reference_uncertainty: standard uncertainty (absolute, relative) of the reference;
    drift_per_day: standard deviation of the relative drift in a day, of past loans of the sensor model;
    between_units: u(bs,s) in the unit of the signal, where the model is used on a unit that was not fitted;
    scores: of forward blocks; provisional: fitted on less than 14 days or 250 pairs; checksum: SHA-256 of
    the pairs.
    """

    method: str
    coefficients: Mapping[str, float]
    covariance: tuple[tuple[float, ...], ...]
    domain: Mapping[str, tuple[float, float]]
    spread: Spread
    n: int
    starts_at: str
    ends_at: str
    quantity: str = ""
    unit: str = ""
    companion: Mapping[str, float] = field(default_factory=dict)
    station: str = ""
    quantiles: Mapping[str, float] = field(default_factory=dict)
    reference_uncertainty: tuple[float, float] = (0.0, 0.0)
    drift_per_day: float = 0.0
    between_units: float = 0.0
    scores: Mapping[str, float | None] = field(default_factory=dict)
    folds: int = 0
    provisional: bool = False
    code_version: str = CODE_VERSION
    checksum: str = ""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"unknown method {self.method!r}; known: {', '.join(METHODS)}")
        if set(self.coefficients) != set(self.names):
            raise ValueError(f"method {self.method} wants coefficients {', '.join(self.names)}")
        if self.companion and set(self.companion) != set(self.names):
            raise ValueError(f"method {self.method} wants a companion of {', '.join(self.names)}")

    @property
    def rule(self) -> Method:
        """Give the named method that the coefficients belong to."""
        return METHODS[self.method]

    @property
    def names(self) -> tuple[str, ...]:
        """Name the coefficients in the order of the covariance."""
        return coefficient_names(self.rule)

    def to_dict(self) -> dict[str, Any]:
        """Give the model as JSON types; floats keep every digit."""
        found = asdict(self)
        found["covariance"] = [list(row) for row in self.covariance]
        found["domain"] = {name: list(ends) for name, ends in self.domain.items()}
        found["reference_uncertainty"] = list(self.reference_uncertainty)
        return found

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Model:
        """Build a model from what to_dict gave, also after a trip through JSON."""
        known = dict(data)
        known["spread"] = Spread(**known["spread"])
        known["covariance"] = tuple(tuple(float(v) for v in row) for row in known["covariance"])
        known["domain"] = {name: (float(low), float(high)) for name, (low, high) in known["domain"].items()}
        low, high = known["reference_uncertainty"]
        known["reference_uncertainty"] = (float(low), float(high))
        return cls(**known)

    def with_drift(self, drift_per_day: float) -> Model:
        """Give the same model with the drift history of its sensor model."""
        return replace(self, drift_per_day=drift_per_day)


def coefficient_names(method: Method) -> tuple[str, ...]:
    """Name the coefficients of a method: its terms, then `slope` for an inverse one."""
    return (*method.terms, "slope") if method.direction == "inverse" else method.terms


def checksum(pairs: pd.DataFrame) -> str:
    """Give the SHA-256 of a table of pairs: UTC seconds, then each column by name, as little-endian bytes."""
    digest = hashlib.sha256()
    digest.update(pd.DatetimeIndex(pairs.index).as_unit("s").asi8.astype("<i8").tobytes())
    for name in sorted(pairs.columns):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(pairs[name].to_numpy(dtype="<f8")).tobytes())
    return digest.hexdigest()


def instant(text: str) -> int:
    """Read an ISO 8601 time as seconds since 1970 (UTC where it says no zone)."""
    found = pd.Timestamp(text)
    return int((found.tz_localize("UTC") if found.tzinfo is None else found).timestamp())

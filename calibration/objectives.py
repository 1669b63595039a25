"""Limit values and data quality objectives as dated rows (calibration.md, sections 12.1 and 9).

The classes are those of CEN/TS 17660-1:2021 and -2:2024 as JRC's published code states them [V]; SO2 and
benzene partly from memory [M]. A class found here is indicative: only the standard's own procedure gives
a class.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Objective(NamedTuple):
    """One row: class limits in percent at the limit value, in µg/m³ (CO: mg/m³)."""

    quantity: str
    averaging: str
    limit_value: float | None
    class_1: float
    class_2: float
    class_3: float
    valid_from: str
    source: str


_CEN1, _CEN2 = "CEN/TS 17660-1:2021 via JRC code", "CEN/TS 17660-2:2024 via JRC code"

OBJECTIVES: Final[tuple[Objective, ...]] = (
    Objective("no2", "1h", 200.0, 25.0, 75.0, 200.0, "2021-01-01", _CEN1),
    Objective("no", "1h", None, 25.0, 75.0, 200.0, "2021-01-01", _CEN1),
    Objective("nox", "1h", None, 25.0, 75.0, 200.0, "2021-01-01", _CEN1),
    Objective("co", "8h", 10.0, 25.0, 75.0, 200.0, "2021-01-01", _CEN1),
    Objective("so2", "1h", 350.0, 25.0, 75.0, 200.0, "2021-01-01", _CEN1 + "; class 2 is 70 in the code [M]"),
    Objective("o3", "8h", 120.0, 30.0, 75.0, 200.0, "2021-01-01", _CEN1),
    Objective("benzene", "1y", 5.0, 30.0, 100.0, 200.0, "2021-01-01", _CEN1 + " [M]"),
    Objective("pm10", "24h", 50.0, 50.0, 100.0, 200.0, "2024-01-01", _CEN2),
    Objective("pm25", "24h", 25.0, 50.0, 100.0, 200.0, "2024-01-01", _CEN2),
)
DEFAULT: Final = Objective("", "", None, 25.0, 75.0, 200.0, "2021-01-01", "strictest rows of the table")


def objective(quantity: str, *, averaging: str = "") -> Objective:
    """Give the row of a quantity; where `averaging` has no row of its own, the quantity's only one.

    >>> objective("pm25").limit_value
    25.0
    """
    rows = [row for row in OBJECTIVES if row.quantity == quantity]
    exact = [row for row in rows if row.averaging == averaging]
    return (exact or rows or [DEFAULT])[0]


class QualityObjective(NamedTuple):
    """A data quality objective: the largest expanded uncertainty, absolute (or None) and in percent."""

    quantity: str
    averaging: str
    regime: str  # "fixed", "indicative" or "estimation"
    absolute: float | None  # µg/m³, CO mg/m³; None where the text states only percent
    percent: float
    valid_from: str
    valid_to: str | None
    source: str


_2008 = "Directive 2008/50/EC, Annex I"
_2024 = "Directive (EU) 2024/2881, Annex V, table 1"


def _rows_2008() -> list[QualityObjective]:
    table = {  # fixed, indicative, objective estimation, in percent [V]
        ("so2", "1h"): (15.0, 25.0, 75.0),
        ("no2", "1h"): (15.0, 25.0, 75.0),
        ("co", "8h"): (15.0, 25.0, 75.0),
        ("benzene", "1y"): (25.0, 30.0, 100.0),
        ("pm10", "24h"): (25.0, 50.0, 100.0),
        ("pm25", "24h"): (25.0, 50.0, 100.0),
        ("o3", "8h"): (15.0, 30.0, 75.0),
    }
    return [
        QualityObjective(quantity, averaging, regime, None, percent, "2008-06-11", "2026-12-11", _2008)
        for (quantity, averaging), row in table.items()
        for regime, percent in zip(("fixed", "indicative", "estimation"), row, strict=True)
    ]


def _rows_2024() -> list[QualityObjective]:
    table = {  # (absolute, percent) fixed and indicative; french-air-quality.md, section 7
        ("pm25", "24h"): ((6.3, 25.0), (8.8, 35.0)),
        ("pm10", "24h"): ((11.3, 25.0), (22.5, 50.0)),
        ("no2", "24h"): ((7.5, 15.0), (12.5, 25.0)),
        ("no2", "1h"): ((30.0, 15.0), (50.0, 25.0)),
        ("so2", "24h"): ((7.5, 15.0), (12.5, 25.0)),
        ("so2", "1h"): ((52.5, 15.0), (87.5, 25.0)),
        ("o3", "8h"): ((18.0, 15.0), (30.0, 25.0)),
        ("co", "24h"): ((0.6, 15.0), (1.0, 25.0)),
        ("co", "8h"): ((1.0, 10.0), (2.0, 20.0)),
        ("pm25", "1y"): ((3.0, 30.0), (4.0, 40.0)),
        ("pm10", "1y"): ((4.0, 20.0), (6.0, 30.0)),
        ("no2", "1y"): ((6.0, 30.0), (8.0, 40.0)),
        ("benzene", "1y"): ((0.85, 25.0), (1.2, 35.0)),
    }
    return [
        QualityObjective(quantity, averaging, regime, absolute, percent, "2026-12-11", None, _2024)
        for (quantity, averaging), row in table.items()
        for regime, (absolute, percent) in zip(("fixed", "indicative"), row, strict=True)
    ]


QUALITY_OBJECTIVES: Final[tuple[QualityObjective, ...]] = (*_rows_2008(), *_rows_2024())


def quality_objective(
    quantity: str, *, averaging: str, on: str, regime: str = "indicative"
) -> QualityObjective | None:
    """Give the data quality objective in force on a day (ISO date), or None where none is stated.

    Which of absolute and percent binds below and above the limit value was not read: show both.

    >>> quality_objective("pm25", averaging="24h", on="2026-06-01").percent
    50.0
    >>> quality_objective("pm25", averaging="24h", on="2027-01-01").absolute
    8.8
    """
    for row in QUALITY_OBJECTIVES:
        if (row.quantity, row.averaging, row.regime) == (quantity, averaging, regime) and (
            row.valid_from <= on and (row.valid_to is None or on < row.valid_to)
        ):
            return row
    return None

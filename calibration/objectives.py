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

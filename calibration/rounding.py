"""Round as French networks publish: half away from zero, in decimal arithmetic from the text.

0.35 gives 0.4 and -0.15 gives -0.2; round(float) is wrong on halves (calibration.md, section 2).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal


def rounded(value: str | Decimal | float, *, decimals: int = 1) -> Decimal:
    """Round half away from zero to a number of decimals.

    value: best the text of the file; a float counts as the shortest decimal that it prints as. Raises
    decimal.InvalidOperation for what is not a number.

    >>> [str(rounded(text)) for text in ("0.35", "-0.15", "14.975", "-0.04")]
    ['0.4', '-0.2', '15.0', '0.0']
    >>> str(rounded(0.35)), str(rounded("42.5", decimals=0))
    ('0.4', '43')
    """
    exact = (
        value if isinstance(value, Decimal) else Decimal(repr(value) if isinstance(value, float) else value)
    )
    found = exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return found if found else abs(found)  # no minus before a zero


def rounded_all(values: Iterable[float], *, decimals: int = 1) -> list[float]:
    """Round each float half away from zero, as the shortest decimal that it prints as.

    >>> rounded_all([0.35, -0.15, 2.5], decimals=1)
    [0.4, -0.2, 2.5]
    """
    return [float(rounded(float(value), decimals=decimals)) if value == value else value for value in values]

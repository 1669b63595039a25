"""What one key of a message stands for."""

from __future__ import annotations

from typing import NamedTuple

from .numbers import number
from .units import (
    CANONICAL_UNIT,
    HEALTH_UNIT,
    Conversion,
    UnknownUnit,
    conversion,
    same,
    variant_where_unsaid,
)


class Field(NamedTuple):
    """Quantity, variant and channel of a key; `convert` brings factor × value to `unit`."""

    quantity: str
    variant: str
    channel: str
    unit: str
    convert: Conversion = same
    factor: float = 1.0

    def canonical(self, value: float) -> float:
        """Bring a value as sent to the canonical unit. Raises NotANumber where the result is none."""
        if self.convert is same and self.factor == 1.0:
            return value
        return number(self.convert(value * self.factor))


def field(
    quantity: str, variant: str | None = None, channel: str = "", *, convert: Conversion = same
) -> Field:
    """Describe a key that carries a quantity of the canonical table, converted by `convert`."""
    said = variant if variant is not None else variant_where_unsaid(quantity)
    return Field(quantity, said, channel, CANONICAL_UNIT[quantity], convert)


def field_in_unit(
    quantity: str, unit: str | None, variant: str | None = None, channel: str = "", *, factor: float = 1.0
) -> Field:
    """Describe a key whose unit is spelled out, canonical where None.

    A quantity that is not in the canonical table (nitrate in water, added by configuration) keeps the unit
    spelled. Raises UnknownUnit where unit and quantity do not belong together.
    """
    said = variant if variant is not None else variant_where_unsaid(quantity)
    canonical = CANONICAL_UNIT.get(quantity) or HEALTH_UNIT.get(quantity)
    if canonical is None:
        if unit is None:
            raise UnknownUnit("the quantity is unknown and no unit is declared for it")
        return Field(quantity, said, channel, unit, same, factor)
    return Field(
        quantity, said, channel, canonical, same if unit is None else conversion(quantity, unit), factor
    )

"""What people declared of a device or model: the rows given to a decoder as `maps`.

One row is {"version": ..., "fields": {key: {"quantity": ..., "unit": ..., "variant": ..., "channel": ...,
"factor": ...}}}. `key` is the device's own name of the value; `unit` is the unit that it sends, in any usual
spelling, canonical by default; `factor` multiplies first; all but the quantity may be left out.
`maps` is either one row, or a mapping from a name to its row, where the name is the device's identity, its
model as the message states it, or "*" for any.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .fields import Field, field_in_unit
from .numbers import NotANumber, NoValue, number
from .units import UnknownUnit


class Declared(NamedTuple):
    """One row, read: the fields that can be used, and why the others cannot."""

    version: str
    fields: Mapping[str, Field]
    refused: Mapping[str, str]


NOTHING_DECLARED = Declared("", {}, {})


def declared_for(maps: Mapping[str, Any] | None, *names: str | None) -> Declared:
    """Find and read the row for the first of `names` that has one, else the row of "*", else nothing."""
    if not maps:
        return NOTHING_DECLARED
    if isinstance(maps.get("fields"), Mapping):
        return _read_row(maps)
    for name in (*names, "*"):
        row = maps.get(name) if name else None
        if isinstance(row, Mapping) and isinstance(row.get("fields"), Mapping):
            return _read_row(row)
    return NOTHING_DECLARED


def mapping_name(built_in: str, declared: Declared) -> str:
    """Name the mapping that was used: the built-in table's, and the row's version where one was applied."""
    return f"{built_in}+{declared.version}" if declared.version else built_in


def _read_row(row: Mapping[str, Any]) -> Declared:
    fields: dict[str, Field] = {}
    refused: dict[str, str] = {}
    for key, entry in row["fields"].items():
        try:
            fields[str(key)] = _read_entry(entry)
        except (UnknownUnit, NotANumber, NoValue) as error:
            refused[str(key)] = f"its declaration cannot be used: {error}"
    return Declared(str(row.get("version", "")), fields, refused)


def _read_entry(entry: Any) -> Field:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("quantity"), str):
        raise UnknownUnit("it names no quantity")
    unit, variant = entry.get("unit"), entry.get("variant")
    return field_in_unit(
        entry["quantity"],
        str(unit) if unit is not None else None,
        str(variant) if variant is not None else None,
        str(entry.get("channel") or ""),
        factor=number(entry.get("factor", 1.0)),
    )

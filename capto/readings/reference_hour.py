"""One hour of a reference station as an importer reads it, whatever the file."""

from datetime import datetime
from typing import NamedTuple


class Station(NamedTuple):
    """What a file says of a station; empty where it says nothing. Degrees, WGS 84."""

    code: str
    name: str = ""
    operator: str = ""
    siting: str = ""
    influence: str = ""
    latitude: float | None = None
    longitude: float | None = None


class ReferenceHour(NamedTuple):
    """The hour [hour, hour + 1 h) of one analyser, in the canonical unit of its quantity.

    `value` is None where the provider says that the hour is not valid: a value published before is withdrawn.
    """

    line: int
    station: Station
    quantity: str
    discriminant: str
    hour: datetime
    value: float | None
    rounded_value: float | None = None
    validity: int = 1
    value_type: str = ""
    quality_code: str = ""


class BadLine(NamedTuple):
    """A line that could not be read, with its number in the file (1 is the first) and the reason."""

    line: int
    reason: str


class NotAReferenceFile(ValueError):
    """The file as a whole cannot be read; says why."""

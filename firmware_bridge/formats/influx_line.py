"""Read one line of the InfluxDB line protocol, as airRohr and CanAirIO write it."""

from __future__ import annotations

import re

from .decoded import Undecodable

# Escapes (backslash before comma, space or equals sign) occur in tag values such as station names.
_PARTS = re.compile(r"((?:[^ \\]|\\.)+) +((?:[^ \\\"]|\\.|\"(?:[^\"\\]|\\.)*\")+)(?: +(-?\d+))?")
_SPLIT_AT_COMMA = re.compile(r",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)")
LONGEST_LINE = 8192  # characters


def parse_line(text: str) -> tuple[str, dict[str, str], dict[str, str], int | None]:
    """Split a line into measurement, tags, fields (as text, without quotes or the i of integers) and time in ns.

    Raises Undecodable.
    """
    text = text.strip()
    match = _PARTS.fullmatch(text) if len(text) <= LONGEST_LINE else None
    if match is None:
        raise Undecodable("the message is not a line of the InfluxDB protocol")
    series, fields, stamp = match.groups()
    measurement, *tags = re.split(r"(?<!\\),", series)
    return (
        measurement,
        dict(_pair(tag) for tag in tags),
        dict(_pair(field) for field in _SPLIT_AT_COMMA.split(fields)),
        int(stamp[:19]) if stamp else None,
    )


def _pair(text: str) -> tuple[str, str]:
    key, mark, value = text.partition("=")
    if not mark:
        raise Undecodable("a tag or field of the line has no value")
    value = value.strip('"')
    if re.fullmatch(r"-?\d+i", value):
        value = value[:-1]
    return re.sub(r"\\(.)", r"\1", key), re.sub(r"\\(.)", r"\1", value)

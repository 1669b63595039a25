"""Cast what devices call a number, or say why it is not one."""

from __future__ import annotations

import re
import struct

# Beyond any number that devices send on purpose (times in ms are the largest, 2e12), and below the 2^53 up to
# which a float tells whole numbers apart.
LARGEST = 1e15

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_LONGEST_NUMBER = 64  # characters; no device needs more
_NO_VALUE_WORDS = frozenset({"", "null", "none"})


class NotANumber(ValueError):
    """The text says in plain words why the item is refused."""


class NoValue(Exception):
    """The device says that it has no value: null, or its word for it."""


class GivenTwice:
    """Stands for the value of a key that a JSON object gives twice with different values."""


GIVEN_TWICE = GivenTwice()


def number(raw: object) -> float:
    """Cast a JSON number, or text that is one, to a float within ±LARGEST.

    Raises NoValue for null, and NotANumber for anything else: booleans, NaN, infinities, text with a unit.
    """
    if type(raw) is float or type(raw) is int:
        if -LARGEST < raw < LARGEST:
            return float(raw)
        finite = raw == raw and raw not in _INFINITIES
        raise NotANumber("too large to be real" if finite else "not a finite number")
    if raw is None:
        raise NoValue
    if isinstance(raw, str):
        return number_from_text(raw)
    if isinstance(raw, bool):
        raise NotANumber("true or false is not a number")
    if raw is GIVEN_TWICE:
        raise NotANumber("the key is given twice with different values")
    raise NotANumber("not a number")


_INFINITIES = (float("inf"), float("-inf"))


def number_from_text(text: str) -> float:
    """Cast decimal text to a float within ±LARGEST; raises NotANumber."""
    text = text.strip()
    if len(text) <= _LONGEST_NUMBER and text.isascii() and _NUMBER.fullmatch(text):
        value = float(text)
        if -LARGEST < value < LARGEST:
            return value
        raise NotANumber("not a finite number" if value in _INFINITIES else "too large to be real")
    lowered = text[:_LONGEST_NUMBER].casefold()
    if lowered in _NO_VALUE_WORDS:
        raise NotANumber("empty" if not lowered else f"the word {lowered} is not a number")
    if lowered.lstrip("+-") in ("nan", "inf", "infinity"):
        raise NotANumber("not a finite number")
    raise NotANumber("not a number")


_FLOAT32 = struct.Struct("<f")


def float32_decimal(value: float) -> float:
    """Give a float32 as the shortest decimal that is the same float32: 11.4, not 11.399999618530273."""
    exact = _FLOAT32.pack(value)
    for digits in range(6, 9):  # nine always do
        short = float(f"{value:.{digits}g}")
        try:
            if _FLOAT32.pack(short) == exact:
                return short
        except OverflowError:
            continue
    return value

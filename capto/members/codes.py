"""The codes printed on cards and labels: a kind, a number, a check sign. `K-00017-T` is a kit.

A person's card and a kit can never be confused: the kind is the first sign, and it enters the check sign. The
reader forgives what scanners and people do: small letters, spaces, missing dashes, a whole web address around the
code, and a scanner set to a US keyboard plugged into a French one.
"""

import re
from enum import StrEnum
from typing import NamedTuple

from django.db import connection

CHECK_SIGNS = (
    "BCDEFGHJKLNPRSTVX"  # 17, a prime; none of A, Q, W, Z, M, which French keyboards move, nor I, O, U
)
SEQUENCE = "members_code_number"
_CODE = re.compile(r"([PKAX])-?(\d{5,9})-?([A-Z])$")
# What the keys 1 to 0 and - of a US keyboard write on a French one.
_FROM_FRENCH_KEYBOARD = str.maketrans("&É\"'(-È_ÇÀ)", "1234567890-")


class CodeKind(StrEnum):
    """What a code stands on."""

    PERSON = "P"
    KIT = "K"
    ACCESSORY = "A"
    COMMAND = "X"  # a sheet of orders at the desk: all present, undo, done


class Command(StrEnum):
    """The orders that can be scanned instead of pressed."""

    ALL_PRESENT = "00001"
    UNDO = "00002"
    DONE = "00003"


class Code(NamedTuple):
    """A code that was read: its kind and its canonical text."""

    kind: CodeKind
    text: str


class UnreadableCode(ValueError):
    """What was scanned is no code of this library."""


class WrongCheckSign(UnreadableCode):
    """A code of ours with a sign misread or mistyped."""


def write_code(kind: CodeKind, number: int) -> str:
    """Write the code of a number, padded to five digits."""
    digits = f"{number:05d}"
    return f"{kind}-{digits}-{_check_sign(kind, digits)}"


def _check_sign(kind: str, digits: str) -> str:
    """Weigh each digit by its place and the kind by 16, modulo 17: every single error and swap changes the sign."""
    total = 16 * (ord(kind) - ord("A"))
    for place, digit in enumerate(reversed(digits), start=1):
        total += (place % 16 or 16) * int(digit)
    return CHECK_SIGNS[total % len(CHECK_SIGNS)]


def read_code(text: str) -> Code:
    """Read what was scanned or typed.

    Raises UnreadableCode where it is none of our codes, WrongCheckSign where it nearly is one.
    """
    plain = re.sub(r"\s", "", text).upper()
    found = _CODE.search(plain)
    if found is None:
        shifted = plain.translate(_FROM_FRENCH_KEYBOARD)
        found = _CODE.search(re.sub(r"^Q(?=-?\d)", "A", shifted))
    if found is None:
        raise UnreadableCode(text)
    kind, digits, sign = found.groups()
    if sign != _check_sign(kind, digits):
        raise WrongCheckSign(text)
    return Code(CodeKind(kind), f"{kind}-{digits}-{sign}")


def new_codes(kind: CodeKind, count: int = 1) -> list[str]:
    """Draw codes that nobody has, from a sequence of the database: also right from twenty threads at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", [SEQUENCE, count])
        return [write_code(kind, number) for (number,) in cursor.fetchall()]


def new_kit_code() -> str:
    """Draw the code of one kit."""
    return new_codes(CodeKind.KIT)[0]


def new_accessory_code() -> str:
    """Draw the code of one accessory."""
    return new_codes(CodeKind.ACCESSORY)[0]

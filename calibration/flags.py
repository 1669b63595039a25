"""The published vocabulary of flags: one bit for each check, and one summary after QARTOD."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Flag(IntFlag):
    """Bits of an hourly value. A bit is set where the value is wrong or must be read with care."""

    TIME = 1
    COVERAGE = 2
    RANGE = 4
    STUCK = 8
    SPIKE = 16
    WARM_UP = 32
    HUMIDITY = 64
    STEP = 128
    CONSISTENCY = 256
    NEIGHBOURS = 512
    REFERENCE = 1024
    DRIFT = 2048
    EXTRAPOLATED = 4096
    BELOW_DETECTION = 8192
    NO_COVARIATE = 16384
    UNCALIBRATED = 32768
    PERSON = 65536


class Summary(IntEnum):
    """One flag for the whole value, numbered as in QARTOD (UNESCO 2013, Manuals and Guides 54)."""

    PASS = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


class Term(NamedTuple):
    """A line of the published vocabulary."""

    flag: Flag
    code: str
    severity: Summary
    french: str
    english: str


_S, _F, _P = Summary.SUSPECT, Summary.FAIL, Summary.PASS

VOCABULARY: Final[tuple[Term, ...]] = (
    Term(
        Flag.TIME,
        "time",
        _F,
        "Heure douteuse : doublon, futur ou saut d'horloge",
        "Doubtful time: duplicate, future or clock jump",
    ),
    Term(
        Flag.COVERAGE,
        "coverage",
        _F,
        "Moins de 75 % des mesures attendues dans l'heure",
        "Less than 75 % of the readings expected in the hour",
    ),
    Term(Flag.RANGE, "range", _F, "Hors de la plage plausible", "Outside the plausible range"),
    Term(Flag.STUCK, "stuck", _F, "Valeur figée pendant plusieurs heures", "Same value for several hours"),
    Term(Flag.SPIKE, "spike", _S, "Pic isolé", "Isolated spike"),
    Term(
        Flag.WARM_UP,
        "warm_up",
        _S,
        "Mise en chauffe après démarrage ou coupure",
        "Warming up after a start or a power cut",
    ),
    Term(
        Flag.HUMIDITY,
        "humidity",
        _S,
        "Air saturé ou brouillard (humidité au-dessus de 95 %)",
        "Saturated air or fog (humidity above 95 %)",
    ),
    Term(
        Flag.STEP,
        "step",
        _S,
        "Saut brusque de l'humidité, de la température ou du signal",
        "Sudden step of humidity, temperature or signal",
    ),
    Term(
        Flag.CONSISTENCY,
        "consistency",
        _S,
        "Grandeurs incohérentes entre elles (PM1 ≤ PM2,5 ≤ PM10)",
        "Quantities contradict each other (PM1 ≤ PM2.5 ≤ PM10)",
    ),
    Term(
        Flag.NEIGHBOURS,
        "neighbours",
        _S,
        "En désaccord avec les capteurs voisins",
        "Disagrees with the neighbouring sensors",
    ),
    Term(
        Flag.REFERENCE,
        "reference",
        _S,
        "En désaccord avec la station de référence voisine",
        "Disagrees with the reference station nearby",
    ),
    Term(
        Flag.DRIFT,
        "drift",
        _F,
        "Dérive de plus de 30 % entre les deux comparaisons",
        "Drift of more than 30 % between the two co-locations",
    ),
    Term(
        Flag.EXTRAPOLATED,
        "extrapolated",
        _S,
        "Hors du domaine couvert par la comparaison",
        "Outside the domain covered by the co-location",
    ),
    Term(
        Flag.BELOW_DETECTION,
        "below_detection",
        _P,
        "Sous la limite de détection",
        "Below the detection limit",
    ),
    Term(
        Flag.NO_COVARIATE,
        "no_covariate",
        _F,
        "Humidité, température ou autre grandeur nécessaire absente",
        "Humidity, temperature or another needed quantity is missing",
    ),
    Term(Flag.UNCALIBRATED, "uncalibrated", _F, "Aucun étalonnage en vigueur", "No calibration in force"),
    Term(
        Flag.PERSON,
        "person",
        _F,
        "Écartée par une personne, avec son motif",
        "Set aside by a person, with the reason",
    ),
)


def _bits(severity: Summary) -> int:
    return int(sum(term.flag for term in VOCABULARY if term.severity == severity))


FAILING: Final[int] = _bits(Summary.FAIL)
SUSPECT: Final[int] = _bits(Summary.SUSPECT)
EVERY_CHECK: Final[int] = int(sum(Flag))


def carries(flags: ArrayLike, flag: Flag | int) -> NDArray[np.bool_]:
    """Tell for each bitmap whether it has any bit of `flag` (pandas cannot do it with an IntFlag).

    >>> carries([0, 8, 24], Flag.STUCK).tolist()
    [False, True, True]
    """
    return np.asarray((np.asarray(flags, dtype=np.int64) & int(flag)) != 0)


def names(flags: int) -> tuple[str, ...]:
    """Spell a bitmap as the codes of the vocabulary, in the order of the bits.

    >>> names(12)
    ('range', 'stuck')
    >>> names(0)
    ()
    """
    return tuple(term.code for term in VOCABULARY if flags & term.flag)


def from_names(codes: tuple[str, ...]) -> Flag:
    """Turn codes of the vocabulary back into a bitmap; KeyError for an unknown code.

    >>> int(from_names(("range", "stuck")))
    12
    """
    known = {term.code: term.flag for term in VOCABULARY}
    result = Flag(0)
    for code in codes:
        result |= known[code]
    return result


def summary(
    flags: NDArray[np.integer] | int,
    *,
    evaluated: NDArray[np.integer] | int = EVERY_CHECK,
    missing: NDArray[np.bool_] | bool = False,
) -> NDArray[np.int8]:
    """Sum up bitmaps in one QARTOD flag: the worst of the checks that ran.

    flags: bitmap or array of bitmaps; evaluated: bitmap of the checks that ran (a set bit always counts
    as run); missing: where there is no value. Returns int8 of the same shape: 1 pass, 2 not evaluated,
    3 suspect, 4 fail, 9 missing.

    >>> summary(np.array([0, 16, 8, 24])).tolist()
    [1, 3, 4, 4]
    >>> summary(0, evaluated=0).item(), summary(4, missing=True).item()
    (2, 9)
    """
    bits = np.asarray(flags, dtype=np.int64)
    ran = np.asarray(evaluated, dtype=np.int64) | bits
    result = np.where(ran == 0, Summary.NOT_EVALUATED, Summary.PASS)
    result = np.where(bits & SUSPECT, Summary.SUSPECT, result)
    result = np.where(bits & FAILING, Summary.FAIL, result)
    return np.asarray(np.where(missing, Summary.MISSING, result), dtype=np.int8)

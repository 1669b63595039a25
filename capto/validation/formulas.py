"""Write the formula of a correction with its coefficients, and with the figures of one hour, as people read it."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from calibration import METHODS
from calibration.terms import DRY_DENSITY, KAPPA, growth

SIGNIFICANT: Final = 6  # digits of a coefficient in a sentence; the document has all of them
NAMES: Final = {
    "raw": gettext_noop("moyenne brute"),
    "dry": gettext_noop("moyenne sèche"),
    "raw_humidity": gettext_noop("moyenne brute × humidité / 100"),
    "humidity": gettext_noop("humidité"),
    "temperature": gettext_noop("température"),
    "absolute_humidity": gettext_noop("humidité absolue"),
    "auxiliary": gettext_noop("électrode auxiliaire"),
    "ox": gettext_noop("signal OX"),
    "o3": gettext_noop("ozone"),
    "no2": gettext_noop("NO2"),
    "no": gettext_noop("NO"),
    "co": gettext_noop("CO"),
}


def number(value: float, digits: int = SIGNIFICANT) -> str:
    """Write a figure with so many significant digits, in the reader's language."""
    written = f"{value:.{digits}g}"
    if "e" in written:
        return written.replace("-", "−")
    decimals = len(written.partition(".")[2])
    return formats.number_format(float(written), decimals, use_l10n=True).replace("-", "−")


def name_of(term: str) -> str:
    """Name what a term of a correction is, in the reader's language."""
    return _(NAMES[term]) if term in NAMES else term


def formula(
    method: str, coefficients: Mapping[str, float], *, hour: Mapping[str, float] | None = None
) -> str:
    """Write a correction as an equation: by the names of its terms, or with the figures of an hour."""
    rule = METHODS[method]
    written = {
        name: number(hour[name]) if hour is not None and name in hour else name_of(name) for name in NAMES
    }
    if hour is not None and "humidity" in hour:
        written["dry"] = number(hour["raw"] / growth(np.array([hour["humidity"]]))[0].item())
        written["raw_humidity"] = f"{number(hour['raw'])} × {number(hour['humidity'])} / 100"
    parts = [
        (coefficients[name], "" if name == "intercept" else written.get(name, name)) for name in rule.terms
    ]
    if rule.direction == "forward":
        return _sum(parts)
    signal = written[rule.signal]
    shifted = _sum([(-value, text) for value, text in parts], start=signal)
    return f"({shifted}) / {number(coefficients['slope'])}"


def _sum(parts: list[tuple[float, str]], *, start: str = "") -> str:
    found = start
    for value, text in parts:
        sign = "−" if value < 0 else "+"
        size = number(abs(value)) + (f" × {text}" if text else "")
        if found:
            found += f" {sign} {size}"
        else:
            found = f"−{size}" if value < 0 else size
    return found


def drying() -> str:
    """Write how the moisture that particles take up is removed (Crilley 2018; Di Antonio 2018)."""
    return _("moyenne sèche = moyenne brute / (1 + (%(kappa)s / %(density)s) / (100 / humidité − 1))") % {
        "kappa": number(KAPPA),
        "density": number(DRY_DENSITY),
    }

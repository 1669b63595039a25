"""How pages write an effect: two significant digits, from grams to tonnes, never a concentration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dashboards.episodes.models.episode import PARTICLES
from dashboards.pledges.effect import QUANTITIES


@dataclass(frozen=True, slots=True)
class Line:
    """One quantity of an effect as a page writes it."""

    key: str
    name: str
    low: str
    middle: str
    high: str


def lines(results: Mapping[str, Sequence[float]], *, pollutant: str) -> list[Line]:
    """Write the quantities of an effect, what counts for this pollutant first."""
    names = {
        "vehicle_km": _("kilomètres en voiture"),
        "evenings": _("soirées de feu"),
        "nox_g": _("oxydes d’azote (NOx)"),
        "pm10_g": _("particules PM10"),
        "pm25_g": _("particules PM2,5"),
        "co2_kg": _("CO2"),
    }
    first = ("pm25_g", "pm10_g") if pollutant in PARTICLES or not pollutant else ("nox_g",)
    order = ["vehicle_km", "evenings", *first, *QUANTITIES]
    keys = [key for key in dict.fromkeys(order) if key in results]
    return [Line(key, names[key], *_written(key, results[key])) for key in keys]


def _written(key: str, interval: Sequence[float]) -> list[str]:
    return [amount(key, value) for value in interval]


def amount(key: str, value: float) -> str:
    """Write one figure with its unit.

    Grams become kilograms from a thousand on, kilograms tonnes; evenings and kilometres are whole numbers.
    """
    unit = {"vehicle_km": "km", "evenings": pgettext("unit", "soirées")}.get(key)
    if unit is None:
        grams = value * 1e3 if key.endswith("_kg") else value
        for factor, name in ((1e6, "t"), (1e3, "kg"), (1.0, "g")):
            if grams >= factor or name == "g":
                return f"{figure(grams / factor)}\u00a0{name}"
    return f"{figure(value)}\u00a0{unit}"


def figure(value: float) -> str:
    """Write a number with two significant digits."""
    if value <= 0:
        return "0"
    places = 1 - floor(log10(value))
    rounded = round(value, places)
    return formats.number_format(rounded, max(0, 1 - floor(log10(rounded))), use_l10n=True)

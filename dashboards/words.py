"""How pages write figures, hours, quantities and grades, in the reader's language.

Every sentence that a page may state of the air is in `phrases.py`; here are only the words they are made of.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from django.utils import formats
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from calibration.flags import VOCABULARY
from capto.catalogue.models import ObservedProperty
from capto.charts.scales import PARIS

VOWELS = "aeiouyhéèêâîôû"
GRADES = "ABCD"


def figure(value: float | None, decimals: int = 1) -> str:
    """Write a figure with its decimals in the reader's language (12,4 in French); a dash for None."""
    return "–" if value is None else _written(round(value, decimals) + 0.0, decimals, get_language())


@lru_cache(10_000)  # pages are full of the same figures
def _written(rounded: float, decimals: int, _language: str | None) -> str:
    return formats.number_format(rounded, decimals, use_l10n=True).replace("-", "−")


def amount(value: float | None, unit: str) -> str:
    """Write a figure with its unit, which never part at the end of a line."""
    return f"{figure(value)}\u00a0{unit}"


def percent(share: float | None) -> str:
    """Write a share as a percentage without decimals."""
    return "–" if share is None else f"{figure(100 * share, 0)}\u202f%"


def tick(value: float) -> str:
    """Write the figure of a tick: as few decimals as it has."""
    return figure(value, len(f"{value:g}".partition(".")[2]))


def hour_of(at: datetime) -> str:
    """Write the hour of a time in Europe/Paris: 9 h, or 09:00 in English."""
    return clock_hour(at.astimezone(PARIS).hour)


def clock_hour(hour: int) -> str:
    """Write an hour of the day: 9 h, or 09:00 in English."""
    return f"{hour}\u202fh" if french() else f"{hour:02d}:00"


def interval_of(hour: datetime) -> str:
    """Write the hour that a value is the mean of."""
    return _("de %(start)s à %(end)s") % {"start": hour_of(hour), "end": hour_of(hour + timedelta(hours=1))}


def day_of(at: datetime) -> str:
    """Write the day of a time in Europe/Paris: samedi 21 novembre."""
    return formats.date_format(at.astimezone(PARIS), "l j F")


def short_day_of(at: datetime) -> str:
    """Write the day shortly, as in a table: sam. 21 nov."""
    return _short_day(at.astimezone(PARIS).date(), french())


@lru_cache(1_000)
def _short_day(day: date, in_french: bool) -> str:
    written = formats.date_format(day, "D j N" if in_french else "D j M")
    return re.sub(r"^(\w+) ", r"\1. ", written) if in_french else written


def short_weekday(at: datetime) -> str:
    """Write the day under a narrow mark: ven. 20."""
    written = formats.date_format(at.astimezone(PARIS), "D j")
    return re.sub(r"^(\w+) ", r"\1. ", written) if french() else written


def day_under_chart(at: datetime) -> str:
    """Write the day as under a chart: samedi 21."""
    return formats.date_format(at.astimezone(PARIS), "l j")


def full_day_of(at: datetime) -> str:
    """Write the day with its year: 21 novembre 2026."""
    return formats.date_format(at.astimezone(PARIS), "j F Y")


def utc_hour(at: datetime) -> str:
    """Write the start of an hour as addresses do: 2026-11-21T08Z."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H}Z"


def utc_time(at: datetime) -> str:
    """Write a time as data do: 2026-11-21T08:00:00Z."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def name_of(quantity: ObservedProperty) -> str:
    """Name a quantity in the reader's language."""
    return quantity.name if french() else quantity.name_en


def inside_sentence(quantity: ObservedProperty) -> str:
    """Name a quantity inside a sentence: its first letter small where it is a plain word."""
    name = name_of(quantity)
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def of_quantity(quantity: ObservedProperty) -> str:
    """Name a quantity after a number or an amount: « de particules PM2,5 », « d’ozone »; bare in English."""
    name = inside_sentence(quantity)
    if not french():
        return name
    return f"d’{name}" if name[:1].lower() in VOWELS else f"de {name}"


def reasons_of(flags: int) -> tuple[str, ...]:
    """Say in words what the checks said of an hour, the gravest first."""
    return _reasons(flags, french()) if flags else ()


@lru_cache(1_000)
def _reasons(flags: int, in_french: bool) -> tuple[str, ...]:
    found = sorted((term for term in VOCABULARY if flags & term.flag), key=lambda term: -int(term.severity))
    return tuple(term.french if in_french else term.english for term in found)


def grade_in_a_word(grade: str) -> str:
    """Say in a few words what a value of this grade can serve to."""
    return {
        "A": _("à juger du respect de la loi"),
        "B": _("à étudier un lieu"),
        "C": _("à se faire une idée"),
        "D": _("à rien : un contrôle a échoué"),
    }.get(grade, _("sans note"))


def grade_in_a_sentence(grade: str) -> str:
    """Say in a sentence what a grade rests on and what it is good for."""
    return {
        "A": _("Station de référence : mesure réglementaire, contrôlée par l’association agréée."),
        "B": _(
            "Le capteur a été comparé à une station de référence et aucun contrôle n’a échoué : la valeur peut"
            " servir à étudier un lieu."
        ),
        "C": _("La valeur donne une idée, elle ne suffit pas pour trancher."),
        "D": _(
            "La valeur ne doit pas être interprétée : un contrôle a échoué ou aucun étalonnage n’est en vigueur."
        ),
    }.get(grade, "")


def station_kind(siting: str, influence: str) -> str:
    """Name what a station stands for in words anyone understands; '' where the source does not say."""
    kinds = {
        "fond": _("l’air de fond de la ville"),
        "trafic": _("l’air au bord d’une rue passante"),
        "industrielle": _("l’air près d’une industrie"),
    }
    return kinds.get(influence.strip().lower(), "")


def distance(kilometres: float) -> str:
    """Write a distance: 900 m, 1,4 km, 12 km."""
    if kilometres < 0.95:
        return f"{figure(round(kilometres * 10) * 100, 0)}\u202fm"
    return f"{figure(kilometres, 1 if kilometres < 10 else 0)}\u202fkm"


def french() -> bool:
    """Tell whether the page is in French."""
    return (get_language() or "fr").startswith("fr")

"""How the workspace writes figures, hours and days, in the reader's language."""

from datetime import datetime

from django.utils import formats
from django.utils.translation import get_language

from capto.catalogue.models import ObservedProperty
from capto.charts.scales import PARIS


def is_french() -> bool:
    """Tell whether the page is read in French."""
    return (get_language() or "fr").startswith("fr")


def figure(value: float | None, decimals: int = 1) -> str:
    """Write a figure with its decimals in the reader's language (12,4 in French); a dash for None or nan."""
    if value is None or value != value:
        return "–"
    return formats.number_format(round(value, decimals) + 0.0, decimals, use_l10n=True).replace("-", "−")


def tick(value: float) -> str:
    """Write the figure of a tick: as few decimals as it has."""
    return figure(value, len(f"{value:g}".partition(".")[2]))


def name_of(quantity: ObservedProperty) -> str:
    """Name a quantity in the reader's language."""
    return quantity.name if is_french() else quantity.name_en


def day(at: datetime) -> str:
    """Write a day shortly, as under a chart: 21 nov."""
    return formats.date_format(at.astimezone(PARIS), "j N" if is_french() else "j M")


def full_day(at: datetime) -> str:
    """Write a day with its year: 21 novembre 2026."""
    return formats.date_format(at.astimezone(PARIS), "j F Y")


def moment(at: datetime) -> str:
    """Write a day and hour: 21 novembre 2026, 9 h (Europe/Paris)."""
    local = at.astimezone(PARIS)
    hour = f"{local.hour}\u202fh" if is_french() else f"{local.hour:02d}:00"
    return f"{full_day(at)}, {hour}"


def clock(at: datetime) -> str:
    """Write the hour of a time in Europe/Paris: 9 h, or 09:00 in English."""
    local = at.astimezone(PARIS)
    return f"{local.hour}\u202fh" if is_french() else f"{local.hour:02d}:00"

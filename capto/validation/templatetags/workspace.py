"""What the templates of the workspace write: figures, hours, quantities, methods and states."""

from datetime import datetime, timedelta

from django import template
from django.utils.translation import gettext as _

import calibration as library
from capto.catalogue.models import ObservedProperty
from capto.charts.scales import PARIS
from capto.validation import words
from capto.validation.models import Calibration

register = template.Library()


@register.filter
def figures(value: float | None, decimals: int = 1) -> str:
    """Write a figure with its decimals."""
    return words.figure(value, decimals)


@register.filter
def percent(share: float) -> str:
    """Write a share as a whole percentage with its sign."""
    return f"{'+' if share > 0 else ''}{words.figure(100.0 * share, 0)}"


@register.filter
def moment(at: datetime) -> str:
    """Write a day and hour in Europe/Paris."""
    return words.moment(at)


@register.filter
def field_time(at: datetime, hours: int = 0) -> str:
    """Write a time as a datetime-local field holds it, some hours later."""
    return f"{(at + timedelta(hours=hours)).astimezone(PARIS):%Y-%m-%dT%H:%M}"


@register.filter
def quantity(described: ObservedProperty) -> str:
    """Name a quantity in the reader's language."""
    return words.name_of(described)


@register.filter
def method_name(version: Calibration) -> str:
    """Name the method of a version in the reader's language."""
    method = library.METHODS[version.method]
    return method.french if words.is_french() else method.english


@register.filter
def status_word(status: str) -> str:
    """Name the state of a version."""
    return {
        "draft": _("brouillon"),
        "approved": _("approuvée"),
        "refused": _("refusée"),
        "superseded": _("remplacée"),
    }[status]

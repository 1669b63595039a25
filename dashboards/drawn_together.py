"""The charts of several places together, each with the files of exactly what it draws."""

from datetime import date, timedelta

from capto.catalogue.models import ObservedProperty
from dashboards.chosen import midnight
from dashboards.drawn import Chart, File, days_file, embedding, profile_file
from dashboards.figures import Drawings, ProfileFigure

FRAMED = {"commune": "commune", "model": "modele", "campaign": "campagne"}  # the words of embedding addresses


def charts_together(
    of: tuple[str, str],
    *,
    name: str,
    quantity: ObservedProperty,
    drawings: Drawings | None,
    profile: ProfileFigure | None,
    first: date,
    last: date,
) -> dict[str, Chart]:
    """Name the files and the frames of the days [first, last] and of the daily profile; no query.

    `of` is what gathers the places: ("commune", its code), ("model", its slug) or ("campaign", its slug).
    """
    subject, ident = of
    code = quantity.code
    charts = {}
    if drawings:
        url = days_file(subject, ident, quantity=code, first=first, last=last)
        frame = embedding(FRAMED[subject], ident, quantity=code, figure="jours")
        charts["jours"] = Chart("jours", drawings, [File(name, url)], frame, name)
    if profile:
        start, end = midnight(first), midnight(last + timedelta(days=1))
        url = profile_file(subject, ident, quantity=code, start=start, end=end)
        frame = embedding(FRAMED[subject], ident, quantity=code, figure="profil")
        charts["profil"] = Chart("profil", profile.drawings, [File(name, url)], frame, name)
    return charts

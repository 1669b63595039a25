"""The drawings of the workspace: series, scatter and residual panels, each for a desk and for a phone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

import calibration as library
from capto.catalogue.models import ObservedProperty
from capto.charts import Dot, FitLine, Line, Point, hours_chart, scatter_chart
from capto.validation.comparison import HOUR, Comparison
from capto.validation.words import clock, day, figure, name_of, tick

PANEL_HEIGHT = 260


class Drawn(NamedTuple):
    """One drawing with its title and a sentence that says how to read it."""

    title: str
    help: str
    desk: SafeString
    phone: SafeString


def _drawn(title: str, words: str, ident: str, draw: Callable[..., str]) -> Drawn:
    both = [
        mark_safe(
            draw(title=title, description=words, ident=f"{ident}{'-etroit' if narrow else ''}", narrow=narrow)
        )
        for narrow in (False, True)
    ]
    return Drawn(title, words, *both)


def series_drawing(found: Comparison) -> Drawn:
    """Draw the station and the corrected sensor over the stay, raw means as dots."""
    unit = found.series.property.unit_label
    lines = [
        Line(
            found.stay.station.name,
            "reference",
            [Point(_at(hour), float(value)) for hour, value in found.pairs["reference"].items()],
        )
    ]
    if found.corrected is not None:
        marked = {outlier.hour for outlier in found.outliers}
        why = (_("contredit la station"),)
        lines.append(
            Line(
                str(found.stay.sensor),
                "lent",
                [
                    Point(
                        _at(hour),
                        _known(value),
                        _known(uncertainty),
                        raw=float(raw),
                        reasons=why if _at(hour) in marked else (),
                    )
                    for hour, value, uncertainty, raw in zip(
                        found.corrected.index,
                        found.corrected["value"],
                        found.corrected["expanded_uncertainty"],
                        found.pairs["raw"],
                        strict=True,
                    )
                ],
            )
        )
    start, end = _at(found.pairs.index[0]), _at(found.pairs.index[-1]) + HOUR
    return hours_drawing(
        lines,
        start=start,
        end=end,
        unit=unit,
        title=_("Heure par heure : la station et le capteur corrigé"),
        words=_(
            "Trait sombre : la station. Trait coloré et sa bande : le capteur corrigé, à 95 %. Points gris : brut."
        ),
        ident="series",
    )


def hours_drawing(
    lines: list[Line], *, start: datetime, end: datetime, unit: str, title: str, words: str, ident: str
) -> Drawn:
    """Draw lines of hours over a period with the labels of the workspace."""
    return _drawn(
        title,
        words,
        ident,
        lambda **shape: hours_chart(
            lines, start=start, end=end, unit=unit, day_label=day, hour_label=clock, figure=tick, **shape
        ),
    )


def scatter_drawing(found: Comparison) -> Drawn:
    """Draw raw hours against the station with both regressions."""
    unit = found.series.property.unit_label
    raw = found.raw
    lines = [FitLine(0.0, 1.0, "", "identity")]
    if raw["slope"] is not None and raw["intercept"] is not None:
        lines.append(FitLine(raw["intercept"], raw["slope"], "", "fit"))
    if raw["orthogonal_slope"] is not None and raw["orthogonal_intercept"] is not None:
        lines.append(FitLine(raw["orthogonal_intercept"], raw["orthogonal_slope"], "", "second"))
    marked = {outlier.hour for outlier in found.outliers}
    dots = [
        Dot(float(x), float(y), (_outlier(_at(hour)),) if _at(hour) in marked else ())
        for hour, x, y in zip(found.pairs.index, found.pairs["reference"], found.pairs["raw"], strict=True)
    ]
    words = _(
        "n %(n)s, pente %(slope)s, ordonnée %(intercept)s, R² %(r2)s ;"
        " trait : moindres carrés, tirets : orthogonale, fin : 1:1."
    ) % {
        "n": int(raw["n"] or 0),
        "slope": figure(raw["slope"], 3),
        "intercept": figure(raw["intercept"], 2),
        "r2": figure(raw["r2"], 3),
    }
    return _drawn(
        _("Le signal brut contre la station"),
        words,
        "nuage",
        lambda **shape: scatter_chart(
            dots,
            x_label=_("station (%(unit)s)") % {"unit": unit},
            y_label=_("capteur, brut (%(unit)s)") % {"unit": unit},
            figure=tick,
            lines=lines,
            **shape,
        ),
    )


def _outlier(at: datetime) -> str:
    return _("%(day)s, %(hour)s : contredit la station") % {"day": day(at), "hour": clock(at)}


def residual_drawings(found: Comparison) -> list[Drawn]:
    """Draw the residuals on unseen hours against humidity, temperature, concentration and time."""
    if found.residuals is None:
        return []
    left, unit = found.residuals, found.series.property.unit_label
    panels = []
    measured = {
        name: ObservedProperty.objects.filter(code=name).first() for name in ("humidity", "temperature")
    }
    for name, described in measured.items():
        if described is not None and name in left:
            label = f"{name_of(described)} ({described.unit_label})"
            panels.append(_panel(left, left[name], label, unit, ident=f"residus-{name}"))
    label = _("concentration corrigée (%(unit)s)") % {"unit": unit}
    panels.append(_panel(left, left["predicted"], label, unit, ident="residus-concentration"))
    first = left.index[0]
    days = pd.Series((left.index - first).total_seconds() / 86400.0, index=left.index)
    panels.append(
        _panel(
            left,
            days,
            _("temps"),
            unit,
            ident="residus-temps",
            x_figure=lambda number: day(_at(first) + timedelta(days=number)),
        )
    )
    return panels


def _panel(
    left: pd.DataFrame,
    against: "pd.Series[Any]",
    label: str,
    unit: str,
    *,
    ident: str,
    x_figure: Callable[[float], str] | None = None,
) -> Drawn:
    residual = -left["residual"]  # corrected minus station: above zero the sensor reads too high
    both = pd.DataFrame({"x": against, "y": residual}).dropna()
    lines = []
    tendency = library.metrics(both["x"], both["y"])
    if tendency["slope"] is not None and tendency["intercept"] is not None:
        lines.append(FitLine(tendency["intercept"], tendency["slope"], "", "fit"))
    r = float(np.corrcoef(both["x"], both["y"])[0, 1]) if len(both) > 2 and np.ptp(both["x"]) > 0 else None
    return _drawn(
        _("Résidus selon : %(what)s") % {"what": label},
        _("Capteur corrigé moins station, heures non vues ; sans motif, la droite est à plat. r %(r)s.")
        % {"r": figure(r, 2)},
        ident,
        lambda **shape: scatter_chart(
            [Dot(float(x), float(y)) for x, y in zip(both["x"], both["y"], strict=True)],
            x_label=label,
            y_label=_("résidu (%(unit)s)") % {"unit": unit},
            figure=tick,
            x_figure=x_figure,
            lines=lines,
            x_from_zero=False,
            height=PANEL_HEIGHT,
            **shape,
        ),
    )


def _at(hour: Any) -> datetime:
    return pd.Timestamp(hour).to_pydatetime().astimezone(UTC)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)

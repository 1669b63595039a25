"""The figures of the report, drawn from the document and the means that it was made of."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from capto.charts import (
    Bin,
    Curve,
    Dot,
    FitLine,
    Mark,
    Span,
    Trace,
    bins_chart,
    curve_chart,
    limit_strip,
    scatter_chart,
    span_chart,
)
from capto.validation.device_report.content import Examined, pairs_of, traces
from capto.validation.device_report.words import SPACE, Words

LONGEST_HOURLY: Final = 35  # days; a longer record is drawn by days
STRIP_ROOM: Final = 1.25
PERIODS: Final = ("hourly", "daily")


def strip(report: dict[str, Any], words: Words) -> str:
    """Draw the uncertainty of each unit on one axis with the limits of study and awareness; '' where none is known."""
    values = [u for u in (deciding(entry) for entry in report["sensors"]) if u is not None]
    if not values:
        return ""
    classes = report["verdict"]["class"]
    limits = [
        Mark(
            classes["2"], words(f"étude{SPACE}: {classes['2']:g}{SPACE}%", f"study: {classes['2']:g}{SPACE}%")
        ),
        Mark(
            classes["3"],
            words(
                f"sensibilisation{SPACE}: {classes['3']:g}{SPACE}%", f"awareness: {classes['3']:g}{SPACE}%"
            ),
        ),
    ]
    title = words(
        "Incertitude de chaque exemplaire face aux limites", "Uncertainty of each unit against the limits"
    )
    told = ", ".join(words.number(value, 0) + SPACE + "%" for value in values)
    return limit_strip(
        values,
        limits=limits,
        highest=classes["3"] * STRIP_ROOM,
        title=title,
        description=told,
        ident="strip",
        figure=lambda v: words.figure(v) + SPACE + "%",
    )


def deciding(entry: dict[str, Any]) -> float | None:
    """Give the uncertainty that the verdict reads for a unit (kept in the document by the verdict)."""
    found = entry.get("deciding")
    return found["uncertainty"] if found else None


def series(examined: Examined, words: Words) -> list[tuple[str, str]]:
    """Draw the series, each with its title: one chart for each of up to three units, else one with the band of all."""
    report = examined.report
    frame = traces(examined)
    begin, end = report["period"]["begin"], report["period"]["end"]
    if begin is None or frame.empty:
        return []
    start, stop = pd.Timestamp(begin), pd.Timestamp(end)
    frame = frame[(frame.index >= start) & (frame.index < stop)]
    step = timedelta(hours=1)
    if (stop - start).days > LONGEST_HOURLY:
        step = timedelta(days=1)
        frame = frame.resample("D").mean()
    frame = frame.reindex(pd.date_range(frame.index.min(), frame.index.max(), freq=step))
    at = [moment.to_pydatetime() for moment in frame.index]

    def points(column: str) -> list[tuple[Any, float | None]]:
        return [(t, None if np.isnan(v) else float(v)) for t, v in zip(at, frame[column], strict=True)]

    names = [entry["name"] for entry in report["sensors"]]
    since = report["sensors"][0]["corrected"]["scoring_from"]
    quantity, unit = words.quantity(report["pollutant"]), words.unit(report["unit"])
    mean = (
        words("moyennes horaires", "hourly means")
        if step.days == 0
        else words("moyennes par jour", "daily means")
    )
    common: dict[str, Any] = {
        "start": start.to_pydatetime(),
        "end": stop.to_pydatetime(),
        "step": step,
        "unit": f"{quantity}, {unit}",
        "day_label": words.short_day,
        "figure": words.figure,
        "since": Mark(0, words("notation à partir d’ici", "scored from here")) if since else None,
        "since_at": pd.Timestamp(since).to_pydatetime() if since else None,
    }
    told = words(
        "Référence en trait sombre, appareil en trait de couleur.",
        "Reference dark, device in the accent colour.",
    )
    if len(names) <= 3:
        return [
            (
                f"{name}, {mean}",
                span_chart(
                    [Trace("reference", points("reference")), Trace("unit", points(name))],
                    span=None,
                    title=f"{name}, {mean}",
                    description=told,
                    ident=f"series-{k}",
                    **common,
                ),
            )
            for k, name in enumerate(names)
        ]
    units = frame[names]
    low, high, middle = units.min(axis=1), units.max(axis=1), units.median(axis=1)
    span = Span([(t, float(a), float(b)) for t, a, b in zip(at, low, high, strict=True) if not np.isnan(a)])
    typical = [(t, None if np.isnan(v) else float(v)) for t, v in zip(at, middle, strict=True)]
    title = words(
        f"Médiane et étendue des {len(names)} exemplaires, {mean}",
        f"Median and range of the {len(names)} units, {mean}",
    )
    lines = [Trace("reference", points("reference")), Trace("unit", typical)]
    return [(title, span_chart(lines, span=span, title=title, description=told, ident="series", **common))]


def scatters(examined: Examined, number: int, words: Words) -> dict[str, str]:
    """Draw the pairs of one unit with both lines, hours and days."""
    report, entry = examined.report, examined.report["sensors"][number]
    unit = words.unit(report["unit"])
    found = {}
    for period, name in (("hourly", words("1 h", "1 h")), ("daily", words("24 h", "24 h"))):
        pairs, figures = pairs_of(examined, number, period=period), entry[period]
        lines = [FitLine(0.0, 1.0, "", "identity")]
        if figures["slope"] is not None:
            lines.append(FitLine(figures["intercept"], figures["slope"], "", "fit"))
        if figures["orthogonal_slope"] is not None:
            lines.append(FitLine(figures["orthogonal_intercept"], figures["orthogonal_slope"], "", "second"))
        dots = [Dot(float(x), float(y)) for x, y in zip(pairs["reference"], pairs["sensor"], strict=True)]
        title = words(f"{entry['name']}, moyennes de {name}", f"{entry['name']}, {name} means")
        told = words(f"{len(dots)} paires", f"{len(dots)} pairs")
        found[period] = scatter_chart(
            dots,
            x_label=words(f"référence, {unit}", f"reference, {unit}"),
            y_label=words(f"appareil, {unit}", f"device, {unit}"),
            title=title,
            description=told,
            ident=f"scatter-{number}-{period}",
            figure=words.figure,
            lines=lines,
        ).replace("h0", "h.01")  # a PDF draws no dot of length zero
    return found


def uncertainty(report: dict[str, Any], words: Words, *, period: str) -> str:
    """Draw U_r over the observed range of each unit, with the classes and the limit value."""
    curves, at = [], None
    for k, entry in enumerate(report["sensors"]):
        found = entry[period]["uncertainty"]
        if found is None:
            continue
        curves.append(Curve(entry["name"], [(a, u) for a, u in found["curve"] if u is not None], min(k, 3)))
        if found["limit_value"] is not None and at is None:
            outside = (
                words(" (hors du domaine observé)", " (outside the observed range)")
                if found["extrapolated"]
                else ""
            )
            at = Mark(found["limit_value"], words("valeur limite", "limit value") + outside)
    if not curves:
        return ""
    classes = report["verdict"]["class"]
    limits = [
        Mark(classes[c], words(f"classe {c}, indicative", f"class {c}, indicative")) for c in ("1", "2", "3")
    ]
    return curve_chart(
        curves,
        limits=limits,
        at=at,
        x_label=words("référence, ", "reference, ") + words.unit(report["unit"]),
        y_label=words("incertitude élargie relative, %", "relative expanded uncertainty, %"),
        title=words(
            "Incertitude élargie relative selon la concentration",
            "Relative expanded uncertainty by concentration",
        ),
        description=words(
            "Sur le domaine observé ; valeurs dans le tableau.",
            "Over the observed range; values in the table.",
        ),
        ident=f"uncertainty-{period}",
        figure=words.figure,
        highest=2 * classes["3"],
    )


def residual_panels(report: dict[str, Any], number: int, words: Words) -> list[tuple[str, str]]:
    """Draw what is left over against temperature, humidity, concentration, hour and week: (name, SVG or '')."""
    entry = report["sensors"][number]
    unit = words.unit(report["unit"])
    against = {
        "concentration": words(f"référence, {unit}", f"reference, {unit}"),
        "humidity": words("humidité relative, %", "relative humidity, %"),
        "temperature": words("température, °C", "temperature, °C"),
        "hour": words("heure (UTC)", "hour (UTC)"),
        "week": words("semaine", "week"),
    }
    rows = {what: entry["residuals"][what] or [] for what in against}
    extent = max((abs(r["mean"]) + r["sd"] for part in rows.values() for r in part), default=1.0) or 1.0
    found = []
    for what, label in against.items():
        bins = [Bin(r["low"], r["high"], r["mean"], r["sd"]) for r in rows[what]]
        drawn = (
            ""
            if not bins
            else bins_chart(
                bins,
                x_label=label,
                y_label=words(f"écart, {unit}", f"left over, {unit}"),
                title=f"{entry['name']}, {label}",
                description=words(
                    "Écart moyen et écart-type par classe.", "Mean left over and standard deviation by bin."
                ),
                ident=f"left-{number}-{what}",
                figure=words.figure,
                extent=extent,
            )
        )
        found.append((label, drawn))
    return found

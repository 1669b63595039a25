"""A stay beside a station on one screen: pairs, competing models scored alike, residuals, outliers, the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from django.utils.translation import gettext as _

import calibration as library
from calibration import Candidate
from calibration.equivalence import ClassOfLimit
from capto.readings.models import ReferenceSeries, Series
from capto.validation.fitting import candidates
from capto.validation.models import Calibration, CoLocation, PlaceContext
from capto.validation.pairs import pairs, reference_of
from capto.validation.words import figure, is_french

HOUR: Final = timedelta(hours=1)
SCATTERS_UNALIKE: Final = 0.05  # p of Breusch and Pagan's test


class Row(NamedTuple):
    """One competing model as the table shows it; `refused` says why there is none."""

    method: str
    name: str
    refused: str
    n: int | None = None
    folds: int | None = None
    rmse: float | None = None
    mbe: float | None = None
    r2: float | None = None
    slope: float | None = None
    sd_ratio: float | None = None
    at_limit: float | None = None  # relative expanded uncertainty at the limit value, percent
    is_chosen: bool = False
    is_shown: bool = False


class TreesBeside(NamedTuple):
    """What boosted trees would do on the same stay, in forward blocks and inside their domain, or why they cannot.

    None is offered as a version: whoever recomputes a published number needs a formula that fits on a line.
    """

    refused: str
    n: int = 0
    rmse: float | None = None
    line_rmse: float | None = None
    wins: bool = False
    inputs: Sequence[str] = ()


LONG_ENOUGH_FOR_TREES: Final = pd.Timedelta(days=41)  # a shorter stay is refused at once, without growing any


class Outlier(NamedTuple):
    """A pair that contradicts the station: its hour and both values."""

    hour: datetime
    reference: float
    corrected: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All that the screen of one stay and one series shows.

    pairs: columns reference, raw, covariates; corrected: value and expanded_uncertainty of the shown model on the
    same hours; residuals: of hours that no fit had seen (reference minus predicted) with their inputs.
    """

    stay: CoLocation
    series: Series
    reference: ReferenceSeries
    pairs: pd.DataFrame
    raw: dict[str, float | None]
    rows: Sequence[Row]
    shown: library.Model | None
    corrected: pd.DataFrame | None
    residuals: pd.DataFrame | None
    outliers: Sequence[Outlier]
    verdict: Sequence[str]
    limit: ClassOfLimit | None
    drafts: Sequence[Calibration]
    contexts: Sequence[PlaceContext]
    trees: TreesBeside | None


def series_of(stay: CoLocation) -> list[Series]:
    """List the series of pollutants that the sensor sent during its stay and the station measures."""
    if stay.placement is None:
        return []
    measured = ReferenceSeries.objects.filter(station=stay.station).values("property")
    return list(
        Series.objects.filter(placement=stay.placement, property__is_pollutant=True, property__in=measured)
        .select_related("property")
        .order_by("property__code", "variant", "channel")
    )


def compare(stay: CoLocation, *, series: Series, method: str = "", with_trees: bool = False) -> Comparison:
    """Let the methods compete on a stay and look at one of them: the one asked for, else the one that wins.

    with_trees: grow trees too, which takes seconds on a stay of six weeks or more.

    Raises pairs.NoPairs where the two sides have no valid hour in common.
    """
    reference = reference_of(stay, quantity=series.property_id)
    found = pairs(stay, series=series, reference=reference)
    tried = candidates(stay, found, quantity=series.property_id)
    winner = _winner(tried)
    asked = next((one for one in tried if one.method == method and one.model is not None), None)
    shown = asked or winner
    model = shown.model if shown else None
    corrected = library.apply(model, found) if model else None
    residuals = _residuals(found, model)
    limit = library.at_limit_value(model) if model else None
    return Comparison(
        stay=stay,
        series=series,
        reference=reference,
        pairs=found,
        raw=library.metrics(found["reference"], found["raw"]),
        rows=[_row(one, winner=winner, shown=shown) for one in tried],
        shown=model,
        corrected=corrected,
        residuals=residuals,
        outliers=_outliers(found, corrected),
        verdict=_verdict(found, model, residuals, tried),
        limit=limit,
        drafts=list(
            Calibration.objects.filter(
                co_location=stay,
                property=series.property,
                variant=series.variant,
                channel=series.channel,
            ).order_by("-version")
        ),
        contexts=list(
            PlaceContext.objects.around(
                place=stay.placement.place if stay.placement else None, station=stay.station
            )
            .filter(starts_at__lt=stay.ends_at, ends_at__gt=stay.starts_at)
            .order_by("starts_at")
        ),
        trees=trees_beside(found, line=winner.method, quantity=series.property_id)
        if winner and (with_trees or found.index[-1] - found.index[0] < LONG_ENOUGH_FOR_TREES)
        else None,
    )


def trees_beside(found: pd.DataFrame, *, line: str, quantity: str = "") -> TreesBeside:
    """Score trees on the pairs of a stay beside the method that won, on the same forward blocks."""
    from calibration.trees import (  # scikit-learn takes a second to load: only whoever needs it
        fit_trees,
        trees_win,
    )

    inputs = [name for name in ("raw", "humidity", "temperature") if name in found]
    try:
        grown = fit_trees(found, inputs=inputs, linear=line, quantity=quantity)
    except library.Refused as refused:
        return TreesBeside(refused.french if is_french() else refused.english)
    except ValueError as wrong:  # no forward block lies inside the box of those before it
        return TreesBeside(str(wrong))
    scores = grown.scores
    return TreesBeside(
        "",
        n=int(scores["n"] or 0),
        rmse=scores["rmse"],
        line_rmse=scores["line_rmse"],
        wins=trees_win(grown),
        inputs=inputs,
    )


def _winner(tried: Sequence[Candidate]) -> Candidate | None:
    return library.choose(tried) if any(one.model for one in tried) else None


def _row(one: Candidate, *, winner: Candidate | None, shown: Candidate | None) -> Row:
    method = library.METHODS[one.method]
    name = method.french if is_french() else method.english
    if one.model is None:
        return Row(one.method, name, one.refused)
    scores, model = one.model.scores, one.model
    return Row(
        one.method,
        name,
        "",
        n=int(scores["n"] or 0),
        folds=model.folds,
        rmse=scores["rmse"],
        mbe=scores["mbe"],
        r2=scores["skill"],
        slope=scores["slope"],
        sd_ratio=scores["sd_ratio"],
        at_limit=library.at_limit_value(model).uncertainty,
        is_chosen=winner is not None and one.method == winner.method,
        is_shown=shown is not None and one.method == shown.method,
    )


def _residuals(found: pd.DataFrame, model: library.Model | None) -> pd.DataFrame | None:
    """Give the residuals of hours that no fit had seen, with whatever the sensor measured beside."""
    if model is None:
        return None
    left = library.forward_residuals(found, method=model.method)
    others = [name for name in ("humidity", "temperature") if name in found and name not in left]
    return left.join(found[others])


def _outliers(found: pd.DataFrame, corrected: pd.DataFrame | None) -> list[Outlier]:
    values = found["raw"] if corrected is None else corrected["value"]
    marked = library.disagree_with_reference(found["reference"], values)
    return [
        Outlier(
            pd.Timestamp(hour).to_pydatetime(), float(found.loc[hour, "reference"]), float(values.loc[hour])
        )
        for hour in marked.index[marked.to_numpy()]
    ]


def _verdict(
    found: pd.DataFrame,
    model: library.Model | None,
    residuals: pd.DataFrame | None,
    tried: Sequence[Candidate],
) -> list[str]:
    """Say in sentences what the figures say, the gravest first; nothing is decided here."""
    agreed = library.lag(found["reference"], found["raw"])
    if agreed.wrong:
        return [
            _(
                "Les deux côtés s’accordent le mieux à %(hours)+d h : vérifiez l’étiquette des heures et les fuseaux."
            )
            % {"hours": agreed.hours}
        ]
    if model is None or residuals is None:
        return [_("Aucune méthode ne peut être ajustée : %(why)s") % {"why": tried[0].refused}]
    said = []
    raw_rmse, rmse = library.metrics(found["reference"], found["raw"])["rmse"], model.scores["rmse"]
    said.append(
        _(
            "Corrigé, l’écart type à la station passe de %(before)s à %(after)s,"
            " sur des heures que l’ajustement n’a pas vues."
        )
        % {"before": figure(raw_rmse), "after": figure(rmse)}
    )
    if model.provisional:
        said.append(_("Provisoire : moins de 14 jours ou de 250 paires d’heures."))
    else:
        said.append(_("Complet : au moins 14 jours et 250 paires d’heures."))
    unalike = library.breusch_pagan(residuals["residual"], residuals["predicted"])
    if unalike < SCATTERS_UNALIKE:
        said.append(_("La dispersion grandit avec la concentration ; l’incertitude en tient compte."))
    trend = library.residual_trend(-residuals["residual"])
    if np.isfinite(trend.per_30_days) and (trend.low > 0 or trend.high < 0):
        said.append(
            _(
                "Les résidus dérivent de %(slope)s par 30 jours (entre %(low)s et %(high)s) :"
                " regardez le panneau du temps."
            )
            % {"slope": figure(trend.per_30_days), "low": figure(trend.low), "high": figure(trend.high)}
        )
    reach = float(found["reference"].quantile(0.95) - found["reference"].quantile(0.05))
    if reach < 10.0:  # [P] calibration.md, section 7
        said.append(
            _(
                "La station n’a varié que de %(reach)s (du 5e au 95e centile) :"
                " il en faudrait 10 pour bien fixer la pente."
            )
            % {"reach": figure(reach)}
        )
    return said


class Neighbour(NamedTuple):
    """What changed since the approved stay before, as the decision page says it."""

    before: Calibration
    drift: library.Drift


def drift_since(calibration: Calibration) -> Neighbour | None:
    """Compare a version with the approved one of the sensor's stay before, where both are of one method."""
    stay = calibration.co_location
    if stay is None:
        return None
    before = (
        Calibration.objects.approved()
        .filter(
            sensor=calibration.sensor_id,
            property=calibration.property_id,
            variant=calibration.variant,
            channel=calibration.channel,
            co_location__ends_at__lte=stay.starts_at,
            method=calibration.method,
        )
        .order_by("-co_location__starts_at")
        .first()
    )
    return Neighbour(before, library.drift(before.fitted(), calibration.fitted())) if before else None

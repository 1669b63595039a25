"""Fit a correction on a stay beside a reference station, and score it on hours it has not seen.

calibration.md, section 7. Neighbours in time are alike, so a model is scored only on blocks that come
after the ones it was fitted on, with a gap between (forward chaining), never on a random split.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibration.applying import seconds
from calibration.blocks import DAY, FULL_SPAN, HOUR, Fold, bootstrap, covariance, forward_folds
from calibration.estimates import evaluate
from calibration.metrics import metrics
from calibration.models import Model, checksum, coefficient_names
from calibration.pairing import lag
from calibration.robust import solve
from calibration.terms import METHODS, TERMS, Array, Method
from calibration.uncertainty import spread

SHORTEST_SPAN: Final = 3 * DAY  # [P] calibration.md section 8: the shortest bench stay
FEWEST_PAIRS: Final = 48  # [P]
FULL_PAIRS: Final = 250  # [P] calibration.md section 7; less is provisional
QUANTILES: Final = (0.5, 0.8, 0.9, 0.95, 0.99)


class Refused(ValueError):
    """A co-location that cannot give a model; says why in English (str) and in French."""

    def __init__(self, code: str, english: str, french: str) -> None:
        super().__init__(english)
        self.code, self.english, self.french = code, english, french


def fit(
    pairs: pd.DataFrame,
    *,
    method: str = "mlr_humidity",
    quantity: str = "",
    unit: str = "",
    station: str = "",
    reference_uncertainty: tuple[float, float] = (0.0, 0.0),
    check_lag: bool = True,
    seed: int = 0,
) -> Model:
    """Fit a named method on hourly pairs and score it by forward blocks.

    pairs: UTC DatetimeIndex of hour starts; columns reference, raw and those of the method (humidity %,
    temperature °C, ...). Rows with anything missing are left out. reference_uncertainty: standard
    uncertainty (absolute, relative) of the reference, the larger counts. seed: of the bootstrap. Raises
    Refused under 72 h or 48 pairs, for hour labels that disagree, or where an input does not vary; KeyError
    for an absent column; ValueError for an unknown method.
    """
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}; known: {', '.join(METHODS)}")
    rule = METHODS[method]
    clean = complete(pairs, rule)
    at = seconds(clean.index)
    refuse_short(at)
    if check_lag:
        refuse_lag(clean)
    columns = {name: clean[name].to_numpy(dtype=float) for name in rule.needs}
    reference = clean["reference"].to_numpy(dtype=float)
    try:
        coefficients, weights = estimate(rule, columns, reference)
    except np.linalg.LinAlgError:
        raise Refused(
            "no_variation",
            "The inputs of the fit do not vary independently of each other.",
            "Les grandeurs de l'ajustement ne varient pas indépendamment.",
        ) from None
    folds = forward_folds(at)
    rows, predicted, blocks = out_of_block(rule, columns, reference, folds)
    missed = reference[rows] - predicted
    value = evaluate(rule, coefficients, columns).value
    draws = bootstrap(*system(rule, columns, reference), weights, at, seed=seed)
    return Model(
        method=method,
        quantity=quantity,
        unit=unit,
        station=station,
        coefficients=coefficients,
        covariance=covariance(draws),
        companion=turned(rule, columns, reference),
        domain=_domain({name: column for name, column in columns.items() if name != "raw"}, value),
        spread=spread(missed, predicted, at[rows], days=(at[-1] + HOUR - at[0]) / DAY),
        n=len(clean),
        starts_at=_iso(at[0]),
        ends_at=_iso(at[-1] + HOUR),
        quantiles={f"{q:g}": float(np.quantile(np.abs(missed), q)) for q in QUANTILES},
        reference_uncertainty=reference_uncertainty,
        scores=_scores(reference[rows], predicted, blocks),
        folds=int(np.unique(blocks).size),
        provisional=bool(at[-1] + HOUR - at[0] < FULL_SPAN or len(clean) < FULL_PAIRS),
        checksum=checksum(clean),
    )


def complete(pairs: pd.DataFrame, rule: Method) -> pd.DataFrame:
    """Keep the rows that have everything the method reads, in the order of time."""
    wanted = pairs[["reference", *rule.needs]].astype(float)
    return wanted.replace([np.inf, -np.inf], np.nan).dropna().sort_index()


def refuse_short(at: NDArray[np.int64]) -> None:
    """Raise Refused where the stay is too short or has too few pairs."""
    span = int(at[-1] + HOUR - at[0]) if at.size else 0
    if span < SHORTEST_SPAN:
        raise Refused(
            "too_short",
            f"The co-location lasts {span // HOUR} h; at least 72 h are needed.",
            f"La comparaison dure {span // HOUR} h ; il en faut au moins 72.",
        )
    if at.size < FEWEST_PAIRS:
        raise Refused(
            "too_few_pairs",
            f"The co-location has {at.size} hourly pairs; at least 48 are needed.",
            f"La comparaison compte {at.size} paires horaires ; il en faut au moins 48.",
        )


def refuse_lag(pairs: pd.DataFrame) -> None:
    """Raise Refused where the two sides agree better an hour or two apart (calibration.md, section 2)."""
    found = lag(pairs["reference"], pairs["raw"])
    if found.wrong:
        raise Refused(
            "lag",
            f"The two sides agree best {found.hours:+d} h apart: check hour labels and time zones.",
            f"Les deux côtés s'accordent le mieux à {found.hours:+d} h : vérifiez l'étiquette des heures "
            "et les fuseaux.",
        )


def estimate(rule: Method, columns: Mapping[str, Array], reference: Array) -> tuple[dict[str, float], Array]:
    """Solve for the coefficients, by Huber's weights where the method is robust; and give the weights."""
    found, weights = solve(*system(rule, columns, reference), robust=rule.robust)
    return dict(zip(coefficient_names(rule), found.tolist(), strict=True)), weights


def system(rule: Method, columns: Mapping[str, Array], reference: Array) -> tuple[Array, Array]:
    """Give the design matrix and the target of a method's linear system."""
    terms = [TERMS[name].value(columns) for name in rule.terms]
    if rule.direction == "forward":
        return np.column_stack(terms), reference
    return np.column_stack([*terms, reference]), TERMS[rule.signal].value(columns)


def turned(rule: Method, columns: Mapping[str, Array], reference: Array) -> dict[str, float]:
    """Fit the other way round (signal on reference for a forward method) and give the same coefficients.

    Empty where that regression does not determine them. See change of regime in calibration.uncertainty.
    """
    signal = "raw" if rule.direction == "forward" else rule.signal
    others = [name for name in rule.terms if name != signal]
    terms = [TERMS[name].value(columns) for name in others]
    y = TERMS[signal].value(columns)
    inverse = rule.direction == "inverse"
    try:
        found, _ = solve(
            np.column_stack([*terms, y if inverse else reference]),
            reference if inverse else y,
            robust=rule.robust,
        )
    except np.linalg.LinAlgError:
        return {}
    if abs(found[-1]) < 1e-12:
        return {}
    last = float(found[-1])
    result = {name: -float(value) / last for name, value in zip(others, found, strict=False)}
    return result | {"slope" if inverse else signal: 1.0 / last}


def out_of_block(
    rule: Method, columns: Mapping[str, Array], reference: Array, folds: list[Fold]
) -> tuple[NDArray[np.int64], Array, NDArray[np.int64]]:
    """Predict each scored block by a fit on the blocks before it: (rows, predictions, block numbers)."""
    rows, predicted, blocks = [], [], []
    for number, fold in enumerate(folds):
        train = {name: column[fold.train] for name, column in columns.items()}
        test = {name: column[fold.test] for name, column in columns.items()}
        try:
            coefficients, _ = estimate(rule, train, reference[fold.train])
        except np.linalg.LinAlgError:
            continue  # the blocks before do not determine the fit; later folds do
        rows.append(fold.test)
        predicted.append(evaluate(rule, coefficients, test).value)
        blocks.append(np.full(fold.test.size, number))
    if not rows:
        raise Refused(
            "no_fold",
            "The pairs leave no later block to score the fit on.",
            "Les paires ne laissent aucun bloc ultérieur pour juger l'ajustement.",
        )
    return np.concatenate(rows), np.concatenate(predicted), np.concatenate(blocks)


def update(model: Model, pairs: pd.DataFrame, *, check_lag: bool = True, seed: int = 0) -> Model:
    """Carry a model to a new short stay (>= 72 h): only its line moves, the covariates' effects stay.

    model: the longest fit of the unit or of its sensor model; pairs: as for fit. An inverse method gets a
    new intercept and slope; a forward one, a line through the reference against what it predicts. The
    covariates keep their coefficients and covariance, turned about the means of the stay, so that they
    add nothing there. The spread is the model's, widened where the stay scatters more. Source:
    calibration.md, section 8. Raises what fit raises.
    """
    rule = model.rule
    clean = complete(pairs, rule)
    at = seconds(clean.index)
    refuse_short(at)
    if check_lag:
        refuse_lag(clean)
    columns = {name: clean[name].to_numpy(dtype=float) for name in rule.needs}
    reference = clean["reference"].to_numpy(dtype=float)
    terms = {name: TERMS[name].value(columns) for name in rule.terms}
    ones = np.ones(len(clean))
    old = dict(model.coefficients)
    names = model.names
    intercept = names.index("intercept")
    place = np.zeros((len(names), 2))  # how the two moving numbers enter the coefficients
    place[intercept, 0] = 1.0
    if rule.direction == "inverse":
        others = [name for name in rule.terms if name != "intercept"]
        target = TERMS[rule.signal].value(columns) - sum((old[name] * terms[name] for name in others), 0.0)
        design = np.column_stack([ones, reference])
        found, weights = solve(design, target)
        new = old | {"intercept": float(found[0]), "slope": float(found[1])}
        place[-1, 1] = 1.0
        scale = 1.0
    else:
        others = [name for name in rule.terms if name not in ("intercept", "raw")]
        predicted = evaluate(rule, old, columns).value
        design = np.column_stack([ones, predicted])
        target = reference
        found, weights = solve(design, target)
        scale = float(found[1])
        new = {name: scale * value for name, value in old.items()}
        new["intercept"] += float(found[0])
        place[:, 1] = [old[name] for name in names]
    moving = np.array(covariance(bootstrap(design, target, weights, at, seed=seed)))
    turn = np.zeros((len(names), len(others)))
    for k, name in enumerate(others):
        turn[names.index(name), k] = scale
        turn[intercept, k] = -scale * float(terms[name].mean())
    kept = [names.index(name) for name in others]
    full = place @ moving @ place.T + turn @ np.array(model.covariance)[np.ix_(kept, kept)] @ turn.T
    value = evaluate(rule, new, columns).value
    missed = reference - value
    typical = float(np.mean(model.spread.absolute + model.spread.relative * np.maximum(value, 0.0)))
    wider = max(1.0, float(np.mean(np.abs(missed))) / typical)
    wide = {"absolute": model.spread.absolute * wider, "relative": model.spread.relative * wider}
    return Model(
        **{
            **model.__dict__,
            "coefficients": new,
            "covariance": tuple(map(tuple, full.tolist())),
            "domain": _domain(
                {k: v for k, v in columns.items() if k != "raw"}, value, wider_than=model.domain
            ),
            "spread": type(model.spread)(**{**model.spread.__dict__, **wide}),
            "n": len(clean),
            "starts_at": _iso(at[0]),
            "ends_at": _iso(at[-1] + HOUR),
            "checksum": checksum(clean),
        }
    )


def _domain(
    covariates: Mapping[str, Array],
    value: Array,
    *,
    wider_than: Mapping[str, tuple[float, float]] | None = None,
) -> dict[str, tuple[float, float]]:
    ends = {
        name: (float(column.min()), float(column.max()))
        for name, column in {**covariates, "value": value}.items()
    }
    for name, (low, high) in (wider_than or {}).items():
        ends[name] = (min(low, ends[name][0]), max(high, ends[name][1]))
    return ends


def _scores(reference: Array, predicted: Array, blocks: NDArray[np.int64]) -> dict[str, float | None]:
    squares = np.array([np.mean((reference - predicted)[blocks == b] ** 2) for b in np.unique(blocks)])
    error = float(squares.std(ddof=1) / np.sqrt(squares.size)) if squares.size > 1 else None
    total = float(np.sum((reference - reference.mean()) ** 2))
    skill = 1.0 - float(np.sum((reference - predicted) ** 2)) / total if total > 0 else None
    return {**metrics(reference, predicted), "mse_se": error, "skill": skill}


def _iso(at: int) -> str:
    return pd.Timestamp(int(at), unit="s", tz="UTC").isoformat()

"""Fit a correction on a stay beside a reference station, and score it on hours it has not seen.

calibration.md, section 7. Neighbours in time are alike, so a model is scored only on blocks that come
after the ones it was fitted on, with a gap between (forward chaining), never on a random split.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from calibration.applying import evaluate, seconds
from calibration.metrics import metrics
from calibration.models import Model, Spread, checksum, coefficient_names
from calibration.robust import solve
from calibration.terms import METHODS, TERMS, Array, Method

HOUR: Final = 3600
DAY: Final = 24 * HOUR
SHORTEST_SPAN: Final = 72 * HOUR  # [P] calibration.md section 8: the shortest bench stay
FEWEST_PAIRS: Final = 48  # [P]
FULL_SPAN: Final = 14 * DAY  # [P] calibration.md section 7; less is provisional
FULL_PAIRS: Final = 250  # [P]
FEWEST_FOLDS: Final = 3
BOOTSTRAP_BLOCK: Final = DAY  # moving blocks of 24-72 h (calibration.md, section 7)
BOOTSTRAP_DRAWS: Final = 999
QUANTILES: Final = (0.5, 0.8, 0.9, 0.95, 0.99)


class Refused(ValueError):
    """A co-location that cannot give a model; says why in English (str) and in French."""

    def __init__(self, code: str, english: str, french: str) -> None:
        super().__init__(english)
        self.code, self.english, self.french = code, english, french


class Fold(NamedTuple):
    """Rows to fit on and later rows to score on."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]


def fit(
    pairs: pd.DataFrame, *, method: str = "mlr_humidity", quantity: str = "", unit: str = "",
    station: str = "", reference_uncertainty: tuple[float, float] = (0.0, 0.0), seed: int = 0,
) -> Model:
    """Fit a named method on hourly pairs and score it by forward blocks.

    pairs: UTC DatetimeIndex of hour starts; columns reference, raw and those of the method (humidity %,
    temperature °C, ...). Rows with anything missing are left out. reference_uncertainty: standard
    uncertainty (absolute, relative) of the reference. seed: of the bootstrap. Raises Refused under 72 h,
    48 pairs or without variation; KeyError for an absent column; ValueError for an unknown method.
    """
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}; known: {', '.join(METHODS)}")
    rule = METHODS[method]
    clean = complete(pairs, rule)
    at = seconds(clean.index)
    refuse_short(at)
    columns = {name: clean[name].to_numpy(dtype=float) for name in rule.needs}
    reference = clean["reference"].to_numpy(dtype=float)
    coefficients = estimate(rule, columns, reference)
    folds = forward_folds(at)
    held_out, predicted, blocks = out_of_block(rule, columns, reference, folds)
    everything = {**columns, "value": _value(rule, coefficients, columns)}
    residual = held_out - predicted
    return Model(
        method=method, quantity=quantity, unit=unit, station=station,
        coefficients=coefficients,
        covariance=bootstrap_covariance(rule, columns, reference, at, seed=seed),
        domain={name: (float(column.min()), float(column.max()))
                for name, column in everything.items() if name != "raw"},
        spread=spread(residual, predicted, blocks),
        n=len(clean), starts_at=_iso(at[0]), ends_at=_iso(at[-1] + HOUR),
        quantiles={f"{q:g}": float(np.quantile(np.abs(residual), q)) for q in QUANTILES},
        reference_uncertainty=reference_uncertainty,
        scores=metrics(held_out, predicted), folds=len(folds),
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
        raise Refused("too_short", f"The co-location lasts {span // HOUR} h; at least 72 h are needed.",
                      f"La comparaison dure {span // HOUR} h ; il en faut au moins 72.")
    if at.size < FEWEST_PAIRS:
        raise Refused("too_few_pairs", f"The co-location has {at.size} hourly pairs; at least 48 are needed.",
                      f"La comparaison compte {at.size} paires horaires ; il en faut au moins 48.")


def estimate(rule: Method, columns: dict[str, Array], reference: Array) -> dict[str, float]:
    """Solve for the coefficients, by least squares or Huber's weights."""
    design, target = system(rule, columns, reference)
    found, _ = solve(design, target, robust=rule.robust)
    return dict(zip(coefficient_names(rule), found.tolist(), strict=True))


def system(rule: Method, columns: dict[str, Array], reference: Array) -> tuple[Array, Array]:
    """Give the design matrix and the target of a method's linear system."""
    terms = [TERMS[name].value(columns) for name in rule.terms]
    if rule.direction == "forward":
        return np.column_stack(terms), reference
    return np.column_stack([*terms, reference]), TERMS[rule.signal].value(columns)


def forward_folds(at: NDArray[np.int64]) -> list[Fold]:
    """Cut a stay into forward folds: fit on blocks 1..k, score on block k + 1 after a gap.

    Provisional stays (under 14 days): blocks of one day, or a quarter of a stay shorter than four days, and
    a gap of 6 h. Longer ones: blocks of 7 days, a gap of 24 h, fitted on 14 days at least where the stay
    leaves a block to score after them.
    """
    span = int(at[-1] + HOUR - at[0])
    full = span >= FULL_SPAN
    block = 7 * DAY if full else min(DAY, span // (FEWEST_FOLDS + 1))
    gap = DAY if full else 6 * HOUR
    number = (at - at[0]) // block
    folds = []
    for k in range(1, int(number[-1]) + 1):
        test = np.flatnonzero(number == k)
        start = int(at[0]) + k * block
        train = np.flatnonzero(at < start - gap)
        if test.size >= 6 and train.size >= 12:
            folds.append(Fold(train, test))
    if full and len(folds) > 1:
        folds = folds[1:]
    return folds


def out_of_block(
    rule: Method, columns: dict[str, Array], reference: Array, folds: list[Fold]
) -> tuple[Array, Array, NDArray[np.int64]]:
    """Predict each scored block by a fit on the blocks before it: (reference, prediction, block)."""
    held, predicted, blocks = [], [], []
    for number, fold in enumerate(folds):
        train = {name: column[fold.train] for name, column in columns.items()}
        test = {name: column[fold.test] for name, column in columns.items()}
        coefficients = estimate(rule, train, reference[fold.train])
        held.append(reference[fold.test])
        predicted.append(_value(rule, coefficients, test))
        blocks.append(np.full(fold.test.size, number))
    if not held:
        raise Refused("no_fold", "The pairs leave no later block to score the fit on.",
                      "Les paires ne laissent aucun bloc ultérieur pour juger l'ajustement.")
    return np.concatenate(held), np.concatenate(predicted), np.concatenate(blocks)


def _value(rule: Method, coefficients: dict[str, float], columns: dict[str, Array]) -> Array:
    size = len(coefficients)
    bare = Model(method=rule.name, coefficients=coefficients, covariance=((0.0,) * size,) * size, domain={},
                 spread=Spread(absolute=0.0, relative=0.0, factor=0.0), n=0, starts_at="", ends_at="")
    return evaluate(bare, columns).value


def _iso(at: int) -> str:
    return pd.Timestamp(int(at), unit="s", tz="UTC").isoformat()


def bootstrap_covariance(
    rule: Method, columns: dict[str, Array], reference: Array, at: NDArray[np.int64], *, seed: int
) -> tuple[tuple[float, ...], ...]:
    """Give the covariance of the coefficients by a moving-block bootstrap over time (Künsch 1989).

    Blocks of 24 h, overlapping; as many are drawn as fill the stay; 999 draws, each solved from the sums
    of its blocks with the weights of the robust fit.
    """
    design, target = system(rule, columns, reference)
    _, weights = solve(design, target, robust=rule.robust)
    width = design.shape[1]
    augmented = np.column_stack([design, target]) * np.sqrt(weights)[:, None]
    cross = np.einsum("ni,nj->nij", augmented, augmented)
    running = np.concatenate([np.zeros((1, width + 1, width + 1)), np.cumsum(cross, axis=0)])
    begins = np.searchsorted(at, at, side="left")
    ends = np.searchsorted(at, at + BOOTSTRAP_BLOCK, side="left")
    inside = at + BOOTSTRAP_BLOCK <= at[-1] + HOUR
    sums = (running[ends] - running[begins])[inside]
    blocks = max(round((at[-1] + HOUR - at[0]) / BOOTSTRAP_BLOCK), 2)
    rng = np.random.default_rng(seed)
    drawn = sums[rng.integers(0, len(sums), size=(BOOTSTRAP_DRAWS, blocks))].sum(axis=1)
    scale = np.sqrt(np.maximum(np.diagonal(running[-1])[:width], 1e-300))
    normal = drawn[:, :width, :width] / (scale[:, None] * scale[None, :])
    normal += 1e-10 * np.eye(width) * np.trace(normal, axis1=1, axis2=2)[:, None, None]
    draws = np.linalg.solve(normal, drawn[:, :width, width:] / scale[None, :, None])[:, :, 0] / scale
    spread_of = draws - np.median(draws, axis=0)
    limit = 10.0 * np.median(np.abs(spread_of), axis=0) + 1e-300
    kept = spread_of[(np.abs(spread_of) <= limit).all(axis=1)]
    covariance = np.atleast_2d(kept.T @ kept / max(len(kept) - 1, 1))
    covariance = 0.5 * (covariance + covariance.T)
    return tuple(tuple(float(v) for v in row) for row in covariance)


def spread(residual: Array, predicted: Array, blocks: NDArray[np.int64]) -> Spread:
    """Describe the residuals of forward blocks: their size by level, and the factor to about 95 %.

    The size grows with the level: absolute + relative·max(x̂, 0), fitted to the absolute residuals. The
    factor is a Student quantile for a NEW block: the variance of block means and that inside blocks add
    up, and the degrees of freedom (Satterthwaite) count blocks, not hours.
    """
    level = np.maximum(predicted, 0.0)
    design = np.column_stack([np.ones_like(level), level])
    found, _ = solve(design, np.abs(residual), robust=True)
    typical = max(float(np.mean(np.abs(residual))), 1e-9)
    relative = min(max(float(found[1]), 0.0), 1.0)
    absolute = max(float(np.mean(np.abs(residual)) - relative * float(level.mean())), 0.25 * typical)
    scaled = residual / (absolute + relative * level)
    count = np.unique(blocks).size
    means = np.array([scaled[blocks == b].mean() for b in np.unique(blocks)])
    inside = float(np.mean([scaled[blocks == b].var() for b in np.unique(blocks)]))
    between = float(np.mean(means * means))
    total = between * (1.0 + 1.0 / count) + inside
    freedom = total * total / (between * between / max(count, 1) + inside * inside / max(8.0 * count, 1.0))
    factor = float(stats.t.ppf(0.975, max(freedom, 1.0))) * float(np.sqrt(total))
    return Spread(absolute=absolute, relative=relative, factor=factor)

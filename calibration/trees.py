"""A tree model for the long co-locations where it wins in forward time, and only inside its own box.

Trees cannot extrapolate (Nowack 2021 [A]): outside the box of the training inputs the value is that of the
linear model beside it. Needs six weeks of pairs. The trees are stored as numbers and walked with comparisons
and additions in a fixed order, so that anyone recomputes the same value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.ensemble import GradientBoostingRegressor

from calibration.applying import Parts, dissect, seconds
from calibration.blocks import DAY, HOUR, forward_folds
from calibration.colocation import Refused, fit
from calibration.flags import Flag
from calibration.metrics import metrics
from calibration.models import Model, Spread
from calibration.residuals import forward_residuals
from calibration.terms import Array
from calibration.uncertainty import spread

SHORTEST_SPAN: Final = 42 * DAY  # six weeks (calibration.md, section 7, candidate 4)
TREES: Final = 120
DEPTH: Final = 3
LEARNING_RATE: Final = 0.08
SMALLEST_LEAF: Final = 24  # hours: a leaf is never less than a day's worth
COVERAGE_FACTOR: Final = 2.0  # k of U = k·u


@dataclass(frozen=True, kw_only=True)
class Tree:
    """One regression tree: at a node, go left where the input is <= threshold; feature -1 marks a leaf."""

    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class TreeModel:
    """Boosted trees inside a box of inputs, a linear model outside it; JSON both ways."""

    inputs: tuple[str, ...]
    start: float
    trees: tuple[Tree, ...]
    box: Mapping[str, tuple[float, float]]
    spread: Spread
    linear: Model
    scores: Mapping[str, float | None]

    def to_dict(self) -> dict[str, Any]:
        """Give the model as JSON types."""
        return {
            "inputs": list(self.inputs),
            "start": self.start,
            "scores": dict(self.scores),
            "trees": [{name: list(column) for name, column in vars(tree).items()} for tree in self.trees],
            "box": {name: list(ends) for name, ends in self.box.items()},
            "spread": vars(self.spread).copy(),
            "linear": self.linear.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TreeModel:
        """Build a model from what to_dict gave."""
        return cls(
            inputs=tuple(data["inputs"]),
            start=float(data["start"]),
            scores=dict(data["scores"]),
            trees=tuple(
                Tree(**{name: tuple(column) for name, column in tree.items()}) for tree in data["trees"]
            ),
            box={name: (float(low), float(high)) for name, (low, high) in data["box"].items()},
            spread=Spread(**data["spread"]),
            linear=Model.from_dict(data["linear"]),
        )


def fit_trees(
    pairs: pd.DataFrame, *, inputs: Sequence[str], linear: str = "mlr_humidity", seed: int = 0, **options: Any
) -> TreeModel:
    """Fit boosted trees (Huber loss) on at least six weeks of pairs; raises Refused under that.

    pairs, options: as for calibration.fit; inputs: the columns that the trees read, `raw` among them; linear: the
    method used outside the box. Scored on the same forward blocks as every other method, inside the box of what came
    before; `line_rmse` is the error of the linear method on the same hours.
    """
    wanted = (
        pairs[["reference", *inputs]].astype(float).replace([np.inf, -np.inf], np.nan).dropna().sort_index()
    )
    at = seconds(wanted.index)
    if not at.size or at[-1] + HOUR - at[0] < SHORTEST_SPAN:
        raise Refused(
            "too_short_for_trees",
            "Tree models need at least six weeks of co-location.",
            "Les modèles à arbres demandent au moins six semaines de comparaison.",
        )
    x, y = wanted[list(inputs)].to_numpy(dtype=float), wanted["reference"].to_numpy(dtype=float)
    beside = fit(pairs, method=linear, **options)
    missed, predicted, places = [], [], []
    for fold in forward_folds(at):
        start, trees = _grow(x[fold.train], y[fold.train], seed)
        inside = (
            (x[fold.test] >= x[fold.train].min(axis=0)) & (x[fold.test] <= x[fold.train].max(axis=0))
        ).all(axis=1)
        rows = fold.test[inside]
        found = walk(start, trees, x[rows])
        missed.append(y[rows] - found)
        predicted.append(found)
        places.append(rows)
    rows, residual, value = np.concatenate(places), np.concatenate(missed), np.concatenate(predicted)
    left = forward_residuals(pairs, method=linear)["residual"].reindex(wanted.index[rows]).dropna()
    start, trees = _grow(x, y, seed)
    return TreeModel(
        inputs=tuple(inputs),
        start=start,
        trees=trees,
        linear=beside,
        scores=metrics(y[rows], value)
        | {"line_rmse": float(np.sqrt(np.mean(left.to_numpy() ** 2))) if len(left) else None},
        box={name: (float(x[:, k].min()), float(x[:, k].max())) for k, name in enumerate(inputs)},
        spread=spread(residual, value, at[rows], days=(at[-1] + HOUR - at[0]) / DAY),
    )


def _grow(x: Array, y: Array, seed: int) -> tuple[float, tuple[Tree, ...]]:
    forest = GradientBoostingRegressor(
        loss="huber",
        n_estimators=TREES,
        max_depth=DEPTH,
        learning_rate=LEARNING_RATE,
        subsample=0.7,
        min_samples_leaf=min(SMALLEST_LEAF, max(len(y) // 20, 1)),
        random_state=seed,
    ).fit(x, y)
    trees = []
    for one in forest.estimators_[:, 0]:
        grown = one.tree_
        trees.append(
            Tree(
                feature=tuple(int(f) if f >= 0 else -1 for f in grown.feature),
                threshold=tuple(float(t) for t in grown.threshold),
                left=tuple(int(c) if c >= 0 else k for k, c in enumerate(grown.children_left)),
                right=tuple(int(c) if c >= 0 else k for k, c in enumerate(grown.children_right)),
                value=tuple(LEARNING_RATE * float(v) for v in grown.value[:, 0, 0]),
            )
        )
    return float(np.ravel(forest.init_.constant_)[0]), tuple(trees)


def walk(start: float, trees: Sequence[Tree], x: Array) -> Array:
    """Add up the leaves that each row of x (rows by inputs) ends in, tree after tree."""
    total = np.full(len(x), start)
    rows = np.arange(len(x))
    for tree in trees:
        feature, threshold = np.array(tree.feature), np.array(tree.threshold)
        left, right, value = np.array(tree.left), np.array(tree.right), np.array(tree.value)
        node = np.zeros(len(x), dtype=np.int64)
        for _ in range(DEPTH):
            node = np.where(x[rows, feature[node]] <= threshold[node], left[node], right[node])
        total = total + value[node]
    return total


def apply_trees(model: TreeModel, hours: pd.DataFrame) -> pd.DataFrame:
    """Correct hours by the trees inside their box and by the linear model outside, which is flagged EXTRAPOLATED.

    hours: as for calibration.apply with every input; returns value, expanded_uncertainty, flags.
    """
    at = seconds(hours.index)
    needed = {*model.inputs, *model.linear.rule.needs, *({"sd", "n", "coverage"} & set(hours.columns))}
    columns = {name: hours[name].to_numpy(dtype=float) for name in needed}
    beside: Parts = dissect(model.linear, at, columns)
    x = np.column_stack([columns[name] for name in model.inputs])
    inside = np.ones(len(x), dtype=bool)
    for k, name in enumerate(model.inputs):
        low, high = model.box[name]
        inside &= (x[:, k] >= low) & (x[:, k] <= high)
    grown = walk(model.start, model.trees, x)
    value = np.where(inside, grown, beside.value)
    size = model.spread.factor * (model.spread.absolute + model.spread.relative * np.maximum(grown, 0.0))
    # where trees and line disagree, the regime is not one that either knows well
    apart = (COVERAGE_FACTOR * COVERAGE_FACTOR / 3.0) * (grown - beside.value) ** 2
    own = np.sqrt(size * size + beside.reference + beside.drift + beside.averaging + apart)
    flags = np.where(inside, beside.flags & ~int(Flag.EXTRAPOLATED), beside.flags | int(Flag.EXTRAPOLATED))
    missing = np.isnan(x).any(axis=1)
    flags = np.where(missing, flags | int(Flag.NO_COVARIATE), flags).astype(np.int32)
    return pd.DataFrame(
        {
            "value": np.where(missing, np.nan, value),
            "expanded_uncertainty": np.where(missing, np.nan, np.where(inside, own, beside.expanded())),
            "flags": flags,
        },
        index=hours.index,
    )


def trees_win(model: TreeModel) -> bool:
    """Tell whether the trees beat the linear model in forward blocks by more than its standard error.

    Both are mean squares over the same hours of forward blocks; a tie keeps the simple model.
    """
    trees, line = model.scores["rmse"], model.scores.get("line_rmse", model.linear.scores["rmse"])
    if trees is None or line is None:
        return False
    return trees**2 < line**2 - (model.linear.scores["mse_se"] or 0.0)

"""A model for units that never stood beside a station, from those of their sensor model that did.

calibration.md, section 9: a value with only such a correction is graded C at best (basis "generic").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from calibration.models import Model


def pooled(models: Sequence[Model]) -> Model:
    """Average the fits of several units into one for the units of the same sensor model without a fit.

    models: at least two, of one method. Coefficients are averaged; the covariance is the mean of theirs plus
    the scatter of the coefficients BETWEEN units, times 1 + 1/M, which is what an unseen unit may differ by.
    The spread is that of the unit that scatters most; the domain holds all of theirs. Raises ValueError for
    fewer than two models or several methods.
    """
    if len(models) < 2:
        raise ValueError("at least two units are needed to know how much units differ")
    if len({model.method for model in models}) > 1:
        raise ValueError("the units were fitted by different methods")
    first, names = models[0], models[0].names
    values = np.array([[model.coefficients[name] for name in names] for model in models])
    between = np.atleast_2d(np.cov(values, rowvar=False)) * (1.0 + 1.0 / len(models))
    within = np.mean([model.covariance for model in models], axis=0)
    companions = [model.companion for model in models if model.companion]
    ends = [list(model.domain.items()) for model in models]
    domain = {
        name: (min(dict(e)[name][0] for e in ends), max(dict(e)[name][1] for e in ends))
        for name in first.domain
    }
    return replace(
        first,
        station="",
        checksum="",
        domain=domain,
        n=sum(model.n for model in models),
        coefficients=dict(zip(names, values.mean(axis=0).tolist(), strict=True)),
        covariance=tuple(map(tuple, (within + between).tolist())),
        companion={name: float(np.mean([c[name] for c in companions])) for name in names}
        if companions
        else {},
        spread=max(
            (model.spread for model in models), key=lambda s: s.factor * (s.absolute + s.relative * 20.0)
        ),
        starts_at=min(model.starts_at for model in models),
        ends_at=max(model.ends_at for model in models),
        drift_per_day=max(model.drift_per_day for model in models),
        provisional=any(model.provisional for model in models),
        scores={},
        quantiles={},
        folds=0,
    )

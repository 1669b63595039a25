"""Air-quality sensors, from raw hours to a value with its uncertainty, flags and grade.

Pure functions on pandas and numpy: no framework, no clock, no file, no network. See README.md beside
this file. Importing a name is `import calibration` and then, for instance, `calibration.fit(...)`.
"""

from calibration.applying import apply, apply_each, explain
from calibration.bracketing import Bracket, Drift, drift, drift_history, line
from calibration.checks import PLAUSIBLE, outside_range, stuck
from calibration.choosing import FOR_PARTICLES, Candidate, choose, compare
from calibration.colocation import Refused, fit, update
from calibration.flags import VOCABULARY, Flag, Summary, carries, summary
from calibration.grades import grade, purposes
from calibration.hours import (
    COVERAGE_NEEDED,
    daily_means,
    hour_sums,
    hourly_means,
    means_from_sums,
    running_means,
)
from calibration.metrics import metrics
from calibration.models import CODE_VERSION, Model, Spread
from calibration.pairing import Lag, lag, to_hour_starts
from calibration.terms import METHODS
from calibration.uncertainty import daily_uncertainty

__version__ = CODE_VERSION

__all__ = [
    "CODE_VERSION",
    "COVERAGE_NEEDED",
    "FOR_PARTICLES",
    "METHODS",
    "PLAUSIBLE",
    "VOCABULARY",
    "Bracket",
    "Candidate",
    "Drift",
    "Flag",
    "Lag",
    "Model",
    "Refused",
    "Spread",
    "Summary",
    "apply",
    "apply_each",
    "carries",
    "choose",
    "compare",
    "daily_means",
    "daily_uncertainty",
    "drift",
    "drift_history",
    "explain",
    "fit",
    "grade",
    "hour_sums",
    "hourly_means",
    "lag",
    "line",
    "means_from_sums",
    "metrics",
    "outside_range",
    "purposes",
    "running_means",
    "stuck",
    "summary",
    "to_hour_starts",
    "update",
]

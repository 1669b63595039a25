"""Air-quality sensors, from raw hours to a value with its uncertainty, flags and grade.

Pure functions on pandas and numpy: no framework, no clock, no file, no network. See README.md beside
this file. Importing a name is `import calibration` and then, for instance, `calibration.fit(...)`.
"""

from calibration.applying import apply, apply_each
from calibration.checks import PLAUSIBLE, outside_range, stuck
from calibration.colocation import Refused, fit
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
from calibration.terms import METHODS

__version__ = CODE_VERSION

__all__ = [
    "CODE_VERSION",
    "COVERAGE_NEEDED",
    "METHODS",
    "PLAUSIBLE",
    "VOCABULARY",
    "Flag",
    "Model",
    "Refused",
    "Spread",
    "Summary",
    "apply",
    "apply_each",
    "carries",
    "daily_means",
    "fit",
    "grade",
    "hour_sums",
    "hourly_means",
    "means_from_sums",
    "metrics",
    "outside_range",
    "purposes",
    "running_means",
    "stuck",
    "summary",
]

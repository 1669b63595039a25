"""Air-quality sensors, from raw hours to a value with its uncertainty, flags and grade.

Pure functions on pandas and numpy: no framework, no clock, no file, no network. See README.md beside
this file. Importing a name is `import calibration` and then, for instance, `calibration.fit(...)`.
"""

from calibration.agreement import agreement, binned, by_hour, by_week, components
from calibration.applying import apply, apply_each, explain
from calibration.bracketing import Bracket, Drift, drift, drift_history, line
from calibration.checks import (
    PLAUSIBLE,
    outside_range,
    saturated,
    sizes_out_of_order,
    spike,
    step,
    stuck,
    warming_up,
)
from calibration.choosing import FOR_GASES, FOR_PARTICLES, Candidate, choose, compare, methods_for
from calibration.colocation import Refused, fit, update
from calibration.corrections import CORRECTIONS, correct, detection_limit
from calibration.drift_watch import alarms, residual_trend, watch
from calibration.equivalence import (
    NotMeaningful,
    Regression,
    between_references,
    between_sensors,
    indicative_class,
    regression,
    relative_expanded_uncertainty,
)
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
from calibration.line_intervals import BLOCK, LineIntervals, drift_interval, line_intervals
from calibration.metrics import metrics
from calibration.models import CODE_VERSION, Model, Spread
from calibration.neighbours import disagree_with_buddies, disagree_with_reference
from calibration.objectives import OBJECTIVES, QUALITY_OBJECTIVES, objective, quality_objective
from calibration.pairing import Lag, lag, to_hour_starts
from calibration.recomputing import from_document, hours_from_sums, recompute
from calibration.residuals import at_limit_value, breusch_pagan, forward_residuals
from calibration.rounding import rounded, rounded_all
from calibration.targets import TARGETS, fleet_error, meets, precision
from calibration.terms import METHODS
from calibration.uncertainty import daily_uncertainty
from calibration.units import nox_as_no2, to_mass, to_ppb
from calibration.units_unseen import pooled

__version__ = CODE_VERSION

__all__ = [
    "BLOCK",
    "CODE_VERSION",
    "CORRECTIONS",
    "COVERAGE_NEEDED",
    "FOR_GASES",
    "FOR_PARTICLES",
    "METHODS",
    "OBJECTIVES",
    "PLAUSIBLE",
    "QUALITY_OBJECTIVES",
    "TARGETS",
    "VOCABULARY",
    "Bracket",
    "Candidate",
    "Drift",
    "Flag",
    "Lag",
    "LineIntervals",
    "Model",
    "NotMeaningful",
    "Refused",
    "Regression",
    "Spread",
    "Summary",
    "agreement",
    "alarms",
    "apply",
    "apply_each",
    "at_limit_value",
    "between_references",
    "between_sensors",
    "binned",
    "breusch_pagan",
    "by_hour",
    "by_week",
    "carries",
    "choose",
    "compare",
    "components",
    "correct",
    "daily_means",
    "daily_uncertainty",
    "detection_limit",
    "disagree_with_buddies",
    "disagree_with_reference",
    "drift",
    "drift_history",
    "drift_interval",
    "explain",
    "fit",
    "fleet_error",
    "forward_residuals",
    "from_document",
    "grade",
    "hour_sums",
    "hourly_means",
    "hours_from_sums",
    "indicative_class",
    "lag",
    "line",
    "line_intervals",
    "means_from_sums",
    "meets",
    "methods_for",
    "metrics",
    "nox_as_no2",
    "objective",
    "outside_range",
    "pooled",
    "precision",
    "purposes",
    "quality_objective",
    "recompute",
    "regression",
    "relative_expanded_uncertainty",
    "residual_trend",
    "rounded",
    "rounded_all",
    "running_means",
    "saturated",
    "sizes_out_of_order",
    "spike",
    "step",
    "stuck",
    "summary",
    "to_hour_starts",
    "to_mass",
    "to_ppb",
    "update",
    "warming_up",
    "watch",
]

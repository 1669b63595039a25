from .agreement import agreement, binned, by_hour, by_week, components
from .applying import apply, apply_each, explain
from .bracketing import Bracket, Drift, drift, drift_history, line
from .checks import (
    PLAUSIBLE,
    outside_range,
    saturated,
    sizes_out_of_order,
    spike,
    step,
    stuck,
    warming_up,
)
from .choosing import FOR_GASES, FOR_PARTICLES, Candidate, choose, compare, methods_for
from .colocation import Refused, fit, update
from .corrections import CORRECTIONS, correct, detection_limit
from .coverage import COVERAGE_NEEDED
from .drift_watch import alarms, residual_trend, watch
from .equivalence import (
    NotMeaningful,
    Regression,
    between_references,
    between_sensors,
    indicative_class,
    regression,
    relative_expanded_uncertainty,
)
from .flags import VOCABULARY, Flag, Summary, carries, summary
from .grades import grade, purposes
from .hours import (
    daily_means,
    hour_sums,
    hourly_means,
    means_from_sums,
    running_means,
)
from .line_intervals import BLOCK, LineIntervals, drift_interval, line_intervals
from .metrics import metrics
from .models import Model, Spread
from .neighbours import disagree_with_buddies, disagree_with_reference
from .objectives import OBJECTIVES, QUALITY_OBJECTIVES, objective, quality_objective
from .pairing import Lag, lag, to_hour_starts
from .recomputing import from_document, hours_from_sums, recompute
from .residuals import at_limit_value, breusch_pagan, forward_residuals
from .rounding import rounded, rounded_all
from .targets import TARGETS, fleet_error, meets, precision
from .terms import METHODS
from .uncertainty import daily_uncertainty
from .units import nox_as_no2, to_mass, to_ppb
from .units_unseen import pooled
from .version import CODE_VERSION

__version__: str
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

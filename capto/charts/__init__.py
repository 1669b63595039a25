"""Charts drawn by the server: data in, SVG text out; no request, no database, no clock."""

from capto.charts.hours import hours_chart
from capto.charts.lines import Line, Point, Threshold
from capto.charts.profile import profile_chart
from capto.charts.report_charts import (
    Bin,
    Curve,
    Mark,
    Span,
    Trace,
    bins_chart,
    curve_chart,
    limit_strip,
    span_chart,
)
from capto.charts.scatter import Dot, FitLine, scatter_chart

__all__ = [
    "Bin",
    "Curve",
    "Dot",
    "FitLine",
    "Line",
    "Mark",
    "Point",
    "Span",
    "Threshold",
    "Trace",
    "bins_chart",
    "curve_chart",
    "hours_chart",
    "limit_strip",
    "profile_chart",
    "scatter_chart",
    "span_chart",
]

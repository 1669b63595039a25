"""Charts drawn by the server: data in, SVG text out; no request, no database, no clock."""

from capto.charts.hours import hours_chart
from capto.charts.lines import Line, Point, Threshold
from capto.charts.profile import profile_chart
from capto.charts.scatter import Dot, FitLine, scatter_chart

__all__ = [
    "Dot",
    "FitLine",
    "Line",
    "Point",
    "Threshold",
    "hours_chart",
    "profile_chart",
    "scatter_chart",
]

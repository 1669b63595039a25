"""Charts drawn by the server: data in, SVG text out; no request, no database, no clock."""

from capto.charts.hours import hours_chart
from capto.charts.lines import Line, Point, Threshold
from capto.charts.profile import profile_chart

__all__ = ["Line", "Point", "Threshold", "hours_chart", "profile_chart"]

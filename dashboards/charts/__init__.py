"""Charts drawn by the server: data in, SVG text out; no request, no database, no clock."""

from dashboards.charts.hours import hours_chart
from dashboards.charts.lines import Line, Point, Threshold
from dashboards.charts.profile import profile_chart

__all__ = ["Line", "Point", "Threshold", "hours_chart", "profile_chart"]

"""The grammar of charts: what a drawing must say, and must not."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from capto.charts import Dot, FitLine, Line, Point, Threshold, hours_chart, scatter_chart
from capto.charts.map import Spot, spots_map
from capto.charts.profile import Profile, profile_chart
from capto.charts.scales import midnights, step_of, ticks

START = datetime(2026, 11, 19, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def points(
    *values: float | None, uncertainty: float | None = None, is_provisional: bool = False
) -> list[Point]:
    return [
        Point(START + number * HOUR, value, uncertainty, is_provisional=is_provisional)
        for number, value in enumerate(values)
    ]


def chart(*lines: Line, thresholds: tuple[Threshold, ...] = (), hours: int = 8, narrow: bool = False) -> str:
    return hours_chart(
        lines,
        start=START,
        end=START + hours * HOUR,
        unit="µg/m³",
        title="PM2,5 : Berriat & <Frênes>",
        description="Entre 5 et 20.",
        ident="c",
        day_label=lambda at: f"jour {at.day}",
        hour_label=lambda at: f"{at.hour} h",
        figure=lambda value: f"{value:g}",
        thresholds=thresholds,
        narrow=narrow,
    )


def paths(svg: str, kind: str) -> list[str]:
    """Give the `d` of the paths of a class."""
    return [
        path.get("d", "")
        for path in ElementTree.fromstring(svg).iter("path")
        if kind in (path.get("class") or "").split()
    ]


def test_a_chart_is_well_formed_and_announces_itself() -> None:
    root = ElementTree.fromstring(chart(Line("Frênes", "reference", points(5.0, 6.0))))
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "c-t"
    assert [child.tag for child in list(root)[:2]] == ["title", "desc"]
    assert root.findtext("title") == "PM2,5 : Berriat & <Frênes>"


def test_a_missing_hour_is_a_gap_and_no_line_bridges_it() -> None:
    svg = chart(Line("Berriat", "lent", points(10.0, 11.0, None, 12.0, 13.0)))
    assert len(paths(svg, "lent")) == 2
    assert all(path.count("L") == 1 for path in paths(svg, "lent"))


def test_an_hour_that_is_not_there_at_all_is_a_gap_too() -> None:
    some = points(10.0, 11.0, 12.0, 13.0)
    del some[1]
    assert len(paths(chart(Line("Berriat", "lent", some)), "lent")) == 2


def test_an_hour_alone_is_a_dot() -> None:
    assert paths(chart(Line("Berriat", "lent", points(None, 10.0, None))), "lent")[0].endswith("h0")


def test_a_provisional_stretch_is_dashed_and_the_rest_is_not() -> None:
    mixed = [
        *points(10.0, 11.0),
        Point(START + 2 * HOUR, 12.0, is_provisional=True),
        Point(START + 3 * HOUR, 13.0, is_provisional=True),
    ]
    svg = chart(Line("Berriat", "lent", mixed))
    assert len(paths(svg, "lent")) == 2
    assert len(paths(svg, "provisional")) == 1
    assert paths(svg, "provisional")[0].count("L") == 2  # from the last firm hour on


def test_the_ribbon_holds_the_interval_and_only_where_it_is_known() -> None:
    known = chart(Line("Berriat", "lent", points(10.0, 10.0, uncertainty=5.0)))
    assert len(paths(known, "ribbon")) == 1
    assert paths(chart(Line("Berriat", "lent", points(10.0, 10.0))), "ribbon") == []


def test_the_axis_starts_at_zero_and_names_its_unit_once() -> None:
    svg = chart(Line("Berriat", "lent", points(52.0, 55.0)))
    figures = [text.text for text in ElementTree.fromstring(svg).iter("text")]
    assert "0" in figures
    assert figures.count("µg/m³") == 1


def test_a_negative_value_stays_on_the_drawing() -> None:
    svg = chart(Line("Berriat", "lent", points(-1.5, 4.0)))
    assert "-2" in [text.text for text in ElementTree.fromstring(svg).iter("text")]


def test_a_flagged_hour_is_hollow_and_says_why() -> None:
    stuck = Point(START, None, raw=14.0, reasons=("Valeur figée <3 h>",))
    svg = chart(Line("Berriat", "lent", [stuck, Point(START + HOUR, 20.0)]))
    (mark,) = [c for c in ElementTree.fromstring(svg).iter("circle") if c.get("class") == "flagged"]
    assert mark.findtext("title") == "Valeur figée <3 h>"


def test_a_flagged_hour_above_the_axis_is_an_arrow_and_does_not_flatten_the_rest() -> None:
    wild = Point(START, None, raw=900.0, reasons=("Hors de la plage plausible",))
    svg = chart(Line("Berriat", "lent", [wild, *points(10.0, 12.0)[1:]]))
    assert len(paths(svg, "flagged")) == 1
    assert "15" in [text.text for text in ElementTree.fromstring(svg).iter("text")]


def test_raw_dots_are_drawn_for_lent_sensors_only() -> None:
    raw = [Point(START, 10.0, raw=12.0)]
    assert len(paths(chart(Line("Berriat", "lent", raw)), "raw")) == 1
    assert paths(chart(Line("Frênes", "reference", raw)), "raw") == []


def test_what_was_lent_lies_above_the_reference() -> None:
    svg = chart(Line("Berriat", "lent", points(10.0, 11.0)), Line("Frênes", "reference", points(9.0, 9.0)))
    assert svg.index("line reference") < svg.index("line lent")


def test_a_threshold_names_its_law() -> None:
    svg = chart(
        Line("Frênes", "reference", points(9.0, 9.0)),
        thresholds=(Threshold(200.0, "Information, R221-1, 2010"),),
    )
    assert "Information, R221-1, 2010" in svg
    assert len(paths(svg, "threshold")) == 1


def test_no_drawing_carries_a_style_of_its_own() -> None:
    for narrow in (False, True):
        assert not re.search(
            r"style=|fill=|stroke=", chart(Line("B", "lent", points(1.0, 2.0)), narrow=narrow)
        )


def test_a_chart_without_any_value_is_still_a_chart() -> None:
    ElementTree.fromstring(chart(Line("Berriat", "lent", points(None, None))))


@pytest.mark.parametrize(
    ("start", "lengths"),
    [
        (datetime(2026, 3, 28, 12, tzinfo=UTC), [23]),  # the clock springs forward on 29 March 2026
        (datetime(2026, 10, 24, 12, tzinfo=UTC), [25]),  # and back on 25 October 2026
    ],
)
def test_days_of_23_and_25_hours_keep_their_length(start: datetime, lengths: list[int]) -> None:
    found = [m.timestamp() for m in midnights(start, start + timedelta(days=2))]
    assert [(b - a) / 3600 for a, b in pairwise(found)] == lengths


def test_ticks_are_round_and_hold_the_highest_figure() -> None:
    assert ticks(0.0, 83.0) == [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
    assert ticks(0.0, 0.3) == [0.0, 0.1, 0.2, 0.3]
    assert step_of(100.0, at_most=4) == 50.0


def test_the_profile_leaves_out_the_hours_without_a_mean() -> None:
    means = [10.0] * 24
    here: list[float | None] = [*means[:12], None, *means[13:]]
    svg = profile_chart(
        [Profile("lent", here, [2.0] * 24), Profile("reference", means)],
        unit="µg/m³", title="t", description="d", ident="p", hour_label=lambda h: f"{h} h", figure=lambda v: f"{v:g}",
    )  # fmt: skip
    assert len(paths(svg, "lent")) == 2
    assert len(paths(svg, "reference")) == 1
    assert len(paths(svg, "ribbon")) == 2


def test_the_map_tells_stations_and_sensors_apart_by_shape() -> None:
    svg = spots_map(
        [
            Spot(45.16, 5.73, "reference", "Les Frênes", figure="6"),
            Spot(45.19, 5.71, "lent", "Berriat", "Grenoble", "7"),
            Spot(45.20, 5.76, "lent", "Buclos", "Meylan", ""),
        ],
        title="Carte", description="…", ident="m",
    )  # fmt: skip
    root = ElementTree.fromstring(svg)
    assert [r.get("class") for r in root.iter("rect")] == ["ground", "spot reference"]
    assert sorted(str(c.get("class")) for c in root.iter("circle")) == ["spot lent", "spot lent empty"]


def test_the_map_keeps_north_up_and_east_right() -> None:
    svg = spots_map(
        [Spot(45.1, 5.7, "lent", "sud-ouest", figure="1"), Spot(45.2, 5.9, "lent", "nord-est", figure="2")],
        title="Carte", description="…", ident="m",
    )  # fmt: skip
    first, second = (
        (float(c.get("cx", 0)), float(c.get("cy", 0))) for c in ElementTree.fromstring(svg).iter("circle")
    )
    assert first[0] < second[0]
    assert first[1] > second[1]


def test_a_map_of_one_spot_is_drawn() -> None:
    ElementTree.fromstring(
        spots_map([Spot(45.1, 5.7, "lent", "seul")], title="t", description="d", ident="m")
    )


def scatter(*dots: Dot, **options: Any) -> str:
    return scatter_chart(
        dots,
        x_label="station (µg/m³)",
        y_label="capteur (µg/m³)",
        title="Capteur & station",
        description="Chaque point est une heure.",
        ident="s",
        figure=lambda value: f"{value:g}",
        **options,
    )


def test_a_scatter_draws_all_plain_pairs_as_one_path_and_an_outlier_hollow_with_its_reason() -> None:
    svg = scatter(Dot(1.0, 2.0), Dot(10.0, 9.0), Dot(5.0, 30.0, ("Cook > 4/n & loin",)))
    (pairs,) = paths(svg, "pair")
    assert pairs.count("M") == 2
    (circle,) = list(ElementTree.fromstring(svg).iter("circle"))
    assert circle.get("class") == "flagged"
    assert circle.findtext("title") == "Cook > 4/n & loin"


def test_a_fit_line_is_cut_at_the_frame() -> None:
    svg = scatter(
        Dot(0.0, 0.0), Dot(10.0, 10.0), lines=[FitLine(0.0, 2.0), FitLine(0.0, 1.0, kind="identity")]
    )
    left, right, top, bottom = 28.0, 546.0, 30.0, 354.0  # the margin holds « 10 », two figures of 8 beside 12
    middle = (left + right) / 2
    assert paths(svg, "fit") == [f"M{left:g} {bottom:g}L{middle:g} {top:g}"]  # y = 2x meets 10 at x = 5
    assert paths(svg, "identity") == [f"M{left:g} {bottom:g}L{right:g} {top:g}"]
    assert paths(scatter(Dot(0.0, 0.0), Dot(10.0, 10.0), lines=[FitLine(50.0, 0.0)]), "fit") == []


def test_a_residual_panel_spans_what_there_is_and_keeps_its_zero() -> None:
    svg = scatter(Dot(60.0, -2.0), Dot(95.0, 3.0), x_from_zero=False)
    ticks_written = [el.text for el in ElementTree.fromstring(svg).iter("text") if el.get("class") == "tick"]
    assert "60" in ticks_written and "0" in ticks_written and "20" not in ticks_written
    assert len(paths(svg, "zero")) == 1


def test_a_scatter_without_a_pair_is_an_empty_frame() -> None:
    assert paths(scatter(), "pair") == []


def test_a_month_of_hours_names_every_third_day_or_so_rather_than_none() -> None:
    line = Line("Frênes", "reference", points(*[5.0] * 24 * 31))
    root = ElementTree.fromstring(chart(line, hours=24 * 31))
    names = [el for el in root.iter("text") if el.get("class") == "day-name"]
    places = [float(el.get("x", "0")) for el in names]
    assert 8 <= len(names) <= 12
    assert all(after - before >= 56 for before, after in pairwise(places))

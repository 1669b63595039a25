"""The daily profile: the mean of each hour of the day, at a place and at its station."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from capto.charts.axes import left_margin, value_axis
from capto.charts.scales import Frame, ticks
from capto.charts.svg import drawing, element, polyline, text


@dataclass(frozen=True, slots=True)
class Profile:
    """The 24 means of a line, by hour of the day in Europe/Paris, with the half-width of their 95 % interval."""

    kind: Literal["reference", "lent"]
    means: Sequence[float | None]
    uncertainties: Sequence[float | None] = (None,) * 24


def profile_chart(
    profiles: Sequence[Profile],
    *,
    unit: str,
    title: str,
    description: str,
    ident: str,
    hour_label: Callable[[int], str],
    figure: Callable[[float], str],
    narrow: bool = False,
) -> str:
    """Draw profiles of 24 hours as one SVG; the axis starts at zero."""
    width, height = (360, 260) if narrow else (760, 280)
    tops = [
        mean + (uncertainty or 0.0)
        for profile in profiles
        for mean, uncertainty in zip(profile.means, profile.uncertainties, strict=True)
        if mean is not None
    ]
    steps = ticks(0.0, max(tops, default=0.0), at_most=4)
    frame = Frame(left_margin(steps, figure), 30.0, width - 14.0, height - 26.0, steps[0], steps[-1])
    parts = value_axis(steps, frame, unit=unit, figure=figure)
    for hour in range(0, 24, 6 if narrow else 3):
        place = frame.x(hour / 23)
        parts.append(
            text(hour_label(hour), x=place, y=frame.bottom + 18, class_="tick", text_anchor="middle")
        )
    ordered = sorted(profiles, key=lambda profile: profile.kind == "lent")
    for profile in ordered:
        parts += _band(profile, frame)
    for profile in ordered:
        for run in _runs([hour for hour in range(24) if profile.means[hour] is not None]):
            places = [(frame.x(hour / 23), frame.y(profile.means[hour] or 0.0)) for hour in run]
            parts.append(element("path", d=polyline(places), class_=f"line {profile.kind}"))
    return drawing(
        "".join(parts), width=width, height=height, title=title, description=description, ident=ident,
        class_="for-phone" if narrow else "for-desk",
    )  # fmt: skip


def _band(profile: Profile, frame: Frame) -> list[str]:
    known = [h for h in range(24) if profile.means[h] is not None and profile.uncertainties[h] is not None]
    parts = []
    for run in _runs(known):
        if len(run) > 1:
            ends = [(h, profile.means[h] or 0.0, profile.uncertainties[h] or 0.0) for h in run]
            upper = [(frame.x(h / 23), frame.y(mean + half)) for h, mean, half in ends]
            lower = [(frame.x(h / 23), frame.y(mean - half)) for h, mean, half in reversed(ends)]
            parts.append(element("path", d=polyline(upper + lower) + "Z", class_="ribbon"))
    return parts


def _runs(hours: Sequence[int]) -> list[list[int]]:
    """Split hours of the day into runs without a gap.

    >>> _runs([0, 1, 3])
    [[0, 1], [3]]
    """
    runs: list[list[int]] = []
    for hour in hours:
        if runs and hour == runs[-1][-1] + 1:
            runs[-1].append(hour)
        else:
            runs.append([hour])
    return runs

"""Which approved calibration each hour of a channel rests on, from the stays of its sensor beside a station. Pure.

Hours are whole hours since 1970. On the bench an hour rests on the fit of that stay; between two stays on both, its
share of the drift interpolated; after the last one on that one alone, provisional, until its validity ends; after
that the correction is still applied but counts for nothing (grade D) until a new stay comes.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

FOREVER: Final = 10_000_000  # hours since 1970: in the year 3110


class Stay(NamedTuple):
    """An approved calibration and the hours [begin, end) of its co-location; `provisional` as its fit says."""

    calibration: int
    method: str
    begin: int
    end: int
    valid_from: int
    valid_to: int
    provisional: bool = False


class Span(NamedTuple):
    """Hours [begin, end) that rest on one calibration, or on two (`second` is 0 for none).

    `basis` is a word of `calibration.grade`: bracketed, single, generic, or none where the validity ended.
    """

    begin: int
    end: int
    calibration: int
    second: int
    basis: str
    provisional: bool


def spans(stays: Iterable[Stay]) -> list[Span]:
    """Give the spans of a channel in the order of time, without overlap, from its approved stays."""
    ordered = sorted(stays, key=lambda stay: (stay.begin, stay.calibration))
    found: list[Span] = []
    for number, stay in enumerate(ordered):
        following = ordered[number + 1] if number + 1 < len(ordered) else None
        end = min(stay.end, following.begin) if following else stay.end
        if number == 0:
            found.append(Span(stay.valid_from, stay.begin, stay.calibration, 0, "single", True))
        found.append(Span(stay.begin, end, stay.calibration, 0, "single", stay.provisional))
        found += _after(stay, end, following)
    return [span for span in found if span.begin < span.end]


def _after(stay: Stay, end: int, following: Stay | None) -> list[Span]:
    until = following.begin if following else FOREVER
    if following and following.method == stay.method:
        provisional = stay.provisional or following.provisional
        return [Span(end, until, stay.calibration, following.calibration, "bracketed", provisional)]
    expiry = min(max(stay.valid_to, end), until)
    return [
        Span(end, expiry, stay.calibration, 0, "single", True),
        Span(expiry, until, stay.calibration, 0, "none", True),
    ]


def generic(span: Stay) -> list[Span]:
    """Give the one span of a correction that belongs to a sensor model: no stay of the unit itself."""
    return [Span(span.valid_from, span.valid_to, span.calibration, 0, "generic", True)]


def overlay(own: list[Span], shared: list[Span]) -> list[Span]:
    """Put the spans of a sensor's own stays over those of its model, which fill what the own ones leave."""
    found = list(own)
    for span in shared:
        begin = span.begin
        for covered in own:
            if covered.end <= begin or covered.begin >= span.end:
                continue
            if covered.begin > begin:
                found.append(span._replace(begin=begin, end=covered.begin))
            begin = max(begin, covered.end)
        if begin < span.end:
            found.append(span._replace(begin=begin))
    return sorted(found)

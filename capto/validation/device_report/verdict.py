"""Fit for awareness, for study, or not, and why: one rule, published, the same for everyone.

[P], built on the classes of CEN/TS 17660 as calibration.md, section 12.1, has them, worded as indicative. The
rule asks for uncertainty, capture, duration and agreement between units. R² and the bias are shown and never judged.
"""

from __future__ import annotations

from typing import Any, Final

from calibration.objectives import objective
from calibration.targets import TARGETS

SHORTEST_HOURS: Final = 72  # below it nothing is said
FEWEST_PAIRS: Final = 48
STUDY_DAYS: Final = 14
STUDY_PAIRS: Final = 250
CAPTURE: Final = 0.75
LARGEST_CV: Final = 30.0  # percent, between units (EPA), or the SD of the same table
FEWEST_DAILY: Final = 10  # pairs of days below which particles are judged on hours


def verdict(report: dict[str, Any]) -> dict[str, Any]:
    """Judge the units as delivered: code study, awareness, neither or undetermined, with each reason and its figure.

    The worst unit decides. `after_correction` says the same of the library's correction on forward blocks.
    """
    reasons: list[dict[str, Any]] = []
    classes = objective(report["pollutant"])
    judged = [_unit(entry, report, classes) for entry in report["sensors"]]
    for entry, (u, where) in zip(report["sensors"], judged, strict=True):
        entry["deciding"] = {"uncertainty": u, "where": where}
    names = [entry["name"] for entry in report["sensors"]]
    sensors = report["sensors"]
    pairs = [entry["hourly"]["n"] or 0 for entry in sensors]
    longest = report["period"]["days"] or 0.0

    def say(
        code: str, *, helps: bool, value: Any = None, limit: Any = None, sensor: str | None = None
    ) -> bool:
        reasons.append({"code": code, "helps": helps, "value": value, "limit": limit, "sensor": sensor})
        return helps

    unknown = [u is None for u, _ in judged]
    if any(entry["beside"]["labels_disagree"] for entry in sensors):
        say("hour_labels", helps=False)
    if any(entry["beside"]["unit_suspected"] for entry in sensors):
        say("unit_suspected", helps=False)
    short = longest * 24 < SHORTEST_HOURS or min(pairs) < FEWEST_PAIRS
    if short:
        say("too_short", helps=False, value=[longest * 24, min(pairs)], limit=[SHORTEST_HOURS, FEWEST_PAIRS])
    if any(unknown):
        say("no_uncertainty", helps=False, sensor=names[unknown.index(True)])
    code = "undetermined"
    if not reasons:
        worst = max(range(len(judged)), key=lambda k: judged[k][0] or 0.0)
        u, where = judged[worst]
        assert u is not None
        study = say(
            "uncertainty_study",
            helps=u <= classes.class_2,
            value=[u, where],
            limit=classes.class_2,
            sensor=names[worst],
        )
        aware = u <= classes.class_3
        if not study:
            say(
                "uncertainty_awareness",
                helps=aware,
                value=[u, where],
                limit=classes.class_3,
                sensor=names[worst],
            )
        shares = [entry["capture"]["sensor_share"] or 0.0 for entry in sensors]
        captured = say(
            "capture",
            helps=min(shares) >= CAPTURE,
            value=min(shares),
            limit=CAPTURE,
            sensor=names[shares.index(min(shares))],
        )
        long_enough = say(
            "duration",
            helps=longest >= STUDY_DAYS and min(pairs) >= STUDY_PAIRS,
            value=[longest, min(pairs)],
            limit=[STUDY_DAYS, STUDY_PAIRS],
        )
        alike = _units_alike(report, say)
        falls = [entry["hourly"]["slope"] is not None and entry["hourly"]["slope"] <= 0 for entry in sensors]
        if any(falls):
            say("negative_slope", helps=False, sensor=names[falls.index(True)])
        follows = not any(falls)
        if study and captured and long_enough and alike and follows:
            code = "study"
        elif aware and captured and follows:
            code = "awareness"
        else:
            code = "neither"
    return {
        "code": code,
        "for_one_unit_only": not report["between_units"]["assessable"],
        "reasons": reasons,
        "class": {"1": classes.class_1, "2": classes.class_2, "3": classes.class_3, "source": classes.source},
        "after_correction": _after(report, classes),
    }


def _unit(entry: dict[str, Any], report: dict[str, Any], classes: Any) -> tuple[float | None, str]:
    """Give the uncertainty that decides for a unit, and where it was read: limit value, or high observed values."""
    daily = classes.averaging == "24h" and (entry["daily"]["n"] or 0) >= FEWEST_DAILY
    found = entry["daily" if daily else "hourly"]["uncertainty"] or entry["daily"]["uncertainty"]
    return _decides(found)


def _decides(found: dict[str, Any] | None) -> tuple[float | None, str]:
    """Take U at the limit value; where that is extrapolated or absent, the larger of it and U at the observed P90."""
    if not found:
        return None, ""
    at_limit, high = found["at_limit_value"], found["at_p90"][1]
    if at_limit is not None and not found["extrapolated"]:
        return at_limit, "limit_value"
    if at_limit is not None and (high is None or at_limit >= high):
        return at_limit, "limit_value_extrapolated"
    return high, "observed_p90"


def _units_alike(report: dict[str, Any], say: Any) -> bool:
    between = report["between_units"]
    if not between["assessable"]:
        say("few_units", helps=False, value=between["units"], limit=3)
        return True  # said on the first page: the verdict is of these units only
    target = TARGETS.get(report["pollutant"])
    row = between["daily"] if target is not None and target.averaging == "24h" else between["hourly"]
    if row["cv"] is None:
        row = between["hourly"]
    if row["cv"] is None:
        say("units_never_together", helps=False)
        return False
    small = target is not None and target.unit == report["unit"] and row["sd"] <= target.sd
    return bool(
        say("between_units", helps=row["cv"] <= LARGEST_CV or small, value=row["cv"], limit=LARGEST_CV)
    )


def _after(report: dict[str, Any], classes: Any) -> dict[str, Any]:
    """Say what the library's correction would make of the units, on hours that it has not seen."""
    found = [entry["corrected"]["library"] for entry in report["sensors"]]
    if any(one["refused"] for one in found):
        return {"code": "undetermined", "uncertainty": None, "where": "", "method": None}
    judged = [_decides(one["uncertainty"]) for one in found]
    known = [(u, where) for u, where in judged if u is not None]
    if len(known) < len(judged):
        return {"code": "undetermined", "uncertainty": None, "where": "", "method": None}
    worst, where = max(known)
    code = "study" if worst <= classes.class_2 else "awareness" if worst <= classes.class_3 else "neither"
    return {
        "code": code,
        "uncertainty": worst,
        "where": where,
        "method": found[[u for u, _ in judged].index(worst)]["method"],
    }

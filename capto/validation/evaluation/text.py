"""Print the report of `capto evaluate` for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from capto.validation.device_report.words import Words, reason, verdict_title, warning

FIGURES: Final = (
    "n",
    "r2",
    "slope",
    "intercept",
    "rmse",
    "nrmse",
    "mbe",
    "mae",
    "orthogonal_slope",
    "orthogonal_intercept",
)


def as_text(report: dict[str, Any]) -> str:
    """Print the report for people."""
    reference = report["reference"]
    station = f"{Path(reference['file']).name} ({reference['column']})"
    lines = [f"{report['pollutant']} in {report['unit']}, against {station}"]
    names = (*FIGURES, "coverage")
    for sensor in report["sensors"]:
        lines += ["", f"{sensor['name']} ({sensor['column']})", f"  {'':<22}{'hourly':>12}{'daily':>12}"]
        for name in names:
            cells = [_cell(name, sensor[period].get(name)) for period in ("hourly", "daily")]
            lines.append(f"  {name.replace('_', ' '):<22}{cells[0]:>12}{cells[1]:>12}")
        for period in ("hourly", "daily"):
            found = sensor[period]["uncertainty"]
            if found and found["at_limit_value"] is not None:
                outside = ", extrapolated" if found["extrapolated"] else ""
                lines.append(
                    f"  U_r at the limit value {found['limit_value']:.4g} ({period} means): "
                    f"{found['at_limit_value']:.1f} %{outside}; {found['class_wording']}"
                )
        side = sensor["beside"]
        if side["labels_disagree"]:
            lines.append(
                f"  The two files agree better {side['lag_hours']:+d} h apart: check hour labels and zones."
            )
        lines.append(
            "  Beside, nothing removed: "
            + ", ".join(
                f"{name.replace('_', ' ')} {side[name]}"
                for name in side
                if name.endswith(("hours", "spikes", "reference")) and name != "lag_hours"
            )
        )
        lines += [
            f"  {path}: {text}: {count}"
            for path, entry in (("sensor", sensor), ("reference", reference))
            for text, count in entry["noticed"].items()
        ]
    if "together" in report:
        lines.append("")
        for period, found in report["together"].items():
            if found["sd"] is not None:
                lines.append(
                    f"{period}: {found['units']} units, n {found['n_all_units']}, SD {found['sd']:.3f}, "
                    f"CV {found['cv']:.2f} %, u(bs,s) {found['between_sensors']:.3f}, "
                    f"fleet RMSE {_cell('rmse', found['rmse'])} (n {found['n_with_reference']})"
                )
    lines += ["", *verdict_lines(report)]
    return "\n".join(lines)


def verdict_lines(report: dict[str, Any]) -> list[str]:
    """Print the verdict of the report's first page with its reasons; + helps, - does not."""
    words, verdict = Words("en"), report["verdict"]
    lines = [f"As delivered, indicative: {verdict_title(words, verdict['code'])}."]
    lines += [f"  {'+' if row['helps'] else '-'} {reason(words, row)}" for row in verdict["reasons"]]
    said = {row["code"] for row in verdict["reasons"]}
    lines += [f"  ! {warning(words, row)}" for row in report["warnings"] if row["code"] not in said]
    return lines


def _cell(name: str, value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}" if name == "n" else f"{value:.4f}"

"""Report how many real hours lie inside the stated interval, for every split and every JRC unit, as they come.

Five PMS5003 beside the station of Ispra (JRC, January 2020): fitted on the first (forwards) or last (backwards) 5, 7
or 9 days, judged on all the other hours. One line a unit and one pooled line a split: share held, mean full width in
µg/m³, mean error (value minus station), and beside them what ± 2 standard deviations of the fit would have held. The
aim is 90 to 98 % pooled at the smallest width; the figures are printed whatever they are, and nothing is tuned on
these hours.
"""

import argparse
import json
import sys
from pathlib import Path

import pandas as pd

import calibration

ROOT = Path(__file__).resolve().parents[2]
BOXES = ("40816F", "40458D", "4047D0", "406414", "40642E")
DAYS = (5, 7, 9)
STATION = (
    0.75,
    0.0,
)  # µg/m³: middle of 0.5-1 for PM where the station declares none (calibration.md, section 9)
READINGS = 45  # of sixty in an hour
AIM = (0.90, 0.98)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "jrc_airsenseur")
    folder = options.parse_args().data
    if not folder.is_dir():
        print(f"intervals: no folder {folder}; name JRC's files with --data", file=sys.stderr)
        return 1
    units = {box: hourly(folder / f"pms5003_pm10_{box}.csv") for box in BOXES}
    for way in ("forwards", "backwards"):
        for days in DAYS:
            pooled([judge(units[box], box=box, days=days, way=way) for box in BOXES], days=days, way=way)
    return 0


def hourly(path: Path) -> pd.DataFrame:
    """Give the hourly pairs of a unit: reference, raw, humidity."""
    minutes = pd.read_csv(path)
    hour = pd.to_datetime(minutes["date"], unit="s", utc=True).dt.floor("h")
    named = minutes.rename(columns={"x": "reference", "y": "raw", "Relative_humidity": "humidity"})
    grouped = named[["reference", "raw", "humidity"]].groupby(hour)
    return grouped.mean()[grouped.size() >= READINGS].rename_axis("hour")


def judge(pairs: pd.DataFrame, *, box: str, days: int, way: str) -> pd.DataFrame:
    """Fit on some days, print what the others hold, and give error, interval and naive interval of each hour."""
    length = pd.Timedelta(days=days)
    first, last = pairs.index[0], pairs.index[-1]
    fitted = pairs.index < first + length if way == "forwards" else pairs.index > last - length
    known, rest = pairs[fitted], pairs[~fitted]
    tried = calibration.compare(
        known, methods=calibration.FOR_PARTICLES, reference_uncertainty=STATION, quantity="pm10"
    )
    model = calibration.choose(tried).model
    assert model is not None
    found = calibration.apply(model, rest)
    own = known["reference"] - calibration.apply(model, known)["value"]
    hours = pd.DataFrame(
        {
            "error": found["value"] - rest["reference"],
            "half": found["expanded_uncertainty"],
            "naive": 2.0 * float(own.std()),
        }
    )
    say(hours, case="unit", unit=box, method=model.method, days=days, way=way)
    return hours


def pooled(units: list[pd.DataFrame], *, days: int, way: str) -> None:
    hours = pd.concat(units)
    held = float((hours["error"].abs() <= hours["half"]).mean())
    say(hours, case="pooled", days=days, way=way, reached=bool(AIM[0] <= held <= AIM[1]))


def say(hours: pd.DataFrame, **line: object) -> None:
    error = hours["error"].abs()
    figures = {
        "n": len(hours),
        "held": round(float((error <= hours["half"]).mean()), 4),
        "mean_width": round(float(2.0 * hours["half"].mean()), 2),
        "mean_error": round(float(hours["error"].mean()), 2),
        "naive_held": round(float((error <= hours["naive"]).mean()), 4),
    }
    print(json.dumps({"bench": "intervals", **line, **figures}), flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""Evaluate a month of minute data of ten units against hourly reference: to JSON, and to the PDF report.

`seconds` is the whole command, its start included; `ratio_to_raw` the time over that of merely starting Python with
pandas and parsing the same files as numbers and times.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

UNITS, DAYS = 10, 30
RUNS = 3
PARSE = """
import sys, pandas as pd
for path in sys.argv[1:]:
    pd.to_datetime(pd.read_csv(path)["time"], format="ISO8601", utc=True)
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        files = written(Path(name))
        raw = min(timed([sys.executable, "-c", PARSE, *map(str, files)]) for _ in range(RUNS))
        columns = "--value-column pm25 --humidity-column humidity --temperature-column temperature"
        options = f"--pollutant pm25 {columns} --reference-value-column value".split()
        command = [sys.executable, "-m", "capto", "evaluate", *map(str, files), *options]
        for case, more in (
            ("json", ["--json", f"{name}/out.json"]),
            ("pdf", ["--report", f"{name}/out.pdf", "--device", "Bench"]),
        ):
            seconds = sorted(timed([*command, *more]) for _ in range(RUNS))[RUNS // 2]
            line = {
                "case": case,
                "seconds": round(seconds, 2),
                "units": UNITS,
                "rows": UNITS * DAYS * 1440,
                "raw_seconds": round(raw, 2),
                "ratio_to_raw": round(seconds / raw, 2),
            }
            print(json.dumps(line), flush=True)


def timed(command: list[str]) -> float:
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def written(folder: Path) -> list[Path]:
    """Write ten units of minutes and an hourly reference, drawn with a fixed seed."""
    rng = np.random.default_rng(0)
    minutes = pd.date_range("2026-09-01", periods=DAYS * 1440, freq="min", tz="UTC")
    hours = minutes[::60]
    clock = np.arange(hours.size) / 24 * 2 * np.pi
    air = np.cumsum(rng.normal(0, 0.8, hours.size)) + 8 * np.sin(clock)
    air += 3 - air.min()
    humidity = np.clip(65 + 20 * np.sin(clock + 1) + rng.normal(0, 4, hours.size), 20, 99)
    temperature = 15 + 7 * np.sin(clock - 2) + rng.normal(0, 1, hours.size)
    text = minutes.strftime("%Y-%m-%dT%H:%M:%SZ")
    files = []
    for unit in range(UNITS):
        signal = np.repeat(air * (1.3 + 0.03 * unit) * (1 + 0.004 * (humidity - 50)) + 2, 60)
        table = {
            "time": text,
            "pm25": (signal + rng.normal(0, 2, minutes.size)).round(2),
            "humidity": np.repeat(humidity, 60).round(1),
            "temperature": np.repeat(temperature, 60).round(1),
        }
        files.append(folder / f"unit{unit}.csv")
        pd.DataFrame(table).to_csv(files[-1], index=False)
    files.append(folder / "reference.csv")
    pd.DataFrame({"time": text[::60], "value": air.round(3)}).to_csv(files[-1], index=False)
    return files


if __name__ == "__main__":
    main()

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_calibrate_bench_prints_its_two_cases_and_nothing_else() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "deploy" / "bench.py", "calibrate", "--sensors", "4", "--hours", "60"],
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    day, year = (json.loads(line) for line in done.stdout.splitlines())
    assert (day["bench"], day["case"], day["messages"], day["readings"]) == ("calibrate", "day", 5760, 11520)
    assert (year["case"], year["values"]) == ("year", 240)
    assert year["seconds"] > 0 and year["peak_mb"] > 0 and year["ratio_to_raw"] > 0

"""`capto evaluate` on files of its own making and, where they are there, on the published data."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from capto.validation.evaluation.text import FIGURES
from tests.validation.evaluating import HOURS, TRUTH, refusal, run, write


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    return write(tmp_path / "reference.csv", TRUTH)


def test_a_sensor_that_follows_a_known_line_gives_that_line_back(
    tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run(capsys, write(tmp_path / "a.csv", 3.0 + 1.5 * TRUTH), reference, "--pollutant", "pm25")
    hourly = found["hourly"]
    assert hourly["n"] == 96
    assert (hourly["slope"], hourly["intercept"], hourly["r2"]) == pytest.approx((1.5, 3.0, 1.0))
    assert hourly["mbe"] == pytest.approx(3.0 + 0.5 * TRUTH.mean())
    assert hourly["nrmse"] == pytest.approx(100 * hourly["rmse"] / TRUTH.mean())
    assert found["daily"]["n"] == 4
    assert set(FIGURES) <= set(hourly) and set(FIGURES) <= set(found["daily"])


def test_minutes_are_averaged_where_three_quarters_of_the_hour_are_there(
    tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    minutes = pd.date_range("2026-01-01", periods=180, freq="min", tz="UTC")
    values = np.repeat(TRUTH[:3], 60)
    keep = np.r_[0:45, 60:104, 120:180]  # 45, 44 and 60 minutes
    found = run(
        capsys, write(tmp_path / "a.csv", values[keep], times=minutes[keep]), reference, "--pollutant", "pm25"
    )
    assert found["hourly"]["n"] == 2
    assert found["hourly"]["rmse"] == pytest.approx(0.0, abs=1e-12)


def test_days_need_eighteen_hours(
    tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep = np.r_[0:18, 24:41, 48:96]
    found = run(
        capsys, write(tmp_path / "a.csv", TRUTH[keep], times=HOURS[keep]), reference, "--pollutant", "pm25"
    )
    assert found["daily"]["n"] == 3


def test_a_european_file_is_read_as_it_is(
    tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    local = HOURS.tz_convert("Europe/Paris").strftime("%d/%m/%Y %H:%M")
    rows = "".join(f"{t};{v:.4f}\n".replace(".", ",") for t, v in zip(local, TRUTH, strict=True))
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f"Station X\nExport\n\nDate;PM2,5 (µg/m³)\n{rows}".encode())
    found = run(
        capsys,
        path,
        reference,
        "--pollutant",
        "pm25",
        "--timezone",
        "Europe/Paris",
        "--time-column",
        "Date",
        "--value-column",
        "PM2,5 (µg/m³)",
        "--reference-time-column",
        "time",
        "--reference-value-column",
        "value",
        "--reference-timezone",
        "UTC",
    )
    assert found["hourly"]["n"] == 96
    assert found["hourly"]["rmse"] < 1e-4


@pytest.mark.parametrize(
    "shape",
    [
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%d %H:%M",
        "%Y/%m/%d %H:%M",
        "%m/%d/%Y %H:%M",
        "%d/%m/%Y %H.%M.%S",
        "%Y%m%d%H%M",
        "%m/%d/%Y %I:%M %p",
        "epoch",
        "milliseconds",
    ],
)
def test_many_ways_to_write_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str], shape: str) -> None:
    # 20 days from the 1st, so that one of day and month passes 12
    hours = pd.date_range("2026-01-01", periods=480, freq="h", tz="UTC")
    truth = 20.0 + np.sin(np.arange(480.0))
    seconds = hours.as_unit("s").asi8
    times = {"epoch": seconds, "milliseconds": seconds * 1000}.get(shape)
    found = run(
        capsys,
        write(tmp_path / "a.csv", truth, times=hours.strftime(shape) if times is None else times),
        write(tmp_path / "r.csv", truth, times=hours),
        "--pollutant",
        "pm25",
    )
    assert (found["hourly"]["n"], found["hourly"]["rmse"]) == (480, 0.0)


def test_hours_labelled_by_their_end_are_moved(
    tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "a.csv", TRUTH, times=HOURS + pd.Timedelta(hours=1))
    wrong = run(capsys, path, reference, "--pollutant", "pm25")
    assert wrong["sensors"][0]["beside"]["labels_disagree"]
    assert wrong["hourly"]["n"] == 95  # reported beside; no pair is removed for it
    right = run(
        capsys,
        path,
        reference,
        "--pollutant",
        "pm25",
        "--hour-label",
        "end",
        "--reference-hour-label",
        "begin",
    )
    assert (right["hourly"]["n"], right["hourly"]["rmse"]) == (96, 0.0)


def test_missing_value_codes_are_left_out_and_reported(
    tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = TRUTH.copy()
    values[[3, 4]] = -999.0
    path = write(tmp_path / "a.csv", values)
    found = run(capsys, path, reference, "--pollutant", "pm25")
    assert found["hourly"]["n"] == 94
    assert found["sensors"][0]["noticed"] == {"missing-value code -999, left out": 2}
    assert run(capsys, path, reference, "--pollutant", "pm25", "--missing", "none")["hourly"]["n"] == 96


def test_no_check_removes_a_pair(tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = TRUTH.copy()
    values[50] = 5000.0
    values[10:16] = 12.0
    found = run(capsys, write(tmp_path / "a.csv", values), reference, "--pollutant", "pm25")
    assert found["hourly"]["n"] == 96
    noticed = found["sensors"][0]["beside"]
    assert (noticed["hours_out_of_range"], noticed["stuck_hours"], noticed["spikes"]) == (1, 6, 1)


def test_refused_figures_are_null(
    tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(1).normal(20.0, 5.0, 96)
    found = run(capsys, write(tmp_path / "a.csv", noise), reference, "--pollutant", "pm25")["hourly"]
    assert found["r2"] < 0.3
    assert found["orthogonal_slope"] is None and found["orthogonal_intercept"] is None
    assert found["slope"] is not None and found["uncertainty"]["regression"] == "ols"
    day = write(tmp_path / "b.csv", TRUTH[:24], times=HOURS[:24])
    flat = run(capsys, day, reference, "--pollutant", "pm25")["daily"]
    assert (
        flat["n"] == 1 and flat["slope"] is None and flat["r2"] is None and flat["rmse"] == pytest.approx(0.0)
    )


def test_several_sensors_are_reported_apart_and_together(
    tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run(
        capsys,
        write(tmp_path / "a.csv", TRUTH + 1),
        write(tmp_path / "b.csv", TRUTH - 1),
        reference,
        "--pollutant",
        "pm25",
    )
    assert [s["name"] for s in found["sensors"]] == ["a", "b"]
    assert [s["hourly"]["mbe"] for s in found["sensors"]] == pytest.approx([1.0, -1.0])
    assert found["together"]["hourly"]["between_sensors"] == pytest.approx(2**0.5)
    assert found["together"]["hourly"]["sd"] == pytest.approx((2 * 96 / (2 * 96 - 1)) ** 0.5)


def test_a_reference_in_another_unit_is_converted_only_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ppb = write(tmp_path / "a.csv", TRUTH)
    mass = write(tmp_path / "r.csv", TRUTH * 1.91251)
    plain = run(capsys, ppb, mass, "--pollutant", "no2", "--unit", "ppb")
    assert plain["hourly"]["slope"] == pytest.approx(1 / 1.91251, rel=1e-5)
    asked = run(capsys, ppb, mass, "--pollutant", "no2", "--unit", "ppb", "--reference-unit", "ug/m3")
    assert asked["hourly"]["slope"] == pytest.approx(1.0, rel=1e-4)
    assert asked["hourly"]["uncertainty"]["limit_value"] == pytest.approx(104.575, abs=1e-3)
    carbon = run(
        capsys,
        write(tmp_path / "c.csv", TRUTH),
        write(tmp_path / "d.csv", TRUTH * 1.1644),
        "--pollutant",
        "co",
        "--unit",
        "ppm",
        "--reference-unit",
        "mg/m3",
    )
    assert carbon["hourly"]["slope"] == pytest.approx(1.0, rel=1e-4)


def test_bad_input_is_refused_in_one_sentence(
    tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write(tmp_path / "a.csv", TRUTH)
    pm = ("--pollutant", "pm25")
    assert "no such file" in refusal(capsys, tmp_path / "nowhere.csv", reference, *pm)
    assert "give at least one sensor file" in refusal(capsys, reference, *pm)
    assert "'PM'" in refusal(capsys, good, reference, *pm, "--value-column", "PM")
    assert "time zone" in refusal(capsys, good, reference, *pm, "--timezone", "Mars/Base")
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    assert "empty" in refusal(capsys, empty, reference, *pm)
    words = write(tmp_path / "words.csv", np.array(["high", "low"]), times=HOURS[:2])
    assert "does not hold numbers" in refusal(capsys, words, reference, *pm)
    never = write(tmp_path / "never.csv", TRUTH[:2], times=["soon", "later"])
    assert "cannot be read" in refusal(capsys, never, reference, *pm)
    later = write(tmp_path / "later.csv", TRUTH, times=HOURS + pd.Timedelta(days=400))
    assert "no hour in common" in refusal(capsys, later, reference, *pm)
    assert "COLUMN=VALUE" in refusal(capsys, good, reference, *pm, "--filter", "value")
    assert "no row is left" in refusal(capsys, good, reference, *pm, "--filter", "value=0")
    assert "cannot be converted" in refusal(capsys, good, reference, *pm, "--reference-unit", "ppb")
    assert "cannot be written" in refusal(
        capsys, good, reference, *pm, "--json", tmp_path / "no" / "where.json"
    )
    binary = tmp_path / "binary.csv"
    binary.write_bytes(bytes(range(256)) * 20)
    assert refusal(capsys, binary, reference, *pm)


def test_a_long_file_wants_a_filter(
    tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "long.csv"
    path.write_text(
        "time,what,value\n"
        + "".join(f"{t},PM10,{v * 2}\n{t},PM2.5,{v}\n" for t, v in zip(HOURS, TRUTH, strict=True))
    )
    assert "filter" in refusal(capsys, path, reference, "--pollutant", "pm25")
    found = run(capsys, path, reference, "--pollutant", "pm25", "--filter", "what=PM2.5")
    assert (found["hourly"]["n"], found["hourly"]["rmse"]) == (96, 0.0)


def test_it_runs_without_django_and_prints_for_people(tmp_path: Path, reference: Path) -> None:
    sensor = write(tmp_path / "a.csv", TRUTH + 1)
    out = tmp_path / "out.json"
    code = (
        "import sys; from capto.__main__ import main; "
        f"status = main(['evaluate', {str(sensor)!r}, {str(reference)!r}, '--pollutant', 'pm25', "
        f"'--json', {str(out)!r}]); assert 'django' not in sys.modules; sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "slope" in done.stdout and "1.0000" in done.stdout
    assert json.loads(out.read_text())["hourly"]["mbe"] == pytest.approx(1.0)

"""The report of a device: its document, its page, its PDF, on simulated devices whose truth is known."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest

import calibration
from capto.validation.device_report.page import as_file, as_pdf, body
from capto.validation.evaluate import examine, main, parser

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "capto/static/device-report-1.schema.json").read_text())
DAYS = 28
HOURS = pd.date_range("2026-01-01", periods=24 * DAYS, freq="h", tz="UTC")
CLOCK = np.arange(HOURS.size)


def air(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Concentration, humidity and temperature of a simulated month."""
    rng = np.random.default_rng(seed)
    slow = np.zeros(HOURS.size)
    for k in range(1, HOURS.size):
        slow[k] = 0.97 * slow[k - 1] + rng.normal(0, 2.0)
    level = np.maximum(18 + slow + 4 * np.sin(CLOCK / 24 * 2 * np.pi), 1.0)
    humidity = np.clip(65 + 15 * np.sin(CLOCK / 24 * 2 * np.pi + 1) + rng.normal(0, 6, HOURS.size), 20, 98)
    temperature = 8 + 5 * np.sin(CLOCK / 24 * 2 * np.pi - 2) + rng.normal(0, 1.5, HOURS.size)
    return level, humidity, temperature


def correlated(rng: np.random.Generator, sd: float) -> np.ndarray:
    """Noise that remembers the hour before, as that of real sensors does."""
    noise = rng.normal(0, sd, HOURS.size)
    for k in range(1, HOURS.size):
        noise[k] = 0.6 * noise[k - 1] + 0.8 * noise[k]
    return noise


def written(path: Path, **columns: Any) -> Path:
    times = columns.pop("times", HOURS)
    pd.DataFrame({"time": times.strftime("%Y-%m-%dT%H:%M:%SZ"), **columns}).to_csv(path, index=False)
    return path


def device(
    folder: Path, *, seed: int = 0, units: int = 1, gain: float = 1.3, offset: float = 2.0, humid: float = 0.0,
    drift: float = 0.0, noise: float = 1.0,
) -> list[Path]:  # fmt: skip
    """Write units of a device with a known response, and their reference, which comes last."""
    level, humidity, temperature = air(seed)
    rng = np.random.default_rng(seed + 1000)
    files = [
        written(
            folder / f"unit{k}.csv",
            pm25=offset + gain * level * (1 + humid * (humidity - 65) / 100) + drift * CLOCK / 720
            + correlated(rng, noise),
            humidity=humidity, temperature=temperature,
        )
        for k in range(units)
    ]  # fmt: skip
    return [*files, written(folder / "reference.csv", value=level)]


WEATHER = ("--humidity-column", "humidity", "--temperature-column", "temperature")
COLUMNS = ("--pollutant", "pm25", "--value-column", "pm25", "--reference-value-column", "value")


def report(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = examine(parser().parse_args([str(a) for a in arguments])).report
    return found


def test_the_document_meets_its_published_schema(tmp_path: Path) -> None:
    for units in (1, 3):
        found = report(*device(tmp_path, units=units), *COLUMNS, *WEATHER)
        jsonschema.Draft202012Validator(SCHEMA).validate(found)
    broken = {**found, "unit": "ounces"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(broken)


def simulated(
    seed: int, *, drift: float = 0.0, humid: float = 0.0
) -> tuple[pd.Series, pd.Series, dict[str, pd.Series]]:
    """A reference, a device of gain 1.3 and offset 2, and the weather, of one seed."""
    level, humidity, temperature = air(seed)
    signal = 2.0 + 1.3 * level * (1 + humid * (humidity - 65) / 100) + drift * CLOCK / 720
    signal = signal + correlated(np.random.default_rng(seed + 1000), 2.0)
    weather = {"humidity": pd.Series(humidity, HOURS), "temperature": pd.Series(temperature, HOURS)}
    return pd.Series(level, HOURS), pd.Series(signal, HOURS), weather


def test_gain_and_offset_lie_in_their_intervals_nineteen_times_in_twenty() -> None:
    inside = 0
    for seed in range(60):
        reference, sensor, _ = simulated(seed)
        ends = calibration.line_intervals(reference, sensor)
        assert ends.slope is not None and ends.intercept is not None
        inside += ends.slope[0] <= 1.3 <= ends.slope[1]
        inside += ends.intercept[0] <= 2.0 <= ends.intercept[1]
    assert inside >= 108, f"{inside} of 120, 114 expected"


def test_a_drift_lies_in_its_interval_nineteen_times_in_twenty_whatever_the_weather() -> None:
    inside = 0
    for seed in range(60):
        reference, sensor, weather = simulated(seed, drift=3.0, humid=0.4)
        found = calibration.drift_interval(reference, sensor, beside=weather)
        inside += found.low <= 3.0 <= found.high
    assert inside >= 54, f"{inside} of 60, 57 expected"


def test_a_naive_interval_would_be_too_narrow(tmp_path: Path) -> None:
    found = report(*device(tmp_path, seed=3, noise=2.0), *COLUMNS)
    hourly = found["sensors"][0]["hourly"]
    low, high = found["sensors"][0]["intervals"]["hourly"]["slope"]
    assert high - low > 1.2 * 2 * 1.96 * hourly["uncertainty"]["slope_u"]


@pytest.mark.parametrize("drift", [0.0, 4.0, -6.0])
def test_a_drift_is_reported_and_called_significant_only_where_there_is_one(
    tmp_path: Path, drift: float
) -> None:
    found = report(*device(tmp_path, seed=7, humid=0.4, drift=drift), *COLUMNS, *WEATHER)["sensors"][0][
        "drift"
    ]
    assert found["low"] <= drift <= found["high"]
    assert found["high"] - found["low"] < 4.0
    assert found["significant"] is (drift != 0.0)


def test_an_effect_of_humidity_is_seen_and_corrected_on_hours_not_seen(tmp_path: Path) -> None:
    found = report(*device(tmp_path, seed=2, humid=1.0, noise=0.5), *COLUMNS, *WEATHER)["sensors"][0]
    bins = found["residuals"]["humidity"]
    assert bins[-1]["mean"] > bins[0]["mean"] + 5.0
    chosen = found["corrected"]["library"]
    assert chosen["method"] != "linear"
    assert chosen["figures"]["n"] == chosen["raw_on_the_same_hours"]["n"] < found["hourly"]["n"]
    assert chosen["figures"]["rmse"] < 0.3 * chosen["raw_on_the_same_hours"]["rmse"]


def test_the_noise_of_a_device_is_its_residual_spread(tmp_path: Path) -> None:
    found = report(*device(tmp_path, seed=4, gain=1.0, offset=0.0, noise=1.5), *COLUMNS)["sensors"][0][
        "hourly"
    ]
    assert found["rmse"] == pytest.approx(1.5, rel=0.1)
    assert found["limit_high"] - found["limit_low"] == pytest.approx(2 * 1.96 * 1.5, rel=0.1)


def test_a_correction_fitted_before_a_moment_is_scored_only_after_it(tmp_path: Path) -> None:
    files = device(tmp_path, seed=6, noise=0.5)
    table = pd.read_csv(files[0])
    table["better"] = (table["pm25"] - 2.0) / 1.3
    table.to_csv(files[0], index=False)
    own = (*COLUMNS, "--corrected-column", "better")
    apart = report(*files, *own)["sensors"][0]["corrected"]["maker"]
    assert "not scored" in apart["refused"]
    found = report(*files, *own, "--scoring-from", "2026-01-19")["sensors"][0]["corrected"]
    for kind in ("maker", "library"):
        assert found[kind]["scored_begin"] == "2026-01-19T00:00:00+00:00"
        assert found[kind]["figures"]["n"] == 24 * 10
        assert found[kind]["figures"]["rmse"] < 0.6 < found[kind]["raw_on_the_same_hours"]["rmse"]
    assert found["library"]["fitted_hours"] == 24 * 17  # a day is left between


def test_fewer_than_three_units_are_not_assessable(tmp_path: Path) -> None:
    two = report(*device(tmp_path, units=2), *COLUMNS)["between_units"]
    assert not two["assessable"] and two["hourly"]["sd"] is None
    three = report(*device(tmp_path, units=3, noise=2.0), *COLUMNS)["between_units"]
    assert three["assessable"] and three["hourly"]["between_sensors"] == pytest.approx(2.0, rel=0.15)


def test_a_true_device_is_fit_for_study_and_a_biased_one_is_not(tmp_path: Path) -> None:
    good = report(*device(tmp_path, units=3, gain=1.05, offset=0.5), *COLUMNS)
    assert good["verdict"]["code"] == "study" and not good["verdict"]["for_one_unit_only"]
    biased = report(*device(tmp_path, units=3, gain=1.8), *COLUMNS)
    assert biased["sensors"][0]["hourly"]["r2"] > 0.9  # it follows, and is not judged by that
    assert biased["verdict"]["code"] == "awareness"
    assert biased["verdict"]["after_correction"]["code"] == "study"
    wild = report(*device(tmp_path, units=3, gain=3.5), *COLUMNS)
    assert wild["verdict"]["code"] == "neither"


def test_a_limit_value_beyond_what_was_observed_is_said_to_be_extrapolated(tmp_path: Path) -> None:
    files = device(tmp_path, units=3, gain=1.1)
    options = ("--pollutant", "no2", "--unit", "ppb", *COLUMNS[2:])
    found = examine(parser().parse_args([*map(str, files), *options]))
    uncertainty = found.report["sensors"][0]["hourly"]["uncertainty"]
    assert uncertainty["limit_value"] == pytest.approx(104.575, abs=1e-3) and uncertainty["extrapolated"]
    assert "hors du domaine observé" in as_file(found, language="fr")
    assert "extrapolated" in as_file(found, language="en")


def test_each_target_of_the_epa_is_met_or_not_with_its_unit_and_averaging(tmp_path: Path) -> None:
    rows = report(*device(tmp_path, units=3, gain=1.5, offset=0.0), *COLUMNS)["epa"]["rows"]
    first = {row["parameter"]: row for row in rows if row["unit_name"] == "unit0"}
    assert first["slope"]["met"] is False and (first["slope"]["low"], first["slope"]["high"]) == (0.65, 1.35)
    assert first["intercept"]["met"] is True and first["intercept"]["unit"] == "ug/m3"
    assert {row["averaging"] for row in rows} == {"24h"}
    assert [row["met"] for row in rows if row["parameter"] == "sd"] == [True]
    other = report(*device(tmp_path), *COLUMNS, "--unit", "mg/m3")["epa"]
    assert (other["applicable"], other["reason"]) == (False, "other_unit")


@pytest.fixture(scope="module")
def examined(tmp_path_factory: pytest.TempPathFactory) -> Any:
    files = device(tmp_path_factory.mktemp("files"), units=3, gain=1.2, humid=0.4)
    named = (
        "--device",
        "Boîte <1>",
        "--firmware",
        "2.4",
        "--site",
        "Banc",
        "--reference-instrument",
        "FIDAS 200",
    )
    return examine(parser().parse_args([*map(str, files), *COLUMNS, *WEATHER, *named]))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_page_stands_alone_and_says_everything(examined: Any, language: str) -> None:
    html = as_file(examined, language=language)
    assert not re.search(r"(src|href)=", html) and "url(" not in html and "<script" not in html
    assert "Boîte &lt;1&gt;" in html and "FIDAS 200" in html and "2.4" in html
    assert not re.search(r"certifi", html, re.IGNORECASE)
    titles = re.findall(r"<h2>(.*?)</h2>", html)
    assert len(titles) == 13
    for sensor in examined.report["sensors"]:
        assert sensor["sha256"] in html
    assert (
        "indicatif au regard des objectifs" if language == "fr" else "indicative with respect to the"
    ) in html
    assert html.count("<svg") == 1 + 3 + 6 + 1 + 15
    assert ">None<" not in html and ">nan<" not in html
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_the_body_that_the_site_serves_holds_no_style_of_its_own(examined: Any) -> None:
    inside = body(examined, language="fr", comment="Une phrase.\n<b>Une autre</b>")
    assert "<style" not in inside and "style=" not in inside
    assert "&lt;b&gt;Une autre" in inside and "Commentaire du fabricant" in inside


def test_the_same_report_is_a_pdf(tmp_path: Path) -> None:
    one = examine(parser().parse_args([*map(str, device(tmp_path)), *COLUMNS]))
    content = as_pdf(as_file(one, language="fr"))
    assert content.startswith(b"%PDF-") and len(content) > 30_000


def test_the_command_writes_both_and_refuses_another_ending(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(path) for path in device(tmp_path)]
    page = tmp_path / "out.html"
    assert (
        main(
            [*files, *COLUMNS, "--report", str(page), "--json", str(tmp_path / "o.json"), "--language", "en"]
        )
        == 0
    )
    assert '<html lang="en">' in page.read_text()
    assert json.loads((tmp_path / "o.json").read_text())["verdict"]["code"]
    capsys.readouterr()
    assert main([*files, *COLUMNS, "--report", str(tmp_path / "out.docx")]) == 2
    assert ".html or .pdf" in capsys.readouterr().err

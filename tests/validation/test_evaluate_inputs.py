"""Every form of file that `capto evaluate` reads, and every degenerate one with its clear answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from capto.validation.device_report.page import as_file
from capto.validation.evaluate import examine, main, parser
from capto.validation.plain.errors import in_french
from tests.calibration.shared import DATA, needs_shared_data

HOURS = pd.date_range("2026-01-01", periods=480, freq="h", tz="UTC")
TRUTH = np.round(20.0 + 10.0 * np.sin(np.arange(480.0) / 7.0), 3)
PM = ("--pollutant", "pm25")
E2 = (
    "Date de début;Date de fin;Organisme;code zas;Zas;code site;nom site;type d'implantation;Polluant;type d'influence;"
    "discriminant;Réglementaire;type d'évaluation;procédure de mesure;type de valeur;valeur;valeur brute;"
    "unité de mesure;taux de saisie;couverture temporelle;couverture de données;code qualité;validité"
)


def csv(path: Path, values: Any, *, times: Any = HOURS, head: str = "time,value") -> Path:
    path.write_text(head + "\n" + "".join(f"{t},{v}\n" for t, v in zip(times, values, strict=True)))
    return path


def e2(path: Path, *, site: str = "FR15043", values: Any = TRUTH, validity: Any = 1, unit: str = "µg-m3",
       form: str = "quoted", pollutant: str = "PM2.5", more: str = "") -> Path:  # fmt: skip
    codes = np.broadcast_to(validity, len(HOURS))
    q = '"' if form == "quoted" else ""
    lines = [
        ";".join(
            f"{q}{cell}{q}" if cell else ""
            for cell in (
                f"{at:%Y/%m/%d %H:%M:%S}", f"{at + pd.Timedelta(hours=1):%Y/%m/%d %H:%M:%S}", "ATMO TEST", "", "", site,
                "Les Frênes", "Urbaine", pollutant, "Fond", "A", "Oui", "mesures fixes", "FIDAS 200",
                "moyenne horaire brute", f"{value:.0f}" if code > 0 else "", f"{value:.3f}" if code > 0 else "", unit,
                "", "", "", "A", f"{code}",
            )
        )
        for at, value, code in zip(HOURS, values, codes, strict=True)
    ]  # fmt: skip
    text = E2 + "\n" + "\n".join(lines) + "\n" + more
    path.write_bytes(
        (b"\xef\xbb\xbf" if form == "quoted" else b"")
        + text.encode("utf-8" if form == "quoted" else "cp1252")
    )
    return path


def report(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = examine(parser().parse_args([str(a) for a in arguments])).report
    return found


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([str(a) for a in arguments]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    sentence = lines[0].removeprefix("capto evaluate: ")
    return sentence


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    return csv(tmp_path / "reference.csv", TRUTH)


@pytest.mark.parametrize("form", ["quoted", "plain"])
def test_an_e2_file_is_read_by_its_names_with_full_values_and_valid_rows_only(
    tmp_path: Path, form: str
) -> None:
    validity = np.ones(480, dtype=int)
    validity[[5, 6]] = -1
    validity[7] = 4
    sensor = csv(tmp_path / "a.csv", TRUTH + 1)
    found = report(sensor, e2(tmp_path / "FR_E2.csv", validity=validity, form=form), *PM)
    assert found["hourly"]["n"] == 478
    assert found["hourly"]["mbe"] == pytest.approx(1.0, abs=1e-9)  # the unrounded column
    about = found["reference"]["about"]
    assert about["validity"] == {"-1": 2, "1": 477, "4": 1} and about["rows_not_valid"] == 2
    assert about["station"] == "FR15043" and found["site"]["reference_instrument"] == "FIDAS 200"


def test_an_e2_file_of_several_stations_asks_which(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sensor = csv(tmp_path / "a.csv", TRUTH)
    other = (
        e2(tmp_path / "other.csv", site="FR01011", values=TRUTH * 2, form="plain")
        .read_bytes()
        .decode("cp1252")
    )
    both = e2(tmp_path / "both.csv", form="quoted", more="\n".join(other.splitlines()[1:]) + "\n")
    assert "code site=FR01011" in refusal(capsys, sensor, both, *PM)
    found = report(sensor, both, *PM, "--reference-filter", "code site=FR15043")
    assert found["hourly"]["rmse"] == pytest.approx(0.0, abs=1e-9)
    assert "no row is of O3; there are PM2.5" in refusal(capsys, sensor, both, "--pollutant", "o3")


@needs_shared_data
def test_the_real_e2_extract_is_read(tmp_path: Path) -> None:
    hours = pd.date_range("2021-10-22", periods=7, freq="h", tz="UTC")
    sensor = csv(tmp_path / "a.csv", np.arange(7.0), times=hours)
    path = DATA / "french_reference" / "FR_E2_2021-10-22_extrait.csv"
    found = report(sensor, path, "--pollutant", "no")
    assert found["hourly"]["n"] == 6  # hour 02 is invalid, both of its values empty
    assert found["reference"]["about"]["station_name"] == "Metz-Centre"


@needs_shared_data
@pytest.mark.parametrize(("pollutant", "column", "unit", "n", "slope", "r2"), [
    # calibration.md, section 15: unit RT01 of the EPA's sample, QC code 0
    ("pm25", "PM2.5 (µg/m³)", "ug/m3", 706, 0.816504, 0.519602),
    ("o3", "O3 (ppb)", "ppb", 665, 0.937029, 0.980219),
    ("no2", "NO2 (ppb)", "ppb", 681, 0.348802, 0.029770),
])  # fmt: skip
def test_an_airnow_file_is_read_by_its_form_to_the_published_figures(
    pollutant: str, column: str, unit: str, n: int, slope: float, r2: float
) -> None:
    folder = DATA / "sensortoolkit_sample"
    found = report(
        folder / "toco_toucan_RT01_raw.csv", folder / "airnowtech_example_reference_data.csv", "--pollutant", pollutant,
        "--unit", unit, "--filter", "Inlet=Sample", "--time-column", "Time", "--value-column", column,
        "--timezone", "UTC-05:00", "--reference-timezone", "UTC", "--reference-time-column", "Date (UTC)",
        "--reference-time-column", "Time (UTC)", "--reference-value-column", "Value", "--reference-filter", "QC Code=0",
        "--reference-filter", "Param=" + {"pm25": "PM2.5-88101", "o3": "O3", "no2": "NO2"}[pollutant],
    )  # fmt: skip
    assert found["hourly"]["n"] == n
    assert (found["hourly"]["slope"], found["hourly"]["r2"]) == pytest.approx((slope, r2), abs=1e-6)


@needs_shared_data
def test_an_airnow_file_brings_its_weather_and_leaves_invalid_rows_out(tmp_path: Path) -> None:
    hours = pd.date_range("2019-08-01T05:00Z", periods=700, freq="h")
    sensor = csv(tmp_path / "a.csv", 5 + np.sin(np.arange(700.0)), times=hours)
    path = DATA / "sensortoolkit_sample" / "airnowtech_example_reference_data.csv"
    found = report(sensor, path, *PM)
    assert found["reference"]["form"] == "airnow" and found["reference"]["about"]["validity"]["9"] == 4
    assert found["sensors"][0]["residuals"]["temperature"] and found["sensors"][0]["residuals"]["humidity"]


@pytest.mark.parametrize("zone", ["aware", "naive", "text"])
def test_parquet_gives_the_same_figures(tmp_path: Path, reference: Path, zone: str) -> None:
    times: Any = {
        "aware": HOURS,
        "naive": HOURS.tz_localize(None),
        "text": HOURS.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }[zone]
    path = tmp_path / "a.parquet"
    pd.DataFrame({"time": times, "value": TRUTH * 1.5}).to_parquet(path)
    found = report(path, reference, *PM)
    assert (found["hourly"]["n"], found["hourly"]["slope"]) == (480, pytest.approx(1.5))


def test_a_constant_sensor_or_reference_is_said_to_be_one(tmp_path: Path, reference: Path) -> None:
    flat = csv(tmp_path / "flat.csv", np.full(480, 12.0))
    sensor = report(flat, reference, *PM)
    assert "constant_sensor" in [w["code"] for w in sensor["warnings"]]
    assert sensor["hourly"]["r2"] is None and sensor["verdict"]["code"] == "undetermined"
    still = report(reference, flat, *PM)
    assert "constant_reference" in [w["code"] for w in still["warnings"]]
    assert still["hourly"]["slope"] is None and still["hourly"]["rmse"] is not None


def test_one_pair_gives_no_line_and_no_verdict(tmp_path: Path, reference: Path) -> None:
    one = csv(tmp_path / "one.csv", TRUTH[:1], times=HOURS[:1])
    examined = examine(
        parser().parse_args([str(csv(tmp_path / "two.csv", TRUTH[:2], times=HOURS[:2])), str(reference), *PM])
    )
    assert examined.report["hourly"]["n"] == 2 and examined.report["hourly"]["slope"] is None
    assert examined.report["verdict"]["code"] == "undetermined"
    assert "few_pairs" in [w["code"] for w in examined.report["warnings"]]
    assert "ne permettent pas de conclure" in as_file(examined, language="fr")
    assert json.dumps(report(one, reference, *PM))  # a single row: no step, one day of one value


@pytest.mark.parametrize(("content", "english", "french"), [
    ("", "the file is empty", "le fichier est vide"),
    ("time,value\n", "no row below the column names of line 1", "aucune ligne ne suit"),
    ("time,value\n2026-01-01T00:00Z,\n2026-01-01T01:00Z,\n", "holds no number", "aucun nombre"),
    ("time,value\n2026-01-01T00:00Z,a\n2026-01-01T01:00Z,b\n", "line 2: column 'value' does not hold", "ligne 2"),
    ("time,value\nsoon,1\nlater,2\n", "line 2: column 'time': the time 'soon'", "ligne 2"),
    ("time,value\n2026-01-01 00:00,12,5\n2026-01-01 01:00,1,5\n", "line 2: 3 columns where line 1", "décimales"),
    ("time,a,b\n2026-01-01T00:00Z,1,2\n2026-01-01T01:00Z,1,2\n", "say which column holds the value", "quelle colonne"),
])  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_line_and_column(
    tmp_path: Path,
    reference: Path,
    capsys: pytest.CaptureFixture[str],
    content: str,
    english: str,
    french: str,
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content)
    sentence = refusal(capsys, path, reference, *PM)
    assert sentence.startswith("bad.csv") and english in sentence
    assert french in in_french(sentence).replace("\u00a0", " ")


def test_single_cells_that_cannot_be_read_are_named_and_the_rest_is_used(
    tmp_path: Path, reference: Path
) -> None:
    values = [str(v) for v in TRUTH]
    values[10] = "12;5"
    found = report(csv(tmp_path / "a.csv", values), reference, *PM)
    assert found["hourly"]["n"] == 479
    assert found["sensors"][0]["noticed_at"] == [{"line": 12, "column": "value", "text": "12;5"}]


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path, reference: Path) -> None:
    rows = [f"{t},{v}" for t, v in zip(HOURS, TRUTH, strict=True)]
    rows[7] = f"{HOURS[7]},oops"
    text = "Station X\nExport\n\ntime,value\n" + "\n".join(rows[:4]) + "\n\n\n" + "\n".join(rows[4:]) + "\n"
    path = tmp_path / "a.csv"
    path.write_text(text)
    line = text.splitlines().index(f"{HOURS[7]},oops") + 1
    assert report(path, reference, *PM)["sensors"][0]["noticed_at"][0]["line"] == line == 14


def test_disjoint_periods_name_both_periods(
    tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later = csv(tmp_path / "later.csv", TRUTH, times=HOURS + pd.Timedelta(days=400))
    sentence = refusal(capsys, later, reference, *PM)
    assert "no hour in common" in sentence and "2027-02-05" in sentence and "2026-01-01" in sentence


def test_ppb_against_micrograms_is_suspected_and_nothing_is_converted(
    tmp_path: Path, reference: Path
) -> None:
    ppb = csv(tmp_path / "a.csv", TRUTH / 1.9125)
    found = report(ppb, reference, "--pollutant", "no2")
    assert found["hourly"]["slope"] == pytest.approx(1 / 1.9125)
    assert {"code": "unit_suspected", "sensor": "a", "detail": "ppb and µg/m³"} in found["warnings"]
    assert found["verdict"]["code"] == "undetermined"
    thousand = report(csv(tmp_path / "b.csv", TRUTH / 1000), reference, *PM)["sensors"][0]["beside"]
    assert "1000" in thousand["unit_suspected"]


def test_a_column_that_states_another_unit_is_warned_of(tmp_path: Path, reference: Path) -> None:
    path = csv(tmp_path / "a.csv", TRUTH, head="time,NO2 (ppb)")
    found = report(path, reference, "--pollutant", "no2", "--reference-value-column", "value")
    assert {"code": "unit_stated", "sensor": "a", "detail": "ppb"} in found["warnings"]


def test_a_known_form_in_another_unit_is_refused_until_it_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sensor = csv(tmp_path / "a.csv", TRUTH)
    path = e2(tmp_path / "co.csv", pollutant="CO", unit="mg-m3", values=TRUTH / 1000)
    assert "nothing is converted unasked" in refusal(capsys, sensor, path, "--pollutant", "co")
    found = report(sensor, path, "--pollutant", "co", "--reference-unit", "mg/m3")
    assert found["hourly"]["slope"] == pytest.approx(1.0, abs=0.02)  # µg of a file in mg with three decimals


def test_hours_labelled_by_their_end_are_told_and_leave_no_verdict(tmp_path: Path, reference: Path) -> None:
    path = csv(tmp_path / "a.csv", TRUTH, times=HOURS + pd.Timedelta(hours=1))
    found = report(path, reference, *PM)
    assert {"code": "hour_labels", "sensor": "a", "detail": -1} in found["warnings"]
    assert found["verdict"]["code"] == "undetermined"
    assert report(path, reference, *PM, "--hour-label", "end", "--reference-hour-label", "begin")["verdict"][
        "code"
    ] != ("undetermined")


def test_a_million_and_a_half_rows_are_read(tmp_path: Path) -> None:
    rows = 1_500_000
    seconds = pd.date_range("2026-01-01", periods=rows, freq="2s", tz="UTC")
    level = np.repeat(20.0 + 10.0 * np.sin(np.arange(rows // 1800 + 1) / 7.0), 1800)[:rows]
    path = tmp_path / "long.csv"
    pd.DataFrame({"time": seconds.strftime("%Y-%m-%dT%H:%M:%SZ"), "value": level.round(2)}).to_csv(
        path, index=False
    )
    hours = pd.date_range("2026-01-01", periods=rows // 1800 + 1, freq="h", tz="UTC")
    reference = csv(tmp_path / "r.csv", 20.0 + 10.0 * np.sin(np.arange(hours.size) / 7.0), times=hours)
    found = report(path, reference, *PM)
    assert found["reference"]["rows"] == hours.size and found["sensors"][0]["rows"] == rows
    assert found["hourly"]["slope"] == pytest.approx(1.0, abs=1e-3) and found["hourly"]["n"] == 833


def test_a_newcomer_reads_help_with_examples_and_a_verdict_in_words(
    tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    told = capsys.readouterr().out
    assert end.value.code == 0 and "capto evaluate box.csv station.csv --pollutant pm25" in told
    out = tmp_path / "out.json"
    assert main([str(reference), str(reference), "--pollutant", "PM2.5", "--json", str(out)]) == 0
    said = capsys.readouterr().out
    assert json.loads(out.read_text())["pollutant"] == "pm25"  # however it is spelled
    assert "As delivered, indicative: " in said and f"Written: {out}" in said
    assert "agreement between units is not assessable" in said


def test_why_a_correction_is_refused_is_said_in_the_language_of_the_report(tmp_path: Path) -> None:
    rows = "".join(
        f"2026-01-0{1 + k // 24}T{k % 24:02}:00:00Z,{10 + k % 7},{12 + k % 5}\n" for k in range(30)
    )
    file = tmp_path / "short.csv"
    file.write_text("time,box,station\n" + rows)
    for language, words in (
        ("fr", "la comparaison dure 30\u00a0h, il en faut au moins 72"),
        ("en", "The co-location lasts 30 h; at least 72 h are needed."),
    ):
        page = tmp_path / f"{language}.html"
        arguments = f"{file} {file} --pollutant pm25 --value-column box --reference-value-column station"
        assert main([*arguments.split(), "--report", str(page), "--language", language]) == 0
        assert words in page.read_text()

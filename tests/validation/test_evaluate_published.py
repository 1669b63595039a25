"""`capto evaluate` meets the published tables of the shared data, to their printed digits."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.calibration.shared import DATA, JRC_BOXES, needs_shared_data
from tests.validation.evaluating import run

EPA = DATA / "sensortoolkit_sample"


def epa(*more: str) -> list[object]:
    return [
        EPA / "toco_toucan_RT01_raw.csv",
        EPA / "airnowtech_example_reference_data.csv",
        "--pollutant",
        "pm25",
        "--time-column",
        "Time",
        "--value-column",
        "PM2.5 (µg/m³)",
        "--timezone",
        "UTC-05:00",
        "--reference-time-column",
        "Date (UTC)",
        "--reference-time-column",
        "Time (UTC)",
        "--reference-timezone",
        "UTC",
        "--reference-value-column",
        "Value",
        "--reference-filter",
        "Param=PM2.5-88101",
        *more,
    ]


@needs_shared_data
@pytest.mark.parametrize(
    ("table", "more"), [("stats_df_v2", ["--reference-filter", "QC Code=0"]), ("stats_df", [])]
)
def test_the_tables_of_the_epa_to_their_printed_digits(
    capsys: pytest.CaptureFixture[str], table: str, more: list[str]
) -> None:
    found = run(capsys, *epa(*more))
    printed = pd.read_csv(EPA / "epa_published_RT01.csv").dropna(how="all")
    for _, row in printed[printed["table"] == table].iterrows():
        figures = found["hourly" if row["Averaging Interval"] == "1-hour" else "daily"]
        assert figures["n"] == row["N"]
        for column, name in (
            ("R$^2$", "r2"),
            ("Slope", "slope"),
            ("Intercept", "intercept"),
            ("Sensor RMSE", "rmse"),
            ("Sensor_Mean", "mean_sensor"),
        ):
            assert f"{figures[name]:.2f}" == f"{row[column]:.2f}", (table, column)


@needs_shared_data
@pytest.mark.parametrize(
    ("file", "reference", "sensor", "pollutant", "unit", "n", "slope", "orthogonal"),
    [
        ("Fig6_a_c", "PM2.5_Fidas200", "LCS3", "pm25", "ug/m3", 1339, 1.109072, 1.289428),
        ("Fig6_a_c", "PM2.5_BAM1020", "LCS4", "pm25", "ug/m3", 1446, 1.928000, 2.526657),
        ("Fig7_panel_a", "NO2_T500", "T200U(a)", "no2", "ppb", 1474, 0.701068, 0.719454),
        ("Fig7_panel_b", "NO2_T500", "T200U(b)", "no2", "ppb", 1447, 0.991629, 0.999980),
    ],
)
def test_the_figures_of_quant(
    capsys: pytest.CaptureFixture[str],
    file: str,
    reference: str,
    sensor: str,
    pollutant: str,
    unit: str,
    n: int,
    slope: float,
    orthogonal: float,
) -> None:
    path = DATA / "quant_diez2022" / f"{file}.csv"
    found = run(
        capsys,
        path,
        path,
        "--pollutant",
        pollutant,
        "--unit",
        unit,
        "--time-column",
        "Timestamp",
        "--value-column",
        sensor,
        "--reference-value-column",
        reference,
    )
    assert found["hourly"]["n"] == n
    assert found["hourly"]["slope"] == pytest.approx(slope, abs=1e-6)
    assert found["hourly"]["orthogonal_slope"] == pytest.approx(orthogonal, abs=1e-6)
    if sensor == "LCS3":  # days from paired hours
        daily = found["daily"]
        assert (daily["n"], daily["slope"]) == (52, pytest.approx(1.40311, abs=6e-6))


@needs_shared_data
def test_the_boxes_of_jrc_against_the_record_of_the_station(capsys: pytest.CaptureFixture[str]) -> None:
    folder = DATA / "jrc_airsenseur"
    found = run(
        capsys,
        *(folder / f"pms5003_pm10_{box}.csv" for box in JRC_BOXES),
        folder / "RefData_40816F.csv",
        "--pollutant",
        "pm10",
        "--time-column",
        "date",
        "--value-column",
        "y",
        "--reference-value-column",
        "Ref.PM10",
    )
    slopes = {s["name"][-6:]: s["hourly"]["slope"] for s in found["sensors"]}
    assert slopes == pytest.approx(
        {"40458D": 1.58229, "4047D0": 1.54157, "406414": 1.53656, "40642E": 1.55442, "40816F": 1.77532},
        abs=1e-3,
    )
    together = found["together"]["hourly"]
    assert (together["n_all_units"], together["sd"], together["between_sensors"]) == (
        261,
        pytest.approx(4.015493, abs=1e-6),
        pytest.approx(4.487738, abs=1e-6),
    )


@needs_shared_data
@pytest.mark.parametrize("dialect", ["iso_comma", "dmy_semicolon"])
def test_both_dialects_of_uci_give_the_same_figures(capsys: pytest.CaptureFixture[str], dialect: str) -> None:
    path = DATA / "airquality_uci" / f"AirQualityUCI_{dialect}.csv"
    found = run(
        capsys,
        path,
        path,
        "--pollutant",
        "co",
        "--unit",
        "mg/m3",
        "--time-column",
        "Date",
        "--time-column",
        "Time",
        "--value-column",
        "C6H6(GT)",
        "--reference-value-column",
        "CO(GT)",
    )
    assert found["hourly"]["n"] == 7344
    assert found["sensors"][0]["noticed"]["missing-value code -200, left out"] == 9357 - 8991
    assert found["sensors"][0]["step_s"] == 3600.0

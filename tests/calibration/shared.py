"""Where the shared data of the project lies; the tests that read it are skipped where it is absent."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

SHARED = Path(os.environ.get("CAPTO_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
DATA = SHARED / "data"
needs_shared_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no shared data at {DATA}")

JRC_BOXES = ("40458D", "4047D0", "406414", "40642E", "40816F")
ENOUGH_MINUTES = 45


def jrc_minutes(name: str) -> pd.DataFrame:
    """One of JRC's pair files, indexed by UTC."""
    frame = pd.read_csv(DATA / "jrc_airsenseur" / f"{name}.csv")
    frame.index = pd.to_datetime(frame["date"], unit="s", utc=True)
    return frame


def jrc_pm10(box: str) -> pd.DataFrame:
    """Hourly pairs of a PMS5003 box (>= 45 minutes): reference, raw, humidity."""
    minutes = jrc_minutes(f"pms5003_pm10_{box}")
    hours = minutes.groupby(minutes.index.floor("h")).agg(
        reference=("x", "mean"),
        raw=("y", "mean"),
        humidity=("Relative_humidity", "mean"),
        minutes=("x", "size"),
    )
    return hours[hours["minutes"] >= ENOUGH_MINUTES].drop(columns="minutes")


def quant(name: str, reference: str, sensor: str) -> pd.DataFrame:
    """Hourly pairs of the York and Manchester files: x and y."""
    frame = pd.read_csv(DATA / "quant_diez2022" / f"{name}.csv")
    frame.index = pd.to_datetime(frame["Timestamp"])
    return pd.DataFrame({"x": frame[reference], "y": frame[sensor]}).dropna()


def epa_sensor() -> pd.DataFrame:
    """The minutes of RT01 in UTC: columns NO2 (ppb), O3 (ppb), PM2.5 (µg/m³), TEMP (°C), RH (%)."""
    frame = pd.read_csv(
        DATA / "sensortoolkit_sample" / "toco_toucan_RT01_raw.csv", skiprows=5, encoding="utf-8-sig"
    )
    at = pd.to_datetime(frame.pop("Time"), format="%m/%d/%Y %H:%M").dt.tz_localize("Etc/GMT+5")
    frame.index = pd.DatetimeIndex(at).tz_convert("UTC")
    return frame


def epa_reference(parameter: str, *, valid_only: bool = True) -> pd.Series:
    """The station's hours of one parameter, labelled by their start, UTC."""
    frame = pd.read_csv(DATA / "sensortoolkit_sample" / "airnowtech_example_reference_data.csv")
    frame = frame[frame["Param"].str.startswith(parameter)]
    if valid_only:
        frame = frame[frame["QC Code"] == 0]
    at = pd.to_datetime(frame["Date (UTC)"] + " " + frame["Time (UTC)"], format="%m/%d/%Y %H:%M", utc=True)
    return pd.Series(frame["Value"].to_numpy(dtype=float), index=pd.DatetimeIndex(at)).sort_index()

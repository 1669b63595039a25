"""An archive in Parquet, cut by sensor and month, gives the published hours to the last bit, with and without Dask."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from capto.readings.models import HourlyValue, Placement
from capto.validation import archive
from capto.validation.archive_writing import write
from capto.validation.models import Calibration, CoLocation, SetAside
from capto.validation.recompute import recompute
from tests.readings.conftest import MARCH
from tests.validation.conftest import add_hours, humid, linear

DAY = timedelta(days=1)
NOW = MARCH + 70 * DAY
END = MARCH + 60 * DAY


@pytest.fixture
def published(
    make_stay: Callable[..., CoLocation],
    make_placement: Callable[..., Placement],
    approve: Callable[..., Calibration],
) -> pd.DataFrame:
    """Publish two months of three sensors: bracketed, provisional with humidity, uncalibrated; some hours doubted."""
    rng = np.random.default_rng(7)

    def hours(placement: Placement, days: int, *, start: Any = MARCH, quantity: str = "pm25") -> Any:
        figures = (20.0 + 10.0 * rng.random(24 * days)).tolist()
        figures[30:36] = [12.0] * 6
        return add_hours(placement, quantity, figures, start=start, moves=quantity == "pm25")

    first = make_stay()
    loan = make_placement(sensor=first.sensor, starts_at=MARCH + 7 * DAY, ends_at=MARCH + 45 * DAY)
    second = make_stay(sensor=first.sensor, starts_at=MARCH + 45 * DAY)
    approve(first), approve(second, linear(slope=1.8, starts_at=second.starts_at, ends_at=second.ends_at))
    for stay in (first, second):
        assert stay.placement is not None
        hours(stay.placement, 7, start=stay.starts_at)
    doubted = hours(loan, 38, start=loan.starts_at)
    SetAside.put(
        doubted,
        starts_at=MARCH + 30 * DAY,
        ends_at=MARCH + 31 * DAY + timedelta(minutes=20),
        reason="travaux",
        now=NOW,
        by_name="Ada",
    )
    damp = make_stay()
    approve(damp, humid())
    outside = make_placement(sensor=damp.sensor, starts_at=MARCH + 8 * DAY)
    hours(outside, 40, start=MARCH + 8 * DAY)
    hours(outside, 39, start=MARCH + 8 * DAY, quantity="humidity")
    hours(make_placement(), 50)
    recompute(MARCH, END, now=NOW, reason="first")
    return _sorted(
        pd.DataFrame(
            HourlyValue.objects.values(
                "series_id", "hour", "raw_mean", "value", "expanded_uncertainty", "n", "coverage", "flags", "grade",
                "calibration_id", "second_calibration_id", "is_provisional",
            )
        )
    )  # fmt: skip


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(["series_id", "hour"], ignore_index=True)


def _archived(folder: Path) -> pd.DataFrame:
    found = pd.concat([pd.read_parquet(path) for path in sorted(folder.rglob("*.parquet"))])
    names = {
        "series": "series_id", "uncertainty": "expanded_uncertainty", "calibration": "calibration_id",
        "second": "second_calibration_id", "provisional": "is_provisional",
    }  # fmt: skip
    found = found.rename(columns=names)
    found["hour"] = pd.to_datetime(found["hour"] * 3600, unit="s", utc=True)
    return _sorted(found)


def _same(archived: pd.DataFrame, published: pd.DataFrame) -> None:
    """Hold two tables equal bit for bit, an absent number beside an absent number, an absent calibration as 0."""
    assert len(archived) == len(published) > 3000
    for name in published.columns:
        ours, theirs = archived[name], published[name]
        if name.endswith("calibration_id"):
            theirs = theirs.fillna(0)
        if name in ("raw_mean", "value", "expanded_uncertainty", "coverage"):
            a, b = ours.to_numpy(dtype=float), theirs.to_numpy(dtype=float)
            assert np.array_equal(a.view(np.int64)[~np.isnan(a)], b.view(np.int64)[~np.isnan(b)]), name
            assert np.array_equal(np.isnan(a), np.isnan(b)), name
        elif name == "hour":
            assert (ours.dt.as_unit("s") == pd.to_datetime(theirs, utc=True).dt.as_unit("s")).all()
        else:
            assert (ours.to_numpy() == theirs.to_numpy()).all(), name


def test_an_archive_recomputes_what_the_database_publishes(published: pd.DataFrame, tmp_path: Path) -> None:
    assert {"B", "D"} <= set(published["grade"]) and published["second_calibration_id"].notna().any()
    rows = write(tmp_path / "in", start=MARCH, end=END)
    assert rows == len(published) + 39 * 24  # humidity is read, not published
    parts = archive.partitions(tmp_path / "in", tmp_path / "out")
    assert len({(part.sensor, part.month) for part in parts}) == len(parts) == 6
    assert archive.recompute(tmp_path / "in", tmp_path / "out") == len(published)
    _same(_archived(tmp_path / "out"), published)


def test_two_workers_of_a_dask_cluster_give_the_same_bits(published: pd.DataFrame, tmp_path: Path) -> None:
    said = StringIO()
    call_command(
        "archive", "write", str(tmp_path / "in"), "--from", "2026-03-01", "--to", END.isoformat(), stdout=said
    )
    call_command(
        "archive", "recompute", str(tmp_path / "in"), str(tmp_path / "out"), "--workers", "2", stdout=said
    )
    assert f"{len(published)} hours written" in said.getvalue()
    _same(_archived(tmp_path / "out"), published)


def test_a_folder_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is no archive"):
        call_command("archive", "recompute", str(tmp_path), str(tmp_path / "out"))

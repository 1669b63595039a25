"""Make the report of a maker's test: the same evaluation as `capto evaluate`, on files written from what was heard.

The files are kept with the report, so that anyone computes the same figures again.
"""

import io
import tempfile
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Final

import pandas as pd
from django.db import transaction

from capto.catalogue.models import ObservedProperty
from capto.readings.models import HourlyAggregate, ReferenceSeries, ReferenceValue
from capto.validation.device_report.content import Examined
from capto.validation.device_report.page import body
from capto.validation.evaluate import examine, parser
from capto.validation.models import DeviceTest, NoData, TestReport, TestUnit, TooEarly
from capto.validation.plain_cells import UnreadableFile

COVERED: Final = 0.75  # of the readings that an hour of this sensor usually has
UNITS: Final = {"ug/m3": "ug/m3", "mg/m3": "mg/m3", "[ppb]": "ppb", "[ppm]": "ppm"}


def make_report(
    test: DeviceTest, quantity: ObservedProperty, *, now: datetime, columns: Sequence[str] = (), why: str = ""
) -> TestReport:
    """Make the next version of the report of one quantity, and publish it.

    columns: options of `capto evaluate` for files that the maker gave. Raises TooEarly before the scoring period is
    over, NoData where no unit has a value, and UnreadableFile where a file cannot be read.
    """
    if not test.is_over(now=now):
        raise TooEarly(str(test))
    assert test.station is not None and test.scoring_starts_at is not None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reference = reference_file(test, quantity, folder)
        units = [
            path for unit in test.test_units.order_by("pk") if (path := unit_file(unit, quantity, folder))
        ]
        if reference is None or not units:
            raise NoData(str(test))
        given = any(unit.file for unit in test.test_units.all())
        options = list(columns) if given else ["--time-column", "time", "--value-column", "value"]
        series = _series(test, quantity)
        told = {
            "device": test.device, "maker": test.maker_name, "firmware": test.firmware, "question": test.question,
            "payer": test.payer, "site": test.station.name,
            "reference-instrument": f"{series.provider} {series.discriminant}".strip() if series else "",
            "scoring-from": test.scoring_starts_at.isoformat(),
        }  # fmt: skip
        arguments = [
            *map(str, units),
            str(reference),
            "--pollutant",
            quantity.pk,
            "--unit",
            UNITS.get(quantity.unit, "ug/m3"),
        ]
        arguments += ["--reference-time-column", "time", "--reference-value-column", "value", *options]
        arguments += [part for key, value in told.items() if value for part in (f"--{key}", value)]
        examined = examine(parser().parse_args(arguments))
        return _kept(test, quantity, examined, [*units, reference], now=now, why=why)


def _kept(
    test: DeviceTest,
    quantity: ObservedProperty,
    examined: Examined,
    files: Sequence[Path],
    *,
    now: datetime,
    why: str,
) -> TestReport:
    document = examined.report
    for side in (document["reference"], *document["sensors"]):
        side["file"] = Path(side["file"]).name  # where it lay on this machine is nobody's concern
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.name)
    with transaction.atomic():
        DeviceTest.objects.select_for_update(of=("self",)).get(pk=test.pk)
        before = TestReport.objects.filter(test=test, property=quantity).count()
        return TestReport.objects.create(
            test=test,
            property=quantity,
            version=before + 1,
            created_at=now,
            why=why,
            document=document,
            french=body(examined, language="fr"),
            english=body(examined, language="en"),
            data=packed.getvalue(),
        )


def reference_file(test: DeviceTest, quantity: ObservedProperty, folder: Path) -> Path | None:
    """Write the station's valid hours of both periods; None where it has none."""
    series = _series(test, quantity)
    if series is None:
        return None
    rows = ReferenceValue.objects.filter(
        series=series, validity__gte=1, hour__gte=test.calibration_starts_at, hour__lt=test.scoring_ends_at
    ).values_list("hour", "value")
    return _written(folder / "reference.csv", sorted(rows))


def unit_file(unit: TestUnit, quantity: ObservedProperty, folder: Path) -> Path | None:
    """Write the hours of one unit, or the file that the maker gave as it is; None where there is neither."""
    if unit.file:
        path = folder / f"unit-{unit.label}{Path(unit.file_name).suffix[:8] or '.csv'}"
        path.write_bytes(bytes(unit.file))
        return path
    return _written(folder / f"unit-{unit.label}.csv", hours_heard(unit, quantity))


def hours_heard(unit: TestUnit, quantity: ObservedProperty) -> list[tuple[datetime, float]]:
    """List the hourly means of a unit's sensor in both periods, where three quarters of the hour were heard."""
    if unit.sensor_id is None:
        return []
    rows = HourlyAggregate.objects.filter(
        series__placement__sensor=unit.sensor_id,
        series__property=quantity,
        hour__gte=unit.test.calibration_starts_at,
        hour__lt=unit.test.scoring_ends_at,
    ).values_list("hour", "total", "n")
    heard = sorted({hour: (total, n) for hour, total, n in rows}.items())
    usual = median(n for _, (_, n) in heard) if heard else 0
    return [(hour, total / n) for hour, (total, n) in heard if n >= COVERED * usual]


def _series(test: DeviceTest, quantity: ObservedProperty) -> ReferenceSeries | None:
    return ReferenceSeries.objects.filter(station=test.station, property=quantity).order_by("pk").first()


def _written(path: Path, rows: Sequence[tuple[datetime, float]]) -> Path | None:
    if not rows:
        return None
    hours = pd.DatetimeIndex([row[0] for row in rows]).strftime("%Y-%m-%dT%H:%M:%SZ")
    pd.DataFrame({"time": hours, "value": [row[1] for row in rows]}).to_csv(path, index=False)
    return path


__all__ = ["UnreadableFile", "hours_heard", "make_report", "reference_file", "unit_file"]

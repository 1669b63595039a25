"""Make the report of a maker's test: the same evaluation as `capto evaluate`, on files written from what was heard.

The files are kept with the report, so that anyone computes the same figures again.
"""

import io
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any, Final

import pandas as pd
from django.db import transaction
from django.db.models import Count

from capto.catalogue.models import ObservedProperty
from capto.readings.models import HourlyAggregate, ReferenceSeries, ReferenceValue, ReferenceValueChange
from capto.validation.device_report.content import Examined
from capto.validation.device_report.page import body
from capto.validation.evaluate import examine, parser
from capto.validation.evaluation.sides import read_side
from capto.validation.models import DeviceTest, NoData, TestReport, TestUnit, TooEarly
from capto.validation.plain.cells import UnreadableFile
from capto.validation.plain.files import Column

COVERED: Final = 0.75  # of the readings that an hour of this sensor usually has
UNITS: Final = {"ug/m3": "ug/m3", "mg/m3": "mg/m3", "[ppb]": "ppb", "[ppm]": "ppm"}


def make_report(test: DeviceTest, quantity: ObservedProperty, *, now: datetime, why: str = "") -> TestReport:
    """Make the next version of the report of one quantity, and publish it.

    A file that the maker gave is read as its unit says. Raises TooEarly before the scoring period is
    over, NoData where no unit has a value, and UnreadableFile where a file cannot be read.
    """
    if not test.is_over(now=now):
        raise TooEarly(str(test))
    assert test.station is not None and test.scoring_starts_at is not None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reference = reference_file(test, quantity, folder)
        written = {
            path: unit
            for unit in test.test_units.order_by("pk")
            if (path := unit_file(unit, quantity, folder))
        }
        units = list(written)
        if reference is None or not units:
            raise NoData(str(test))
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
            unit_of(quantity),
        ]
        arguments += ["--reference-time-column", "time", "--reference-value-column", "value"]
        arguments += [part for key, value in told.items() if value for part in (f"--{key}", value)]
        own = {path: parser().parse_args([*arguments, *_how(unit)]) for path, unit in written.items()}
        examined = examine(parser().parse_args(arguments), own=own)
        examined.report["reference"]["about"] |= stated_by_station(test, series)
        return _kept(test, quantity, examined, [*units, reference], now=now, why=why)


def _how(unit: TestUnit) -> list[str]:
    """Say how the file of a unit is written: as its maker said, or as we write what was heard."""
    if unit.file:
        return [f"--{key}={value}" for key, value in unit.reading.items()]
    return ["--time-column", "time", "--value-column", "value"]


def check_file(
    content: bytes, *, name: str, quantity: ObservedProperty, reading: Mapping[str, str]
) -> Column:
    """Read a file as the report will, and give what was found; raises UnreadableFile with file, line and column."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (Path(name).name or "file.csv")
        path.write_bytes(content)
        said = [f"--{key}={value}" for key, value in reading.items()]
        told = [str(path), "--pollutant", quantity.pk, "--unit", unit_of(quantity), *said]
        return read_side(parser().parse_args(told), path, reference=False).column


def unit_of(quantity: ObservedProperty) -> str:
    """Give the unit in which a quantity is compared, as `capto evaluate` writes it."""
    return UNITS.get(quantity.unit, "ug/m3")


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


def stated_by_station(test: DeviceTest, series: ReferenceSeries | None) -> dict[str, Any]:
    """Give what the station's network says of its values in both periods: validity codes, verified or not, changes."""
    if series is None or test.station is None:
        return {}
    period = {"series": series, "hour__gte": test.calibration_starts_at, "hour__lt": test.scoring_ends_at}
    values = ReferenceValue.objects.filter(**period)
    codes = values.values_list("validity").annotate(n=Count("hour")).order_by("validity")
    types = (
        values.exclude(value_type="").values_list("value_type", flat=True).distinct().order_by("value_type")
    )
    return {
        "station": test.station.code,
        "station_name": test.station.name,
        "operator": test.station.operator,
        "validity": {str(code): n for code, n in codes},
        "rows_not_valid": values.filter(validity__lt=1).count(),
        "value_type": ", ".join(types),
        "revised": ReferenceValueChange.objects.filter(**period).count(),
    }


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


__all__ = ["UnreadableFile", "check_file", "hours_heard", "make_report", "reference_file", "unit_file"]

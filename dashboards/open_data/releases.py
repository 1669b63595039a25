"""Make the releases: the files of a day or a month, with their package and their checksums, once and for ever."""

import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

import calibration
from dashboards.models import DatasetLicence, Release
from dashboards.models.release import release_folder
from dashboards.open_data.licences import Licence
from dashboards.open_data.package import descriptor
from dashboards.open_data.parquet import as_parquet, schema
from dashboards.open_data.periods import Period, period
from dashboards.open_data.pieces import rows_as_csv
from dashboards.open_data.sources import SOURCES, Source

logger = logging.getLogger(__name__)

MONTHS_WATCHED = 13  # a loan that is compared late still changes a month of the past year
SETTLED_AFTER = timedelta(hours=2)  # the last hour of a period is summed up and corrected by then


class NotOver(ValueError):
    """The period is not over: its files still change."""


class LicenceMix(RuntimeError):
    """A file holds rows of a licence that it does not carry: nothing of the release is published."""


def release(name: str, *, now: datetime) -> Release:
    """Give the latest release of a day or a month, made now where its rows are new or have changed.

    Raises NoPeriod, NotOver, and LicenceMix, in which case nothing is published.
    """
    wanted = period(name)
    if wanted.end is None or wanted.is_long or wanted.end + SETTLED_AFTER > now:
        raise NotOver(name)
    with transaction.atomic():
        _wait_for_my_turn(name)
        # Rows that change while the files are written make the mark of the next night differ.
        marks = {source.name: _mark(source, wanted) for source in SOURCES.values()}
        latest = Release.objects.of(name).first()
        if latest is not None and latest.marks == marks:
            return latest
        version = latest.version + 1 if latest else 1
        licences = {source.name: DatasetLicence.of(source.name, now=now) for source in SOURCES.values()}
        folder = release_folder(name, version)
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(dir=folder.parent, prefix="making-"))
        try:
            files = _write(making, wanted, version=version, licences=licences, now=now)
            shutil.rmtree(folder, ignore_errors=True)  # what a killed run left without its row
            making.chmod(0o755)
            making.rename(folder)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
        return Release.keep(
            name, version=version, marks=marks, files=files, code_version=calibration.CODE_VERSION, now=now
        )


def release_what_is_over(*, now: datetime | None = None) -> int:
    """Release yesterday, and each month of the past year that is new or has changed; give how many were made.

    Scheduled each night. A release that fails is told in the log and does not keep back the others.
    """
    moment = now or timezone.now()
    made = 0
    for name in _over(moment):
        before = Release.objects.of(name).count()
        try:
            release(name, now=moment)
        except (LicenceMix, OSError):
            logger.exception("release %s was not made", name)
        made += Release.objects.of(name).count() - before
    return made


def _wait_for_my_turn(name: str) -> None:
    """Let one process at a time make the release of a period, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"release {name}"])


def _over(now: datetime) -> Iterator[str]:
    settled = (now - SETTLED_AFTER).astimezone(UTC)
    yield (settled.date() - timedelta(days=1)).isoformat()
    first = settled.replace(day=1)
    for _ in range(MONTHS_WATCHED):
        first = (first - timedelta(days=1)).replace(day=1)
        yield f"{first:%Y-%m}"


def _mark(source: Source, wanted: Period) -> str:
    condition, parameters = wanted.condition(source.time)
    return source.state(condition, parameters, is_long=True)[1]


def _write(
    folder: Path, wanted: Period, *, version: int, licences: dict[str, Licence], now: datetime
) -> dict[str, dict[str, object]]:
    """Write every file of a release; give the size in bytes and the SHA-256 of each."""
    files: dict[str, dict[str, object]] = {}
    for source in SOURCES.values():
        _hold_one_licence(source, wanted, licences[source.name])
        blocks = {
            f"{source.name}.csv": rows_as_csv(source, wanted),
            f"{source.name}.parquet": as_parquet(rows_as_csv(source, wanted), columns=schema(source.columns)),
        }
        for file_name, content in blocks.items():
            files[file_name] = _put(folder / file_name, content)
    home = f"{settings.SITE_URL}/data/releases/{wanted.name}/v{version}/"
    package = descriptor(
        wanted.name, list(SOURCES.values()), licences=licences, path_of=lambda source: f"{source.name}.csv",
        made_at=now, version=str(version), homepage=home, facts=files,
    )  # fmt: skip
    text = json.dumps(package, ensure_ascii=False, indent=2) + "\n"
    files["datapackage.json"] = _put(folder / "datapackage.json", iter([text.encode()]))
    sums = "".join(f"{files[name]['sha256']}  {name}\n" for name in sorted(files))
    files["SHA256SUMS"] = _put(folder / "SHA256SUMS", iter([sums.encode()]))
    return files


def _hold_one_licence(source: Source, wanted: Period, licence: Licence) -> None:
    """Refuse rows that another licence covers; raises LicenceMix."""
    condition, parameters = wanted.condition(source.time)
    found = source.licences_of_rows(condition, parameters)
    if found - {licence.name}:
        raise LicenceMix(f"{source.name} of {wanted.name} holds rows under {', '.join(sorted(found))}")


def _put(path: Path, blocks: Iterator[bytes]) -> dict[str, object]:
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for block in blocks:
            digest.update(block)
            size += len(block)
            file.write(block)
    return {"bytes": size, "sha256": digest.hexdigest()}

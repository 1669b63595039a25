"""What there is to take at this moment: periods, extents and files, for the catalogue and the data package."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db.models import Max, Min
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from capto.readings.models import ReferenceValue
from dashboards.models import DatasetLicence, PublishedHour, PublishedSeries, Release
from dashboards.open_data.catalogue import Download, Extent
from dashboards.open_data.licences import LICENCES, Licence
from dashboards.open_data.sources import SOURCES


def licences(*, now: datetime) -> dict[str, Licence]:
    """Give the licence of each dataset; one query."""
    return {row.dataset: LICENCES[row.licence] for row in DatasetLicence.objects.in_force(now=now)}


def last_whole_day(*, now: datetime) -> date:
    """Give the latest day of UTC that is over and has hours, else yesterday."""
    latest = PublishedHour.objects.latest_hour(now=now)
    yesterday = now.astimezone(UTC).date() - timedelta(days=1)
    return min(latest.astimezone(UTC).date() - timedelta(days=1), yesterday) if latest else yesterday


def extents(*, now: datetime) -> dict[str, Extent]:
    """Give what each dataset covers: from the published series, and from the reference values."""
    found = PublishedSeries.objects.aggregate(
        start=Min("public_from"), end=Max(Coalesce("public_until", now)), west=Min("longitude"),
        south=Min("latitude"), east=Max("longitude"), north=Max("latitude"),
    )  # fmt: skip
    ours = Extent(**found | {"end": min(found["end"], now) if found["end"] else None})
    reference = ReferenceValue.objects.aggregate(start=Min("hour"), end=Max("hour"))
    every = dict.fromkeys(SOURCES, ours)
    return every | {"reference": Extent(reference["start"], reference["end"])}


def modified(*, now: datetime) -> dict[str, datetime]:
    """Give when each dataset last changed, as far as one sees from its latest hour."""
    latest = PublishedHour.objects.latest_hour(now=now)
    imported = ReferenceValue.objects.filter(hour__gte=now - timedelta(days=60)).aggregate(
        at=Max("imported_at")
    )["at"]
    found: dict[str, datetime | None] = dict.fromkeys(SOURCES, latest and latest + timedelta(hours=1))
    found["reference"] = imported
    return {name: at for name, at in found.items() if at is not None}


def downloads() -> Mapping[str, list[Download]]:
    """List the files of each dataset: all there is, as CSV and Parquet, and the latest releases."""
    site = settings.SITE_URL
    found = {
        name: [
            Download(_("Tout, en CSV"), f"{site}/data/{name}/all.csv", "csv"),
            Download(_("Tout, en Parquet"), f"{site}/data/{name}/all.parquet", "parquet"),
        ]
        for name in SOURCES
    }
    for release in Release.objects.latest_versions()[:62]:  # a year of months and the last weeks of days
        for name in SOURCES:
            for extension in ("csv", "parquet"):
                facts = release.files.get(f"{name}.{extension}")
                if facts:
                    found[name].append(
                        Download(
                            f"{release.period}, version {release.version}, {extension}",
                            f"{site}/data/releases/{release}/{name}.{extension}",
                            extension, facts["bytes"], facts["sha256"],
                        )
                    )  # fmt: skip
    return found

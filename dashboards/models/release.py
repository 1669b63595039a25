from datetime import datetime
from pathlib import Path
from typing import Self

from django.conf import settings
from django.db import models


class ReleaseQuerySet(models.QuerySet["Release"]):
    """Reads of the releases."""

    def of(self, period: str) -> Self:
        """Give the versions of a period, the latest first."""
        return self.filter(period=period).order_by("-version")

    def latest_versions(self) -> Self:
        """Give the latest version of each period, the latest period first."""
        return self.order_by("-period", "-version").distinct("period")


class Release(models.Model):
    """The files of one day or month of UTC as they were when they were made: never changed, so that they can be cited.

    Where published figures change later, the next version stands beside it; both keep their address. `marks` says
    what the rows were by source, `files` the size in bytes and the SHA-256 of each file by its name.
    """

    period = models.CharField(max_length=10)  # 2026-11-20 or 2026-11
    version = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField()
    code_version = models.CharField(max_length=40)
    marks = models.JSONField()
    files = models.JSONField()

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["period", "version"], name="one_release_per_period_and_version"),
        ]

    def __str__(self) -> str:
        return f"{self.period}/v{self.version}"

    @property
    def folder(self) -> Path:
        """Where its files stand."""
        return release_folder(self.period, self.version)

    @classmethod
    def keep(
        cls, period: str, *, version: int, marks: dict[str, str], files: dict[str, dict[str, object]],
        code_version: str, now: datetime,
    ) -> "Release":  # fmt: skip
        """Record a release whose files stand on disk."""
        return cls.objects.create(
            period=period, version=version, made_at=now, code_version=code_version, marks=marks, files=files
        )


def release_folder(period: str, version: int) -> Path:
    """Give the folder of a version of a period."""
    return Path(settings.MEDIA_ROOT) / "releases" / period / f"v{version}"

from dashboards.models.dataset_licence import DatasetLicence
from dashboards.models.published import (
    PublishedHour,
    PublishedHourQuerySet,
    PublishedSeries,
    PublishedSeriesQuerySet,
)
from dashboards.models.release import Release

__all__ = [
    "DatasetLicence",
    "PublishedHour",
    "PublishedHourQuerySet",
    "PublishedSeries",
    "PublishedSeriesQuerySet",
    "Release",
]

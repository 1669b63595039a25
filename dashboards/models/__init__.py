from dashboards.models.dataset_licence import DatasetLicence
from dashboards.models.published import (
    PublishedHour,
    PublishedHourQuerySet,
    PublishedSeries,
    PublishedSeriesQuerySet,
)
from dashboards.models.release import Release
from dashboards.models.stretch_sum import StretchSum
from dashboards.models.withdrawal import NothingToWithdraw, Withdrawal

__all__ = [
    "DatasetLicence",
    "NothingToWithdraw",
    "PublishedHour",
    "PublishedHourQuerySet",
    "PublishedSeries",
    "PublishedSeriesQuerySet",
    "Release",
    "StretchSum",
    "Withdrawal",
]

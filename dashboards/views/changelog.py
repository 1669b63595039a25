"""The changelog of the open data: each decision that changed published figures, in hours and in size."""

import csv
from io import StringIO

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from capto.validation.models import DataChange
from dashboards.open_data.answers import MEDIA_TYPES, open_to_all
from dashboards.open_data.licences import ODBL

A_PAGE = 50
COLUMNS = (
    "at",
    "kind",
    "reason",
    "quantity",
    "unit",
    "hours_changed",
    "hours_new",
    "mean_difference",
    "largest_difference",
    "calibration_id",
)


def changelog(request: HttpRequest) -> HttpResponse:
    """List the decisions that changed published figures, the latest first."""
    page = Paginator(DataChange.objects.told(), A_PAGE).get_page(request.GET.get("page"))
    return render(request, "dashboards/changelog.html", {"page": page})


@open_to_all
def changelog_csv(request: HttpRequest) -> HttpResponse:
    """Give all lines of the changelog as CSV, times in UTC, differences in the unit of the quantity."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in DataChange.objects.told():
        quantity = line.quantity
        writer.writerow(
            [
                f"{line.at:%Y-%m-%dT%H:%M:%SZ}",
                line.kind,
                line.reason,
                quantity.code if quantity else "",
                quantity.unit if quantity else "",
                line.hours_changed,
                line.hours_new,
                "" if line.mean_difference is None else repr(line.mean_difference),
                "" if line.largest_difference is None else repr(line.largest_difference),
                line.calibration_id or "",
            ]
        )
    answer = HttpResponse(text.getvalue(), content_type=MEDIA_TYPES["csv"])
    answer["Content-Disposition"] = 'inline; filename="capto-changelog.csv"'
    answer["Link"] = f'<{ODBL.url}>; rel="license"'
    return answer

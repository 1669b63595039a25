"""What a valid sensor-day costs, as a page and as a file."""

from datetime import date

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date

from capto.lending.days import local_day
from capto.lending.sensor_day_costs import VALID_COVERAGE, VALID_HOURS, cost_report, cost_rows, year_before
from capto.lending.views.collection.kits import csv_answer, organisations_of
from capto.members.access import requires
from capto.members.roles import Capability


def _period(request: HttpRequest) -> tuple[date, date]:
    """Read ?du and ?au, each a day; what is absent or wrong is the year that ends today."""
    first, last = year_before(local_day(timezone.now()))

    def day(name: str, otherwise: date) -> date:
        try:
            return parse_date(request.GET.get(name, "")) or otherwise
        except ValueError:
            return otherwise

    first, last = day("du", first), day("au", last)
    return (first, last) if first <= last else (last, first)


@requires(Capability.MANAGE_CATALOGUE)
def costs(request: HttpRequest) -> HttpResponse:
    """Show the report of the kits that the associations of who asks own."""
    first, last = _period(request)
    report = cost_report(organisations_of(request, Capability.MANAGE_CATALOGUE), first=first, last=last)
    context = {
        "report": report,
        "first": first,
        "last": last,
        "valid_hours": VALID_HOURS,
        "valid_percent": round(VALID_COVERAGE * 100),
    }
    return render(request, "lending/collection/costs.html", context)


@requires(Capability.MANAGE_CATALOGUE)
def costs_csv(request: HttpRequest) -> HttpResponseBase:
    """Give the same report as CSV."""
    first, last = _period(request)
    report = cost_report(organisations_of(request, Capability.MANAGE_CATALOGUE), first=first, last=last)
    return csv_answer(cost_rows(report), f"costs_{first}_{last}.csv")

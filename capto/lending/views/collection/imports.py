"""Kits from a file: tried first, each wrong line named, and nothing half done."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from capto.catalogue.kit_import import COLUMNS, REQUIRED, ImportReport, import_kits
from capto.lending.collection_forms import ImportForm
from capto.lending.models import Act
from capto.lending.once import Answer
from capto.lending.sent_once import done_once
from capto.lending.views.collection.kits import organisations_of
from capto.members.access import requires
from capto.members.models import Person
from capto.members.roles import Capability

SHOWN = 100  # errors listed: whoever has more corrects a column, not a line


@requires(Capability.MANAGE_CATALOGUE)
def import_page(request: HttpRequest) -> HttpResponse:
    """Try a file, or take it in; a file with one wrong line changes nothing."""
    organisations = organisations_of(request, Capability.MANAGE_CATALOGUE)
    form = ImportForm(request.POST or None, request.FILES or None, organisations=organisations)
    report: ImportReport | None = None
    is_trial = "really" not in request.POST
    if request.method == "POST" and form.is_valid():
        report = _import(request, form.cleaned_data, dry_run=is_trial)
    context = {
        "form": form,
        "report": report,
        "errors": report.errors[:SHOWN] if report else [],
        "is_trial": is_trial,
        "columns": [(name, name in REQUIRED) for name in COLUMNS],
    }
    status = 422 if report is not None and report.errors else 200
    return render(request, "lending/collection/import.html", context, status=status)


class _NotImported(Exception):
    """A wrong line: nothing was done, and the same form sent again is a new try."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self.report = report


def _import(request: HttpRequest, told: dict[str, Any], *, dry_run: bool) -> ImportReport:
    """Take a file in once per form; sent again, it gives the same figures and adds nothing."""

    def work(act: Act | None) -> Answer:
        report = import_kits(
            told["file"],
            organisation=told["organisation"],
            by=cast(Person, request.user),
            now=timezone.now(),
            dry_run=dry_run,
        )
        if not report.is_done:
            raise _NotImported(report)
        return {"kits": report.kits, "sensors": report.sensors}

    try:
        done = done_once(request, Act.Kind.IMPORT, work)
    except _NotImported as failed:
        return failed.report
    return ImportReport(done.get("kits", 0), done.get("sensors", 0), [], True)

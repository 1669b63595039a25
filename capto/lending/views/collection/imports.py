"""Kits from a file: tried first, each wrong line named, and nothing half done."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from capto.catalogue.kit_import import COLUMNS, REQUIRED, ImportReport, import_kits
from capto.lending.collection_forms import ImportForm
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
        report = import_kits(
            form.cleaned_data["file"],
            organisation=form.cleaned_data["organisation"],
            by=cast(Person, request.user),
            now=timezone.now(),
            dry_run=is_trial,
        )
    context = {
        "form": form,
        "report": report,
        "errors": report.errors[:SHOWN] if report else [],
        "is_trial": is_trial,
        "columns": [(name, name in REQUIRED) for name in COLUMNS],
    }
    status = 422 if report is not None and report.errors else 200
    return render(request, "lending/collection/import.html", context, status=status)

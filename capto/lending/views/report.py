"""The personal report of a loan that is over: a page, and the same as PDF."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache

from capto.charts.svg import escaped
from capto.lending.models import Loan
from capto.lending.placements import placements_of
from capto.lending.report import Quantity, report
from capto.lending.views.my_loan import loan_for
from capto.members.pdf import pdf_of
from capto.members.roles import Capability


def _context(loan: Loan) -> dict[str, Any]:
    now = timezone.now()
    placements = placements_of(loan)
    return {
        "loan": loan,
        "quantities": report(loan, now=now),
        "notes": loan.notes.all(),
        "public_id": placements[-1].public_id if placements else "",
        "now": now,
    }


@never_cache
@login_required
def loan_report(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show what a sensor saw during its loan; before the return there is none yet."""
    loan, _is_staff = loan_for(request, public_id, staff=Capability.SEE_BORROWERS)
    if loan.state == Loan.State.OPEN:
        return redirect("my-loan", public_id)
    return render(request, "lending/report.html", _context(loan))


@never_cache
@login_required
def loan_report_pdf(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give the report as PDF, its curves inside."""
    loan, _is_staff = loan_for(request, public_id, staff=Capability.SEE_BORROWERS)
    if loan.state == Loan.State.OPEN:
        return redirect("my-loan", public_id)
    context = _context(loan)
    context["quantities"] = [(one, _on_paper(one)) for one in context["quantities"]]
    response = HttpResponse(
        pdf_of(render_to_string("lending/report_paper.html", context)), content_type="application/pdf"
    )
    response["Content-Disposition"] = f'inline; filename="bilan-{loan.public_id}.pdf"'
    return response


def _on_paper(one: Quantity) -> SafeString:
    """Put the styles inside the drawing: a page for print has no style sheet that reaches into it."""
    path = finders.find("lending_charts.css")
    assert isinstance(path, str)
    with open(path, encoding="utf-8") as file:
        styles = escaped(file.read())
    return mark_safe(one.curve.desk.replace("<desc id=", f"<style>{styles}</style><desc id=", 1))

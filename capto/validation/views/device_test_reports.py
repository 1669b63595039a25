"""A published report at its permanent address: as a page, PDF, one HTML file, JSON, and the data it was made of."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language

from capto.validation.device_report.page import as_pdf, standing_alone, title, with_comment
from capto.validation.device_report.words import Words
from capto.validation.models import TestReport


def page(request: HttpRequest, public_id: str, quantity: str, version: int = 0) -> HttpResponse:
    """Show the report, the newest version where none is named."""
    report, language = _report(public_id, quantity, version), _language()
    context = {
        "report": report,
        "test": report.test,
        "title": title(report.document, Words(language)),
        "body": _body(report, language),
        "versions": TestReport.objects.filter(test=report.test, property=report.property_id).order_by(
            "-version"
        ),
    }
    return render(request, "validation/device_test/report.html", context)


def file(request: HttpRequest, public_id: str, quantity: str, version: str, form: str) -> HttpResponse:
    """Give one version as pdf, html, json or zip."""
    report, language = _report(public_id, quantity, int(version)), _language()
    name = f"capto-essai-{public_id}-{quantity}-v{report.version}.{form}"
    if form == "json":
        return JsonResponse(report.document, json_dumps_params={"ensure_ascii": False, "indent": 1})
    if form == "zip":
        answer = HttpResponse(bytes(report.data), content_type="application/zip")
    else:
        html = standing_alone(
            _body(report, language), title(report.document, Words(language)), language=language
        )
        answer = (
            HttpResponse(as_pdf(html), content_type="application/pdf")
            if form == "pdf"
            else HttpResponse(html, content_type="text/html; charset=utf-8")
        )
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _report(public_id: str, quantity: str, version: int) -> TestReport:
    found = TestReport.objects.filter(test__public_id=public_id, property=quantity).select_related(
        "test", "property"
    )
    report = (found.filter(version=version) if version else found).order_by("version").last()
    if report is None:
        raise Http404
    return report


def _body(report: TestReport, language: str) -> str:
    kept = report.english if language == "en" else report.french
    return with_comment(kept, report.test.comment, language=language)


def _language() -> str:
    return "en" if get_language() == "en" else "fr"

"""The wizard: upload, follow, read. Without JavaScript the page that waits loads itself again."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from capto.validation import uploads
from capto.validation.device_report.page import as_pdf, standing_alone
from capto.validation.evaluation.form import EvaluationForm
from capto.validation.plain.errors import in_french

RUNNING = ("waiting", "reading", "drawing")


@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    """Take the files of a device and of a reference."""
    if request.method == "POST" and uploads.too_large(request):
        large = {"largest_mb": uploads.LARGEST_MB}
        answer = render(request, "validation/device_test/too_large.html", large, status=413)
        answer["Connection"] = "close"
        return answer
    form = EvaluationForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            token = uploads.ask(
                told["sensors"],
                told["reference"],
                options=form.options(),
                language=_language(),
                now=timezone.now(),
            )
            return redirect("evaluation", token)
        except uploads.TooManyWaiting:
            form.add_error(None, _("Beaucoup d’évaluations attendent : réessayez dans quelques minutes."))
    context: dict[str, Any] = {"form": form, "largest_mb": uploads.LARGEST_MB, "kept_hours": 24}
    return render(
        request, "validation/device_test/evaluate.html", context, status=422 if form.errors else 200
    )


@never_cache
def page(request: HttpRequest, token: str) -> HttpResponse:
    """Show how far an evaluation is, what was wrong, or its report."""
    path = uploads.of_token(token)
    if path is None:
        return render(request, "validation/device_test/evaluation_gone.html", status=404)
    state = uploads.state_of(path)
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"step": state["step"], "done": state.get("done"), "of": state.get("of")})
    context = {"state": state, "token": token, "running": state["step"] in RUNNING}
    if state["step"] == "refused":
        context["why"] = state["why"] if _language() == "en" else in_french(state["why"])
    if state["step"] == "done":
        context["body"] = (path / "body.html").read_text(encoding="utf-8")
    answer = render(request, "validation/device_test/evaluation.html", context)
    if context["running"]:
        answer["Refresh"] = f"2; url={reverse('evaluation', args=[token])}"
    return answer


@never_cache
def file(request: HttpRequest, token: str, form: str) -> HttpResponse:
    """Give the report as html, pdf or json."""
    path = uploads.of_token(token)
    state = uploads.state_of(path) if path else {}
    if path is None or state.get("step") != "done":
        raise Http404
    if form == "json":
        answer = HttpResponse((path / "report.json").read_text(), content_type="application/json")
    else:
        inside = (path / "body.html").read_text(encoding="utf-8")
        html = standing_alone(inside, state["title"], language=state["language"])
        answer = (
            HttpResponse(as_pdf(html), content_type="application/pdf")
            if form == "pdf"
            else HttpResponse(html, content_type="text/html; charset=utf-8")
        )
    answer["Content-Disposition"] = f'attachment; filename="capto-evaluation.{form}"'
    return answer


def _language() -> str:
    return "en" if get_language() == "en" else "fr"

"""One published number explained: the trail from the message to the value, computed again on the page."""

from datetime import datetime, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from capto.validation import provenance
from capto.validation.evidence import NotPublished
from dashboards.method_steps import STEPS
from dashboards.models import PublishedHour
from dashboards.views.withdrawals import gone_page


def explained(request: HttpRequest, public_id: str, quantity: str, hour: str) -> HttpResponse:
    """Explain the value of one place, quantity and hour; only what is published is."""
    start = _hour(hour)
    shown = PublishedHour.objects.explained(public_id, quantity=quantity, hour=start)
    if shown is None:
        return gone_page(request, public_id)
    asked = f"quantity={quantity}&from={start:%Y-%m-%dT%HZ}&to={start + timedelta(hours=1):%Y-%m-%dT%HZ}"
    try:
        explanation = provenance.explain(shown.series_id, start)
    except NotPublished as error:  # its sums are kept no more: nothing is left to follow
        raise Http404 from error
    context = {
        "hour": shown,
        "explanation": explanation,
        "steps": [(step, told.slug) for step, told in zip(explanation.steps, STEPS, strict=False)],
        "data_url": f"{reverse('place-csv', args=[public_id])}?{asked}",
    }
    return render(request, "dashboards/explained.html", context)


def _hour(written: str) -> datetime:
    """Read the start of an hour as addresses write it: 2026-11-20T08Z."""
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise Http404 from None
    if at.tzinfo is None or at.minute or at.second or at.microsecond:
        raise Http404
    return at

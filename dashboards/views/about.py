"""Pages of words: method, accessibility, privacy."""

from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from capto.catalogue.models import LendingPoint
from capto.charts.scales import PARIS
from capto.validation import provenance
from capto.validation.evidence import NotPublished
from dashboards.kept import kept
from dashboards.method_rules import rules_of
from dashboards.method_steps import BY_SLUG, STEPS
from dashboards.models import PublishedHour

NUMBERED = 6  # steps of the trail of one number, as its explanation counts them; publishing follows


def method(request: HttpRequest) -> HttpResponse:
    """Explain each step from the raw message to the published value."""
    return render(request, "dashboards/method.html", {"steps": STEPS[:NUMBERED], "after": STEPS[NUMBERED:]})


@kept
def method_step(request: HttpRequest, slug: str) -> HttpResponse:
    """Explain one step: what, why, the formula, a published hour of these days as example, the thresholds in force."""
    step = BY_SLUG.get(slug)
    if step is None:
        raise Http404
    now = timezone.now()
    number = STEPS.index(step) + 1
    hour, explanation = _example(now)
    context = {
        "step": step,
        "number": number,
        "is_numbered": number <= NUMBERED,
        "n_steps": NUMBERED,
        "before": STEPS[number - 2] if number > 1 else None,
        "next": STEPS[number] if number < len(STEPS) else None,
        "rules": rules_of(slug, on=now.astimezone(PARIS).date()),
        "hour": hour,
        "example": explanation.steps[number - 1] if explanation and number <= NUMBERED else None,
        "code_url": settings.SOURCE_URL,
    }
    return render(request, "dashboards/method_step.html", context)


def _example(now: datetime) -> tuple[PublishedHour | None, provenance.Explanation | None]:
    """Give a recent hour with its trail, nothing where none has one."""
    hour = PublishedHour.objects.exemplary(now=now)
    if hour is None:
        return None, None
    try:
        return hour, provenance.explain(hour.series_id, hour.hour)
    except NotPublished:  # its sums are gone: nothing to compute again
        return None, None


def accessibility(request: HttpRequest) -> HttpResponse:
    """State how accessible the site is, as the law asks."""
    return render(request, "dashboards/accessibility.html")


def privacy(request: HttpRequest) -> HttpResponse:
    """Say what is published of a place and what is not."""
    return render(request, "dashboards/privacy.html")


def contact(request: HttpRequest) -> HttpResponse:
    """Say how to reach the people behind the sensors; one query."""
    address = settings.SITE_CONTACT
    reached = {
        "contact_mail": address if "@" in address and "/" not in address else "",
        "contact_url": address if address.startswith("https://") else "",
        "lending_points": LendingPoint.objects.filter(is_active=True)
        .select_related("organisation")
        .order_by("organisation__name", "name"),
    }
    return render(request, "dashboards/contact.html", reached)

"""What other software follows: a feed for each place, the list of pages, and what robots may read."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _

from capto.catalogue.models import ObservedProperty
from capto.charts.scales import PARIS
from capto.readings.models import ReferenceStation
from dashboards.days import Day, days_of_place
from dashboards.models import PublishedSeries
from dashboards.views.withdrawals import gone_file
from dashboards.words import amount, day_of, figure, full_day_of, name_of

DAYS_IN_FEED = 14
FRESH_SECONDS = 300


def feed(request: HttpRequest, public_id: str, quantity: str) -> HttpResponse:
    """Give the daily means of a place as an Atom feed: one entry a whole day, the latest first."""
    now = timezone.now()
    series = PublishedSeries.objects.of_place(public_id).filter(property_id=quantity).first()
    measured = ObservedProperty.objects.filter(code=quantity, is_pollutant=True).first()
    if measured is None:
        raise Http404
    if series is None:
        return gone_file(public_id)
    page = settings.SITE_URL + reverse("place-quantity", args=[public_id, quantity])
    title = _("%(quantity)s, %(place)s") % {"quantity": name_of(measured), "place": series.label}
    today = now.astimezone(PARIS).date()
    days = days_of_place(public_id, quantity=quantity, first=today - timedelta(days=DAYS_IN_FEED), last=today)
    atom = Atom1Feed(
        title=title, link=page, description="", feed_url=settings.SITE_URL + request.path, feed_guid=page
    )
    for day in reversed([day for day in days if day.day < today]):
        atom.add_item(
            title=f"{full_day_of(_noon(day.day))} : {amount(day.mean, measured.unit_label)}",
            link=page,
            description=in_words(day, unit=measured.unit_label),
            unique_id=f"{page}#{day.day:%Y-%m-%d}",
            updateddate=day.computed_at,
        )
    answer = HttpResponse(atom.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")
    patch_cache_control(answer, public=True, max_age=FRESH_SECONDS)
    return answer


def in_words(day: Day, *, unit: str) -> str:
    """Say what a daily mean is: of how many hours, how sure, in which zone."""
    return _(
        "%(day)s : moyenne de %(n)d heures, %(value)s, à %(u)s près (à 95 %%), jour de l’heure de Paris."
    ) % {
        "day": day_of(_noon(day.day)),
        "n": day.n,
        "value": amount(day.mean, unit),
        "u": figure(day.uncertainty),
    }


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=PARIS)


def sitemap(request: HttpRequest) -> HttpResponse:
    """List the public pages; without dates, which would say when a sensor was put up or last heard."""
    names = ("home", "around", "evenings", "places", "measuring-campaigns", "data", "method", "accessibility")
    pages = [reverse(name) for name in (*names, "privacy", "contact", "withdrawn-places")]
    places = PublishedSeries.objects.exclude(purpose="co_location").values_list("public_id", flat=True)
    pages += [reverse("place", args=[ident]) for ident in sorted(set(places))]
    pages += [
        reverse("commune", args=[code])
        for code in sorted(set(PublishedSeries.objects.values_list("insee_code", flat=True)))
        if code
    ]
    pages += [
        reverse("station", args=[code])
        for code in ReferenceStation.objects.order_by("code").values_list("code", flat=True)
    ]
    addresses = [settings.SITE_URL + page for page in pages]
    return render(request, "dashboards/sitemap.xml", {"addresses": addresses}, content_type="application/xml")


def robots(request: HttpRequest) -> HttpResponse:
    """Let robots read every page, and tell them where the list is."""
    text = f"User-agent: *\nAllow: /\n\nSitemap: {settings.SITE_URL}{reverse('sitemap')}\n"
    return HttpResponse(text, content_type="text/plain; charset=utf-8")

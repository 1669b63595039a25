"""Measuring campaigns: a question of a territory between two dates, and what was measured there meanwhile.

Every place of the territory counts, whoever borrowed the sensor: a page names no participant.
"""

from datetime import date

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from capto.catalogue.models import ObservedProperty
from capto.charts.scales import PARIS
from capto.members.models import Campaign, Territory
from dashboards import around
from dashboards.chosen import midnight
from dashboards.drawn_together import charts_together
from dashboards.gathered_days import (
    days_drawn,
    days_together,
    mean_by_place,
    place_days,
    profile_together,
)
from dashboards.kept import kept
from dashboards.models import PublishedSeries

MOST_DAYS = 366  # of a chart; a longer campaign shows its last year


@kept
def campaigns(request: HttpRequest) -> HttpResponse:
    """List the measuring campaigns, the latest first."""
    found = Campaign.objects.select_related("territory", "organisation").order_by("-starts_on", "slug")
    return render(request, "dashboards/campaigns.html", {"campaigns": found})


@kept
def campaign(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what the lent sensors of a campaign's territory measured in its period."""
    return render(
        request, "dashboards/campaign.html", campaign_context(slug, request.GET.get("grandeur", ""))
    )


def campaign_context(slug: str, wanted: str) -> dict[str, object]:
    """Gather what the page of a campaign says of one quantity."""
    found = get_object_or_404(Campaign.objects.select_related("territory", "organisation"), slug=slug)
    today = timezone.now().astimezone(PARIS).date()
    context: dict[str, object] = {
        "campaign": found,
        "is_running": found.starts_on <= today <= found.ends_on,
        "is_to_come": found.starts_on > today,
    }
    if found.starts_on <= today:
        context |= _measured(found, wanted)
    return context


def days_of_campaign(campaign: Campaign) -> tuple[date, date]:
    """Give the first and the last day that the charts of a campaign show, today at the latest."""
    last = min(campaign.ends_on, timezone.now().astimezone(PARIS).date())
    return max(campaign.starts_on, date.fromordinal(last.toordinal() - MOST_DAYS + 1)), last


def series_of_campaign(campaign: Campaign) -> list[PublishedSeries]:
    """Give what stood in the campaign's territory, and in the territories inside it, while its charts run."""
    first, last = days_of_campaign(campaign)
    return list(
        PublishedSeries.objects.exclude(purpose="co_location")
        .filter(
            Q(public_until=None) | Q(public_until__gt=midnight(first)),
            territory_id__in=_with_parts(campaign.territory),
            public_from__lt=midnight(date.fromordinal(last.toordinal() + 1)),
        )
        .select_related("property")
    )


def _measured(campaign: Campaign, wanted: str) -> dict[str, object]:
    first, last = days_of_campaign(campaign)
    series = series_of_campaign(campaign)
    measured: dict[str, ObservedProperty] = {
        s.property_id: s.property for s in series if s.property.is_pollutant
    }
    quantities = sorted(measured.values(), key=lambda quantity: (around.rank(quantity.code), quantity.code))
    quantity = measured.get(wanted) or (quantities[0] if quantities else None)
    if quantity is None:
        return {"n_places": 0}
    its = [s for s in series if s.property_id == quantity.code]
    idents = {s.series_id for s in its}
    found = place_days(idents, first=first, last=last)
    days = days_together(found, first=first, last=last)
    means = mean_by_place(found)
    places = {s.public_id: s for s in its}
    name = campaign.question
    profile = profile_together(idents, first=first, last=last, name=name, quantity=quantity)
    return {
        "n_places": len(places),
        "quantities": quantities,
        "quantity": quantity,
        "profile": profile,
        "charts": charts_together(
            ("campaign", campaign.slug),
            name=name,
            quantity=quantity,
            drawings=days_drawn(days, name=name, quantity=quantity, ident="campagne"),
            profile=profile,
            first=first,
            last=last,
        ),
        "days": [day for day in reversed(days) if day.n],
        "places_measured": sorted(
            ((places[public_id], *figures) for public_id, figures in means.items()),
            key=lambda row: (around.letters(row[0].label), row[0].public_id),
        ),
    }


def _with_parts(territory: Territory) -> list[int]:
    """Give a territory and the territories inside it, two levels down; two queries at most."""
    idents = [territory.pk]
    inside = list(Territory.objects.filter(parent__in=idents).values_list("pk", flat=True))
    return [*idents, *inside, *Territory.objects.filter(parent__in=inside).values_list("pk", flat=True)]

"""Staff enters what the authority decided, with the address of the act; feeds and their state are shown beside."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from capto.charts.scales import PARIS
from capto.members.access import requires
from capto.members.models import Person
from capto.members.roles import Capability
from dashboards.episodes.forms import EpisodeForm, LiftForm, ZoneForm
from dashboards.episodes.models import Episode, EpisodeFeed


@requires(Capability.ANNOUNCE_EPISODES)
def episodes(request: HttpRequest) -> HttpResponse:
    """Enter an episode, or a zone that is missing."""
    now = timezone.now()
    is_zone = "zone-code" in request.POST
    form = EpisodeForm(request.POST if request.method == "POST" and not is_zone else None)
    zone_form = ZoneForm(request.POST if is_zone else None, prefix="zone")
    if is_zone and zone_form.is_valid():
        zone_form.save()
        return redirect("staff-episodes")
    if request.method == "POST" and not is_zone and form.is_valid():
        told = form.cleaned_data
        for number in range((told["last_day"] - told["first_day"]).days + 1):
            Episode.announce(
                told["zone"],
                pollutant=told["pollutant"],
                level=told["level"],
                day=told["first_day"] + timedelta(days=number),
                status=told["status"],
                source=told["source"],
                url=told["url"],
                by=cast(Person, request.user),
                now=now,
            )
        messages.success(
            request,
            _("L’épisode est publié ; les campagnes concernées sont appelées dans les minutes qui viennent."),
        )
        return redirect("staff-episodes")
    today = now.astimezone(PARIS).date()
    rows = Episode.objects.filter(day__gte=today - timedelta(days=7)).select_related(
        "zone", "pollutant", "level"
    )
    return render(
        request,
        "episodes/staff/episodes.html",
        {
            "form": form,
            "zone_form": zone_form,
            "episodes": rows.order_by("-day"),
            "feeds": EpisodeFeed.objects.order_by("name"),
        },
    )


@requires(Capability.ANNOUNCE_EPISODES)
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that the authority ended an episode."""
    found = get_object_or_404(Episode.objects.select_related("zone", "pollutant", "level"), pk=pk)
    form = LiftForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        found.lift(
            now=timezone.now(), url=told["url"], because=told["because"], by=cast(Person, request.user)
        )
        messages.success(request, _("L’épisode est levé."))
        return redirect("staff-episodes")
    return render(request, "episodes/staff/lift.html", {"form": form, "episode": found})

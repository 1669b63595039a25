"""The public pages of campaigns: the list, one campaign, its sandbox and its poster."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import segno
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from capto.charts.scales import PARIS
from capto.members.markdown import rendered
from capto.members.models import Attempt
from capto.members.models.attempt import TooManyAttempts
from capto.members.models.mailbox import reader_of
from capto.members.pdf import pdf_of
from dashboards.episodes.models import Episode
from dashboards.episodes.models.episode import PARTICLES
from dashboards.pledges import effect, publishing, words
from dashboards.pledges.counters import counters, day_counts
from dashboards.pledges.forms import PledgeForm
from dashboards.pledges.models import FactorSet, Pledge, PledgeCampaign, PublishedEffect
from dashboards.pledges.season import answers_open

S = PledgeCampaign.State


def campaigns(request: HttpRequest) -> HttpResponse:
    """List the campaigns, those that count most for the episode of the day first."""
    now = timezone.now()
    told = list(Episode.objects.told(now=now))
    found = list(PledgeCampaign.objects.public())
    particles = not told or any(episode.is_of_particles for episode in told)
    found.sort(key=lambda c: (not c.is_running, (c.action.effect == "wood") is not particles, c.deadline))
    return render(
        request,
        "pledges/campaigns.html",
        {
            "running": [(c, counters(c, now=now)) for c in found if c.is_running],
            "past": [c for c in found if not c.is_running],
            "evenings_to_days": _car_days_of_an_evening(FactorSet.in_force(on=now.date()).pk),
            "told": told,
        },
    )


@lru_cache(maxsize=8)
def _car_days_of_an_evening(factor_set: int) -> int:
    """Say how many really avoided car days weigh as one open-fire evening, in PM2.5 (central values)."""
    factors = FactorSet.objects.get(pk=factor_set).numbers()
    evening = factors["wood_kg"].value * factors["wood_heat"].value * factors["wood_pm25"].value / 1e3  # g
    day = factors["km_per_day"].value * factors["car_pm25"].value / 1e3  # g
    times = evening / day
    return round(times / 10) * 10 if times >= 100 else max(1, round(times))


@dataclass(frozen=True, slots=True)
class Day:
    """One called day as its campaign's page shows it."""

    counts: Any
    layers: list[tuple[PublishedEffect, list[words.Line]]]
    observed: list[Any]
    is_asked: bool  # whether people have begun to say what they did


def campaign(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a campaign and take a pledge."""
    now = timezone.now()
    found = get_object_or_404(PledgeCampaign.objects.public(), slug=slug)
    form = PledgeForm(request.POST or None, campaign=found, now=now)
    if request.method == "POST" and found.accepts(now=now) and form.is_valid():
        answer = _take(request, found, form, now=now)
        if answer is not None:
            return answer
    status = 429 if form.has_error("__all__", "wait") else 200
    return render(request, "pledges/campaign.html", page_of(found, now=now) | {"form": form}, status=status)


def _take(
    request: HttpRequest, found: PledgeCampaign, form: PledgeForm, *, now: datetime
) -> HttpResponse | None:
    """Note a promise and send its link, or put on the form why not; a script gets the same answer and no mail."""
    told = form.cleaned_data
    if not form.looks_scripted:
        try:
            Attempt.note("pledge_address", str(request.META.get("REMOTE_ADDR", "")), now=now)
            Attempt.note("pledge_everyone", "", now=now)
            Attempt.note("pledge", f"{found.pk}:{reader_of(told['email'], now=now)}", now=now)
        except TooManyAttempts:
            form.add_error(None, _wait())
            return None
        except ValueError:
            form.add_error("email", _("Cette adresse ne peut pas être lue."))
            return None
        Pledge.ask(
            found,
            email=told["email"],
            required_others=told["required_others"],
            language=(get_language() or "fr")[:2],
            commune=told["commune"],
            km_per_day=told.get("km_per_day"),
            now=now,
        )
    return render(request, "pledges/sent.html", {"campaign": found, "email": told["email"]})


def _wait() -> ValidationError:
    return ValidationError(
        _("Trop d’essais de suite. Attendez un quart d’heure, puis recommencez."), code="wait"
    )


def page_of(found: PledgeCampaign, *, now: datetime) -> dict[str, Any]:
    """Gather what a campaign's page says."""
    count = counters(found, now=now)
    factors = FactorSet.in_force(on=now.date())
    people = count.held or max(count.threshold + 1, found.smallest_count)
    is_counted = found.action.effect in publishing.KIND
    results, numbers = (
        publishing.sandbox(found, people=people, changed={}, factors=factors) if is_counted else ({}, {})
    )
    calls = list(
        found.calls.standing()
        .select_related("episode__level", "episode__pollutant", "episode__zone")
        .prefetch_related("effects__factor_set", "counts")
    )
    pollutant = found.pollutant_id or ""
    today = now.astimezone(PARIS).date()
    return {
        "campaign": found,
        "why": rendered(found.why),
        "count": count,
        "accepts": found.accepts(now=now),
        "people": people,
        "is_held_people": count.held is not None and count.held > 0,
        "effect_lines": words.lines(results, pollutant=pollutant),
        "is_particle_trigger": pollutant in PARTICLES or not pollutant,
        "factors": [row for row in factors.factors.all() if row.key in publishing.factors_of(found)],
        "factor_set": factors,
        "times_too_small": _times_too_small(results, numbers, found),
        "days": [
            Day(
                day_counts(call, k=found.smallest_count),
                [
                    (one, words.lines(one.results, pollutant=call.episode.pollutant_id))
                    for one in call.effects.all()
                ],
                list(call.counts.all()),
                call.followed_up_at is not None or answers_open(call, now=now),
            )
            for call in reversed(calls)
        ],
        "called": [call for call in calls if call.day >= today and call.followed_up_at is None],
        "promises": found.promises.prefetch_related("keepings__call"),
        "share_url": settings.SITE_URL + reverse("pledge-campaign", args=[found.slug]),
    }


def _times_too_small(results: Any, factors: Any, found: PledgeCampaign) -> int | None:
    """Say how many times the effect is below what sensors tell apart; None where it could be seen."""
    quantity, key = ("no2", "nox_g") if found.pollutant_id in ("no2", "o3") else ("pm25", "pm25_g")
    if key not in results:
        return None
    times = effect.times_too_small(
        results[key], factors, smallest_seen=publishing.smallest_difference_seen(quantity), seed=found.pk
    )
    if not 1 < times < 1e9:
        return None
    power = int("1" + "0" * (len(str(int(times))) - 1))
    return int(times) // power * power  # one digit, rounded down: « at least » stays true


def sandbox(request: HttpRequest, slug: str) -> HttpResponse:
    """Move the assumptions: the address holds them all, nothing is stored, the published figures stay."""
    now = timezone.now()
    found = get_object_or_404(PledgeCampaign.objects.public(), slug=slug)
    factors = FactorSet.in_force(on=now.date())
    rows = [row for row in factors.factors.all() if row.key in publishing.factors_of(found)]
    people, changed, problems = _read_sandbox(request, found, rows)
    results: dict[str, effect.Interval] = {}
    if rows and not problems:
        results, _numbers = publishing.sandbox(found, people=people, changed=changed, factors=factors)
    query = urlencode({"personnes": str(people), **{key: f"{value:g}" for key, value in changed.items()}})
    return render(
        request,
        "pledges/sandbox.html",
        {
            "campaign": found,
            "people": people,
            "rows": [(row, changed.get(row.key, row.value), row.key in changed) for row in rows],
            "problems": problems,
            "effect_lines": words.lines(results, pollutant=found.pollutant_id or ""),
            "factor_set": factors,
            "share_url": f"{settings.SITE_URL}{reverse('pledge-sandbox', args=[slug])}?{query}",
        },
        status=400 if problems else 200,
    )


def _read_sandbox(
    request: HttpRequest, found: PledgeCampaign, rows: list[Any]
) -> tuple[int, dict[str, float], list[str]]:
    problems: list[str] = []
    changed: dict[str, float] = {}
    people = found.threshold + 1
    try:
        people = int(request.GET.get("personnes", people))
        if not 1 <= people <= 10_000_000:
            raise ValueError
    except ValueError:
        problems.append(_("Le nombre de personnes est un entier à partir de 1."))
        people = found.threshold + 1
    for row in rows:
        text = request.GET.get(row.key, "").replace(",", ".").strip()
        if not text:
            continue
        try:
            value = float(text)
            if not row.low <= value <= row.high:
                raise ValueError
        except ValueError:
            problems.append(
                _("%(name)s : une valeur de %(low)s à %(high)s.")
                % {"name": row, "low": row.low, "high": row.high}
            )
            continue
        if value != row.value:
            changed[row.key] = value
    return people, changed, problems


def poster(request: HttpRequest, slug: str) -> HttpResponse:
    """Print the campaign's poster: the promise, the link as a QR code, no tracker in it."""
    found = get_object_or_404(PledgeCampaign.objects.public(), slug=slug)
    address = settings.SITE_URL + reverse("pledge-campaign", args=[slug])
    html = render_to_string(
        "pledges/poster.html",
        {
            "campaign": found,
            "count": counters(found, now=timezone.now()),
            "address": address,
            "qr": segno.make(address, error="m").svg_data_uri(scale=8, border=2),
            "site_name": settings.SITE_NAME,
            "LANGUAGE_CODE": (get_language() or "fr")[:2],
        },
    )
    response = HttpResponse(pdf_of(html), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{slug}.pdf"'
    return response


def counts_json(request: HttpRequest, slug: str) -> JsonResponse:
    """Give the counts of a campaign to other platforms, as they may be shown; null stands for fewer than k."""
    found = get_object_or_404(PledgeCampaign.objects.public(), slug=slug)
    count = counters(found, now=timezone.now())
    return JsonResponse(
        {
            "campaign": found.slug,
            "title": found.title,
            "action": found.action_id,
            "territory": found.territory.name,
            "state": found.state,
            "deadline": found.deadline.isoformat(),
            "inhabitants": count.inhabitants,
            "smallest_count": count.k,
            "threshold": count.threshold,
            "missing": count.missing,
            "missing_at_least": count.missing_at_least,
            "pledged": count.pledged,
            "held": count.held,
            "communes": dict(count.places),
            "is_simulated": found.is_simulated,
        }
    )

"""The pages by which a mediator runs campaigns: prepare, open, record on paper, say what was kept, count."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from capto.charts.scales import PARIS
from capto.members.access import requires
from capto.members.chosen import chosen_or_404
from capto.members.models import Message, Person
from capto.members.roles import Capability
from dashboards.pledges.counters import counters
from dashboards.pledges.forms import (
    CampaignForm,
    CountForm,
    KeepingForm,
    PaperForm,
    PaperOfForm,
    PromiseForm,
)
from dashboards.pledges.models import Keeping, Pledge, PledgeCampaign, PledgeClosed, WrongMove

MANAGE = Capability.MANAGE_CAMPAIGNS


def _of_mine(request: HttpRequest, slug: str) -> PledgeCampaign:
    """Give a campaign of an organisation whose campaigns this person runs; 403 for another's."""
    found = get_object_or_404(
        PledgeCampaign.objects.select_related("organisation", "action", "territory", "zone"), slug=slug
    )
    if not cast(Person, request.user).can(MANAGE, within=found.organisation):
        raise PermissionDenied(_("Cette campagne est celle d’une autre organisation."))
    return found


@requires(MANAGE)
def campaigns(request: HttpRequest) -> HttpResponse:
    """List the campaigns of one's organisations."""
    mine = cast(Person, request.user).organisations_where(MANAGE)
    found = PledgeCampaign.objects.filter(organisation__in=mine).select_related("territory", "action")
    return render(request, "pledges/staff/campaigns.html", {"campaigns": found})


@requires(MANAGE)
def edit(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Prepare a campaign; once open, only its title and its text can change."""
    person = cast(Person, request.user)
    found = _of_mine(request, slug) if slug else None
    form = CampaignForm(request.POST or None, instance=found, by=person)
    if found is not None and found.state != PledgeCampaign.State.DRAFT:
        for name in [name for name in form.fields if name not in ("title", "why")]:
            form.fields[name].disabled = True
    if request.method == "POST" and form.is_valid():
        if form.instance.mediator_id is None:
            form.instance.mediator = person
        saved = form.save()
        return redirect("staff-pledge", saved.slug)
    return render(request, "pledges/staff/edit.html", {"form": form, "campaign": found})


@requires(MANAGE)
def campaign(request: HttpRequest, slug: str) -> HttpResponse:
    """Run one campaign: each form of the page does one thing."""
    found = _of_mine(request, slug)
    now = timezone.now()
    forms: dict[str, Any] = {
        "paper": PaperForm(prefix="paper"),
        "promise": PromiseForm(prefix="promise"),
        "count": CountForm(prefix="count", campaign=found),
    }
    if request.method == "POST":
        done = _act(request, found, forms, now=now)
        if done:
            messages.success(request, done)
            return redirect("staff-pledge", slug)
    today = now.astimezone(PARIS).date()
    on_paper = Message.objects.filter(
        channel=Message.Channel.PAPER,
        sent_at=None,
        dropped_at=None,
        key__startswith="pledges:called:",
        person__in=found.pledges.filter(person__isnull=False).values("person"),
    ).select_related("person")
    return render(
        request,
        "pledges/staff/campaign.html",
        {
            "campaign": found,
            "count": counters(found, now=now),
            "forms": forms,
            "on_paper": on_paper,
            "keepings": Keeping.objects.filter(promise__campaign=found).select_related("promise", "call"),
            "words": [choice for choice in Keeping.Word.choices if choice[0] != "not_said"],
            "promises": found.promises.all(),
            "calls": found.calls.all(),
            "today": today,
        },
    )


@requires(Capability.SERVE_ON_BEHALF)
def paper(request: HttpRequest) -> HttpResponse:
    """Note at the desk the signed paper of someone without internet."""
    form = PaperOfForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            Pledge.record_on_paper(
                told["campaign"],
                person=told["person"],
                required_others=told["required_others"],
                by=cast(Person, request.user),
                now=timezone.now(),
            )
        except PledgeClosed:
            form.add_error("campaign", _("Cette campagne ne prend plus d’engagement."))
        else:
            messages.success(request, _("L’engagement est noté."))
            return redirect("staff-pledge-paper")
    return render(request, "pledges/staff/paper.html", {"form": form})


def _act(request: HttpRequest, found: PledgeCampaign, forms: dict[str, Any], *, now: datetime) -> str:
    """Do what the pressed button says; gives the words of success, '' where a form is to be seen again."""
    person = cast(Person, request.user)
    act = request.POST.get("act", "")
    try:
        if act == "open":
            found.open(by=person, now=now)
            return _("La campagne est ouverte.")
        if act == "close":
            found.close(by=person, now=now, because="staff")
            return _("La campagne est terminée.")
    except WrongMove:
        messages.error(request, _("La campagne n’est plus dans l’état où cela se peut."))
        return ""
    if act == "told":
        message = chosen_or_404(Message, request.POST.get("message"), channel=Message.Channel.PAPER)
        message.note_told_by_staff(now=now)
        return _("Noté : la personne a été jointe.")
    if act == "keeping":
        return _keep(request, found, now=now)
    if act == "withdraw-promise":
        chosen_or_404(found.promises, request.POST.get("promise")).withdraw(now=now)
        return _("La promesse est retirée ; elle reste lisible.")
    bound: Any = None
    if act == "paper":
        bound = forms["paper"] = PaperForm(request.POST, prefix="paper")
        if bound.is_valid():
            told = bound.cleaned_data
            try:
                Pledge.record_on_paper(
                    found, person=told["person"], required_others=told["required_others"], by=person, now=now
                )
            except PledgeClosed:
                bound.add_error(None, _("Cette campagne ne prend plus d’engagement."))
                return ""
            return _("L’engagement est noté.")
    elif act == "promise":
        bound = forms["promise"] = PromiseForm(request.POST, prefix="promise")
        if bound.is_valid():
            bound.instance.campaign, bound.instance.made_at, bound.instance.recorded_by = found, now, person
            bound.save()
            return _("La promesse est publiée.")
    elif act == "count":
        bound = forms["count"] = CountForm(request.POST, prefix="count", campaign=found)
        if bound.is_valid():
            bound.instance.recorded_by, bound.instance.recorded_at = person, now
            bound.save()
            return _("Le comptage est publié.")
    return ""


def _keep(request: HttpRequest, found: PledgeCampaign, *, now: datetime) -> str:
    form = KeepingForm(request.POST)
    if not form.is_valid() or form.cleaned_data["keeping"].promise.campaign_id != found.pk:
        messages.error(request, _("La réponse n’a pas pu être lue."))
        return ""
    told = form.cleaned_data
    told["keeping"].say(
        told["word"], by=cast(Person, request.user), now=now, note=told["note"], url=told["url"]
    )
    return _("C’est écrit, et public.")

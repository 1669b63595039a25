"""What staff does to a loan that is out, from its page: exchange the kit, give it longer, close it as lost."""

from typing import cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from capto.catalogue.models import Kit
from capto.lending.forms import DayInput
from capto.lending.models import Act, Loan
from capto.lending.sent_once import act_of, sent_once
from capto.lending.views.my_loan import loan_for
from capto.lending.views.told import refusals_told
from capto.members.models import Person
from capto.members.roles import Capability


class SwapForm(forms.Form):
    """The other kit, as its label says, and why."""

    code = forms.CharField(label=gettext_lazy("Code de l’autre kit"), max_length=20)
    reason = forms.CharField(label=gettext_lazy("Ce qui ne va pas"), max_length=200)


class LongerForm(forms.Form):
    """A later day; against the rule it needs a reason, which stays."""

    until = forms.DateField(label=gettext_lazy("Jusqu’au"), widget=DayInput)
    reason = forms.CharField(
        label=gettext_lazy("Raison, si la règle s’y oppose"), max_length=200, required=False
    )


class LostForm(forms.Form):
    """What is known of a kit that will not come back."""

    reason = forms.CharField(label=gettext_lazy("Ce qui s’est passé"), max_length=200)


class CollectorForm(forms.Form):
    """The adult who came for the kit, where it was not the borrower."""

    name = forms.CharField(
        label=gettext_lazy("Qui est venu chercher le kit"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Un adulte ; vide si c’est l’emprunteur. Jamais le nom d’un élève."),
    )


def _staff_loan(request: HttpRequest, public_id: str) -> tuple[Loan, Person]:
    loan, is_staff = loan_for(request, public_id, staff=Capability.LEND)
    if not is_staff:
        raise PermissionDenied
    return loan, cast(Person, request.user)


@require_POST
@login_required
@sent_once()
def swap(request: HttpRequest, public_id: str) -> HttpResponse:
    """Exchange the kit in mid-loan: the pages and files go on under the same public ids."""
    loan, staff = _staff_loan(request, public_id)
    form = SwapForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Il manque le code de l’autre kit, ou ce qui ne va pas."))
        return redirect("my-loan", public_id)
    kit = Kit.objects.filter(code__iexact=form.cleaned_data["code"].strip()).first()
    if kit is None:
        messages.error(request, _("Aucun kit ne porte ce code. Rien n’a changé."))
        return redirect("my-loan", public_id)
    with refusals_told(request):
        loan.swap(kit, now=timezone.now(), reason=form.cleaned_data["reason"], by=staff, act=act_of(request))
        messages.success(request, _("Échangé : le prêt continue avec %s, sous la même page.") % kit.code)
    return redirect("my-loan", public_id)


@require_POST
@login_required
@sent_once()
def longer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Let the kit stay out until a day; against the rule only with a reason and the right to waive it."""
    loan, staff = _staff_loan(request, public_id)
    form = LongerForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Il manque le jour."))
        return redirect("my-loan", public_id)
    with refusals_told(request):
        loan.renew(
            now=timezone.now(),
            by=staff,
            until=form.cleaned_data["until"],
            override=form.cleaned_data["reason"],
            act=act_of(request),
        )
        messages.success(request, _("Le prêt est prolongé."))
    return redirect("my-loan", public_id)


@require_POST
@login_required
@sent_once()
def lost(request: HttpRequest, public_id: str) -> HttpResponse:
    """Close the loan of a kit that will not come back; nobody is charged."""
    loan, staff = _staff_loan(request, public_id)
    form = LostForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Il manque ce qui s’est passé."))
        return redirect("my-loan", public_id)
    with refusals_told(request):
        loan.lose(now=timezone.now(), reason=form.cleaned_data["reason"], by=staff, act=act_of(request))
        messages.success(request, _("Le prêt est clos et le kit est noté introuvable."))
    return redirect("my-loan", public_id)


@require_POST
@login_required
@sent_once(Act.Kind.COLLECTOR)
def collector(request: HttpRequest, public_id: str) -> HttpResponse:
    """Note who actually came for the kit; the agreement names them."""
    loan, _staff = _staff_loan(request, public_id)
    form = CollectorForm(request.POST)
    if form.is_valid():
        loan.note_collector(form.cleaned_data["name"])
        messages.success(request, _("C’est noté, et la convention le dit."))
    else:
        messages.error(request, _("Ce nom est trop long."))
    return redirect("my-loan", public_id)

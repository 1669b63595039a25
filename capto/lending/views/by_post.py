"""Parcels: what is to be sent, what is on its way, and the slip that goes into the box."""

from typing import cast

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from capto.lending.by_post import note_arrival, note_posted_back, parcels, send
from capto.lending.models import Hold, LoanPart
from capto.lending.sent_once import act_of, sent_once
from capto.lending.views.my_loan import loan_for
from capto.lending.views.told import refusals_told
from capto.members.access import requires
from capto.members.chosen import chosen_or_404
from capto.members.models import Person
from capto.members.pdf import pdf_of
from capto.members.roles import Capability


@never_cache
@requires(Capability.LEND)
@sent_once()
def page(request: HttpRequest) -> HttpResponse:
    """Show the parcels of this person's organisations, and send one."""
    person = cast(Person, request.user)
    organisations = person.organisations_where(Capability.LEND)
    if request.method == "POST":
        ready = Hold.objects.filter(by_post=True, point__organisation__in=organisations)
        hold = chosen_or_404(
            ready.select_related("kit", "person", "group", "point"), request.POST.get("hold")
        )
        with refusals_told(request):
            loan = send(hold, by=person, now=timezone.now(), act=act_of(request))
            messages.success(request, _("%s est parti. Imprimez le bordereau pour la boîte.") % loan.kit.code)
        return redirect("parcels")
    return render(request, "lending/parcels.html", {"parcels": parcels(organisations)})


@login_required
def slip(request: HttpRequest, public_id: str) -> HttpResponse:
    """Print the address and what is in the box."""
    loan, is_staff = loan_for(request, public_id, staff=Capability.LEND)
    if not is_staff or not loan.by_post:
        raise PermissionDenied
    link = settings.SITE_URL + reverse("kit-by-code", args=[loan.kit.code])
    context = {
        "loan": loan,
        "parts": LoanPart.objects.filter(loan=loan, accessory__kit=loan.kit_id).select_related("accessory"),
        "qr": segno.make(link, error="m", micro=False).svg_data_uri(scale=4),
    }
    response = HttpResponse(
        pdf_of(render_to_string("lending/slip.html", context)), content_type="application/pdf"
    )
    response["Content-Disposition"] = f'inline; filename="bordereau-{loan.kit.code}.pdf"'
    return response


@require_POST
@login_required
@sent_once()
def moved(request: HttpRequest, public_id: str) -> HttpResponse:
    """Note that the parcel has come, or that it goes back."""
    loan, _is_staff = loan_for(request, public_id, staff=Capability.LEND)
    person, now = cast(Person, request.user), timezone.now()
    with refusals_told(request):
        if request.POST.get("what") == "back":
            note_posted_back(loan, by=person, now=now, act=act_of(request))
            messages.success(request, _("C’est noté. Merci : plus aucun rappel ne partira pour ce kit."))
        else:
            note_arrival(loan, by=person, now=now, act=act_of(request))
            messages.success(request, _("C’est noté : le kit est arrivé."))
    return redirect("my-loan", public_id)

"""The borrower's side: the devices of a loan as they are now, and answers to what was found wrong."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from capto.lending.views.my_loan import loan_for
from firmware_bridge.loan_devices import panel
from firmware_bridge.models import AlreadyAnswered, Diagnosis


@require_GET
@never_cache
@login_required
def devices(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give the part of the loan's page that tells of its devices, for the page to renew itself while it waits."""
    loan, _is_staff = loan_for(request, public_id)
    return HttpResponse(panel(request, loan, now=timezone.now()))


@require_POST
@login_required
def answer(request: HttpRequest, public_id: str, pk: int) -> HttpResponse:
    """Keep what the borrower says of a diagnosis."""
    loan, _is_staff = loan_for(request, public_id)
    diagnosis = get_object_or_404(Diagnosis, pk=pk, placement__loan_placement__loan=loan)
    try:
        diagnosis.reply(
            request.POST.get("answer", ""), text=request.POST.get("text", "").strip(), now=timezone.now()
        )
    except ValueError:
        messages.error(request, _("Choisissez une réponse."))
    except AlreadyAnswered:
        messages.warning(request, _("Vous aviez déjà répondu : la première réponse reste avec les mesures."))
    else:
        messages.success(request, _("Merci : votre réponse reste avec les mesures, sans votre nom."))
    return redirect(reverse("my-loan", args=[public_id]) + "#appareils")

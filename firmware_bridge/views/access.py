"""What to type into a device, with credentials of its own: for staff at the desk, for the borrower at home."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables

from capto.catalogue.models import Sensor
from capto.lending.models import Loan
from capto.lending.views.my_loan import loan_for
from capto.members.access import requires
from capto.members.markdown import rendered
from capto.members.models import Person
from capto.members.roles import Capability
from firmware_bridge.device_access import renew, shown_again, standing_of
from firmware_bridge.format_names import format_name


@never_cache
@requires(Capability.LEND)
def sensor_access(request: HttpRequest, code: str) -> HttpResponse:
    """Show staff how to set a sensor; when posted, with new credentials, shown this once."""
    sensor = get_object_or_404(Sensor.objects.select_related("model", "owner"), inventory_code=code)
    if not cast(Person, request.user).can(Capability.LEND, within=sensor.owner):
        raise PermissionDenied(_("Ce capteur est celui d’une autre association."))
    return _page(request, sensor, back=reverse("diagnoses"))


@never_cache
@login_required
def loan_access(request: HttpRequest, public_id: str, code: str) -> HttpResponse:
    """Show a borrower how to set a sensor of the loan; when posted, with new credentials, shown this once."""
    loan, _is_staff = loan_for(request, public_id)
    if loan.state != Loan.State.OPEN:
        raise PermissionDenied(_("Ce prêt est terminé."))
    found = Sensor.objects.select_related("model").filter(
        placements__loan_placement__loan=loan, placements__ends_at=None
    )
    sensor = get_object_or_404(found, inventory_code=code)
    return _page(request, sensor, back=reverse("my-loan", args=[public_id]) + "#appareils")


@sensitive_variables("given")
def _page(request: HttpRequest, sensor: Sensor, *, back: str) -> HttpResponse:
    given = renew(sensor, now=timezone.now()) if request.method == "POST" else None
    credential = standing_of(sensor)
    context = {
        "sensor": sensor,
        "format": format_name(sensor.wire_format),
        "credential": credential,
        "given": given,
        "guide": given.guide if given is not None else shown_again(sensor, credential),
        "model_guide": rendered(sensor.model.guide),
        "back": back,
    }
    return render(request, "firmware_bridge/access.html", context)

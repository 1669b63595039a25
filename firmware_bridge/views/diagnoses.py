"""The staff's list of devices that are not well: what, since when, what the borrower said, and what to do."""

from collections.abc import Iterable
from typing import NamedTuple, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from capto.catalogue.models import UpkeepTicket
from capto.lending.models import LoanPlacement
from capto.members.access import requires
from capto.members.models import Person
from capto.members.roles import Capability
from firmware_bridge.diagnosis_texts import WORDS, figures
from firmware_bridge.models import AlreadyHandled, Diagnosis
from firmware_bridge.models.diagnosis import DiagnosisQuerySet

SHOWN = 100


class Line(NamedTuple):
    """One diagnosis with its words; the loan's id where the sensor is lent."""

    diagnosis: Diagnosis
    sentence: object
    figures: str
    loan: str


def visible_to(person: Person) -> DiagnosisQuerySet:
    """List the diagnoses of the sensors of a person's organisations."""
    owners = person.organisations_where(Capability.MEND_KITS)
    return Diagnosis.objects.of_owners(owners)


@requires(Capability.MEND_KITS)
def diagnoses(request: HttpRequest) -> HttpResponse:
    """Show what is wrong now and waits for someone, then what is dealt with and still lasts."""
    person = cast(Person, request.user)
    mine = visible_to(person)
    waiting = mine.to_handle().select_related("placement__sensor__model", "placement__place")
    dealt = mine.filter(until=None, handled_at__isnull=False).order_by("-handled_at")
    dealt = dealt.select_related("placement__sensor__model", "placement__place", "handled_by")
    context = {
        "waiting": _lines(waiting[:SHOWN]),
        "count": waiting.count(),
        "dealt": _lines(dealt[:SHOWN]),
        "acts": Diagnosis.Act.choices,
    }
    return render(request, "firmware_bridge/diagnoses.html", context)


def _lines(found: Iterable[Diagnosis]) -> list[Line]:
    rows = list(found)
    loans = dict(
        LoanPlacement.objects.filter(placement__in=[one.placement_id for one in rows]).values_list(
            "placement", "loan__public_id"
        )
    )
    return [
        Line(one, WORDS[one.kind].staff, figures(one.evidence), loans.get(one.placement_id, ""))
        for one in rows
    ]


@require_POST
@requires(Capability.MEND_KITS)
def handle(request: HttpRequest, pk: int) -> HttpResponse:
    """Note what was done about one; a ticket is opened for its kit where that is the act."""
    person, now = cast(Person, request.user), timezone.now()
    found = get_object_or_404(visible_to(person).select_related("placement__sensor__kit"), pk=pk)
    act, note = request.POST.get("act", ""), request.POST.get("note", "").strip()
    sensor = found.placement.sensor
    if act == Diagnosis.Act.TICKET and sensor.kit is None:
        messages.error(request, _("%s n’est dans aucun kit : un ticket est celui d’un kit.") % sensor)
        return redirect("diagnoses")
    try:
        found.handle(act, note=note, by=person, now=now)
    except ValueError:
        messages.error(request, _("Choisissez ce qui a été fait."))
    except AlreadyHandled:
        messages.warning(request, _("Quelqu’un s’en est déjà occupé."))
    else:
        if act == Diagnosis.Act.TICKET and sensor.kit is not None:
            what = f"{sensor} : {found.get_kind_display()}. {note}".strip()
            UpkeepTicket.objects.create(kit=sensor.kit, what=what, opened_at=now, opened_by=person)
        messages.success(
            request, _("%(sensor)s : %(act)s.") % {"sensor": sensor, "act": found.get_act_display()}
        )
    return redirect("diagnoses")

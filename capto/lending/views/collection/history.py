"""Who changed what, when: of a kit, a sensor, a loan, a hold or a person."""

from typing import Any, cast

from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from capto.catalogue.models import Kit, Sensor
from capto.lending.history import MOST, history_of
from capto.lending.models import Act, Hold, Loan
from capto.members.access import requires
from capto.members.models import Person
from capto.members.roles import Capability


def _within(kind: str, person: Person) -> "QuerySet[Any]":
    """List the rows of a kind whose history who asks may read: those of the own organisations. Raises Http404."""
    own = person.organisations_where(Capability.SEE_HISTORY)
    if kind == "kit":
        return Kit.objects.of_staff(own).distinct()
    if kind == "sensor":
        return Sensor.objects.filter(owner__in=own)
    if kind == "loan":
        return Loan.objects.of_staff(own)
    if kind == "hold":
        return Hold.objects.filter(point__organisation__in=own)
    if kind == "person":
        if person.is_superuser:
            return Person.objects.all()
        known = Q(loans__point__organisation__in=own) | Q(holds__point__organisation__in=own)
        return Person.objects.filter(known | Q(staff_roles__organisation__in=own)).distinct()
    raise Http404


@requires(Capability.SEE_HISTORY)
def history(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Show the changes of one row, newest first, and the acts that touched it."""
    person = cast(Person, request.user)
    row: Model = get_object_or_404(_within(kind, person), pk=pk)
    acts = Act.objects.none()
    if kind in ("kit", "loan", "hold"):
        acts = (
            Act.objects.filter(**{kind: row})
            .select_related("by", "point", "kit")
            .order_by("-noted_at", "-pk")[:100]
        )
    titles = {
        "kit": _("Kit"),
        "sensor": _("Capteur"),
        "loan": _("Prêt"),
        "hold": _("Réservation"),
        "person": _("Personne"),
    }
    shows_acts = person.can(Capability.SEE_BORROWERS)
    return render(
        request,
        "lending/collection/history.html",
        {
            "row": row,
            "kind": kind,
            "title": f"{titles[kind]} {row}",
            "changes": history_of(row),
            "acts": acts if shows_acts else [],
            "most": MOST,
        },
    )

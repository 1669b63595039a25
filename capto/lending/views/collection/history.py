"""Who changed what, when: of kits, loans and people, and of the rules, lists and points that decide."""

from typing import Any, cast

from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from capto.catalogue.models import Kit, LendingPoint, Sensor
from capto.lending.history import MOST, history_of
from capto.lending.models import Act, Hold, Loan, Policy
from capto.lending.people import known_to
from capto.members.access import requires
from capto.members.models import (
    ApiToken,
    BorrowerGroup,
    Campaign,
    Charter,
    Organisation,
    Person,
    RetentionRule,
    StaffRole,
)
from capto.members.roles import Capability
from capto.training.models import BorrowingRight, Course, CourseSession


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
    if kind == "group":
        lent = Q(loans__point__organisation__in=own) | Q(holds__point__organisation__in=own)
        return BorrowerGroup.objects.filter(lent | Q(responsible__in=known_to(own).values("pk"))).distinct()
    if kind == "policy":  # the general one binds everyone
        return Policy.objects.filter(Q(organisation__in=own) | Q(organisation=None))
    if kind == "charter":  # as the durations, of the whole instance
        return Charter.objects.all()
    if kind == "retention":
        return RetentionRule.objects.all()
    if kind in OF_ORGANISATION:
        model, path = OF_ORGANISATION[kind]
        return model._base_manager.filter(**{f"{path}__in": own})
    raise Http404


OF_ORGANISATION: dict[str, tuple[type[Model], str]] = {
    "campaign": (Campaign, "organisation"),
    "course": (Course, "organisation"),
    "organisation": (Organisation, "pk"),
    "point": (LendingPoint, "organisation"),
    "right": (BorrowingRight, "course__organisation"),
    "role": (StaffRole, "organisation"),
    "session": (CourseSession, "course__organisation"),
    "token": (ApiToken, "organisation"),
}


def _row(rows: "QuerySet[Any]", pk: str) -> Model:
    try:
        found: Model | None = rows.filter(pk=pk).first()
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise Http404
    return found


@requires(Capability.SEE_HISTORY)
def history(request: HttpRequest, kind: str, pk: str) -> HttpResponse:
    """Show the changes of one row, newest first, and the acts that touched it."""
    person = cast(Person, request.user)
    row = _row(_within(kind, person), pk)
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
        "group": _("Groupe"),
        "policy": _("Règle de prêt"),
        "charter": _("Charte"),
        "retention": _("Durée de conservation"),
        "campaign": _("Campagne"),
        "course": _("Formation"),
        "organisation": _("Organisation"),
        "point": _("Point de prêt"),
        "right": _("Droit d’emprunter"),
        "role": _("Rôle"),
        "session": _("Séance"),
        "token": _("Clé d’accès"),
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

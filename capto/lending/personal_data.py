"""What lending holds of a person: loans, holds, notes, questions, and the hours that their sensors measured."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, TextField
from django.db.models.functions import Cast
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from capto.lending.models import Act, Hold, Loan, LoanNote, ThreadEntry
from capto.members.models import Person
from capto.readings.models import HourlyValue, Place, Placement


def held_by(person: Person) -> dict[str, Any]:
    """Give the loans with their precise places, the holds, what was written, and the hours measured."""
    loans = Loan.objects.filter(person=person)
    return {
        "loans": list(
            loans.order_by("pk").values(
                "public_id", "kit__code", "kit__model__name", "group__name", "collected_by", "point__name", "state",
                "lent_at", "due_on", "returned_at", "by_post", "charter__version",
            )
        ),
        "places": list(
            Place.objects.filter(placements__loan_placement__loan__in=loans)
            .distinct()
            .order_by("pk")
            .values("label", "latitude", "longitude", "precision_m", "is_indoor")
        ),
        "holds": list(
            Hold.objects.filter(person=person)
            .order_by("pk")
            .values("kit_model__name", "point__name", "starts_on", "ends_on", "state", "asked_at")
        ),
        "notes": list(
            LoanNote.objects.filter(loan__in=loans).order_by("pk").values("loan__public_id", "starts_at", "text")
        ),
        "questions": list(
            ThreadEntry.objects.filter(loan__in=loans)
            .order_by("pk")
            .values("loan__public_id", "is_from_staff", "at", "text")
        ),
        "hours": list(
            HourlyValue.objects.filter(series__placement__loan_placement__loan__in=loans)
            .order_by("series", "hour")
            .values(
                "series__placement__public_id", "series__property", "series__variant", "series__channel", "hour",
                "raw_mean", "value", "expanded_uncertainty", "coverage", "grade",
            )
        ),
    }  # fmt: skip


def why_wait(person: Person) -> str:
    """Say which kits are still out."""
    out = Loan.objects.open().filter(person=person).select_related("kit", "point").order_by("due_on")
    return " ".join(
        _("Le kit %(kit)s est encore chez vous, à rendre le %(day)s (%(point)s).")
        % {"kit": loan.kit.code, "day": date_format(loan.due_on, "j F Y"), "point": loan.point.name}
        for loan in out
    )


def let_go(person: Person, *, now: datetime) -> None:
    """Cancel running holds, so that who waits is served, and empty the files of past loans."""
    for hold in Hold.objects.running().filter(person=person):
        hold.cancel(now=now, entry=Act.Entry.TASK)
    loans = list(Loan.objects.filter(person=person).values_list("pk", flat=True))
    close_files(loans)
    forget_positions(loans)
    acts = Act.objects.filter(Q(person=person) | Q(hold__person=person) | Q(by=person))
    acts.update(answer={}, reason="", overridden="")
    named = Act.objects.annotate(told=Cast("answer", TextField())).filter(told__contains=person.name)
    named.update(answer={})
    ThreadEntry.objects.filter(author=person, is_from_staff=False).delete()


def close_files(loans: Iterable[int]) -> int:
    """Cut the tie of ended loans (ids) to their borrower, with what was said and written; gives how many."""
    pks = list(loans)
    if not pks:
        return 0
    ThreadEntry.objects.filter(loan__in=pks).delete()
    LoanNote.objects.filter(loan__in=pks).delete()
    Act.objects.filter(Q(loan__in=pks) | Q(hold__loan__in=pks)).update(person=None, answer={})
    Hold.objects.filter(loan__in=pks).update(person=None)
    cut = Loan.objects.filter(pk__in=pks).update(person=None, collected_by="")
    holds = list(Hold.objects.filter(loan__in=pks).values_list("pk", flat=True))
    history = apps.get_model("lending", "loanevent").objects.filter(pgh_obj_id__in=pks)
    history.update(person_id=None, collected_by="")
    apps.get_model("lending", "holdevent").objects.filter(pgh_obj_id__in=holds).update(person_id=None)
    return cut


def forget_positions(loans: Iterable[int]) -> int:
    """Forget where exactly the sensors of ended loans (ids) stood; the published cell stays. Gives how many."""
    places = (
        Place.objects.filter(placements__loan_placement__loan__in=list(loans))
        .filter(~Exists(Placement.objects.filter(place=OuterRef("pk"), ends_at=None)))
        .filter(Q(latitude__isnull=False) | Q(longitude__isnull=False))
    )
    pks = list(places.values_list("pk", flat=True).distinct())
    return Place.objects.filter(pk__in=pks).update(latitude=None, longitude=None)

"""Whom the staff of an organisation knows: those it served, and those whom nobody has served yet.

A person of another organisation is met by their own doing only: the card that they show, the e-mail that they spell.
"""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet

from capto.lending.models import Hold, Loan
from capto.members.models import CampaignSeat, Consent, Organisation, Person, StaffRole
from capto.training.models import Enrolment

Organisations = QuerySet[Organisation] | Iterable[Organisation]


def known_to(organisations: Organisations, *, among: QuerySet[Person] | None = None) -> QuerySet[Person]:
    """List the people whom staff of these organisations may look up by name."""
    people = Person.objects.all() if among is None else among
    mine = (
        Exists(Loan.objects.filter(person=OuterRef("pk"), point__organisation__in=organisations))
        | Exists(Hold.objects.filter(person=OuterRef("pk"), point__organisation__in=organisations))
        | Exists(
            Enrolment.objects.filter(person=OuterRef("pk"), session__course__organisation__in=organisations)
        )
        | Exists(CampaignSeat.objects.filter(person=OuterRef("pk"), campaign__organisation__in=organisations))
        | Exists(StaffRole.objects.filter(person=OuterRef("pk"), organisation__in=organisations))
        | Exists(
            Consent.objects.filter(
                person=OuterRef("pk"), recorded_by__staff_roles__organisation__in=organisations
            )
        )
    )
    of_nobody = ~(
        Exists(Loan.objects.filter(person=OuterRef("pk")))
        | Exists(Hold.objects.filter(person=OuterRef("pk")))
        | Exists(Enrolment.objects.filter(person=OuterRef("pk")))
        | Exists(StaffRole.objects.filter(person=OuterRef("pk")))
        | Exists(Consent.objects.filter(person=OuterRef("pk"), recorded_by__isnull=False))
    )
    return people.filter(Q(mine) | Q(of_nobody))


def named_like(text: str, *, organisations: Organisations, at_most: int) -> list[Person]:
    """Find people by a part of their name among those known; whoever gives their whole e-mail is found anyway.

    Names are looked for first, by their index: only the few that match are asked whom they know.
    """
    if len(text.strip()) < 2:
        return []
    found = Person.objects.named_like(text)
    if "@" in text:
        return list(found.select_related("territory")[:at_most])
    wanted = list(found.values_list("pk", flat=True)[: 20 * at_most])
    known = known_to(organisations, among=Person.objects.filter(pk__in=wanted))
    return list(known.select_related("territory").order_by("name", "pk")[:at_most])

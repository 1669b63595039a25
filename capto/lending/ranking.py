"""The order of the queue: published, deterministic, without any score on behaviour.

First who has a seat in a campaign of those days, then who lives where few sensors were lent, then who never
borrowed, then who asked first. The same rows give the same order, whoever computes it.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from capto.lending.models import Hold, Loan, Policy
from capto.members.models import CampaignSeat, Territory

COVERED_OVER = timedelta(days=365)  # the loans of a year say how well a commune is covered


class Rank(NamedTuple):
    """What orders one hold: smaller comes first."""

    no_seat: bool
    well_covered: bool
    borrowed_before: bool
    asked_at: datetime
    pk: int

    def reasons(self) -> list[str]:
        """Say each criterion in words, in the order in which they count."""
        return [
            _("pas de place dans une campagne à ces dates") if self.no_seat else _("place dans une campagne"),
            _("commune déjà couverte, ou inconnue") if self.well_covered else _("commune peu couverte"),
            _("a déjà emprunté") if self.borrowed_before else _("n’a jamais emprunté"),
            _("demande du %s") % date_format(localtime(self.asked_at), "j F Y, H:i"),
        ]


class Place(NamedTuple):
    """Where a hold stands in its queue."""

    position: int  # 1 is next
    of: int
    rank: Rank


def ranked(holds: list[Hold], *, now: datetime) -> list[tuple[Rank, Hold]]:
    """Order holds of one kind and point by the published rule, in a number of queries that does not grow."""
    if not holds:
        return []
    seated = _seated(holds)
    under_covered = _under_covered(holds, now=now)
    borrowed = set(
        Loan.objects.filter(person__in={hold.person_id for hold in holds})
        .exclude(state=Loan.State.CANCELLED)
        .values_list("person_id", flat=True)
    )
    ranks = [
        Rank(
            no_seat=hold.pk not in seated,
            well_covered=_territory(hold) not in under_covered,
            borrowed_before=hold.person_id in borrowed,
            asked_at=hold.asked_at,
            pk=hold.pk,
        )
        for hold in holds
    ]
    return sorted(zip(ranks, holds, strict=True), key=lambda pair: pair[0])


def queue_of(hold: Hold) -> "list[Hold]":
    """List the holds that wait for the same kind at the same point on days that meet, `hold` among them."""
    return list(
        Hold.objects.filter(kit_model=hold.kit_model_id, point=hold.point_id, state=Hold.State.WAITING)
        .meeting(hold.starts_on, hold.ends_on)
        .select_related("person", "group", "point__organisation")
    )


def place_of(hold: Hold, *, now: datetime) -> Place | None:
    """Give the place of a waiting hold in its queue, None where it waits no more."""
    for position, (rank, other) in enumerate(ordered := ranked(queue_of(hold), now=now), start=1):
        if other.pk == hold.pk:
            return Place(position, len(ordered), rank)
    return None


def _territory(hold: Hold) -> int | None:
    """The commune that counts: the group's, else the person's."""
    if hold.group is not None and hold.group.territory_id is not None:
        return hold.group.territory_id
    return hold.person.territory_id if hold.person else None


def _seated(holds: list[Hold]) -> set[int]:
    """Give the ids of the holds whose person has a seat in a campaign that runs on a day of the hold."""
    seats = list(
        CampaignSeat.objects.filter(person__in={hold.person_id for hold in holds}, left_at=None).values_list(
            "person_id", "campaign__starts_on", "campaign__ends_on"
        )
    )
    return {
        hold.pk
        for hold in holds
        if any(
            person == hold.person_id and starts <= hold.ends_on and ends >= hold.starts_on
            for person, starts, ends in seats
        )
    }


def _under_covered(holds: list[Hold], *, now: datetime) -> set[int]:
    """Give the communes of these holds with fewer loans a year per 10,000 inhabitants than the policy says."""
    first = holds[0]
    policy = Policy.of(first.kit_model, category="", organisation=first.point.organisation)
    territories = {pk for hold in holds if (pk := _territory(hold)) is not None}
    since = now - COVERED_OVER
    lent = _counts(since, group=None, person__territory__in=territories, by="person__territory")
    for territory_id, count in _counts(
        since, group__territory__in=territories, by="group__territory"
    ).items():
        lent[territory_id] = lent.get(territory_id, 0) + count
    return {
        territory.pk
        for territory in Territory.objects.filter(pk__in=territories, population__gt=0)
        if lent.get(territory.pk, 0) * 10_000 / (territory.population or 1) < policy.under_covered_loans
    }


def _counts(since: datetime, *, by: str, **which: Any) -> dict[int, int]:
    """Count the loans since a moment by territory."""
    loans = Loan.objects.filter(lent_at__gte=since, **which).exclude(state=Loan.State.CANCELLED)
    return dict(loans.values_list(by).annotate(count=Count("pk")).values_list(by, "count"))

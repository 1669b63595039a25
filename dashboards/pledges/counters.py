"""What the public reads of a campaign: how many of how many, what is missing, where; never of fewer than k people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count

from capto.members.models import Territory
from dashboards.pledges.fixed_point import held, missing
from dashboards.pledges.models import Call, HeldPledge, PledgeCampaign
from dashboards.pledges.models.shown import ShownCount
from dashboards.pledges.season import counting
from dashboards.pledges.small_numbers import part, shown, stepped


@dataclass(frozen=True, slots=True)
class Counters:
    """The counts of a campaign as they may be shown; None stands for « fewer than k »."""

    k: int
    inhabitants: int
    pledged: int | None
    share: float | None  # of the inhabitants
    held: int | None  # would be bound if an episode came now
    is_held_hidden: bool  # beside the number pledged, it would tell of fewer than k people
    missing: int | None  # to the threshold; None where it would tell of fewer than k people
    missing_at_least: int  # what may be said then; 0: nothing
    threshold: int
    withdrawn: int | None
    places: Sequence[tuple[str, int]]  # communes of at least k, the most first

    @property
    def way(self) -> str:
        """Give how much of the way to the threshold is gone, in hundredths, as a drawing writes it."""
        gone, left = self.pledged or 0, self.missing_at_least if self.missing is None else self.missing
        return f"{100 * gone / (gone + left):.1f}" if gone else "0"


def counters(campaign: PledgeCampaign, *, now: datetime) -> Counters:
    """Count a campaign for its page."""
    k = campaign.smallest_count
    conditions = [required for _, required in counting(campaign)]
    total = campaign.final_pledges if campaign.final_pledges is not None else len(conditions)
    bound = sum(held(conditions))
    visible = total if total >= k else None
    bound_shown = part(bound, total, k=k)
    lacking, at_least = _lacking(conditions, threshold=campaign.threshold, k=k)
    withdrawn = campaign.pledges.filter(confirmed_at__isnull=False, withdrawn_at__isnull=False).count()
    return Counters(
        k=k,
        inhabitants=campaign.inhabitants,
        pledged=visible,
        share=visible / campaign.inhabitants if visible is not None and campaign.inhabitants else None,
        held=bound_shown,
        is_held_hidden=bound_shown is None,
        missing=lacking,
        missing_at_least=at_least,
        threshold=campaign.threshold,
        withdrawn=withdrawn if withdrawn >= k else None,
        places=places(campaign),
    )


def _lacking(conditions: Sequence[int], *, threshold: int, k: int) -> tuple[int | None, int]:
    """Give what is missing to the threshold, or None and what is missing at least.

    The exact number follows from how many pledges ask for no more than the threshold: it is hidden where these, or
    the others, are fewer than k people. What is said then holds for any number of them.
    """
    exact, total = missing(conditions, threshold=threshold), len(conditions)
    if total == 0 or part(sum(asked <= threshold for asked in conditions), total, k=k) is not None:
        return exact, exact
    return None, max(0, threshold + 1 - max(total, k - 1))


def places(campaign: PledgeCampaign) -> list[tuple[str, int]]:
    """List the communes with at least k pledges, as counted last by `count_places`; one query."""
    rows = (
        ShownCount.objects.filter(campaign=campaign)
        .select_related("commune")
        .order_by("-number", "commune__name")
    )
    return [(row.commune.name, row.number) for row in rows]


def count_places_now() -> None:
    """Count the communes of every running campaign again (the scheduled task, at night)."""
    for campaign in PledgeCampaign.objects.filter(state__in=PledgeCampaign.RUNNING):
        count_places(campaign)


@transaction.atomic
def count_places(campaign: PledgeCampaign) -> None:
    """Count the communes again; a shown number moves by k people or more, or not at all.

    Pledges that name no commune are one hidden group: without it the hidden ones would follow from the total.
    """
    k = campaign.smallest_count
    PledgeCampaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    by_place: Counter[int] = Counter()
    for commune, number in (
        campaign.pledges.counting().values_list("commune").annotate(n=Count("pk")).order_by("commune")
    ):
        by_place[commune or 0] = number
    before = dict(ShownCount.objects.filter(campaign=campaign).values_list("commune", "number"))
    safe = shown(by_place, k=k)
    ShownCount.objects.filter(campaign=campaign).delete()
    ShownCount.objects.bulk_create(
        ShownCount(campaign=campaign, commune_id=commune, number=number)
        for commune in Territory.objects.filter(pk__in=[c for c, n in safe.items() if c and n]).values_list(
            "pk", flat=True
        )
        if (number := stepped(by_place[commune], before.get(commune), k=k))
    )


@dataclass(frozen=True, slots=True)
class DayCounts:
    """What a called day came to, as it may be shown; None stands for « fewer than k »."""

    call: Call
    held: int | None
    answered: int | None
    outcomes: Sequence[tuple[str, int | None]]


def day_counts(call: Call, *, k: int) -> DayCounts:
    """Count the answers of a call; one query."""
    rows = dict(
        call.held_pledges.exclude(outcome="")
        .values_list("outcome")
        .annotate(n=Count("pk"))
        .order_by("outcome")
    )
    counts = {outcome.value: rows.get(outcome.value, 0) for outcome in HeldPledge.Outcome}
    answered = sum(counts.values())
    counts["unanswered"] = call.held - answered
    safe = shown(counts, k=k)
    names = {outcome.value: str(outcome.label) for outcome in HeldPledge.Outcome}
    return DayCounts(
        call=call,
        held=call.held if call.held >= k else None,
        answered=part(answered, call.held, k=k),
        outcomes=[(names[key], number) for key, number in safe.items() if key in names],
    )

"""Publish the effect of a call, layer by layer; and the sandbox, which publishes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Count, Q, Sum

from dashboards.pledges import effect
from dashboards.pledges.effect import Factor, Interval, Pledged
from dashboards.pledges.models import Call, FactorSet, HeldPledge, PledgeCampaign, PublishedEffect
from dashboards.pledges.models.campaign import PledgeAction

CAR_POOL = "car-pool"
KIND = {PledgeAction.Effect.CAR: "car", PledgeAction.Effect.WOOD: "wood"}


def publish_effects(call: Call, *, layer: str, now: datetime) -> PublishedEffect | None:
    """Publish one layer of a call once; None where it is published, not counted, or of fewer than k people."""
    campaign = call.campaign
    if call.effects.filter(layer=layer).exists():
        return None
    pledged = pledged_of(call, layer=layer)
    if pledged is None or pledged.people + pledged.partly < campaign.smallest_count:
        return None
    factors = FactorSet.in_force(on=call.day)
    seed = call.pk  # one stream a call: the same inputs give the same figures
    results = effect.estimate(pledged, factors.numbers(), seed=seed)
    return PublishedEffect.objects.create(
        call=call,
        layer=layer,
        factor_set=factors,
        seed=seed,
        draws=effect.DRAWS,
        code_version=effect.CODE_VERSION,
        inputs=pledged.as_inputs(),
        results={key: list(value) for key, value in results.items()},
        computed_at=now,
    )


def pledged_of(call: Call, *, layer: str) -> Pledged | None:
    """Gather what a layer is estimated from: all held ones, or what they declared; None where no effect is counted."""
    action = call.campaign.action
    if action.effect not in KIND:
        return None
    outcome = HeldPledge.Outcome
    rows = call.held_pledges.all()
    declared = layer == PublishedEffect.Layer.DECLARED
    counts = rows.aggregate(
        done=Count("pk", filter=Q(outcome=outcome.DONE)), partly=Count("pk", filter=Q(outcome=outcome.PARTLY))
    )
    if declared:
        rows = rows.filter(outcome__in=[outcome.DONE, outcome.PARTLY])
    told = rows.filter(pledge__km_per_day__isnull=False).aggregate(
        n=Count("pk"), km=Sum("pledge__km_per_day")
    )
    return Pledged(
        kind=KIND[PledgeAction.Effect(action.effect)],
        people=counts["done"] if declared else call.held,
        partly=counts["partly"] if declared else 0,
        told_km=told["n"],
        own_km=float(told["km"] or 0),
        declared=declared,
        share="car_pool_share" if action.code == CAR_POOL else "",
    )


def sandbox(
    campaign: PledgeCampaign, *, people: int, changed: Mapping[str, float], factors: FactorSet
) -> tuple[dict[str, Interval], dict[str, Factor]]:
    """Estimate with moved assumptions and store nothing; a moved factor loses its interval, so that one sees it alone.

    Gives the results and the factors used. Raises ValueError for a value out of the factor's range.
    """
    numbers = dict(factors.numbers())
    for key, value in changed.items():
        factor = numbers[key]
        if not factor.low <= value <= factor.high:
            raise ValueError(f"{key}: {factor.low} to {factor.high}")
        numbers[key] = Factor(value, value, value, "fixed")
    pledged = Pledged(
        kind=KIND[PledgeAction.Effect(campaign.action.effect)],
        people=people,
        share="car_pool_share" if campaign.action.code == CAR_POOL else "",
    )
    return effect.estimate(pledged, numbers, seed=campaign.pk), numbers


def factors_of(campaign: PledgeCampaign) -> list[str]:
    """List the keys of the factors that the potential of a campaign rests on, in the order of pages."""
    keys = {
        PledgeAction.Effect.CAR: [
            "km_per_day", "would_have_driven", "not_replaced", "car_nox", "car_pm10", "car_pm25", "car_co2",
        ],
        PledgeAction.Effect.WOOD: ["wood_kg", "wood_heat", "wood_pm25", "wood_pm10_ratio", "wood_nox"],
    }.get(PledgeAction.Effect(campaign.action.effect), [])  # fmt: skip
    return [*keys, "car_pool_share"] if campaign.action.code == CAR_POOL else keys


def smallest_difference_seen(quantity: str) -> float:
    """Give the smallest difference (µg/m³) that lent sensors tell apart: a usual expanded uncertainty."""
    return {"no2": 10.0, "o3": 10.0}.get(quantity, 4.0)  # design: half the annex V bar at usual levels

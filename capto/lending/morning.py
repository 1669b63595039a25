"""The morning of a lending point: five short lists, each line ending in one act."""

from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

from django.db.models import Exists, Max, OuterRef

from capto.catalogue.models import Kit, LendingPoint, Sensor, UpkeepDone, UpkeepPlan
from capto.catalogue.models.upkeep import is_due
from capto.lending.days import local_day
from capto.lending.models import Loan, ThreadEntry


class Work(NamedTuple):
    """A piece of upkeep that a kit on the shelf waits for."""

    kit: Kit
    plan: UpkeepPlan
    since: datetime


class Morning(NamedTuple):
    """What there is to do today at one lending point."""

    due_today: list[Loan]
    late: list[Loan]
    to_compare: list[Work]
    to_prepare: list[Work]  # to charge, to clean, to check
    to_answer: list[ThreadEntry]


def morning(point: LendingPoint, *, now: datetime) -> Morning:
    """Gather the five lists of a point, the oldest first; a number of queries that does not grow with the stock."""
    loans = Loan.objects.filter(point=point).select_related("kit__model", "person", "group")
    works = works_due(point, now=now)
    compare = UpkeepPlan.Work.COMPARE
    return Morning(
        due_today=list(loans.due_on_day(local_day(now)).order_by("pk")),
        late=list(loans.overdue(now=now).order_by("due_on", "pk")),
        to_compare=[work for work in works if work.plan.work == compare],
        to_prepare=[work for work in works if work.plan.work != compare],
        to_answer=list(
            ThreadEntry.objects.unanswered()
            .filter(loan__point__organisation=point.organisation_id)
            .select_related("loan__kit", "author")
        ),
    )


def works_due(point: LendingPoint, *, now: datetime) -> list[Work]:
    """List the upkeep that kits on the shelves of a point wait for, longest waiting first."""
    kits = list(
        Kit.objects.filter(point=point, state=Kit.State.ACTIVE)
        .exclude(Exists(Loan.objects.open().filter(kit=OuterRef("pk"))))
        .select_related("model")
        .order_by("pk")
    )
    plans = list(UpkeepPlan.objects.order_by("pk"))
    if not kits or not plans:
        return []
    of_kit_model: dict[int | None, list[UpkeepPlan]] = defaultdict(list)
    of_sensor_model: dict[int | None, list[UpkeepPlan]] = defaultdict(list)
    for plan in plans:
        (
            of_kit_model[plan.kit_model_id] if plan.kit_model_id else of_sensor_model[plan.sensor_model_id]
        ).append(plan)
    makes = defaultdict(set)
    for kit_id, make in Sensor.objects.filter(kit__point=point).values_list("kit", "model"):
        makes[kit_id].add(make)
    done = {
        (kit_id, plan_id): at
        for kit_id, plan_id, at in UpkeepDone.objects.filter(kit__point=point)
        .values_list("kit", "plan")
        .annotate(at=Max("at"))
        .values_list("kit", "plan", "at")
    }
    returns = dict(
        Loan.objects.filter(kit__point=point, returned_at__isnull=False)
        .values_list("kit")
        .annotate(at=Max("returned_at"))
        .values_list("kit", "at")
    )
    found = []
    for kit in kits:
        due_plans = of_kit_model[kit.model_id] + [
            plan for make in makes[kit.pk] for plan in of_sensor_model[make]
        ]
        for plan in due_plans:
            since = is_due(
                plan,
                added_at=kit.added_at,
                last_done=done.get((kit.pk, plan.pk)),
                last_return=returns.get(kit.pk),
                now=now,
            )
            if since is not None:
                found.append(Work(kit, plan, since))
    return sorted(found, key=lambda work: (work.since, work.kit.pk, work.plan.pk))

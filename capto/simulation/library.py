"""The simulated library: lending points, kinds of kit, rules, upkeep and courses, in the words of its staff."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from capto.catalogue.models import (
    CostEntry,
    Kit,
    KitModel,
    KitModelPart,
    LendingPoint,
    Sensor,
    SensorModel,
    UpkeepPlan,
)
from capto.catalogue.models.lending_point import Closure, OpeningHours
from capto.lending.models import Policy
from capto.members.models import BorrowerCategory, Organisation
from capto.simulation.guides import CHILDREN_GUIDE, GUIDE
from capto.simulation.town import spot
from capto.training.children_sheet import SHEET
from capto.training.models import Course

LOAN_DAYS = 28
RENEWAL_DAYS = 14
QUARANTINE = timedelta(days=14)  # after each loan, for the comparison beside a station
RULE = "Prêt de la Ville simulée"
POINTS = (  # name, slug, address, metres east and north of the centre
    (
        "Médiathèque des Halles (simulée)",
        "mediatheque-simulee",
        "1 place des Halles, Ville simulée",
        80.0,
        40.0,
    ),
    (
        "Maison du Canal (simulée)",
        "maison-du-canal-simulee",
        "8 quai du Canal, Ville simulée",
        -1_420.0,
        -640.0,
    ),
)
TUESDAY, SATURDAY = 2, 6


class Kind(NamedTuple):
    """A kind of kit around a simulated make of sensor; parts: name, quantity, is essential."""

    sensor_model: str
    name: str
    slug: str
    description: str
    parts: tuple[tuple[str, int, bool], ...]


KINDS = (
    Kind(
        "simulated-open-air",
        "Air extérieur (simulé)",
        "air-exterieur-simule",
        "Mesure les particules, la température et l’humidité, dehors et sous abri.",
        (
            ("Bloc d’alimentation USB", 1, True),
            ("Câble de 3 m", 1, True),
            ("Support de fixation", 1, True),
            ("Colliers", 4, False),
            ("Notice", 1, False),
        ),
    ),
    Kind(
        "simulated-senml-box",
        "Boîte à particules (simulée)",
        "boite-a-particules-simulee",
        "Mesure les particules, la température, l’humidité et la pression ; se pose sur un rebord.",
        (
            ("Bloc d’alimentation USB", 1, True),
            ("Câble de 3 m", 1, True),
            ("Sangle", 1, False),
            ("Notice", 1, False),
        ),
    ),
)


class Library(NamedTuple):
    """What loans are made with."""

    organisation: Organisation
    points: list[LendingPoint]
    kinds: dict[int, KitModel]  # by the key of the sensor model
    policy: Policy
    school_policy: Policy
    course: Course
    upkeep: dict[
        int, tuple[UpkeepPlan, UpkeepPlan]
    ]  # comparison and cleaning, by the key of the sensor model


def open_library(organisation: Organisation, *, now: datetime) -> Library:
    """Create the lending points, the kinds of kit with their parts, the rules, the upkeep and the course."""
    points = [_point(organisation, *described, now=now) for described in POINTS]
    models = {kind.sensor_model: SensorModel.objects.get(slug=kind.sensor_model) for kind in KINDS}
    kinds = {models[kind.sensor_model].pk: _kind(kind) for kind in KINDS}
    rules = {
        "organisation": organisation,
        "loan_days": LOAN_DAYS,
        "renewal_days": RENEWAL_DAYS,
        "quarantine_hours": int(QUARANTINE.total_seconds() // 3600),
    }
    course = Course.objects.create(
        name="Installer un capteur et lire ses mesures (simulée)",
        slug="installer-un-capteur-simulee",
        organisation=organisation,
        description="Une heure et demie, à deux pas du banc de comparaison : où poser, comment brancher, que lire.",
        children_sheet=SHEET,
    )
    course.kit_models.set(kinds.values())
    return Library(
        organisation=organisation,
        points=points,
        kinds=kinds,
        policy=Policy.objects.create(name=RULE, **rules),
        school_policy=Policy.objects.create(
            name=f"{RULE}, écoles", category=BorrowerCategory.SCHOOL, loans_at_once=6, **rules
        ),
        course=course,
        upkeep={model.pk: _upkeep(model) for model in models.values()},
    )


def _point(
    organisation: Organisation, name: str, slug: str, address: str, x: float, y: float, *, now: datetime
) -> LendingPoint:
    where = spot(x, y)
    point = LendingPoint.objects.create(
        organisation=organisation,
        name=name,
        slug=slug,
        address=address,
        territory=organisation.territory,
        latitude=where.latitude,
        longitude=where.longitude,
        accessibility="De plain-pied, boucle magnétique à l’accueil.",
        lends_by_post=True,
        is_simulated=True,
    )
    OpeningHours.objects.bulk_create(
        OpeningHours(point=point, weekday=weekday, opens_at=opens, closes_at=closes)
        for weekday in range(TUESDAY, SATURDAY + 1)
        for opens, closes in ((time(10), time(12, 30)), (time(13, 30), time(18, 30)))
    )
    Closure.objects.create(
        point=point,
        starts_on=date(now.year, 12, 24),
        ends_on=date(now.year + 1, 1, 2),
        reason="Fermeture de fin d’année",
    )
    return point


def _kind(described: Kind) -> KitModel:
    kind = KitModel.objects.create(
        name=described.name,
        slug=described.slug,
        description=described.description,
        guide=GUIDE,
        children_guide=CHILDREN_GUIDE,
    )
    KitModelPart.objects.bulk_create(
        KitModelPart(kit_model=kind, name=part, quantity=quantity, is_essential=essential, position=position)
        for position, (part, quantity, essential) in enumerate(described.parts)
    )
    return kind


def _upkeep(model: SensorModel) -> tuple[UpkeepPlan, UpkeepPlan]:
    compare = UpkeepPlan.objects.create(
        sensor_model=model,
        work=UpkeepPlan.Work.COMPARE,
        after_each_loan=True,
        note="Deux semaines à côté d’une station",
    )
    clean = UpkeepPlan.objects.create(
        sensor_model=model, work=UpkeepPlan.Work.CLEAN, after_each_loan=True, note="Grille et boîtier"
    )
    return compare, clean


EXPENSES = (  # kind, days ago, euros, for one kit in so many: invented, as everything here
    (CostEntry.Kind.PURCHASE, 340, Decimal("195.00"), 1),
    (CostEntry.Kind.SHIPPING, 90, Decimal("9.40"), 4),
    (CostEntry.Kind.REPAIR, 45, Decimal("32.50"), 7),
)


def put_into_kits(library: Library, sensors: list[Sensor], *, now: datetime) -> dict[int, Kit]:
    """Put each sensor into a kit of its own, with what it cost; give the kits by the key of their sensor."""
    kits = {
        sensor.pk: Kit.add(
            library.kinds[sensor.model_id],
            point=library.points[number % 3 == 2],  # a third of them belongs to the second point
            now=now,
            sensors=[sensor],
            is_simulated=True,
        )
        for number, sensor in enumerate(sensors)
    }
    CostEntry.objects.bulk_create(
        CostEntry(kit=kit, kind=kind, on=(now - timedelta(days=days)).date(), euros=euros, note="Prix simulé")
        for number, kit in enumerate(kits.values())
        for kind, days, euros, every in EXPENSES
        if number % every == 0
    )
    return kits

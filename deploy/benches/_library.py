"""A library of any size, written into the database by COPY: points, kits, people, and years of past loans."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from _copy import copy

ORGANISATIONS, POINTS, KINDS, PARTS = 4, 20, 4, 3
LOAN_DAYS, EVERY_DAYS = 20, 23  # a past loan lasted three weeks, and the kit rested before the next
FIRST_NAMES = (
    "Alice", "Bruno", "Camille", "David", "Élodie", "Farid", "Gaëlle", "Hugo", "Inès", "Jules", "Karim", "Léa",
    "Maëlle", "Noé", "Océane", "Paul", "Quentin", "Rose", "Samir", "Théo", "Ulysse", "Valérie", "Wassim", "Xavier",
    "Yasmine", "Zoé", "Aïcha", "Benoît", "Chloé", "Denis", "Émilie", "Fanny", "Guillaume", "Hélène",
)  # fmt: skip
SYLLABLES = "Ber Cha Du Fau Gi Lam Mar Ney Per Rou Sal Tes Vil Bon Cor Del".split()  # noqa: SIM905
ENDINGS = "and ard eau el et ier in on ot oux ay ert is elle aud ières".split()  # noqa: SIM905


class Made(NamedTuple):
    """What the bench acts on."""

    staff: int  # id of a member of staff of all organisations
    points: dict[int, str]  # slug by id
    free: list[tuple[str, int]]  # code and point of kits on their shelf
    cards: list[str]  # of people who may borrow and have nothing
    names: list[str]
    kinds: list[str]  # slugs


def name_of(number: int) -> str:
    """Give a name: 34 first names and 4096 family names, so that a search finds several."""
    family = SYLLABLES[number % 16] + ENDINGS[number // 16 % 16].lower() + ENDINGS[number // 256 % 16].lower()
    return f"{FIRST_NAMES[number * 7 % len(FIRST_NAMES)]} {family}"


def make(*, kits: int, people: int, loans: int) -> Made:
    """Make the library; `loans` are over, a fifth of the kits is out, one kit in 25 is put aside for a hold."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "capto.settings")
    django.setup()
    from django.db import connection

    now = datetime.now(UTC).replace(microsecond=0)
    cursor = connection.cursor()
    fixed = _fixed(now)
    _people(people, now=now, territories=fixed["territories"], course=fixed["course"])
    codes = _kits(kits, now=now, fixed=fixed)
    _loans(kits, people, loans, now=now, fixed=fixed)
    cursor.execute("ANALYZE")
    busy = max(people // 2, 1)  # the second half of the people has nothing
    free = [
        (code, fixed["points"][number % POINTS])
        for number, code in enumerate(codes)
        if number % 5 not in (0, 1)
    ]
    from capto.members.codes import CodeKind, write_code

    return Made(
        staff=fixed["staff"],
        points=fixed["slugs"],
        free=free,
        cards=[write_code(CodeKind.PERSON, 100_000 + number) for number in range(busy, people)],
        names=[name_of(number) for number in range(0, people, max(1, people // 500))],
        kinds=fixed["kinds_slugs"],
    )


def _fixed(now: datetime) -> dict[str, Any]:
    """Make what there is few of, as the pages do: organisations, points, kinds, a course, staff."""
    from capto.catalogue.models import (
        KitModel,
        KitModelPart,
        LendingPoint,
        OpeningHours,
        SensorModel,
        UpkeepPlan,
    )  # fmt: skip
    from capto.members.models import Organisation, Person, StaffRole, Territory
    from capto.members.roles import Role
    from capto.readings.models import Place
    from capto.training.models import Course

    organisations = [
        Organisation.objects.create(name=f"Air {n}", is_simulated=True) for n in range(ORGANISATIONS)
    ]
    territories = [
        Territory.objects.create(name=f"Commune {n}", insee_code=f"99{n:03d}", population=2_000 + 500 * n)
        for n in range(100)
    ]
    points = [
        LendingPoint.objects.create(
            organisation=organisations[n % ORGANISATIONS], name=f"Point {n}", slug=f"point-{n}",
            territory=territories[n], latitude=45.0 + n / 100, longitude=5.7, is_simulated=True,
        )
        for n in range(POINTS)
    ]  # fmt: skip
    OpeningHours.objects.bulk_create(
        OpeningHours(point=point, weekday=day) for point in points for day in range(1, 8)
    )
    kinds = [KitModel.objects.create(name=f"Kit {n}", slug=f"kit-{n}") for n in range(KINDS)]
    model = SensorModel.objects.create(maker="Bench", name="One", slug="bench-one", wire_format="senml")
    course = Course.objects.create(name="Pose", slug="pose", organisation=organisations[0])
    course.kit_models.set(kinds)
    for kind in kinds:
        for position in range(PARTS):
            KitModelPart.objects.create(kit_model=kind, name=f"Pièce {position}", position=position)
        for work in (UpkeepPlan.Work.COMPARE, UpkeepPlan.Work.CHARGE):
            UpkeepPlan.objects.create(kit_model=kind, work=work, after_each_loan=True)
    staff = Person.objects.create_user("desk@bench.test", name="Desk", is_simulated=True)
    for organisation in organisations:
        StaffRole.give(staff, role=Role.LIBRARIAN, organisation=organisation, now=now)
    place = Place.objects.create(
        kind="home", label="Bench", cell_latitude=45.0, cell_longitude=5.7, precision_m=5000
    )
    return {
        "organisations": [one.pk for one in organisations],
        "territories": [one.pk for one in territories],
        "points": [one.pk for one in points],
        "slugs": {one.pk: one.slug for one in points},
        "kinds": [one.pk for one in kinds],
        "kinds_slugs": [one.slug for one in kinds],
        "model": model.pk, "course": course.pk, "staff": staff.pk, "place": place.pk,
        "plans": list(UpkeepPlan.objects.values_list("kit_model", "pk")),
    }  # fmt: skip


def _people(people: int, *, now: datetime, territories: list[int], course: int) -> None:
    from capto.members.codes import CodeKind, write_code
    from capto.members.models import Charter, Consent, Person
    from capto.training.models import BorrowingRight

    charter = Charter.current(now=now)
    copy(
        Person,
        (
            {
                "id": 1_000 + n, "password": "!", "name": name_of(n), "email": f"p{n}@bench.test",
                "joined_at": now - timedelta(days=n % 1500), "email_confirmed_at": now, "is_simulated": True,
                "territory_id": territories[n % len(territories)],
                "card_code": write_code(CodeKind.PERSON, 100_000 + n),
            }
            for n in range(people)
        ),
    )  # fmt: skip
    copy(
        Consent,
        (
            {
                "person_id": 1_000 + n, "purpose": "charter", "is_given": True, "at": now - timedelta(days=30),
                "way": "screen", "charter_id": charter.pk if charter else None,
            }
            for n in range(people)
        ),
    )  # fmt: skip
    copy(
        BorrowingRight,
        (
            {
                "person_id": 1_000 + n, "course_id": course, "granted_at": now - timedelta(days=40),
                "expires_at": now + timedelta(days=400),
            }
            for n in range(people)
        ),
    )  # fmt: skip


def _kits(kits: int, *, now: datetime, fixed: dict[str, Any]) -> list[str]:
    from capto.catalogue.models import Accessory, Kit, Sensor
    from capto.members.codes import CodeKind, write_code

    codes = [write_code(CodeKind.KIT, 100_000 + n) for n in range(kits)]
    points, organisations = fixed["points"], fixed["organisations"]
    copy(
        Kit,
        (
            {
                "id": 1_000 + n, "code": code, "model_id": fixed["kinds"][n // POINTS % KINDS],
                "owner_id": organisations[n % POINTS % ORGANISATIONS], "point_id": points[n % POINTS],
                "added_at": now - timedelta(days=1500), "is_simulated": True,
            }
            for n, code in enumerate(codes)
        ),
    )  # fmt: skip
    copy(
        Accessory,
        (
            {
                "id": 1_000 + n * PARTS + part, "kit_id": 1_000 + n, "name": f"Pièce {part}", "position": part,
                "code": write_code(CodeKind.ACCESSORY, 100_000 + n * PARTS + part),
            }
            for n in range(kits)
            for part in range(PARTS)
        ),
    )  # fmt: skip
    copy(
        Sensor,
        (
            {
                "id": 1_000 + n, "model_id": fixed["model"], "owner_id": organisations[n % POINTS % ORGANISATIONS],
                "inventory_code": f"B{n}", "wire_format": "senml", "device_id": f"b{n}", "kit_id": 1_000 + n,
                "is_simulated": True,
            }
            for n in range(kits)
        ),
    )  # fmt: skip
    return codes


class _Loan(NamedTuple):
    """One loan to be written: numbers of the kit and the person, its days, None as return where it is out."""

    number: int
    kit: int
    person: int
    lent_at: datetime
    returned_at: datetime | None

    def free_at(self, now: datetime) -> datetime:
        """Give the end of the kit's rest after this loan."""
        return (self.returned_at or max(self.lent_at + timedelta(days=21), now)) + timedelta(days=1)


def _planned(kits: int, people: int, loans: int, now: datetime) -> Iterator[_Loan]:
    """Give the past loans kit by kit, then one that is open for every fifth kit."""
    for number in range(loans):
        kit, turn = number % kits, number // kits
        lent_at = now - timedelta(days=27 + EVERY_DAYS * (turn + 1), minutes=kit % 600)
        returned_at = lent_at + timedelta(days=LOAN_DAYS)
        yield _Loan(number, kit, number * 31 % people, lent_at, returned_at)
    busy = max(people // 2, 1)
    for place, kit in enumerate(range(0, kits, 5)):
        lent_at = now - timedelta(days=1 + place % 22, minutes=place % 600)
        yield _Loan(loans + place, kit, place % busy, lent_at, None)


def _loans(kits: int, people: int, loans: int, *, now: datetime, fixed: dict[str, Any]) -> None:
    from capto.catalogue.models import UpkeepDone
    from capto.lending.models import Act, Loan, LoanPart, LoanPlacement, Occupancy, Policy
    from capto.members.models import Message
    from capto.readings.models import Placement

    policy = Policy.objects.order_by("pk").first()
    points, plans = fixed["points"], dict(fixed["plans"])
    assert policy is not None

    def planned() -> Iterator[_Loan]:
        return _planned(kits, people, loans, now)

    copy(
        Loan,
        (
            {
                "id": 1_000 + one.number, "kit_id": 1_000 + one.kit, "person_id": 1_000 + one.person,
                "point_id": points[one.kit % POINTS], "policy_id": policy.pk, "lent_by_id": fixed["staff"],
                "state": "checked" if one.returned_at else "open", "lent_at": one.lent_at,
                "due_on": (one.lent_at + timedelta(days=21)).date(), "returned_at": one.returned_at,
                "closed_at": one.returned_at, "is_simulated": True,
                "returned_point_id": points[one.kit % POINTS] if one.returned_at else None,
            }
            for one in planned()
        ),
    )  # fmt: skip
    copy(
        Occupancy,
        (
            {
                "kit_id": 1_000 + one.kit, "loan_id": 1_000 + one.number,
                "period": f'["{one.lent_at.isoformat()}","{one.free_at(now).isoformat()}")',
            }
            for one in planned()
        ),
    )  # fmt: skip
    copy(
        LoanPart,
        (
            {
                "loan_id": 1_000 + one.number, "accessory_id": 1_000 + one.kit * PARTS + part, "out": 1,
                "back": 1 if one.returned_at else None,
            }
            for one in planned()
            for part in range(PARTS)
        ),
    )  # fmt: skip
    copy(
        Placement,
        (
            {
                "id": 1_000 + one.number, "sensor_id": 1_000 + one.kit, "place_id": fixed["place"],
                "starts_at": one.lent_at, "ends_at": one.returned_at,
            }
            for one in planned()
        ),
    )  # fmt: skip
    copy(
        LoanPlacement,
        ({"loan_id": 1_000 + one.number, "placement_id": 1_000 + one.number} for one in planned()),
    )
    copy(
        Act,
        (
            {
                "kind": kind, "entry": "desk", "at": at, "noted_at": at, "by_id": fixed["staff"],
                "point_id": points[one.kit % POINTS], "kit_id": 1_000 + one.kit, "loan_id": 1_000 + one.number,
                "person_id": 1_000 + one.person,
            }
            for one in planned()
            for kind, at in (("lend", one.lent_at), ("return", one.returned_at))
            if at is not None
        ),
    )  # fmt: skip
    copy(
        Message,
        (
            {
                "key": f"bench:{one.number}", "person_id": 1_000 + one.person, "nature": "loan", "compose": "x",
                "queued_at": one.lent_at, "send_after": one.lent_at, "handed_over_at": one.lent_at,
                "sent_at": one.lent_at, "subject": "Bench", "body": "Bench",
            }
            for one in planned()
        ),
    )  # fmt: skip
    copy(
        UpkeepDone,
        (
            {
                "kit_id": 1_000 + one.kit, "plan_id": plans[fixed["kinds"][one.kit // POINTS % KINDS]],
                "at": one.returned_at + timedelta(hours=4), "by_id": fixed["staff"],
            }
            for one in planned()
            if one.returned_at is not None
        ),
    )  # fmt: skip
    _holds(kits, people, now=now, fixed=fixed)


def _holds(kits: int, people: int, *, now: datetime, fixed: dict[str, Any]) -> None:
    """Write holds of the first half of the people: one kit in 25 put aside, and a queue at each point."""
    from capto.lending.models import Hold, Occupancy

    busy = max(people // 2, 1)
    aside = [(number, kit) for number, kit in enumerate(range(1, kits, 25))]
    day = now.date()

    def starts(number: int) -> date:
        return day + timedelta(days=1 + number % 10)

    copy(
        Hold,
        (
            {
                "id": 1_000 + number, "person_id": 1_000 + (number + 7) % busy,
                "kit_model_id": fixed["kinds"][kit // POINTS % KINDS], "point_id": fixed["points"][kit % POINTS],
                "starts_on": starts(number), "ends_on": starts(number) + timedelta(days=21), "state": "ready",
                "kit_id": 1_000 + kit, "asked_at": now - timedelta(days=9), "ready_at": now - timedelta(days=1),
                "collect_by": starts(number) + timedelta(days=3),
            }
            for number, kit in aside
        ),
    )  # fmt: skip
    copy(
        Occupancy,
        (
            {
                "kit_id": 1_000 + kit, "hold_id": 1_000 + number,
                "period": f'["{starts(number)}T00:00:00+00:00","'
                f'{starts(number) + timedelta(days=23)}T00:00:00+00:00")',
            }
            for number, kit in aside
        ),
    )  # fmt: skip
    copy(
        Hold,
        (
            {
                "id": 1_000 + len(aside) + number, "person_id": 1_000 + (number * 13 + 5) % busy,
                "kit_model_id": fixed["kinds"][number % KINDS],
                "point_id": fixed["points"][number // KINDS % POINTS],
                "starts_on": day + timedelta(days=20 + number % 40),
                "ends_on": day + timedelta(days=41 + number % 40), "state": "waiting",
                "asked_at": now - timedelta(days=3),
            }
            for number in range(min(people // 10, 800))
        ),
    )  # fmt: skip

"""A small library to lend from: one desk open from Tuesday to Saturday, one kind of kit, people who may borrow."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from capto.catalogue.models import (
    Kit,
    KitModel,
    KitModelPart,
    LendingPoint,
    OpeningHours,
    Sensor,
    SensorModel,
)
from capto.lending.models import Hold, Loan, Policy
from capto.members.models import Charter, Consent, Organisation, Person, StaffRole
from capto.members.roles import Role
from capto.training.models import BorrowingRight, Course
from tests.lending.programs import Program

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # a Tuesday, ten in the morning in Paris


@dataclass
class Library:
    """What most tests start from; times are arguments everywhere, and `now` is the tests' first moment."""

    organisation: Organisation
    point: LendingPoint
    kind: KitModel
    sensor_model: SensorModel
    course: Course
    policy: Policy
    now: datetime = NOW
    _number: int = field(default=0)

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def kit(self, kind: KitModel | None = None, *, sensors: int = 1, **fields: Any) -> Kit:
        """Add a kit with sensors."""
        made = []
        for _n in range(sensors):
            number = self.next_number()
            made.append(
                Sensor.objects.create(
                    model=self.sensor_model,
                    owner=self.organisation,
                    inventory_code=f"INV-{number}",
                    device_id=f"device-{number}",
                    wire_format=self.sensor_model.wire_format,
                )
            )
        point = fields.pop("point", self.point)
        added = self.now - timedelta(days=100)
        return Kit.add(kind or self.kind, point=point, now=added, sensors=made, **fields)

    def person(self, name: str = "Alice", *, may_borrow: bool = True, **fields: Any) -> Person:
        """Add someone, with the charter accepted and the training followed unless said otherwise."""
        number = self.next_number()
        person = Person.objects.create_user(
            f"{name.lower()}{number}@exemple.test", name=name, email_confirmed_at=self.now, **fields
        )
        if may_borrow:
            self.accept_charter(person)
            self.train(person)
        return person

    def accept_charter(self, person: Person) -> None:
        Consent.objects.create(
            person=person,
            purpose="charter",
            is_given=True,
            at=self.now,
            way="paper",
            charter=Charter.current(now=self.now),
        )

    def train(self, person: Person, *, days: int = 365) -> BorrowingRight:
        return BorrowingRight.objects.create(
            person=person,
            course=self.course,
            granted_at=self.now - timedelta(days=400),
            expires_at=self.now + timedelta(days=days),
        )

    def staff(self, role: Role = Role.LIBRARIAN) -> Person:
        person = self.person("Lila", may_borrow=False)
        StaffRole.give(person, role=role, organisation=self.organisation, now=self.now)
        return person

    def lend(self, kit: Kit, to: Person, *, now: datetime | None = None, **fields: Any) -> Loan:
        fields.setdefault("point", self.point)
        return Loan.lend(kit, to=to, now=now or self.now, **fields)

    def take_back(self, kit: Kit, *, now: datetime | None = None, **fields: Any) -> Loan:
        return Loan.take_back(kit, point=self.point, now=now or self.now, **fields)

    def hold(
        self, person: Person, starts_on: date, ends_on: date, *, now: datetime | None = None, **fields: Any
    ) -> Hold:
        fields.setdefault("point", self.point)
        return Hold.ask(
            fields.pop("kind", self.kind),
            person=person,
            starts_on=starts_on,
            ends_on=ends_on,
            now=now or self.now,
            **fields,
        )

    def day(self, number: int) -> date:
        """Give the day `number` days after the tests' first."""
        return timezone.localdate(self.now) + timedelta(days=number)

    def set_policy(self, **fields: Any) -> Policy:
        for name, value in fields.items():
            setattr(self.policy, name, value)
        self.policy.save()
        return self.policy


@pytest.fixture
def library(db: None) -> Library:
    organisation = Organisation.objects.create(name="Air du Lac")
    point = LendingPoint.objects.create(
        organisation=organisation, name="Médiathèque", slug="mediatheque", latitude=45.9, longitude=6.12
    )
    for weekday in (2, 3, 4, 5, 6):
        OpeningHours.objects.create(point=point, weekday=weekday, opens_at=time(10), closes_at=time(18))
    kind = KitModel.objects.create(name="Particules dehors", slug="particules-dehors")
    for position, (name, quantity, essential) in enumerate(
        [("boîte", 1, False), ("chargeur", 1, True), ("collier", 2, False)]
    ):
        KitModelPart.objects.create(
            kit_model=kind, name=name, quantity=quantity, is_essential=essential, position=position
        )
    sensor_model = SensorModel.objects.create(
        maker="AirGradient", name="Open Air", slug="airgradient-open-air", wire_format="airgradient"
    )
    course = Course.objects.create(name="Première pose", slug="premiere-pose", organisation=organisation)
    course.kit_models.add(kind)
    policy, _made = Policy.objects.get_or_create(
        kit_model=None, category="", organisation=None, defaults={"name": "Règle générale"}
    )
    return Library(organisation, point, kind, sensor_model, course, policy)


@pytest.fixture
def at_once() -> Callable[..., list[Any]]:
    """Run a function in as many threads as it has arguments; gives its answers or the exceptions it raised."""

    def run(work: Callable[[Any], Any], arguments: list[Any]) -> list[Any]:
        def one(argument: Any) -> Any:
            try:
                return work(argument)
            except Exception as error:
                return error
            finally:
                connection.close()

        with ThreadPoolExecutor(len(arguments)) as threads:
            return list(threads.map(one, arguments))

    return run


@pytest.fixture
def today(library: Library) -> Library:
    """The library of the tests, today and open every day: pages and programs have no clock to hand over."""
    library.now = timezone.now()
    for weekday in (1, 7):
        library.point.opening_hours.create(weekday=weekday, opens_at="10:00", closes_at="18:00")
    return library


@pytest.fixture
def desk(today: Library) -> Program:
    """A program that may do what the desk does."""
    return Program(today.staff(), today.organisation)

"""What the tests of the devices' pages share: an association, its staff, messages that arrive."""

from datetime import UTC, datetime, timedelta

from django.test import Client
from django.utils import timezone

from capto.catalogue.models import LendingPoint, Sensor, SensorModel
from capto.members.models import Organisation, Person, StaffRole
from capto.members.roles import Role
from capto.readings.models import Place, Placement
from firmware_bridge import database
from firmware_bridge.arrival import Arrival, Batch, in_microseconds
from firmware_bridge.intake import Intake
from firmware_bridge.registry import Registry
from firmware_bridge.store import store, store_states
from tests.readers import signed_in

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Library:
    """An association with a model of AirGradient and a lending point."""

    def __init__(self, name: str = "Air du Nord") -> None:
        self.owner = Organisation.objects.create(name=name)
        slug = "ag-" + str(self.owner.pk)
        self.model = SensorModel.objects.create(
            maker="AirGradient", name=f"Open Air {self.owner.pk}", slug=slug, wire_format="airgradient"
        )
        self.point = LendingPoint.objects.create(
            organisation=self.owner, name=f"Médiathèque {name}", slug=slug, latitude=45.19, longitude=5.72
        )
        self.place = Place.objects.create(
            kind=Place.Kind.HOME, label="Ici", cell_latitude=45.0, cell_longitude=5.0, precision_m=200
        )

    def sensor(self, device: str, *, code: str = "", placed: bool = True, **fields: object) -> Sensor:
        """Add a sensor, placed since the beginning of the year."""
        sensor = Sensor.objects.create(
            **{
                "model": self.model,
                "owner": self.owner,
                "inventory_code": code or f"AG-{device}",
                "wire_format": self.model.wire_format,
                "device_id": device,
                **fields,
            }
        )
        if placed:
            Placement.objects.create(sensor=sensor, place=self.place, starts_at=NOW)
        return sensor

    def staff(self, role: Role = Role.LIBRARIAN) -> Client:
        """Give a browser in which a member of staff is signed in."""
        email = f"{role}-{self.owner.pk}@exemple.test"
        person = Person.objects.filter(email=email).first()
        if person is None:
            person = Person.objects.create_user(email, name=role)
            StaffRole.give(person, role=role, organisation=self.owner, now=NOW)
        return signed_in(person)


def arrive(topic: str, payload: bytes, *, ago: timedelta = timedelta(0)) -> None:
    """Let one message come as the bridge takes it."""
    with database.connect() as connection:
        intake, batch = Intake(Registry()), Batch()
        intake.registry.renew(connection)
        intake.read(Arrival(topic, payload, in_microseconds(timezone.now() - ago)), batch, connection)
        store(batch, connection)
        store_states(batch, connection)

"""The desk's page for a card: who may open it, and what it tells."""

from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from capto.catalogue.models import Sensor, SensorModel
from capto.members.models import Organisation, Person, StaffRole
from capto.members.roles import Role
from capto.readings.models import Place, Placement, RawMessage

CARD = b"""TIME,TEMP,PM
x,C,ug/m3
Time,x,z
,55,87
2026-03-01T09:00:00Z,8.12,12
2026-03-01T09:01:00Z,8.15
"""
NOW = datetime(2026, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
PAGE = "/capteurs/KIT-07/carte-sd/"


@pytest.fixture
def sensor(settings: Settings) -> Sensor:
    settings.STAFF_SECOND_FACTOR = False
    owner = Organisation.objects.create(name="Air du Nord")
    model = SensorModel.objects.create(maker="SC", name="Kit", slug="sck", wire_format="smart_citizen")
    sensor = Sensor.objects.create(
        model=model, owner=owner, inventory_code="KIT-07", wire_format="smart_citizen", device_id="abc123"
    )
    place = Place.objects.create(
        kind=Place.Kind.HOME, label="Ici", cell_latitude=45.0, cell_longitude=5.0, precision_m=200
    )
    Placement.objects.create(sensor=sensor, place=place, starts_at=NOW)
    return sensor


def signed_in(name: str, organisation: Organisation | None) -> Client:
    person = Person.objects.create_user(f"{name}@exemple.test", name=name)
    if organisation is not None:
        StaffRole.give(person, role=Role.DESK_VOLUNTEER, organisation=organisation, now=NOW)
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def post(client: Client, content: bytes = CARD) -> str:
    file = SimpleUploadedFile("17-02-03.CSV", content)
    return client.post(PAGE, {"file": file, "wire_format": "smart_citizen"}).content.decode()


def test_a_card_is_told_new_then_already_there_with_its_refused_line(sensor: Sensor) -> None:
    client = signed_in("bea", sensor.owner)
    assert client.get(PAGE).status_code == 200
    first = post(client)
    assert "<dt>Nouvelles mesures</dt><dd>1</dd>" in first
    assert "line 6: it has another number of columns than the header" in first
    again = post(client)
    assert "<dt>Nouvelles mesures</dt><dd>0</dd>" in again and "<dt>Déjà là</dt><dd>1</dd>" in again
    assert RawMessage.objects.filter(sensor=sensor).count() == 1
    assert "pas été lu" in post(client, b"Bonjour")


def test_only_the_desk_of_the_owner_may_import(sensor: Sensor) -> None:
    assert Client().get(PAGE).status_code == 302
    assert signed_in("borrower", None).get(PAGE).status_code == 403
    other = Organisation.objects.create(name="Air du Sud")
    assert signed_in("south", other).post(PAGE, {}).status_code == 403

from datetime import UTC, datetime, time

import pytest

from capto.catalogue.models import KitModel, KitModelPart, LendingPoint, OpeningHours, SensorModel
from capto.members.models import Organisation

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture
def organisation(db: None) -> Organisation:
    return Organisation.objects.create(name="Air du Lac")


@pytest.fixture
def point(organisation: Organisation) -> LendingPoint:
    """A desk open from Tuesday to Saturday."""
    point = LendingPoint.objects.create(
        organisation=organisation, name="Médiathèque", slug="mediatheque", latitude=45.9, longitude=6.12
    )
    for weekday in (2, 3, 4, 5, 6):
        OpeningHours.objects.create(point=point, weekday=weekday, opens_at=time(10), closes_at=time(18))
    return point


@pytest.fixture
def kit_model(db: None) -> KitModel:
    model = KitModel.objects.create(name="Particules dehors", slug="particules-dehors")
    for position, (name, quantity) in enumerate([("boîte", 1), ("chargeur", 1), ("collier", 2)]):
        KitModelPart.objects.create(kit_model=model, name=name, quantity=quantity, position=position)
    return model


@pytest.fixture
def sensor_model(db: None) -> SensorModel:
    return SensorModel.objects.create(
        maker="AirGradient", name="Open Air", slug="airgradient-open-air", wire_format="airgradient"
    )

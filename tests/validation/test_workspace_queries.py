"""The pages of the workspace ask the database as often for many rows as for few."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import pytest_django
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from capto.catalogue.models import Sensor
from capto.members.models import Organisation, Person, StaffRole
from capto.members.roles import Role
from capto.readings.models import Series
from capto.validation.models import Calibration, CoLocation, PlaceContext, SetAside, VigieItem

PAGES = {"benches": 13, "calibrations": 6, "flags": 7, "contexts": 8}


@pytest.fixture
def metrologist(db: None, settings: pytest_django.Settings) -> Client:
    """The metrologist of an association that owns every sensor."""
    settings.STAFF_SECOND_FACTOR = False
    owner = Organisation.objects.create(name="Atmo d’essai")
    person = Person.objects.create_user("maud@exemple.test", name="Maud")
    StaffRole.give(person, role=Role.METROLOGIST, organisation=owner, now=timezone.now())
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def add(
    make_stay: Callable[..., CoLocation], make_draft: Callable[..., Calibration], metrologist: Client
) -> Callable[[int], None]:
    """Add stays with a draft, hours set aside, something told and something found, each of another sensor."""

    def make(count: int) -> None:
        for _ in range(count):
            stay = make_stay()
            make_draft(stay)
            series = Series.objects.create(placement=stay.placement, property_id="pm25")
            begin, end = stay.starts_at, stay.starts_at + timedelta(hours=2)
            SetAside.put(series, starts_at=begin, ends_at=end, reason="essai", now=timezone.now())
            PlaceContext.objects.create(
                station=stay.station,
                kind="fire",
                starts_at=begin,
                ends_at=end,
                note="fumée",
                written_at=begin,
            )
            VigieItem.objects.create(
                kind="silent",
                placement=stay.placement,
                gravity=1,
                begins_at=begin,
                ends_at=end,
                found={"days": 2.0},
                opened_at=timezone.now(),
            )
        Sensor.objects.update(owner=Organisation.objects.get(name="Atmo d’essai"))

    return make


def queries(client: Client, name: str) -> int:
    with CaptureQueriesContext(connection) as found:
        assert client.get(reverse(name)).status_code == 200
    return len(found)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_workspace_states_its_queries_and_many_rows_add_none(
    metrologist: Client, add: Callable[[int], None], name: str
) -> None:
    add(2)
    queries(metrologist, name)
    few = queries(metrologist, name)
    add(5)
    assert queries(metrologist, name) == few == PAGES[name]


def test_the_vigie_asks_twice_for_the_curve_of_each_of_at_most_eight_items(
    metrologist: Client, add: Callable[[int], None]
) -> None:
    add(2)
    queries(metrologist, "vigie")
    assert queries(metrologist, "vigie") == 7 + 2 * 2
    add(8)
    assert queries(metrologist, "vigie") == 7 + 2 * 8

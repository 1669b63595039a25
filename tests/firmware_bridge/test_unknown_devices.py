"""A device that nobody knows is listed with what it sends, claimed in one click, and its messages are replayed."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from capto.catalogue.models import Sensor
from capto.members.roles import Role
from capto.readings.models import Placement, RawMessage, RejectedMessage
from firmware_bridge.rejected_retention import forget_old

from .conftest import airgradient
from .pages import Library, arrive

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
DEVICE = "d83bda1d7660"
TOPIC = f"airgradient/readings/{DEVICE}"
PAGE = f"/appareils/inconnus/airgradient/{DEVICE}/"


@pytest.fixture
def library(settings: Settings) -> Library:
    settings.STAFF_SECOND_FACTOR = False
    return Library()


def test_an_unknown_device_is_listed_with_what_it_sends(library: Library) -> None:
    arrive(TOPIC, airgradient(DEVICE, 1), ago=timedelta(minutes=2))
    arrive(TOPIC, airgradient(DEVICE, 2))
    staff = library.staff()
    page = staff.get("/appareils/inconnus/").content.decode()
    assert DEVICE in page and "AirGradient" in page and "2 messages" in page
    page = staff.get(PAGE).content.decode()
    assert "11,2 µg/m³" in page and "O-1PST" in page


def test_the_sensor_with_its_serial_number_takes_it_in_one_click_and_its_messages_are_replayed(
    library: Library,
) -> None:
    for number in range(3):
        arrive(TOPIC, airgradient(DEVICE, number), ago=timedelta(minutes=3 - number))
    sensor = library.sensor("not-yet-known", code="AG-07", serial="D83BDA1D7660")
    staff = library.staff()
    assert "C’est AG-07" in staff.get("/appareils/inconnus/").content.decode()
    said = staff.post(PAGE + "attribuer/", {"sensor": "AG-07"}, follow=True).content.decode()
    assert "3 messages sont devenus des mesures" in said
    assert RawMessage.objects.filter(sensor=sensor).count() == 3
    assert not RejectedMessage.objects.filter(replayed_at=None).exists()
    again = staff.post(PAGE + "attribuer/", {"sensor": "AG-07"}, follow=True)  # pressed twice
    assert again.status_code == 200 and RawMessage.objects.filter(sensor=sensor).count() == 3


def test_a_new_sensor_is_made_of_it_and_stands_at_the_desk_out_of_the_public(library: Library) -> None:
    arrive(TOPIC, airgradient(DEVICE, 1), ago=timedelta(hours=1))
    staff = library.staff()
    proposed = staff.get(PAGE).context["form"].initial
    assert proposed["inventory_code"] and proposed["model"] == library.model
    fields = {
        "inventory_code": "AG-NEW",
        "model": library.model.pk,
        "owner": library.owner.pk,
        "point": library.point.pk,
    }
    assert staff.post(PAGE, fields, follow=True).status_code == 200
    sensor = Sensor.objects.get(inventory_code="AG-NEW")
    assert (sensor.device_id, sensor.wire_format) == (DEVICE, "airgradient")
    assert Placement.objects.get(sensor=sensor).purpose == Placement.Purpose.DEVICE_TEST
    assert RawMessage.objects.filter(sensor=sensor).count() == 1


def test_without_a_placement_its_messages_wait_and_the_page_says_so(library: Library) -> None:
    arrive(TOPIC, airgradient(DEVICE, 1))
    library.sensor("other", code="AG-08", placed=False)
    said = library.staff().post(PAGE + "attribuer/", {"sensor": "AG-08"}, follow=True).content.decode()
    assert "En quarantaine : hors de toute pose" in said
    assert RejectedMessage.objects.get().reason == "outside_placements"


def test_a_code_that_is_taken_is_refused_at_its_field(library: Library) -> None:
    arrive(TOPIC, airgradient(DEVICE, 1))
    library.sensor("other", code="AG-08")
    fields = {"inventory_code": "AG-08", "model": library.model.pk, "owner": library.owner.pk}
    answer = library.staff().post(PAGE, fields)
    assert answer.status_code == 422 and "a déjà ce code" in answer.content.decode()


def test_only_staff_who_may_claim_sees_it_and_not_for_another_association(library: Library) -> None:
    arrive(TOPIC, airgradient(DEVICE, 1))
    assert library.staff(Role.DESK_VOLUNTEER).get(PAGE).status_code == 403
    other = Library("Air du Sud")
    other.sensor("theirs", code="SUD-1")
    assert library.staff().post(PAGE + "attribuer/", {"sensor": "SUD-1"}).status_code == 403
    assert library.staff().get("/appareils/inconnus/airgradient/nobody/").status_code == 404


@pytest.mark.parametrize("name", ["x/y z", 'é’"<script>'])
def test_a_name_of_any_spelling_is_shown_and_can_be_claimed(library: Library, name: str) -> None:
    RejectedMessage.objects.create(
        received_at="2026-05-01T00:00Z",
        transport="mqtt",
        topic="t",
        wire_format="airgradient",
        device_id=name,
        payload=b"{}",
        reason="unknown_device",
    )
    staff = library.staff()
    page = staff.get("/appareils/inconnus/").content.decode()
    assert "<script>" not in page.replace("<script src", "")
    found = page.split('<h2><a href="')[1].split('"')[0]
    assert staff.get(found).status_code == 200


def test_a_quarantined_message_is_explained_and_replayed_once_the_placement_is_right(
    library: Library,
) -> None:
    sensor = library.sensor(DEVICE, placed=False)
    arrive(TOPIC, airgradient(DEVICE, 1))
    arrive("senml/box", b"not json")
    staff = library.staff()
    page = staff.get("/appareils/refuses/").content.decode()
    assert "En quarantaine : hors de toute pose" in page and "Illisible" in page
    assert "d83bda1d7660" in staff.get("/appareils/refuses/?raison=outside_placements").content.decode()
    one = RejectedMessage.objects.get(reason="outside_placements")
    assert "11,2" in staff.get(f"/appareils/refuses/{one.pk}/").content.decode()
    Placement.objects.create(sensor=sensor, place=library.place, starts_at="2026-01-01T00:00Z")
    said = staff.post("/appareils/refuses/relire/", {"reason": "outside_placements"}, follow=True)
    assert "Devenus des mesures : 1" in said.content.decode()
    assert RawMessage.objects.filter(sensor=sensor).count() == 1
    other = Library("Air du Sud").staff()
    assert other.get(f"/appareils/refuses/{one.pk}/").status_code == 404


def test_rejected_messages_are_forgotten_in_their_time_and_not_a_day_before(
    library: Library, settings: Settings
) -> None:
    settings.REJECTED_DAYS = 365
    received = datetime(2026, 1, 1, tzinfo=UTC)
    for replayed_at in (None, received):
        RejectedMessage.objects.create(
            received_at=received,
            transport="mqtt",
            payload=b"{",
            reason="undecodable",
            replayed_at=replayed_at,
        )
    assert forget_old(received + timedelta(days=29)) == 0
    assert forget_old(received + timedelta(days=31)) == 1
    assert RejectedMessage.objects.get().replayed_at is None
    assert forget_old(received + timedelta(days=364)) == 0
    assert forget_old(received + timedelta(days=366)) == 1

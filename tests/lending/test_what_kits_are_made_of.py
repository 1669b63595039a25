"""Makes of sensor, kinds of kit and plans of upkeep, written on pages; and the photos that pages show."""

from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from capto.catalogue.models import KitModel, LendingPoint, SensorModel, UpkeepPlan, UpkeepTicket
from capto.lending.refusals import UpkeepOverdue
from capto.members.models import Organisation, Person, StaffRole
from capto.members.roles import Role

if TYPE_CHECKING:
    from tests.lending.conftest import Library


@pytest.fixture(autouse=True)
def one_factor(settings: Any, tmp_path: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def lila(library: "Library", client: Client) -> Client:
    client.force_login(library.staff())
    return client


def _photo() -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (8, 6), "teal").save(out, "PNG")
    return SimpleUploadedFile("secret-name.png", out.getvalue(), "image/png")


def test_a_make_of_sensor_is_written_with_what_it_measures_its_format_guide_and_photo(lila: Client) -> None:
    told = {
        "maker": "Brume", "name": "Un", "quantities": ["pm25", "temperature"], "wire_format": "senml",
        "reporting_interval_s": 120, "guide": "Branchez.", "photo": _photo(),
    }  # fmt: skip
    assert lila.post("/gestion/modeles/nouveau/", told).status_code == 302
    model = SensorModel.objects.get(maker="Brume")
    assert (model.slug, model.reporting_interval_s, model.guide) == ("un", 120, "Branchez.")
    assert {one.code for one in model.quantities.all()} == {"pm25", "temperature"}
    shown = Client().get("/photos/modeles/un.jpg")
    assert shown.status_code == 200 and b"".join(shown).startswith(b"\xff\xd8")  # JPEG, whatever was sent
    public = Client().get("/modele/un/").content.decode()
    assert "PM2,5" in public and "/photos/modeles/un.jpg" in public
    lila.post(f"/gestion/modeles/{model.pk}/", told | {"photo": "", "quantities": ["no2"]})
    model.refresh_from_db()
    assert [one.code for one in model.quantities.all()] == ["no2"] and model.photo  # the photo stays


@pytest.mark.parametrize(
    ("field", "value"), [("wire_format", "morse"), ("reporting_interval_s", 0), ("quantities", "bonheur")]
)
def test_a_make_that_nothing_can_decode_is_refused_in_words(lila: Client, field: str, value: Any) -> None:
    told = {"maker": "Brume", "name": "Un", "wire_format": "senml", "reporting_interval_s": 60}
    answer = lila.post("/gestion/modeles/nouveau/", told | {field: value})
    assert answer.status_code == 200 and "errors" in answer.content.decode()
    assert not SensorModel.objects.filter(maker="Brume").exists()


def test_what_is_no_picture_is_no_photo(lila: Client) -> None:
    told = {"maker": "Brume", "name": "Un", "wire_format": "senml", "reporting_interval_s": 60}
    told |= {"photo": SimpleUploadedFile("x.jpg", b"<script>")}
    assert "pas une photo" in lila.post("/gestion/modeles/nouveau/", told).content.decode()


def test_a_kind_of_kit_is_written_with_the_checklist_of_its_box(library: "Library", lila: Client) -> None:
    text = "Boîte\nChargeur\nColliers × 4 (facultatif)\nCâble (3 m)"
    told = {"name": "Bruit de rue", "parts": text, "is_offered": "on"}
    assert lila.post("/gestion/genres/nouveau/", told).status_code == 302
    kind = KitModel.objects.get(slug="bruit-de-rue")
    rows = [(part.name, part.quantity, part.is_essential) for part in kind.parts.all()]
    assert rows == [
        ("Boîte", 1, True),
        ("Chargeur", 1, True),
        ("Colliers", 4, False),
        ("Câble (3 m)", 1, True),
    ]
    kit = library.kit(kind)
    assert [part.quantity for part in kit.accessories.all()] == [1, 1, 4, 1]
    page = lila.get(f"/gestion/genres/{kind.pk}/").content.decode()
    assert text in page  # what was written is what one reads again
    lila.post(f"/gestion/genres/{kind.pk}/", told | {"parts": "Boîte"})
    assert kind.parts.count() == 1 and kit.accessories.count() == 4  # a labelled kit keeps its list
    twice = lila.post(f"/gestion/genres/{kind.pk}/", told | {"parts": "Boîte\nBoîte × 2"})
    assert "nommée deux fois" in twice.content.decode()


def test_an_upkeep_plan_that_is_written_blocks_lending_when_overdue(library: "Library", lila: Client) -> None:
    told = {
        "work": "compare",
        "sensor_model": library.sensor_model.pk,
        "interval_days": 90,
        "blocks_lending": "on",
    }
    kit = library.kit()  # added a hundred days ago
    assert lila.post("/gestion/entretien/nouveau/", told).status_code == 302
    with pytest.raises(UpkeepOverdue):
        library.lend(kit, library.person())
    plan = UpkeepPlan.objects.get()
    lila.post(f"/gestion/entretien/{plan.pk}/", told | {"interval_days": 120})
    assert library.lend(kit, library.person()).kit == kit


@pytest.mark.parametrize("told", [{}, {"sensor_model": "1", "kit_model": "1"}, {"sensor_model": "1"}])
def test_a_plan_of_nothing_or_without_a_time_is_refused_in_words(
    library: "Library", lila: Client, told: dict[str, str]
) -> None:
    known = {"sensor_model": library.sensor_model.pk, "kit_model": library.kind.pk}
    answer = lila.post(
        "/gestion/entretien/nouveau/", {"work": "clean"} | {name: known[name] for name in told}
    )
    words = "Dites quand" if told == {"sensor_model": "1"} else "et un seul"
    assert words in answer.content.decode() and not UpkeepPlan.objects.exists()


def test_one_association_of_several_does_not_write_what_all_of_them_lend(
    library: "Library", lila: Client
) -> None:
    other = Organisation.objects.create(name="Ailleurs")
    LendingPoint.objects.create(
        organisation=other, name="Mairie", slug="mairie", latitude=45.8, longitude=6.2
    )
    for slug in ("modeles", "genres", "entretien"):
        assert lila.get(f"/gestion/{slug}/").status_code == 403


def test_a_volunteer_writes_no_kind_of_kit(library: "Library", client: Client) -> None:
    client.force_login(library.staff(Role.DESK_VOLUNTEER))
    assert client.get("/gestion/genres/nouveau/").status_code == 403


def test_the_lists_need_a_number_of_queries_that_does_not_grow(
    library: "Library", lila: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        kind = KitModel.objects.create(name=f"Genre {number}", slug=f"genre-{number}")
        UpkeepPlan.objects.create(kit_model=kind, work="clean", after_each_loan=True)
    for slug in ("modeles", "genres", "entretien"):
        with django_assert_max_num_queries(14):
            assert lila.get(f"/gestion/{slug}/").status_code == 200


def test_the_photo_of_a_problem_is_seen_by_who_looks_after_the_kit_and_by_nobody_else(
    library: "Library", client: Client
) -> None:
    kit, alice = library.kit(), library.person()
    library.lend(kit, alice, now=timezone.now() - timedelta(hours=1))
    client.force_login(alice)
    client.post(f"/k/{kit.code}/", {"kind": "damaged", "text": "fendu", "photo": _photo()})
    ticket = UpkeepTicket.objects.get()
    address = f"/fonds/tickets/{ticket.pk}/photo.jpg"
    lila = library.staff()
    for person, status in ((lila, 200), (alice, 403), (_of_another(), 404)):
        client.force_login(person)
        assert client.get(address).status_code == status
    client.force_login(lila)
    assert address in client.get(f"/fonds/kits/{kit.code}/").content.decode()


def _of_another() -> Person:
    person = Person.objects.create_user("max@exemple.test", name="Max")
    other = Organisation.objects.create(name="Ailleurs")
    StaffRole.give(person, role=Role.LIBRARIAN, organisation=other, now=timezone.now())
    return person

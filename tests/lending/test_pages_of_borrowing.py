"""What borrowers and staff see on their pages, by requests."""

from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from capto.catalogue.models import UpkeepDone, UpkeepPlan, UpkeepTicket
from capto.lending.models import Act, Hold, Loan, LoanNote, Problem, ThreadEntry
from capto.members.models import BorrowerGroup, Consent, Message, Person, Territory
from capto.members.roles import Role
from capto.readings.models import DeviceState, GridSquare, HourlyValue, Layout, Placement, RawMessage, Series
from capto.readings.published_cell import square_of
from tests.readers import signed_in

if TYPE_CHECKING:
    from tests.lending.conftest import Library


@pytest.fixture(autouse=True)
def _today(library: "Library", settings: Any, tmp_path: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    settings.MEDIA_ROOT = tmp_path
    library.now = timezone.now()


def test_anyone_reads_what_is_lent_where_and_in_which_order(library: "Library", client: Client) -> None:
    library.kit()
    page = client.get("/emprunter/").content.decode()
    assert "Particules dehors" in page and "Médiathèque" in page and "10:00–18:00" in page
    rules = client.get("/emprunter/regles/").content.decode()
    assert "commune peu couverte" in rules and "Règle générale" in rules


def test_the_calendar_says_how_many_kits_are_free(library: "Library", client: Client) -> None:
    for _n in range(3):
        library.kit()
    library.lend(library.kit(), library.person())
    page = client.get("/emprunter/particules-dehors/").content.decode()
    assert "3 libres" in page and "fermé" in page and "Se connecter pour demander" in page


def test_asking_for_a_kit_puts_one_aside_or_says_why_not(library: "Library") -> None:
    kit, alice = library.kit(), library.person()
    mine = signed_in(alice)
    first = library.point.next_open_day(timezone.localdate(library.now) + timedelta(days=3))
    last = library.point.next_open_day(first + timedelta(days=10))
    days = {"starts_on": first.isoformat(), "ends_on": last.isoformat()}
    assert mine.post("/emprunter/particules-dehors/", days).status_code == 302
    hold = Hold.objects.get()
    assert (hold.person, hold.kit) == (alice, kit)
    assert f"Le kit {kit.code} vous attend" in mine.get("/ma-page/").content.decode()
    again = mine.post("/emprunter/particules-dehors/", days).content.decode()
    assert "déjà demandé ou emprunté" in again and Hold.objects.count() == 1
    mine.post(f"/reservations/{hold.pk}/annuler/")
    assert not Hold.objects.running().exists()


def test_a_waiting_hold_shows_its_rank_and_why(library: "Library") -> None:
    alice = library.person()
    first = library.point.next_open_day(timezone.localdate(library.now) + timedelta(days=30))
    library.hold(alice, first, library.point.next_open_day(first + timedelta(days=10)))
    page = signed_in(alice).get("/ma-page/").content.decode()
    assert "Rang 1 sur 1." in page and "n’a jamais emprunté" in page


def test_nobody_cancels_another_s_hold(library: "Library") -> None:
    first = library.point.next_open_day(timezone.localdate(library.now) + timedelta(days=30))
    hold = library.hold(library.person(), first, library.point.next_open_day(first + timedelta(days=10)))
    assert signed_in(library.person("Bruno")).post(f"/reservations/{hold.pk}/annuler/").status_code == 404


def test_a_loan_s_page_is_its_borrower_s_and_staff_s(library: "Library", client: Client) -> None:
    alice = library.person()
    loan = library.lend(library.kit(), alice)
    address = f"/prets/{loan.public_id}/"
    assert signed_in(alice).get(address).status_code == 200
    assert client.get(address).status_code == 302
    assert signed_in(library.person("Bruno")).get(address).status_code == 403
    assert signed_in(library.person("Bruno")).get("/prets/inconnu/").status_code == 403
    assert signed_in(library.staff(Role.METROLOGIST)).get(address).status_code == 403
    assert "en tant que personnel" in signed_in(library.staff()).get(address).content.decode()


def _first_message(placement: Placement, *, minutes_ago: int) -> None:
    at = timezone.now() - timedelta(minutes=minutes_ago)
    layout = Layout.objects.create(signature="pm25/atm/")
    RawMessage.objects.create(
        sensor=placement.sensor, observed_at=at, layout=layout, received_at=at, values=[7.0]
    )
    DeviceState.objects.create(sensor=placement.sensor, first_received_at=at, last_received_at=at)


def test_the_state_is_said_in_one_line_from_silence_to_the_first_reading(library: "Library") -> None:
    alice = library.person()
    loan = library.lend(library.kit(), alice, now=library.now - timedelta(minutes=30))
    mine, address = signed_in(alice), f"/prets/{loan.public_id}/"
    assert "Aucune mesure reçue encore" in mine.get(address).content.decode()
    _first_message(Placement.objects.get(), minutes_ago=2)
    assert "Première mesure reçue il y a 2" in mine.get(address).content.decode()
    DeviceState.objects.update(last_received_at=timezone.now() - timedelta(hours=2))
    RawMessage.objects.update(received_at=timezone.now() - timedelta(hours=2))
    assert "Le capteur se tait depuis 2" in mine.get(address).content.decode()


def test_the_curve_shows_the_hours_with_their_uncertainty(library: "Library") -> None:
    alice = library.person()
    loan = library.lend(library.kit(), alice, now=library.now - timedelta(days=2))
    series = Series.objects.create(placement=Placement.objects.get(), property_id="pm25", variant="atm")
    hour = library.now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=5)
    for number, value in enumerate([8.0, 12.4, None, 9.0]):
        HourlyValue.objects.create(
            series=series,
            hour=hour + timedelta(hours=number),
            raw_mean=9.9,
            value=value,
            expanded_uncertainty=3.2 if value else None,
            n=60,
            coverage=1.0,
            grade="B",
            computed_at=library.now,
            code_version="x",
        )
    page = signed_in(alice).get(f"/prets/{loan.public_id}/").content.decode()
    assert "Particules PM2,5, µg/m³" in page and "9,0 µg/m³" in page and "± 3,2 µg/m³" in page
    assert page.count('<td class="number">12,4</td>') == 1


def test_a_borrower_renews_pauses_notes_asks_and_says_where(library: "Library") -> None:
    alice = library.person()
    loan = library.lend(library.kit(), alice)
    mine, address = signed_in(alice), f"/prets/{loan.public_id}/"
    due = loan.due_on
    mine.post(address + "prolonger/")
    loan.refresh_from_db()
    assert loan.due_on > due
    mine.post(address + "pause/", {"paused": "yes"})
    assert Placement.objects.get().is_paused
    assert "en pause" in mine.get(address).content.decode()
    mine.post(address + "pause/", {"paused": "no"})
    assert not Placement.objects.get().is_paused
    mine.post(address + "notes/", {"day": "2026-11-24", "hour": "19:30", "text": "J’ai cuisiné"})
    assert LoanNote.objects.get().starts_at.hour == 18  # UTC
    mine.post(address + "place/", {"latitude": "45.8992", "longitude": "6.1294", "precision_m": "200"})
    place = Placement.objects.get().place
    assert (place.latitude, place.precision_m) == (45.8992, 200)
    assert place.cell_latitude != place.latitude
    mine.post(address + "questions/", {"text": "La lumière est rouge, est-ce normal ?"})
    entry = ThreadEntry.objects.get()
    assert not entry.is_from_staff
    lila = signed_in(library.staff())
    assert "La lumière est rouge" in lila.get("/matin/").content.decode()
    lila.post(address + "questions/", {"text": "Oui, pendant la charge."})
    assert "La lumière est rouge" not in lila.get("/matin/").content.decode()
    assert Message.objects.filter(key__startswith="lending:answered:").count() == 1


def test_the_exact_point_is_shown_to_who_may_see_it_only(library: "Library") -> None:
    alice = library.person()
    loan = library.lend(library.kit(), alice)
    address = f"/prets/{loan.public_id}/"
    signed_in(alice).post(
        address + "place/", {"latitude": "45.89921", "longitude": "6.12943", "precision_m": "200"}
    )
    assert "45,8992" in signed_in(alice).get(address).content.decode()
    assert "45,8992" in signed_in(library.staff(Role.LIBRARIAN)).get(address).content.decode()
    assert "45,8992" not in signed_in(library.staff(Role.DESK_VOLUNTEER)).get(address).content.decode()


def test_in_a_square_with_few_households_the_published_cell_is_larger(library: "Library") -> None:
    alice = library.person()
    loan = library.lend(library.kit(), alice)
    east, north = square_of(45.8992, 6.1294)
    GridSquare.objects.create(east=east, north=north, households=4.0)
    point = {"latitude": "45.8992", "longitude": "6.1294", "precision_m": "200"}
    signed_in(alice).post(f"/prets/{loan.public_id}/place/", point)
    assert Placement.objects.get().place.precision_m == 1_000


def test_in_a_small_commune_the_published_cell_is_never_finer_than_its_rule(library: "Library") -> None:
    alice = library.person()
    loan = library.lend(library.kit(), alice)
    village = Territory.objects.create(name="Hameau", population=300)
    area = Placement.objects.get().place
    area.territory = village
    area.save()
    here = {"latitude": "45.89921", "longitude": "6.12943"}
    signed_in(alice).post(f"/prets/{loan.public_id}/place/", {**here, "precision_m": "200"})
    assert Placement.objects.get().place.precision_m == 1_000  # below 2,000 inhabitants
    signed_in(alice).post(f"/prets/{loan.public_id}/place/", {**here, "precision_m": "5000"})
    assert Placement.objects.get().place.precision_m == 5_000  # coarser, as the borrower chose
    village.population = 30_000
    village.save()
    signed_in(alice).post(f"/prets/{loan.public_id}/place/", {**here, "precision_m": "200"})
    assert Placement.objects.get().place.precision_m == 200


def test_the_agreement_is_a_pdf_with_the_charter_of_that_day(library: "Library") -> None:
    alice = library.person()
    loan = library.lend(library.kit(), alice)
    answer = signed_in(alice).get(f"/prets/{loan.public_id}/convention.pdf")
    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF-")
    assert loan.charter is not None and loan.charter.version == "1"


def test_the_charter_is_accepted_on_screen_where_it_was_not(library: "Library") -> None:
    library.set_policy(needs_charter=False)
    alice = library.person(may_borrow=False)
    library.train(alice)
    loan = library.lend(library.kit(), alice)
    mine, address = signed_in(alice), f"/prets/{loan.public_id}/"
    assert "je l’accepte" in mine.get(address).content.decode()
    mine.post(address + "charte/")
    assert Consent.objects.get().way == "screen"
    assert "je l’accepte" not in mine.get(address).content.decode()


def test_a_class_has_a_log_to_print_without_a_name(library: "Library") -> None:
    teacher = library.person("Paul")
    group = BorrowerGroup.objects.create(name="CM2 Jaurès", category="school", responsible=teacher)
    loan = library.lend(library.kit(), teacher, group=group)
    page = signed_in(teacher).get(f"/prets/{loan.public_id}/carnet/").content.decode()
    assert "On n’écrit le nom de personne." in page and "CM2 Jaurès" in page


def _photo() -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (200, 100), "red").save(out, "JPEG")
    return SimpleUploadedFile("photo.jpg", out.getvalue(), content_type="image/jpeg")


def test_a_problem_reported_from_the_box_opens_a_ticket_tied_to_the_loan(
    library: "Library", client: Client
) -> None:
    loan = library.lend(library.kit(), library.person())
    address = f"/k/{loan.kit.code}/"
    page = client.get(address).content.decode()
    assert "Un problème avec ce kit" in page and "Alice" not in page
    told = {"kind": "damaged", "text": "la pince est cassée", "photo": _photo()}
    assert client.post(address, told).status_code == 302
    problem = Problem.objects.get()
    assert problem.loan == loan and problem.ticket.blocks_lending and problem.ticket.photo
    library.take_back(loan.kit)
    assert UpkeepTicket.objects.open().count() == 1


def test_a_report_that_is_no_photo_is_asked_again_and_many_in_a_row_are_slowed(
    library: "Library", client: Client
) -> None:
    kit = library.kit()
    bad = SimpleUploadedFile("photo.jpg", b"<svg>", content_type="image/jpeg")
    page = client.post(f"/k/{kit.code}/", {"kind": "other", "text": "x", "photo": bad})
    assert "n’est pas une photo" in page.content.decode() and not Problem.objects.exists()
    for _n in range(10):
        client.post(f"/k/{kit.code}/", {"kind": "other", "text": "x"})
    assert (
        "Trop de signalements"
        in client.post(f"/k/{kit.code}/", {"kind": "other", "text": "x"}).content.decode()
    )
    assert Problem.objects.count() == 10


def test_someone_without_internet_is_served_from_the_account_to_the_hold(library: "Library") -> None:
    lila, kit = library.staff(), library.kit()
    desk = signed_in(lila)
    told = {"name": "Jeanne", "phone": "04 50 00 00 00", "way": "paper", "accepted": "on"}
    answer = desk.post("/comptoir/personnes/nouvelle/", told)
    jeanne = Person.objects.get(name="Jeanne")
    assert answer["Location"] == f"/comptoir/personnes/{jeanne.pk}/"
    consent = Consent.objects.get(person=jeanne)
    assert (consent.way, consent.recorded_by, jeanne.email) == ("paper", lila, None)
    card = desk.get(f"/comptoir/personnes/{jeanne.pk}/carte.pdf")
    assert card.content.startswith(b"%PDF-") and jeanne.card().startswith("P-")
    first = library.point.next_open_day(timezone.localdate(library.now) + timedelta(days=3))
    days = {
        "starts_on": first.isoformat(),
        "ends_on": library.point.next_open_day(first + timedelta(days=7)).isoformat(),
    }
    desk.post(f"/emprunter/particules-dehors/?pour={jeanne.pk}", days)
    hold = Hold.objects.get()
    assert (hold.person, hold.asked_by, hold.kit) == (jeanne, lila, kit)
    assert (
        Message.objects.get(key=f"lending:ready:{hold.pk}:{timezone.localdate(library.now)}").channel
        == "paper"
    )


def test_nobody_holds_for_another_without_the_role(library: "Library") -> None:
    library.kit()
    alice, bruno = library.person(), library.person("Bruno")
    first = library.point.next_open_day(timezone.localdate(library.now) + timedelta(days=3))
    days = {
        "starts_on": first.isoformat(),
        "ends_on": library.point.next_open_day(first + timedelta(days=7)).isoformat(),
    }
    signed_in(bruno).post(f"/emprunter/particules-dehors/?pour={alice.pk}", days)
    assert Hold.objects.get().person == bruno


def test_the_morning_has_five_lists_and_each_line_ends_in_one_act(library: "Library") -> None:
    library.set_policy(loans_at_once=9)
    alice = library.person()
    UpkeepPlan.objects.create(kit_model=library.kind, work="compare", after_each_loan=True)
    UpkeepPlan.objects.create(kit_model=library.kind, work="charge", after_each_loan=True)
    late = library.lend(library.kit(), alice, now=library.now - timedelta(days=60))
    back = library.lend(library.kit(), library.person("Bruno"), now=library.now - timedelta(days=9))
    library.take_back(back.kit, now=library.now - timedelta(days=1))
    due = library.lend(library.kit(), library.person("Carole"), now=library.now - timedelta(days=3))
    Loan.objects.filter(pk=due.pk).update(due_on=timezone.localdate())
    desk = signed_in(library.staff())
    page = desk.get("/matin/").content.decode()
    for heading in ("Attendus aujourd’hui (1)", "En retard (1)", "À comparer au banc (1)", "nettoyer (1)"):
        assert heading in page
    assert page.count(back.kit.code) == 4  # twice on its line and in its form, compare and charge
    desk.post("/matin/ecrire/", {"loan": late.public_id})
    desk.post("/matin/ecrire/", {"loan": late.public_id})
    assert Message.objects.filter(key__startswith="lending:late_by_hand").count() == 1
    plan = UpkeepPlan.objects.get(work="compare")
    desk.post("/matin/entretien/", {"kit": back.kit.code, "plan": plan.pk})
    assert UpkeepDone.objects.get().kit == back.kit
    desk.post("/matin/prolonger/", {"loan": due.public_id})
    due.refresh_from_db()
    assert due.due_on > timezone.localdate()
    page = desk.get("/matin/").content.decode()
    assert "À comparer au banc (0)" in page and "Attendus aujourd’hui (0)" in page


def test_the_morning_is_of_the_own_organisation(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person(), now=library.now - timedelta(days=60))
    stranger = library.staff()
    other = type(library.organisation).objects.create(name="Ailleurs")
    type(library.point).objects.create(
        organisation=other, name="Mairie", slug="mairie", latitude=45.8, longitude=6.2
    )
    stranger.staff_roles.update(organisation=other)
    desk = signed_in(stranger)
    assert loan.kit.code not in desk.get("/matin/").content.decode()
    assert desk.post("/matin/ecrire/", {"loan": loan.public_id}).status_code == 404


def test_a_person_corrects_what_is_known_and_opens_a_group(library: "Library") -> None:
    alice = library.person()
    mine = signed_in(alice)
    mine.post(
        "/ma-page/coordonnees/",
        {"name": "Alice Roy", "phone": "06", "language": "en", "only_loan_messages": "on"},
    )
    alice.refresh_from_db()
    assert (alice.name, alice.language, alice.only_loan_messages) == ("Alice Roy", "en", True)
    mine.post("/ma-page/groupe/", {"name": "Voisins", "category": "association", "size": "12"})
    assert BorrowerGroup.objects.get().responsible == alice
    assert (
        "déjà un groupe"
        in mine.post("/ma-page/groupe/", {"name": "Voisins", "category": "association"}).content.decode()
    )
    assert Act.objects.count() == 0

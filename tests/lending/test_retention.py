"""What is forgotten, when, and that nothing of a person is left anywhere after an erasure."""

import io
import json
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from capto.lending.models import Act, Hold, Loan, LoanNote, ThreadEntry
from capto.lending.retention import apply, foreseen, warn_inactive
from capto.members.erasure import ErasureWaits, erase, erase_who_asked
from capto.members.models import (
    BorrowerGroup,
    Consent,
    Erasure,
    Message,
    Person,
    RetentionRule,
    RetentionRun,
)
from capto.readings.models import HourlyValue, Place, Series
from capto.training.models import CourseSession, Enrolment
from tests.readers import signed_in

if TYPE_CHECKING:
    from tests.lending.conftest import Library

NAME, EMAIL, PHONE, STREET = (
    "Zoé Quintessence",
    "zoe.quintessence@exemple.test",
    "0699123456",
    "7 rue Planétarium",
)


@pytest.fixture(autouse=True)
def _today(library: "Library") -> None:
    library.now = timezone.now()


def _zoe(library: "Library") -> Person:
    person = library.person("Zoe")
    person.correct(name=NAME, email=EMAIL, phone=PHONE, postal_address=STREET)
    return person


def _a_life(library: "Library") -> tuple[Person, Loan]:
    """Let someone do all that leaves a trace: a loan through the desk, notes, questions, training, a hold."""
    zoe, lila = _zoe(library), library.staff()
    kit = library.kit()
    desk = signed_in(lila)
    for text in ("quintessence", kit.code):
        desk.post(
            "/comptoir/geste/",
            json.dumps({"key": f"00000000-0000-4000-8000-{abs(hash(text)) % 10**12:012d}", "code": text}),
            content_type="application/json",
        )
    loan = Loan.objects.filter(kit=kit).first() or library.lend(kit, zoe, collected_by=NAME)
    LoanNote.objects.create(
        loan=loan, starts_at=library.now, text=f"{NAME} a cuisiné", written_at=library.now
    )
    ThreadEntry.write(loan, author=zoe, is_from_staff=False, text=f"Ici {NAME}, {PHONE}", now=library.now)
    ThreadEntry.write(loan, author=lila, is_from_staff=True, text=f"Bonjour {NAME}", now=library.now)
    placement = loan.loan_placements.get().placement
    placement.move_to(Place.at(45.89921, 6.12943, precision_m=200, kind="home", label="Quartier du lac"))
    series = Series.objects.create(placement=placement, property_id="pm25", variant="atm")
    HourlyValue.objects.create(
        series=series, hour=library.now.replace(minute=0, second=0, microsecond=0), raw_mean=9.0, value=8.0,
        n=60, coverage=1.0, grade="B", computed_at=library.now, code_version="x",
    )  # fmt: skip
    return zoe, loan


def _tables_that_hold(text: str) -> list[str]:
    """Search every text and JSON column of every table of the database."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables"
            " USING (table_schema, table_name) WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
            " AND data_type IN ('text', 'character varying', 'jsonb', 'json', 'character')"
        )
        for table, column in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" WHERE "{column}"::text ILIKE %s', [f"%{text}%"])
            if cursor.fetchone()[0]:
                found.append(f"{table}.{column}")
    return found


def test_after_an_erasure_no_table_holds_name_mail_phone_or_address(
    library: "Library", settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    zoe, loan = _a_life(library)
    signed_in(zoe)
    number = zoe.pk
    assert _tables_that_hold("quintessence")
    library.take_back(loan.kit)
    erase(zoe, because="asked", now=library.now)
    for text in (NAME, EMAIL, PHONE, STREET, "quintessence"):
        assert _tables_that_hold(text) == []
    assert not Person.objects.filter(pk=number).exists()
    loan.refresh_from_db()
    assert loan.person is None and loan.state == Loan.State.RETURNED
    assert HourlyValue.objects.count() == 1  # what was measured stays
    assert not Place.objects.filter(latitude__isnull=False).exists()
    assert all(s.get_decoded().get("_auth_user_id") != str(number) for s in Session.objects.all())
    journal = Erasure.objects.get()
    assert (journal.number, journal.because) == (number, "asked")


def test_no_history_keeps_the_number_of_an_erased_person_with_a_loan(library: "Library") -> None:
    zoe = _zoe(library)
    loan = library.lend(library.kit(), zoe)
    library.take_back(loan.kit)
    number = zoe.pk
    erase(zoe, because="asked", now=library.now)
    for name in ("loan", "hold"):
        events = apps.get_model("lending", f"{name}event").objects
        assert not events.filter(person_id=number).exists()
    assert not apps.get_model("members", "personevent").objects.filter(pgh_obj_id=number).exists()


def test_a_second_erasure_is_harmless(library: "Library") -> None:
    zoe = _zoe(library)
    copy = Person.objects.get(pk=zoe.pk)
    erase(zoe, because="asked", now=library.now)
    erase(copy, because="asked", now=library.now)
    assert Erasure.objects.count() == 1


def test_an_erasure_waits_for_the_kit_and_then_carries_itself_out(library: "Library") -> None:
    zoe = _zoe(library)
    loan = library.lend(library.kit(), zoe)
    with pytest.raises(ErasureWaits, match=loan.kit.code):
        erase(zoe, because="asked", now=library.now)
    mine = signed_in(zoe)
    answer = mine.post("/ma-page/effacer/", {"sure": "yes"}, follow=True).content.decode()
    assert loan.kit.code in answer and "de lui-même" in answer
    assert erase_who_asked(now=library.now) == 0
    library.take_back(loan.kit)
    apply(now=library.now)
    assert not Person.objects.filter(pk=zoe.pk).exists()


def test_who_asked_may_change_their_mind(library: "Library") -> None:
    zoe = _zoe(library)
    loan = library.lend(library.kit(), zoe)
    mine = signed_in(zoe)
    mine.post("/ma-page/effacer/", {"sure": "yes"})
    mine.post("/ma-page/effacer/", {"wish": "keep"})
    library.take_back(loan.kit)
    apply(now=library.now)
    assert Person.objects.filter(pk=zoe.pk).exists()


def test_an_erasure_is_asked_with_a_tick_and_closes_the_session(library: "Library") -> None:
    mine = signed_in(_zoe(library))
    mine.post("/ma-page/effacer/", {})
    assert Person.objects.filter(email=EMAIL).exists()
    assert "Votre compte est effacé" in mine.post("/ma-page/effacer/", {"sure": "yes"}).content.decode()
    assert not Person.objects.filter(email=EMAIL).exists()
    assert mine.get("/ma-page/").status_code == 302


def test_an_erased_person_gives_back_holds_and_seats_so_that_others_move_up(library: "Library") -> None:
    zoe, bruno = _zoe(library), library.person("Bruno")
    library.kit()
    first = library.point.next_open_day(timezone.localdate(library.now) + timedelta(days=5))
    last = library.point.next_open_day(first + timedelta(days=10))
    library.hold(zoe, first, last)
    waiting = library.hold(bruno, first, last)
    session = CourseSession.objects.create(
        course=library.course, point=library.point, seats=1,
        starts_at=library.now + timedelta(days=3), ends_at=library.now + timedelta(days=3, hours=2),
    )  # fmt: skip
    Enrolment.join(session, person=zoe, now=library.now)
    seat = Enrolment.join(session, person=bruno, now=library.now)
    assert waiting.state == Hold.State.WAITING and seat.state == Enrolment.State.WAITING
    erase(zoe, because="asked", now=library.now)
    waiting.refresh_from_db()
    seat.refresh_from_db()
    assert waiting.state == Hold.State.READY and seat.state == Enrolment.State.SEATED


def test_who_leads_a_group_that_borrowed_leaves_an_empty_row(library: "Library") -> None:
    zoe = _zoe(library)
    group = BorrowerGroup.objects.create(name="CM2, école Jaurès", category="school", responsible=zoe)
    loan = library.lend(library.kit(), zoe, group=group)
    library.take_back(loan.kit)
    erase(zoe, because="asked", now=library.now)
    row = Person.objects.get(pk=zoe.pk)
    assert (row.name, row.email, row.phone, row.is_active) == ("–", None, "", False)
    assert not Consent.objects.filter(person=row).exists()
    for text in (NAME, EMAIL, PHONE, STREET):
        assert _tables_that_hold(text) == []
    erase(row, because="asked", now=library.now)
    assert Erasure.objects.count() == 1


def test_a_backup_that_is_restored_forgets_again(library: "Library", tmp_path: Any) -> None:
    zoe, number = _zoe(library), 0
    number = zoe.pk
    erase(zoe, because="asked", now=library.now)
    printed = io.StringIO()
    call_command("erasures", stdout=printed)
    journal = tmp_path / "journal.jsonl"
    journal.write_text(printed.getvalue())
    assert json.loads(printed.getvalue()).keys() == {"number", "at", "because"}
    Person.objects.create(pk=number, name=NAME, email=EMAIL)  # the backup of the day before
    said = io.StringIO()
    call_command("erasures", replay=str(journal), stdout=said)
    assert "1 erased again" in said.getvalue() and not Person.objects.filter(pk=number).exists()


def test_one_s_own_copy_holds_loans_hours_and_consents_as_json_and_csv(
    library: "Library", settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    zoe, loan = _a_life(library)
    mine = signed_in(zoe)
    page = mine.get("/ma-page/donnees/").content.decode()
    assert "heures mesurées" in page and "compte sans activité" in page
    told = json.loads(mine.get("/ma-page/donnees.json").content)
    assert told["account"]["phone"] == PHONE and told["loans"][0]["public_id"] == loan.public_id
    assert told["hours"][0]["value"] == 8.0 and told["places"][0]["latitude"] == 45.89921
    assert {"consents", "messages", "notes", "questions", "pledges"} <= told.keys()
    packed = zipfile.ZipFile(io.BytesIO(mine.get("/ma-page/donnees.zip").content))
    assert "hours.csv" in packed.namelist() and "8.0" in packed.read("hours.csv").decode()


def _returned(library: "Library", *, days: float) -> tuple[Person, Loan]:
    """Give a loan that came back `days` ago, with all that its file holds."""
    library.set_policy(needs_training=False)
    zoe = _zoe(library)
    library.now -= timedelta(days=days + 10)
    loan = library.lend(library.kit(), zoe, collected_by="Un voisin")
    ThreadEntry.write(loan, author=zoe, is_from_staff=False, text="Bonjour", now=library.now)
    placement = loan.loan_placements.get().placement
    placement.move_to(Place.at(45.89921, 6.12943, precision_m=200, kind="home", label="Lac"))
    library.now += timedelta(days=10)
    library.take_back(loan.kit)
    library.now += timedelta(days=days)
    return zoe, loan


@pytest.mark.parametrize(("days", "is_kept"), [(364.9, True), (365.1, False)])
def test_the_file_of_a_loan_is_kept_a_year_after_its_return(
    library: "Library", days: float, is_kept: bool
) -> None:
    zoe, loan = _returned(library, days=days)
    apply(now=library.now)
    loan.refresh_from_db()
    assert (loan.person == zoe, loan.collected_by != "", loan.thread.exists()) == (is_kept,) * 3
    assert Act.objects.filter(loan=loan, person=zoe).exists() is is_kept
    if not is_kept:
        assert RetentionRun.objects.get(data="loan_file").removed == 1
        assert apply(now=library.now)["loan_file"] == 0


@pytest.mark.parametrize(("days", "is_kept"), [(29.9, True), (30.1, False)])
def test_the_exact_position_is_kept_a_month_after_the_return(
    library: "Library", days: float, is_kept: bool
) -> None:
    _zoe, loan = _returned(library, days=days)
    assert foreseen(now=library.now)["exact_position"] == int(not is_kept)
    apply(now=library.now)
    place = loan.loan_placements.get().placement.place
    assert (place.latitude is not None) is is_kept
    assert place.cell_latitude  # the published cell is for ever


def test_a_position_in_use_is_never_forgotten(library: "Library") -> None:
    zoe, loan = _returned(library, days=100)
    again = library.lend(library.kit(), zoe)
    again.loan_placements.get().placement.move_to(loan.loan_placements.get().placement.place)
    apply(now=library.now)
    assert again.loan_placements.get().placement.place.latitude == 45.89921


@pytest.mark.parametrize(("days", "is_kept"), [(29.9, True), (30.1, False)])
def test_a_postal_address_is_kept_a_month_after_the_last_loan_by_post(
    library: "Library", days: float, is_kept: bool
) -> None:
    zoe, loan = _returned(library, days=days)
    Loan.objects.filter(pk=loan.pk).update(by_post=True)
    apps.get_model("members", "personevent").objects.update(pgh_created_at=library.now - timedelta(days=200))
    apply(now=library.now)
    zoe.refresh_from_db()
    assert (zoe.postal_address != "") is is_kept
    if not is_kept:
        assert _tables_that_hold(STREET) == []


def test_an_account_is_erased_after_its_owner_was_told_a_month_before(library: "Library") -> None:
    zoe = _zoe(library)
    Person.objects.filter(pk=zoe.pk).update(joined_at=library.now - timedelta(days=1070))
    now = library.now
    assert warn_inactive(now=now) == 1 and warn_inactive(now=now) == 1
    assert Message.objects.filter(key__startswith="retention:").count() == 1
    apply(now=now + timedelta(days=27))  # three years are over, the month is not
    assert Person.objects.filter(pk=zoe.pk).exists()
    apply(now=now + timedelta(days=31))
    assert not Person.objects.filter(pk=zoe.pk).exists()
    assert Erasure.objects.get().because == "inactive"


def test_staff_and_who_has_a_kit_are_never_inactive(library: "Library") -> None:
    library.set_policy(needs_training=False)
    lila, zoe = library.staff(), _zoe(library)
    library.now -= timedelta(days=1200)
    library.lend(library.kit(), zoe)
    Person.objects.update(joined_at=library.now)
    apply(now=timezone.now() + timedelta(days=100))
    assert Person.objects.filter(pk__in=[lila.pk, zoe.pk]).count() == 2


def test_a_duration_is_a_row_that_the_instance_changes(library: "Library") -> None:
    _zoe, loan = _returned(library, days=100)
    rule = RetentionRule.objects.get(data="loan_file")
    rule.keep_for(90, source="décision du bureau", now=library.now)
    apply(now=library.now)
    loan.refresh_from_db()
    assert loan.person is None


def test_a_dry_run_touches_nothing(library: "Library") -> None:
    _zoe, loan = _returned(library, days=400)
    said = io.StringIO()
    call_command("retention", dry_run=True, stdout=said)
    assert "loan_file" in said.getvalue()
    loan.refresh_from_db()
    assert loan.person is not None

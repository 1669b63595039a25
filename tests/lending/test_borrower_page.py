"""The borrower's page: the first reading, questions within a delay, and the report after the return."""

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from capto.charts import Point
from capto.lending.curve import Hour
from capto.lending.days import PARIS, local_day
from capto.lending.models import LoanNote, ThreadEntry
from capto.lending.models.thread import working_days_after
from capto.lending.report import Station, compared, median_of_others, peak_hour, report
from capto.members.models import BorrowerGroup, Organisation, Person, StaffRole
from capto.members.roles import Role
from capto.readings.models import (
    HourlyValue,
    Layout,
    Place,
    Placement,
    RawMessage,
    ReferenceSeries,
    ReferenceStation,
    ReferenceValue,
    Series,
)
from tests.readers import signed_in

if TYPE_CHECKING:
    from capto.lending.models import Loan
    from tests.lending.conftest import Library


@pytest.fixture(autouse=True)
def _today(library: "Library", settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    library.now = timezone.now()


def _loan_with_hours(library: "Library", borrower: Person, values: list[float]) -> "Loan":
    """Lend for two days and measure one hour per value, the first 40 hours ago; each with ± 3."""
    loan = library.lend(library.kit(), borrower, now=library.now - timedelta(days=2))
    series = Series.objects.create(
        placement=loan.loan_placements.get().placement, property_id="pm25", variant="atm"
    )
    for hour, value in zip(_hours(library, len(values)), values, strict=True):
        HourlyValue.objects.create(
            series=series, hour=hour, raw_mean=value + 2, value=value, expanded_uncertainty=3.0,
            n=60, coverage=1.0, grade="B", computed_at=library.now, code_version="x",
        )  # fmt: skip
    return loan


def _hours(library: "Library", count: int) -> list[datetime]:
    first = library.now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=40)
    return [first + timedelta(hours=number) for number in range(count)]


def _station(library: "Library", values: list[float], *, latitude: float = 45.95) -> ReferenceStation:
    station = ReferenceStation.objects.create(
        code="FR99001", name="Les Tilleuls", latitude=latitude, longitude=6.12
    )
    series = ReferenceSeries.objects.create(station=station, property_id="pm25", provider="test")
    for hour, value in zip(_hours(library, len(values)), values, strict=True):
        ReferenceValue.objects.create(series=series, hour=hour, value=value, imported_at=library.now)
    return station


def test_the_page_asks_for_the_first_reading_and_stops_when_it_has_come(library: "Library") -> None:
    alice = library.person()
    loan = library.lend(library.kit(), alice, now=library.now - timedelta(minutes=5))
    mine, address = signed_in(alice), f"/prets/{loan.public_id}/"
    assert f'data-ask="{address}etat/"' in mine.get(address).content.decode()
    assert mine.get(address + "etat/").json()["heard"] is False
    RawMessage.objects.create(
        sensor=loan.loan_placements.get().placement.sensor,
        observed_at=library.now,
        received_at=library.now,
        layout=Layout.objects.create(signature="pm25/atm/"),
        values=[7.0],
    )
    told = mine.get(address + "etat/").json()
    assert told["heard"] and "Première mesure reçue" in told["sentence"]
    assert "data-ask" not in mine.get(address).content.decode()
    assert signed_in(library.person("Bruno")).get(address + "etat/").status_code == 403


def test_a_note_stands_on_the_curve_at_its_hour(library: "Library") -> None:
    alice = library.person()
    loan = _loan_with_hours(library, alice, [5.0, 30.0, 6.0])
    at = _hours(library, 2)[1] + timedelta(minutes=20)
    LoanNote.objects.create(loan=loan, starts_at=at, text="J’ai cuisiné", written_at=library.now)
    page = signed_in(alice).get(f"/prets/{loan.public_id}/").content.decode()
    assert page.count("<title>J’ai cuisiné</title>") == 2  # on the drawing of a desk and on that of a phone


def test_a_promised_day_counts_working_days_only() -> None:
    friday = date(2026, 11, 27)
    assert working_days_after(friday, 1) == date(2026, 11, 30)
    assert working_days_after(friday, 3) == date(2026, 12, 2)
    assert working_days_after(date(2026, 11, 29), 1) == date(2026, 11, 30)  # asked on a Sunday


def test_a_question_is_overdue_the_day_after_the_promised_one(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    asked = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)  # a Friday; three working days are promised
    entry = ThreadEntry.objects.create(loan=loan, author=loan.person, is_from_staff=False, text="?", at=asked)
    assert entry.answer_due_on == date(2026, 12, 2)
    assert not entry.is_overdue(now=datetime(2026, 12, 2, 22, 0, tzinfo=UTC))
    assert entry.is_overdue(now=datetime(2026, 12, 3, 0, 0, tzinfo=UTC))


def test_staff_answer_from_one_page_that_marks_what_is_overdue(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    ThreadEntry.objects.create(
        loan=loan, author=loan.person, is_from_staff=False, text="La lumière est rouge ?",
        at=library.now - timedelta(days=20),
    )  # fmt: skip
    lila = signed_in(library.staff())
    page = lila.get("/questions/").content.decode()
    assert "La lumière est rouge ?" in page and "En retard" in page and "délai promis est passé" in page
    entry = ThreadEntry.objects.get()
    assert lila.post("/questions/", {"entry": entry.pk, "text": "Oui, pendant la charge."}).status_code == 302
    assert "ont leur réponse" in lila.get("/questions/").content.decode()
    assert ThreadEntry.objects.last().is_from_staff  # type: ignore[union-attr]


def test_a_volunteer_reads_a_thread_and_does_not_answer_in_it(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    volunteer = signed_in(library.staff(Role.DESK_VOLUNTEER))
    assert volunteer.get("/questions/").status_code == 403
    assert volunteer.get(f"/prets/{loan.public_id}/").status_code == 200
    assert volunteer.post(f"/prets/{loan.public_id}/questions/", {"text": "Oui."}).status_code == 403


def test_questions_of_another_association_are_not_shown_nor_answered(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    entry = ThreadEntry.objects.create(
        loan=loan, author=loan.person, is_from_staff=False, text="Secret", at=library.now
    )
    stranger = library.person("Odile", may_borrow=False)
    other = Organisation.objects.create(name="Air de la Plaine")
    StaffRole.give(stranger, role=Role.LIBRARIAN, organisation=other, now=library.now)
    theirs = signed_in(stranger)
    assert "Secret" not in theirs.get("/questions/").content.decode()
    assert theirs.post("/questions/", {"entry": entry.pk, "text": "Oui."}).status_code == 404


def test_the_report_compares_the_hours_that_station_and_sensor_share(library: "Library") -> None:
    alice = library.person()
    loan = _loan_with_hours(library, alice, [10.0, 12.0, 20.0, 14.0])
    _station(library, [9.0, 8.0, 19.0])
    library.take_back(loan.kit)
    loan.refresh_from_db()
    (told,) = report(loan, now=library.now)
    assert (told.hours, told.mean, told.highest.value) == (4, 14.0, 20.0)
    assert told.beside is not None and told.beside.hours == 3
    assert (told.beside.mean_here, told.beside.mean_there) == (14.0, 12.0)
    assert told.beside.within == pytest.approx(200 / 3)  # 12 ± 3 does not hold 8
    assert told.grades == [("B", 4)] and told.uncertainty == 3.0
    assert told.others is None  # fewer than five other sensors


def test_the_report_is_a_page_and_a_pdf_after_the_return_only(library: "Library") -> None:
    alice = library.person()
    loan = _loan_with_hours(library, alice, [10.0, 12.0, 20.0])
    _station(library, [9.0, 8.0, 19.0])
    mine, address = signed_in(alice), f"/prets/{loan.public_id}/"
    assert mine.get(address + "bilan/").status_code == 302
    library.take_back(loan.kit)
    page = mine.get(address + "bilan/").content.decode()
    assert "Les Tilleuls" in page and "14,0\u00a0µg/m³ en moyenne" in page and "<svg" in page
    assert "bilan/" in mine.get(address).content.decode()
    pdf = mine.get(address + "bilan.pdf")
    assert pdf["Content-Type"] == "application/pdf" and pdf.content.startswith(b"%PDF-")
    assert signed_in(library.person("Bruno")).get(address + "bilan.pdf").status_code == 403


def test_a_station_beyond_thirty_kilometres_is_not_compared(library: "Library") -> None:
    loan = _loan_with_hours(library, library.person(), [10.0, 12.0])
    _station(library, [9.0, 8.0], latitude=46.3)  # 0.4 degrees, about 44 km
    (told,) = report(loan, now=library.now)
    assert told.beside is None


def test_nothing_in_common_is_no_comparison() -> None:
    hour = Hour(datetime(2026, 11, 20, 8, tzinfo=UTC), 5.0, 1.0, True, False)
    elsewhere = [Point(datetime(2026, 11, 21, 8, tzinfo=UTC), 5.0)]
    near = Station(ReferenceStation(name="X"), ReferenceSeries(), 1.0)
    assert compared([hour], elsewhere, near) is None


def test_the_hour_of_the_day_with_the_highest_mean_is_that_of_paris() -> None:
    start = datetime(2026, 11, 20, 0, tzinfo=UTC)
    hours = [
        Hour(start + timedelta(hours=n), 20.0 if n % 24 == 18 else 5.0, None, True, False) for n in range(72)
    ]
    assert peak_hour(hours) == 19
    assert peak_hour(hours[:30]) is None  # not enough days


def test_the_median_of_the_others_is_told_from_five_sensors_on(library: "Library") -> None:
    place = Place.objects.create(
        kind="home", label="X", cell_latitude=45.9, cell_longitude=6.1, precision_m=200
    )
    hour = _hours(library, 1)[0]
    for number in range(5):
        sensor = library.kit().sensors.get()
        placement = Placement.objects.create(
            sensor=sensor, place=place, purpose="loan", starts_at=hour - timedelta(hours=1)
        )
        HourlyValue.objects.create(
            series=Series.objects.create(placement=placement, property_id="pm25", variant="atm"),
            hour=hour, raw_mean=1.0, value=10.0 + number, n=60, coverage=1.0, grade="B",
            computed_at=library.now, code_version="x",
        )  # fmt: skip
    pm25 = Series.objects.first().property  # type: ignore[union-attr]
    start, end = hour, hour + timedelta(hours=1)
    assert median_of_others([], pm25, start=start, end=end) == 12.0
    own = [Placement.objects.first()]
    assert median_of_others(own, pm25, start=start, end=end) is None  # type: ignore[arg-type]


def test_a_class_reads_its_air_in_plain_words(library: "Library") -> None:
    teacher = library.person("Paul")
    group = BorrowerGroup.objects.create(name="CM2, école Jaurès", category="school", responsible=teacher)
    loan = library.lend(library.kit(), teacher, now=library.now - timedelta(days=3), group=group)
    series = Series.objects.create(
        placement=loan.loan_placements.get().placement, property_id="pm25", variant="atm"
    )
    noon = datetime.combine(local_day(library.now) - timedelta(days=1), time(12), tzinfo=PARIS)
    for number, value in enumerate([6.0, 18.0]):
        HourlyValue.objects.create(
            series=series, hour=noon + timedelta(hours=number), raw_mean=value, value=value,
            expanded_uncertainty=3.0, n=60, coverage=1.0, grade="B", computed_at=library.now, code_version="x",
        )  # fmt: skip
    mine = signed_in(teacher)
    page = mine.get(f"/prets/{loan.public_id}/classe/").content.decode()
    assert "CM2, école Jaurès" in page and ">12 <" in page and "vers 13 h" in page and "<svg" in page
    assert "classe/" in mine.get(f"/prets/{loan.public_id}/").content.decode()


def test_one_press_stops_every_message_that_is_not_about_a_loan(library: "Library") -> None:
    alice = library.person()
    mine = signed_in(alice)
    assert "Ne plus m’écrire qu’à propos de mes prêts" in mine.get("/ma-page/").content.decode()
    mine.post("/ma-page/messages/", {"only": "yes"})
    alice.refresh_from_db()
    assert alice.only_loan_messages
    mine.post("/ma-page/messages/", {"only": "no"})
    alice.refresh_from_db()
    assert not alice.only_loan_messages

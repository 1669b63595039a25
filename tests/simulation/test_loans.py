"""The library of the simulated city: what the desk, the morning and the borrowers see."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from capto.catalogue.models import Closure, Kit, LendingPoint, SensorModel, Transfer, UpkeepTicket
from capto.lending.models import Hold, Loan, LoanPlacement, Occupancy
from capto.lending.refusals import Refusal
from capto.members.demo_accounts import BORROWER, TEACHER, make_demo_accounts
from capto.members.models import BorrowerCategory, Message, Person
from capto.readings.models import Placement
from capto.simulation import history
from capto.training.models import BorrowingRight, CourseSession, Enrolment

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)  # a Friday, the desk is open

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def city(shared_database: None) -> None:
    make_demo_accounts(now=NOW)
    history.load(now=NOW, days=130, sensors=14, seed=5)


def test_every_placement_on_loan_has_its_loan_and_every_bench_has_none():
    lent = Placement.objects.filter(purpose=Placement.Purpose.LOAN)
    assert LoanPlacement.objects.count() == lent.count() == Loan.objects.count()
    for loan in Loan.objects.all():
        placement = loan.loan_placements.get().placement
        assert (loan.lent_at, loan.returned_at) == (placement.starts_at, placement.ends_at)
        assert placement.sensor.kit_id == loan.kit_id


def test_each_sensor_is_in_a_kit_of_its_own_with_its_parts():
    assert Kit.objects.count() == 14
    for kit in Kit.objects.all():
        assert kit.sensors.count() == 1
        assert kit.accessories.count() >= 4
        assert kit.is_simulated


def test_some_loans_are_late_some_end_today_and_most_are_in_time():
    running = Loan.objects.open()
    assert running.count() >= 6
    assert running.overdue(now=NOW).count() >= 1
    assert running.due_on_day(NOW.date()).count() >= 1
    assert running.filter(due_on__gt=NOW.date()).count() > running.count() / 2


def test_a_person_has_one_kit_at_a_time_but_schools_and_associations():
    for person in Person.objects.filter(loans__group=None, loans__isnull=False).distinct():
        loans = list(person.loans.filter(group=None).order_by("lent_at"))
        for before, after in itertools.pairwise(loans):
            assert before.returned_at <= after.lent_at
    assert Loan.objects.filter(group__category=BorrowerCategory.SCHOOL).exists()


def test_every_borrower_was_trained_before_their_first_loan_and_agreed_to_the_charter():
    for person in Person.objects.filter(loans__isnull=False).distinct():
        right = BorrowingRight.objects.get(person=person)
        assert right.enrolment.state == Enrolment.State.ATTENDED
        assert person.consents.filter(purpose="charter", is_given=True).exists()


def test_the_accounts_of_the_demo_have_an_open_loan():
    alice = Person.objects.get(email=BORROWER)
    loan = alice.loans.get(state=Loan.State.OPEN)
    assert loan.group is None
    assert not loan.is_overdue(now=NOW)
    paul = Person.objects.get(email=TEACHER)
    assert paul.groups_led.get().category == BorrowerCategory.SCHOOL


def test_the_rules_of_the_library_hold_for_what_comes_next():
    """The desk can take a kit of the simulation back, and lend it to someone else after its rest."""
    loan = Loan.objects.open().filter(group=None).exclude(person__email=BORROWER).earliest("lent_at")
    Loan.take_back(loan.kit, point=loan.point, now=NOW)
    assert Placement.objects.filter(sensor__kit=loan.kit, ends_at=None).count() == 0
    busy = set(Loan.objects.open().values_list("person", flat=True))
    held = set(Hold.objects.running().values_list("person", flat=True))
    other = Person.objects.filter(loans__isnull=False).exclude(pk__in=busy | held).first()
    with pytest.raises(Refusal):
        Loan.lend(loan.kit, to=other, point=loan.point, now=NOW)
    later = NOW + timedelta(days=18)
    again = Loan.lend(loan.kit, to=other, point=loan.point, now=later)
    assert again.is_simulated
    assert Placement.objects.filter(sensor__kit=loan.kit, ends_at=None).count() == 1


def test_people_wait_for_kits_by_the_librarys_own_rules():
    holds = Hold.objects.running()
    assert holds.count() >= 3
    for hold in holds.filter(state=Hold.State.READY):
        assert Occupancy.objects.filter(hold=hold, kit=hold.kit).exists()


def test_sessions_come_and_one_is_full_with_a_waiting_list():
    coming = CourseSession.objects.to_come(now=NOW)
    assert coming.count() == 3
    first = coming[0]
    assert first.enrolments.filter(state=Enrolment.State.SEATED).count() == first.seats
    assert first.enrolments.filter(state=Enrolment.State.WAITING).exists()


def test_a_fault_that_someone_saw_is_a_ticket():
    assert UpkeepTicket.objects.open().filter(what__contains="ventilateur", blocks_lending=True).exists()


def test_nothing_is_sent_about_the_past():
    assert not Message.objects.filter(compose__startswith="capto.lending").exclude(
        compose__in=["capto.lending.notices.asked", "capto.lending.notices.ready"]
    )


def test_everyone_and_everything_is_marked_as_simulated():
    assert all(Person.objects.values_list("is_simulated", flat=True))
    assert all(Loan.objects.values_list("is_simulated", flat=True))
    assert all(LendingPoint.objects.values_list("is_simulated", flat=True))
    for email in Person.objects.values_list("email", flat=True):
        assert email.endswith("@exemple.test")


def test_the_points_have_a_week_closures_and_at_most_a_kit_on_its_way():
    for point in LendingPoint.objects.all():
        assert point.opening_hours.count() >= 5 and Closure.objects.filter(point=point).exists()
    on_the_way = Transfer.objects.filter(received_at=None)
    assert on_the_way.count() <= 1
    for transfer in on_the_way:
        assert not Loan.objects.open().filter(kit=transfer.kit).exists()
        assert transfer.from_point == transfer.kit.point != transfer.to_point


def test_each_model_says_what_it_measures():
    measured = Placement.objects.values("sensor__model", "series__property").exclude(series=None).distinct()
    for row in measured:
        assert (
            SensorModel.objects.get(pk=row["sensor__model"])
            .quantities.filter(pk=row["series__property"])
            .exists()
        )

"""Each rule that must never break is held by the database: raw rows that break it are refused by name."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, connection, transaction

from capto.catalogue.models import Kit
from capto.lending.models import Act, Hold, Loan, LoanExtension, LoanPart, LoanPlacement, Occupancy, Policy
from capto.lending.models.occupancy import half_open
from capto.readings.models import Placement
from capto.training.models import BorrowingRight

if TYPE_CHECKING:
    from tests.lending.conftest import Library

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def _refused(name: str) -> Any:
    return pytest.raises(IntegrityError, match=name)


def _at_the_end() -> None:
    """Ask now what the database asks when a transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def _sql(text: str, *values: Any) -> None:
    """Change rows behind the back of every verb."""
    with connection.cursor() as cursor:
        cursor.execute(text, values)
    _at_the_end()


def _loan(library: "Library", kit: Kit, **fields: Any) -> Loan:
    values: dict[str, Any] = {
        "kit": kit,
        "person": library.person(),
        "point": library.point,
        "lent_at": NOW,
        "due_on": library.day(21),
    }
    loan = Loan.objects.create(**(values | fields))
    period = half_open(NOW, NOW + timedelta(days=22))
    if not Occupancy.objects.filter(kit=kit).exists():
        Occupancy.objects.create(kit=kit, loan=loan, period=period)
    return loan


def test_one_open_loan_per_kit(library: "Library") -> None:
    kit = library.kit()
    _loan(library, kit)
    with _refused("one_open_loan_per_kit"), transaction.atomic():
        _loan(library, kit)
    _loan(library, kit, state="returned", returned_at=NOW, closed_at=NOW)


def test_no_overlapping_occupancy_of_a_kit(library: "Library") -> None:
    kit = library.kit()

    def occupy(start: int, end: int, reason: str = "banc") -> Occupancy:
        period = half_open(NOW + timedelta(days=start), NOW + timedelta(days=end))
        return Occupancy.objects.create(kit=kit, period=period, reason=reason)

    occupy(0, 10)
    occupy(10, 12)  # half-open: the end of one is the start of the next
    with _refused("no_overlapping_occupancy_of_a_kit"), transaction.atomic():
        occupy(9, 11)
    with _refused("no_overlapping_occupancy_of_a_kit"), transaction.atomic():
        occupy(3, 4)


def test_a_hold_and_a_loan_of_one_kit_cannot_meet_either(library: "Library") -> None:
    kit = library.kit()
    hold = library.hold(library.person(), library.day(7), library.day(14))
    with _refused("no_overlapping_occupancy_of_a_kit"), transaction.atomic():
        loan = _loan(library, kit)
        Occupancy.objects.create(kit=kit, loan=loan, period=half_open(NOW, NOW + timedelta(days=21)))
    assert hold.kit == kit


# Commonsbooking #581 #610 #949 #1034 #1344 #1900: each way in which two bookings of days can meet. The first one
# takes the days 10 to 20, whose end belongs to the next.
@pytest.mark.parametrize(
    ("start", "end", "meets"),
    [
        (5, 10, False), (5, 11, True), (5, 20, True), (5, 25, True), (10, 12, True), (10, 20, True),
        (12, 15, True), (15, 20, True), (19, 25, True), (20, 25, False),
    ],
)  # fmt: skip
def test_each_way_in_which_two_periods_meet_is_refused_and_touching_is_not(
    library: "Library", start: int, end: int, meets: bool
) -> None:
    kit = library.kit()

    def occupy(first: int, last: int) -> None:
        period = half_open(NOW + timedelta(days=first), NOW + timedelta(days=last))
        with transaction.atomic():
            Occupancy.objects.bulk_create([Occupancy(kit=kit, period=period, reason="banc")])

    occupy(10, 20)
    found = Occupancy.objects.filter(kit=kit).overlapping(
        NOW + timedelta(days=start), NOW + timedelta(days=end)
    )
    assert found.exists() is meets
    if meets:
        with _refused("no_overlapping_occupancy_of_a_kit"):
            occupy(start, end)
    else:
        occupy(start, end)


# What several rows owe each other, attacked with SQL behind the back of every verb.


def test_an_open_loan_without_its_occupancy_is_refused(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    _at_the_end()
    with _refused("an_open_loan_occupies_its_kit"), transaction.atomic():
        _sql("DELETE FROM lending_occupancy WHERE loan_id = %s", loan.pk)
    with _refused("an_open_loan_occupies_its_kit"), transaction.atomic():
        _sql("UPDATE lending_occupancy SET loan_id = NULL, reason = 'x' WHERE loan_id = %s", loan.pk)
    with _refused("an_open_loan_occupies_its_kit"), transaction.atomic():
        values = {"kit": library.kit(), "person": library.person(), "point": library.point}
        Loan.objects.bulk_create([Loan(**values, lent_at=NOW, due_on=library.day(21))])
        _at_the_end()


def test_the_kit_of_a_loan_and_that_of_its_occupancy_stay_one(library: "Library") -> None:
    loan, other = library.lend(library.kit(), library.person()), library.kit()
    _at_the_end()
    with _refused("the_occupancy_of_a_loan_is_of_its_kit"), transaction.atomic():
        _sql("UPDATE lending_occupancy SET kit_id = %s WHERE loan_id = %s", other.pk, loan.pk)
    with _refused("the_occupancy_of_a_loan_is_of_its_kit"), transaction.atomic():
        _sql("UPDATE lending_loan SET kit_id = %s WHERE id = %s", other.pk, loan.pk)


def test_a_loan_is_not_closed_while_a_sensor_of_it_stands_somewhere(library: "Library") -> None:
    loan = library.lend(library.kit(sensors=2), library.person())
    closing = (
        "UPDATE lending_loan SET state = 'returned', returned_at = %s, closed_at = %s WHERE id = %s",
        NOW,
        NOW,
        loan.pk,
    )
    with _refused("a_closed_loan_has_no_open_placement"), transaction.atomic():
        _sql(*closing)
    Placement.objects.filter(sensor=loan.kit.sensors.all()[0]).get().end(at=NOW + timedelta(hours=1))
    with _refused("a_closed_loan_has_no_open_placement"), transaction.atomic():
        _sql(*closing)  # one of two still stands


def test_no_placement_opens_again_behind_a_closed_loan(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    library.take_back(loan.kit, now=NOW + timedelta(days=1))
    placement = Placement.objects.get()
    with _refused("a_closed_loan_has_no_open_placement"), transaction.atomic():
        _sql("UPDATE readings_placement SET ends_at = NULL WHERE id = %s", placement.pk)
    free = Placement.objects.create(
        sensor=placement.sensor, place=placement.place, starts_at=NOW + timedelta(days=2)
    )
    with _refused("a_closed_loan_has_no_open_placement"), transaction.atomic():
        _sql("INSERT INTO lending_loanplacement (loan_id, placement_id) VALUES (%s, %s)", loan.pk, free.pk)


def test_a_ready_hold_and_no_other_occupies_its_kit(library: "Library") -> None:
    kit, other = library.kit(), library.kit()
    hold = library.hold(library.person(), library.day(7), library.day(14))
    assert hold.kit == kit
    _at_the_end()
    for text in (
        "DELETE FROM lending_occupancy WHERE hold_id = %s",
        f"UPDATE lending_occupancy SET kit_id = {other.pk} WHERE hold_id = %s",
        f"UPDATE lending_hold SET kit_id = {other.pk} WHERE id = %s",
    ):
        with _refused("a_ready_hold_occupies_its_kit"), transaction.atomic():
            _sql(text, hold.pk)
    for text in (
        "UPDATE lending_hold SET state = 'waiting', kit_id = NULL WHERE id = %s",
        "UPDATE lending_hold SET state = 'cancelled', closed_at = now() WHERE id = %s",
    ):
        with _refused("only_a_ready_hold_occupies_a_kit"), transaction.atomic():
            _sql(text, hold.pk)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_what_rows_owe_each_other_is_asked_when_the_transaction_ends(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    with _refused("an_open_loan_occupies_its_kit"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM lending_occupancy WHERE loan_id = %s", [loan.pk])
    assert Occupancy.objects.filter(loan=loan).exists()


@pytest.mark.parametrize(
    "which", [{}, {"reason": "banc", "loan": True}, {"hold": True, "loan": True}], ids=["none", "two", "both"]
)
def test_an_occupancy_is_a_hold_a_loan_or_a_block(library: "Library", which: dict[str, Any]) -> None:
    kit = library.kit()
    fields = dict(which)
    if fields.pop("loan", False):
        fields["loan"] = _loan(library, kit)
    if fields.pop("hold", False):
        fields["hold"] = Hold.objects.create(
            person=library.person(),
            kit_model=library.kind,
            point=library.point,
            starts_on=library.day(1),
            ends_on=library.day(2),
            asked_at=NOW,
        )
    with _refused("an_occupancy_is_a_hold_a_loan_or_a_block"), transaction.atomic():
        Occupancy.objects.create(kit=kit, period=half_open(NOW, NOW + timedelta(days=1)), **fields)


@pytest.mark.parametrize(
    "period", [(NOW, None), (None, NOW), (NOW, NOW)], ids=["no end", "no start", "empty"]
)
def test_an_occupancy_is_a_half_open_period(library: "Library", period: Any) -> None:
    with _refused("an_occupancy_is_a_half_open_period"), transaction.atomic():
        Occupancy.objects.create(kit=library.kit(), period=period, reason="banc")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"due_on": datetime(2026, 11, 23, tzinfo=UTC).date()}, "a_loan_is_due_after_it_starts"),
        (
            {"state": "returned", "returned_at": NOW - timedelta(seconds=1), "closed_at": NOW},
            "a_loan_returns_after_it_starts",
        ),
        ({"state": "returned"}, "the_state_of_a_loan_agrees_with_its_dates"),
        ({"state": "open", "closed_at": NOW}, "the_state_of_a_loan_agrees_with_its_dates"),
        (
            {"state": "lost", "returned_at": NOW, "closed_at": NOW},
            "the_state_of_a_loan_agrees_with_its_dates",
        ),
        ({"person": None}, "an_open_loan_has_a_borrower"),
    ],
)
def test_a_loan_whose_dates_make_no_sense_is_refused(
    library: "Library", fields: dict[str, Any], name: str
) -> None:
    kit = library.kit()
    with _refused(name), transaction.atomic():
        _loan(library, kit, **fields)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"ends_on": datetime(2026, 11, 20, tzinfo=UTC).date()}, "a_hold_ends_after_it_starts"),
        ({"state": "ready"}, "the_state_of_a_hold_agrees_with_its_dates"),
        ({"state": "collected"}, "the_state_of_a_hold_agrees_with_its_dates"),
        ({"person": None}, "a_running_hold_has_a_person"),
    ],
)
def test_a_hold_whose_state_makes_no_sense_is_refused(
    library: "Library", fields: dict[str, Any], name: str
) -> None:
    values: dict[str, Any] = {
        "person": library.person(),
        "kit_model": library.kind,
        "point": library.point,
        "starts_on": library.day(1),
        "ends_on": library.day(2),
        "asked_at": NOW,
    }
    with _refused(name), transaction.atomic():
        Hold.objects.create(**(values | fields))


def test_one_open_placement_per_sensor_and_one_loan_per_placement(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    placement = Placement.objects.get()
    with _refused("one_open_placement_per_sensor|no_overlapping_placements"), transaction.atomic():
        Placement.objects.create(
            sensor=placement.sensor, place=placement.place, starts_at=NOW + timedelta(days=1)
        )
    with _refused("lending_loanplacement_placement_id_key"), transaction.atomic():
        LoanPlacement.objects.create(loan=loan, placement=placement)


def test_lines_renewals_policies_and_rights_are_counted_once(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    part = LoanPart.objects.filter(loan=loan)[0]
    with _refused("one_line_per_accessory_of_a_loan"), transaction.atomic():
        LoanPart.objects.create(loan=loan, accessory=part.accessory, out=1)
    days = {"from_due": library.day(21), "to_due": library.day(35), "at": NOW}
    LoanExtension.objects.create(loan=loan, number=1, **days)
    with _refused("a_renewal_is_counted_once"), transaction.atomic():
        LoanExtension.objects.create(loan=loan, number=1, **days)
    with _refused("an_extension_is_longer"), transaction.atomic():
        LoanExtension.objects.create(loan=loan, number=2, **(days | {"to_due": library.day(21)}))
    with _refused("one_policy_per_kind_category_and_organisation"), transaction.atomic():
        Policy.objects.create(name="Encore la générale")
    with _refused("a_loan_lasts_at_least_a_day"), transaction.atomic():
        Policy.objects.create(name="Zéro", category="school", loan_days=0, shortest_days=0)
    right = BorrowingRight.objects.get()
    with _refused("a_revoked_right_says_why"), transaction.atomic():
        BorrowingRight.objects.filter(pk=right.pk).update(revoked_at=NOW)


def test_an_override_says_why(library: "Library") -> None:
    with _refused("an_override_says_why"), transaction.atomic():
        Act.objects.create(kind="lend", entry="desk", at=NOW, noted_at=NOW, overridden="TicketOpen")

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from capto.catalogue.models import UpkeepTicket
from capto.lending.models import Act, Hold, Loan, LoanExtension, Occupancy
from capto.lending.refusals import (
    DatesInDisorder,
    ExtensionMeetsBooking,
    KitReserved,
    KitRests,
    LoanClosed,
    NoRenewalLeft,
    NothingToUndo,
    NotTheSameKind,
    TooLateToUndo,
    TooLong,
)
from capto.lending.undo import last_act, undo
from capto.readings.models import Placement, Series

if TYPE_CHECKING:
    from tests.lending.conftest import Library


def test_a_renewal_adds_the_policy_s_days_once(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    loan.renew(now=library.now + timedelta(days=20))
    assert loan.due_on == library.day(35) and loan.renewals == 1
    with pytest.raises(NoRenewalLeft):
        loan.renew(now=library.now + timedelta(days=30))
    loan.renew(now=library.now + timedelta(days=30), by=library.staff(), override="fin de campagne")
    assert [e.number for e in LoanExtension.objects.order_by("number")] == [1, 2]


def test_an_extension_stays_within_the_policy_and_goes_forward(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    with pytest.raises(TooLong):
        loan.renew(now=library.now, until=library.day(70))
    with pytest.raises(DatesInDisorder):
        loan.renew(now=library.now, until=library.day(10))
    loan.renew(now=library.now, until=library.day(26))  # a Sunday: the next open day
    assert loan.due_on == library.day(28)


def test_an_extension_into_a_booking_is_refused_with_the_last_day_possible(library: "Library") -> None:
    kit = library.kit()
    loan = library.lend(kit, library.person(), due_on=library.day(7))
    hold = library.hold(library.person("Bruno"), library.day(14), library.day(28))
    assert hold.kit == kit
    with pytest.raises(ExtensionMeetsBooking) as refused:
        loan.renew(now=library.now + timedelta(days=6))
    # the booking begins on Tuesday 8 December; a day of rest before it: Saturday 5 is the last open day
    assert "samedi 5 décembre" in refused.value.way_out and "mardi 8 décembre" in refused.value.what
    spare = library.kit()
    loan.renew(now=library.now + timedelta(days=6))
    hold.refresh_from_db()
    assert hold.kit == spare  # the booking went to the other kit


def test_a_closed_loan_is_not_renewed_nor_swapped(library: "Library") -> None:
    kit = library.kit()
    loan = library.lend(kit, library.person())
    library.take_back(kit)
    loan.refresh_from_db()
    with pytest.raises(LoanClosed):
        loan.renew(now=library.now)
    with pytest.raises(LoanClosed):
        loan.swap(library.kit(), now=library.now, reason="panne")


def test_a_swap_keeps_the_public_id_the_place_and_the_day_of_return(library: "Library") -> None:
    broken, spare = library.kit(), library.kit()
    loan = library.lend(broken, library.person())
    (before,) = Placement.objects.filter(loan_placement__loan=loan)
    at = library.now + timedelta(days=4)
    loan.swap(spare, now=at, reason="ventilateur bloqué")
    old, new = Placement.objects.filter(loan_placement__loan=loan).order_by("starts_at")
    assert (old.pk, old.ends_at) == (before.pk, at)
    assert (new.public_id, new.place_id, new.starts_at) == (old.public_id, old.place_id, at)
    assert new.sensor == spare.sensors.get() and loan.due_on == library.day(21)
    assert UpkeepTicket.objects.get().kit == broken
    library.take_back(spare, now=at + timedelta(days=2))
    assert Loan.objects.get().returned_at == at + timedelta(days=2)


def test_a_late_kit_can_be_swapped_and_extended_but_not_into_the_past(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    late = library.now + timedelta(days=30)
    loan.swap(library.kit(), now=late, reason="panne")
    with pytest.raises(DatesInDisorder):
        loan.renew(now=late, until=library.day(25))
    loan.renew(now=late)
    assert loan.due_on == library.day(44)  # a fortnight from the day of asking


def test_a_swap_needs_a_free_kit_of_the_same_kind(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    other = type(library.kind).objects.create(name="Bruit", slug="bruit")
    with pytest.raises(NotTheSameKind):
        loan.swap(library.kit(kind=other), now=library.now, reason="panne")
    reserved = library.kit()
    library.hold(library.person("Bruno"), library.day(7), library.day(21))
    with pytest.raises(KitReserved):
        loan.swap(reserved, now=library.now, reason="panne")


def test_an_undone_loan_leaves_no_placement_and_gives_the_hold_back(library: "Library") -> None:
    lila, alice, kit = library.staff(), library.person(), library.kit()
    hold = library.hold(alice, library.day(0), library.day(10))
    before = Occupancy.objects.get()
    loan = library.lend(kit, alice, by=lila)
    act = last_act(by=lila, point=library.point, now=library.now + timedelta(minutes=4))
    undo(act, by=lila, now=library.now + timedelta(minutes=4), entry="desk")
    loan.refresh_from_db()
    hold.refresh_from_db()
    assert loan.state == Loan.State.CANCELLED and not Placement.objects.exists()
    assert (hold.state, hold.kit) == (Hold.State.READY, kit)
    after = Occupancy.objects.get()
    assert (after.period, after.hold) == (before.period, hold)
    assert library.lend(kit, alice, now=library.now + timedelta(minutes=5)).hold == hold


def test_a_placement_that_has_readings_is_ended_and_not_removed_by_undoing(library: "Library") -> None:
    lila = library.staff()
    loan = library.lend(library.kit(), library.person(), by=lila)
    placement = Placement.objects.get()
    Series.objects.create(placement=placement, property_id="pm25")
    undo(Act.objects.get(loan=loan), by=lila, now=library.now + timedelta(minutes=1), entry="desk")
    placement.refresh_from_db()
    assert placement.ends_at == library.now + timedelta(minutes=1)


def test_an_undone_return_goes_on_as_if_nothing_had_been(library: "Library") -> None:
    lila, kit = library.staff(), library.kit()
    loan = library.lend(kit, library.person(), by=lila)
    back = library.now + timedelta(days=2)
    loan = library.take_back(kit, now=back, by=lila)
    loan.count_parts({kit.accessories.get(name="chargeur").pk: 0}, now=back)
    undo(last_act(by=lila, point=library.point, now=back), by=lila, now=back, entry="desk")
    loan.refresh_from_db()
    assert loan.state == Loan.State.OPEN and loan.returned_at is None
    assert Placement.objects.get().ends_at is None
    assert kit.accessories.get(name="chargeur").missing == 0
    assert str(Occupancy.objects.get().ends_at.date()) == "2026-12-16"  # due 15 December, and a day of rest
    library.take_back(kit, now=back + timedelta(hours=1))


def test_undoing_is_for_the_last_minutes_and_the_last_act(library: "Library") -> None:
    lila, kit = library.staff(), library.kit()
    loan = library.lend(kit, library.person(), by=lila)
    lent = Act.objects.get(loan=loan)
    with pytest.raises(NothingToUndo):
        last_act(by=lila, point=library.point, now=library.now + timedelta(minutes=6))
    with pytest.raises(TooLateToUndo):
        undo(lent, by=lila, now=library.now + timedelta(minutes=6), entry="desk")
    library.take_back(kit, now=library.now + timedelta(minutes=1), by=lila)
    with pytest.raises(TooLateToUndo):  # a return followed
        undo(lent, by=lila, now=library.now + timedelta(minutes=2), entry="desk")
    with pytest.raises(NothingToUndo):
        last_act(by=library.staff(), point=library.point, now=library.now)


def test_undoing_twice_undoes_once(library: "Library") -> None:
    lila = library.staff()
    loan = library.lend(library.kit(), library.person(), by=lila)
    act = Act.objects.get(loan=loan)
    undo(act, by=lila, now=library.now, entry="desk")
    with pytest.raises(TooLateToUndo):
        undo(act, by=lila, now=library.now, entry="desk")


def test_a_kit_that_was_swapped_out_at_this_very_moment_can_be_lent_in_it(library: "Library") -> None:
    first, spare = library.kit(), library.kit()
    loan = library.lend(first, library.person())
    loan.swap(spare, now=library.now, reason="essai")
    library.lend(first, library.person(), by=library.staff(), override="essai")
    before, after = Placement.objects.filter(sensor=first.sensors.get()).order_by("starts_at")
    assert after.starts_at == before.ends_at == library.now + timedelta(microseconds=1)


def test_a_kit_that_came_back_at_this_very_moment_is_lent_again_in_it_with_a_reason(
    library: "Library",
) -> None:
    kit, lila = library.kit(), library.staff()
    library.lend(kit, library.person())
    library.take_back(kit)
    second = library.lend(kit, library.person("Bruno"), by=lila, override="essai de l’écran")
    assert Occupancy.objects.get(loan=second).starts_at == library.now + timedelta(microseconds=1)
    library.take_back(kit)
    with pytest.raises(KitRests):  # two loans of one instant are enough
        library.lend(kit, library.person("Chloé"), by=lila, override="essai de l’écran")


def test_no_reason_undoes_a_loan_that_began_after_an_offline_desk_s_act(library: "Library") -> None:
    kit, lila = library.kit(), library.staff()
    library.lend(kit, library.person(), now=library.now + timedelta(minutes=30))
    library.take_back(kit, now=library.now + timedelta(minutes=40))
    with pytest.raises(KitRests):
        library.lend(kit, library.person("Bruno"), by=lila, override="file d’attente")

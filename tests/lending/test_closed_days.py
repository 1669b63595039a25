"""Days that a new closure, or new hours, put on a closed day. The desk is open from Tuesday to Saturday."""

from datetime import date, time, timedelta
from typing import TYPE_CHECKING

import pytest

from capto.catalogue.models import Closure, HoursInDisorder
from capto.lending.closed_days import Moved, close, move_off_closed_days
from capto.lending.models import Act, Hold, Occupancy
from capto.lending.refusals import ClosedThatDay, DatesInDisorder, NoOpenDayAhead
from capto.members.models import Message

if TYPE_CHECKING:
    from tests.lending.conftest import Library


def _close(library: "Library", first: date, last: date) -> Moved:
    return close(
        library.point, starts_on=first, ends_on=last, reason="travaux", by=library.staff(), now=library.now
    )


def test_what_is_due_in_a_closure_is_due_on_the_next_open_day_and_its_borrower_is_told(
    library: "Library",
) -> None:
    loan = library.lend(library.kit(), library.person())
    assert loan.due_on == date(2026, 12, 15)  # a Tuesday, three weeks later
    assert _close(library, date(2026, 12, 15), date(2026, 12, 19)) == Moved(1, 0, [])
    loan.refresh_from_db()
    assert loan.due_on == date(2026, 12, 22)  # Sunday and Monday are closed as always
    assert loan.renewals == 0 and Occupancy.objects.get(loan=loan).ends_at.date() == date(2026, 12, 23)
    assert Message.objects.filter(key__startswith="lending:due_day_moved").count() == 1
    assert Act.objects.get(kind="closure").reason == "travaux"
    assert move_off_closed_days(library.point, now=library.now) == Moved(0, 0, [])


def test_a_hold_whose_first_day_is_closed_moves_and_keeps_its_kit(library: "Library") -> None:
    kit = library.kit()
    hold = library.hold(library.person(), date(2026, 11, 27), date(2026, 12, 11))
    assert hold.kit == kit
    assert _close(library, date(2026, 11, 27), date(2026, 11, 27)) == Moved(0, 1, [])
    hold.refresh_from_db()
    assert (hold.state, hold.kit, hold.starts_on) == (Hold.State.READY, kit, date(2026, 11, 28))
    assert Occupancy.objects.get(hold=hold).starts_at.date() >= date(2026, 11, 27)
    assert hold.collect_by is not None and hold.starts_on <= hold.collect_by <= hold.ends_on


def test_a_loan_that_grows_over_a_hold_gives_that_hold_another_kit_or_its_rank_back(
    library: "Library",
) -> None:
    kit = library.kit()
    loan = library.lend(kit, library.person(), due_on=date(2026, 12, 1))
    after = library.hold(library.person("Bruno"), date(2026, 12, 4), date(2026, 12, 11))
    assert after.kit == kit
    assert _close(library, date(2026, 12, 1), date(2026, 12, 3)).loans == 1
    loan.refresh_from_db()
    after.refresh_from_db()
    assert loan.due_on == date(2026, 12, 4) and after.state == Hold.State.WAITING


def test_what_goes_by_post_and_what_is_late_stays_as_it_is(library: "Library") -> None:
    posted = library.lend(library.kit(), library.person(), by_post=True)
    late = library.lend(library.kit(), library.person("Bruno"), now=library.now - timedelta(days=40))
    before = late.due_on
    assert _close(library, posted.due_on, posted.due_on) == Moved(0, 0, [])
    late.refresh_from_db()
    assert late.due_on == before


def test_a_desk_that_would_not_open_again_is_not_closed(library: "Library") -> None:
    with pytest.raises(NoOpenDayAhead):
        _close(library, date(2026, 11, 24), date(2027, 3, 1))
    assert not Closure.objects.exists() and not Act.objects.filter(kind="closure").exists()
    with pytest.raises(DatesInDisorder):
        _close(library, date(2026, 12, 2), date(2026, 12, 1))


def test_asking_for_a_closed_day_says_when_the_desk_opens(library: "Library") -> None:
    library.kit()
    _close(library, date(2026, 11, 27), date(2026, 11, 28))
    with pytest.raises(ClosedThatDay) as refused:
        library.hold(library.person(), date(2026, 11, 27), date(2026, 12, 11))
    assert "mardi 1 décembre" in refused.value.way_out


def test_hours_of_a_day_that_meet_are_refused_and_change_nothing(library: "Library") -> None:
    with pytest.raises(HoursInDisorder):
        library.point.set_hours([(1, time(9), time(12)), (1, time(11), time(14))])
    with pytest.raises(HoursInDisorder):
        library.point.set_hours([(1, time(12), time(9))])
    assert library.point.opening_hours.count() == 5
    library.point.set_hours([(1, time(9), time(12)), (1, time(12), time(14))])
    assert [o.weekday for o in library.point.opening_hours.all()] == [1, 1]

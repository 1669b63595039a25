from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.db.models import Model

from capto.catalogue.models import Closure, Kit
from capto.lending.models import Hold, Occupancy, Policy
from capto.lending.queue import turn
from capto.lending.ranking import place_of, queue_of, ranked
from capto.lending.refusals import (
    AddressNotConfirmed,
    AlreadyHeld,
    ClosedThatDay,
    DatesInDisorder,
    HoldClosed,
    TooFarAhead,
    TooLong,
    TooManyLoans,
)
from capto.members.models import BorrowerGroup, Campaign, Message, Person, Territory

if TYPE_CHECKING:
    from tests.lending.conftest import Library


def test_a_hold_within_a_fortnight_is_ready_at_once_where_a_kit_is_free(library: "Library") -> None:
    kit = library.kit()
    hold = library.hold(library.person(), library.day(7), library.day(21))
    assert (hold.state, hold.kit) == (Hold.State.READY, kit)
    occupancy = Occupancy.objects.get(hold=hold)
    assert str(occupancy.starts_at) == "2026-11-30 23:00:00+00:00"  # midnight in Paris
    # the last day ends at midnight in Paris, then 24 hours of rest
    assert str(occupancy.ends_at) == "2026-12-16 23:00:00+00:00"
    assert hold.collect_by == library.day(10)  # three open days after Tuesday 1 December: Friday


def test_a_hold_further_ahead_waits_for_its_day_and_then_is_served(library: "Library") -> None:
    library.kit()
    hold = library.hold(library.person(), library.day(21), library.day(35))
    assert hold.state == Hold.State.WAITING
    turn(now=library.now + timedelta(days=6))
    hold.refresh_from_db()
    assert hold.state == Hold.State.WAITING
    turn(now=library.now + timedelta(days=7))
    hold.refresh_from_db()
    assert hold.state == Hold.State.READY


def test_days_that_cannot_be_are_refused_with_the_days_that_can(library: "Library") -> None:
    alice = library.person()
    with pytest.raises(DatesInDisorder):
        library.hold(alice, library.day(-1), library.day(5))
    with pytest.raises(DatesInDisorder):
        library.hold(alice, library.day(7), library.day(7))
    with pytest.raises(TooFarAhead) as ahead:
        library.hold(alice, library.day(91), library.day(100))
    assert "22 février" in ahead.value.way_out
    with pytest.raises(TooLong):
        library.hold(alice, library.day(7), library.day(32))
    Closure.objects.create(
        point=library.point, starts_on=library.day(7), ends_on=library.day(8), reason="inventaire"
    )
    with pytest.raises(ClosedThatDay) as closed:
        library.hold(alice, library.day(7), library.day(21))
    assert "jeudi 3 décembre" in closed.value.way_out
    assert not Hold.objects.exists()


def test_by_post_days_need_no_open_desk(library: "Library") -> None:
    library.kit()
    assert library.hold(library.person(), library.day(5), library.day(19), by_post=True)


def test_an_unconfirmed_address_holds_nothing(library: "Library") -> None:
    alice = library.person()
    Person.objects.update(email_confirmed_at=None)
    with pytest.raises(AddressNotConfirmed):
        library.hold(alice, library.day(7), library.day(21))


def test_training_is_asked_for_at_the_hand_over_and_not_before(library: "Library") -> None:
    library.kit()
    untrained = library.person(may_borrow=False)
    assert library.hold(untrained, library.day(7), library.day(21)).state == Hold.State.READY


def test_what_one_has_is_not_held_again(library: "Library") -> None:
    library.set_policy(loans_at_once=5)
    alice = library.person()
    library.lend(library.kit(), alice)
    with pytest.raises(AlreadyHeld):
        library.hold(alice, library.day(7), library.day(21))
    library.hold(alice, library.day(28), library.day(42))
    with pytest.raises(AlreadyHeld):
        library.hold(alice, library.day(35), library.day(49))


def test_loans_and_holds_count_together(library: "Library") -> None:
    other = type(library.kind).objects.create(name="Bruit", slug="bruit")
    alice = library.person()
    library.lend(library.kit(), alice)
    with pytest.raises(TooManyLoans):
        library.hold(alice, library.day(7), library.day(21), kind=other)


def test_a_cancelled_hold_lets_the_next_have_the_kit(library: "Library") -> None:
    kit = library.kit()
    first = library.hold(library.person(), library.day(7), library.day(21))
    second = library.hold(library.person("Bruno"), library.day(7), library.day(21))
    assert (first.state, second.state) == (Hold.State.READY, Hold.State.WAITING)
    first.cancel(now=library.now + timedelta(hours=1))
    second.refresh_from_db()
    assert (second.state, second.kit) == (Hold.State.READY, kit)
    with pytest.raises(HoldClosed):
        first.cancel(now=library.now + timedelta(hours=2))


def test_a_kit_not_collected_goes_to_the_next_after_three_open_days(library: "Library") -> None:
    library.kit()
    first = library.hold(library.person(), library.day(1), library.day(14))
    second = library.hold(library.person("Bruno"), library.day(7), library.day(21))
    assert first.collect_by == library.day(4)  # after Wednesday: Thursday, Friday, Saturday
    turn(now=library.now + timedelta(days=4))
    first.refresh_from_db()
    assert first.state == Hold.State.READY
    turn(now=library.now + timedelta(days=5))
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (Hold.State.EXPIRED, Hold.State.READY)
    assert Message.objects.filter(key=f"lending:expired:{first.pk}").exists()


def test_days_that_passed_while_waiting_close_the_hold_and_say_so(library: "Library") -> None:
    hold = library.hold(library.person(), library.day(7), library.day(14))
    turn(now=library.now + timedelta(days=15))
    hold.refresh_from_db()
    assert hold.state == Hold.State.EXPIRED
    assert Message.objects.filter(key=f"lending:not_served:{hold.pk}").exists()


def test_turning_the_queues_twice_does_nothing_more(library: "Library") -> None:
    library.kit()
    library.hold(library.person(), library.day(21), library.day(35))
    turn(now=library.now + timedelta(days=7))
    before = list(Hold.objects.values()), list(Message.objects.values_list("key", flat=True))
    turn(now=library.now + timedelta(days=7, minutes=15))
    assert (list(Hold.objects.values()), list(Message.objects.values_list("key", flat=True))) == before


def test_a_late_kit_pushes_a_hold_to_another_kit_or_back_to_the_queue(library: "Library") -> None:
    library.set_policy(loans_at_once=2, pickup_open_days=10)
    late = library.lend(library.kit(), library.person())
    hold = library.hold(
        library.person("Bruno"), library.day(24), library.day(36), now=library.now + timedelta(days=14)
    )
    assert hold.kit == late.kit
    turn(now=library.now + timedelta(days=23))  # late since two days: tomorrow's hold is not served by it
    hold.refresh_from_db()
    assert hold.state == Hold.State.WAITING
    spare = library.kit()
    turn(now=library.now + timedelta(days=23, hours=1))
    hold.refresh_from_db()
    assert (hold.state, hold.kit) == (Hold.State.READY, spare)


# --- the published order ---------------------------------------------------------------------


def _commune(name: str, population: int) -> Territory:
    return Territory.objects.create(name=name, population=population)


def _waiting(library: "Library", person: Person, minute: int, **fields: Any) -> Hold:
    return library.hold(
        person, library.day(21), library.day(35), now=library.now + timedelta(minutes=minute), **fields
    )


def test_the_order_is_campaign_then_area_then_first_time_then_date(library: "Library") -> None:
    covered, bare = _commune("Annecy", 10_000), _commune("Faverges", 10_000)
    veteran = library.person("Vétéran", territory=covered)
    library.lend(library.kit(), veteran)
    library.take_back(Kit.objects.get())
    third_loan = library.person("Autre", territory=covered)
    library.lend(library.kit(), third_loan)  # two loans a year for 10,000: covered
    dated = [
        _waiting(library, library.person("Nouvelle", territory=covered), 5),
        _waiting(library, library.person("Rurale", territory=bare), 6),
        _waiting(library, library.person("Campagne", territory=covered), 7),
    ]
    first = _waiting(library, veteran, 0)
    campaign = Campaign.objects.create(
        question="?",
        slug="q",
        organisation=library.organisation,
        territory=covered,
        mediator=veteran,
        starts_on=library.day(20),
        ends_on=library.day(60),
        seats=1,
    )
    campaign.seat(dated[2].person, now=library.now)  # type: ignore[arg-type]
    order = [hold for _rank, hold in ranked(queue_of(first), now=library.now)]
    assert order == [dated[2], dated[1], dated[0], first]
    place = place_of(first, now=library.now)
    assert place is not None and (place.position, place.of) == (4, 4)
    assert place.rank.reasons()[1:3] == ["commune déjà couverte, ou inconnue", "a déjà emprunté"]


def test_the_same_rows_give_the_same_order_whatever_order_they_come_in(library: "Library") -> None:
    holds = [_waiting(library, library.person(), 3 - n) for n in range(4)]
    expected = [hold.pk for _rank, hold in ranked(holds, now=library.now)]
    assert [hold.pk for _rank, hold in ranked(holds[::-1], now=library.now)] == expected
    assert expected == [hold.pk for hold in holds[::-1]]  # asked earlier comes first


def test_a_group_counts_for_its_own_commune(library: "Library") -> None:
    bare, covered = _commune("Faverges", 10_000), _commune("Annecy", 1_000)
    teacher = library.person("Paul", territory=covered)
    group = BorrowerGroup.objects.create(name="CM2", category="school", responsible=teacher, territory=bare)
    hold = _waiting(library, teacher, 0, group=group)
    place = place_of(hold, now=library.now)
    assert place is not None and not place.rank.well_covered


def test_the_last_kit_goes_to_the_first_in_the_order_when_its_day_comes(library: "Library") -> None:
    library.kit()
    late_but_rural = library.person("Rurale", territory=_commune("Faverges", 10_000))
    early = _waiting(library, library.person("Tôt"), 0)
    late = _waiting(library, late_but_rural, 60)
    turn(now=library.now + timedelta(days=7))
    early.refresh_from_db()
    late.refresh_from_db()
    assert (late.state, early.state) == (Hold.State.READY, Hold.State.WAITING)


def test_a_hold_that_finds_no_kit_does_not_hold_up_one_that_does(library: "Library") -> None:
    kit = library.kit()
    Occupancy.objects.create(
        kit=kit, period=(library.now + timedelta(days=30), library.now + timedelta(days=31)), reason="banc"
    )
    library.set_policy(allocation_days=60)
    long = library.hold(library.person(), library.day(21), library.day(42))
    short = library.hold(library.person("Bruno"), library.day(14), library.day(21))
    assert (long.state, short.state) == (Hold.State.WAITING, Hold.State.READY)


# --- collecting ------------------------------------------------------------------------------


def test_lending_answers_the_hold_and_ends_on_the_day_held(library: "Library") -> None:
    kit, alice = library.kit(), library.person()
    hold = library.hold(alice, library.day(0), library.day(10))
    loan = library.lend(kit, alice)
    hold.refresh_from_db()
    assert hold.state == Hold.State.COLLECTED and loan.hold == hold and loan.due_on == library.day(10)
    assert Occupancy.objects.count() == 1


def test_another_kit_than_the_one_put_aside_answers_the_hold_and_frees_that_one(library: "Library") -> None:
    aside, other, alice = library.kit(), library.kit(), library.person()
    hold = library.hold(alice, library.day(0), library.day(10))
    assert hold.kit == aside
    library.lend(other, alice)
    assert not Occupancy.objects.filter(kit=aside).exists()
    library.lend(aside, library.person("Bruno"))


def test_today_s_hold_is_answered_and_not_one_of_another_day(library: "Library") -> None:
    library.set_policy(loans_at_once=3)
    kit, alice = library.kit(), library.person()
    library.kit()
    later = library.hold(alice, library.day(28), library.day(42))
    today = library.hold(alice, library.day(0), library.day(10))
    assert library.lend(kit, alice).hold == today
    later.refresh_from_db()
    assert later.state == Hold.State.WAITING


def test_every_change_of_a_hold_is_kept(library: "Library") -> None:
    library.kit()
    hold = library.hold(library.person(), library.day(7), library.day(21))
    events: type[Model] = apps.get_model("lending", "HoldEvent")
    states = events.objects.filter(pgh_obj=hold.pk).order_by("pgh_id").values_list("state", flat=True)  # type: ignore[attr-defined]
    assert list(states) == ["waiting", "ready"]


def test_the_general_policy_exists_from_the_first_day(library: "Library") -> None:
    assert Policy.objects.get(kit_model=None, category="", organisation=None).loan_days == 21

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, transaction

from capto.catalogue.models import Closure, Kit, LendingPoint, Transfer, UpkeepPlan, UpkeepTicket
from capto.lending.models import Act, Loan, LoanPart, Occupancy, Policy
from capto.lending.refusals import (
    AccountClosed,
    AlreadyLentToThem,
    AlreadyOnLoan,
    CharterNotAccepted,
    GroupNotTheirs,
    HasLateLoan,
    KitElsewhere,
    KitOutOfService,
    KitRests,
    LoanClosed,
    NoOpenDayAhead,
    NotAllowed,
    NotOnLoan,
    NotYourKit,
    PartsMissing,
    Refusal,
    SensorInstalled,
    TicketOpen,
    TooLong,
    TooManyLoans,
    TrainingMissing,
    UpkeepOverdue,
)
from capto.members.models import BorrowerGroup, Message, Organisation
from capto.members.roles import Role
from capto.readings.models import Place, Placement

if TYPE_CHECKING:
    from tests.lending.conftest import Library


def test_a_loan_lasts_three_weeks_and_ends_on_an_open_day(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    assert loan.due_on == library.day(21)  # Tuesday 15 December
    library.take_back(loan.kit)
    sunday = library.now + timedelta(days=5)
    second = library.lend(library.kit(), library.person("Bruno"), now=sunday)
    assert second.due_on == (sunday + timedelta(days=23)).date()  # Sunday the 20th and Monday are closed


def test_a_loan_opens_a_placement_per_sensor_and_the_return_ends_them(library: "Library") -> None:
    kit = library.kit(sensors=2)
    loan = library.lend(kit, library.person())
    placements = Placement.objects.filter(loan_placement__loan=loan)
    assert [p.starts_at for p in placements] == [library.now] * 2
    assert {p.sensor_id for p in placements} == {s.pk for s in kit.sensors.all()}
    assert len({p.public_id for p in placements}) == 2
    back = library.now + timedelta(days=20)
    library.take_back(kit, now=back)
    assert [p.ends_at for p in placements.all()] == [back] * 2


def test_until_told_where_it_stands_a_sensor_is_published_in_the_area_of_the_desk(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    place = Placement.objects.get(loan_placement__loan=loan).place
    assert place.precision_m == 5_000 and place.latitude is None
    assert abs(place.cell_latitude - library.point.latitude) < 0.04


def test_a_sensor_still_on_the_bench_leaves_it_when_lent(library: "Library") -> None:
    kit = library.kit()
    place = Place.at(45.9, 6.1, precision_m=200, kind="public", label="banc")
    bench = Placement.objects.create(
        sensor=kit.sensors.get(),
        place=place,
        purpose="co_location",
        starts_at=library.now - timedelta(days=9),
    )
    library.lend(kit, library.person())
    bench.refresh_from_db()
    assert bench.ends_at == library.now


def test_a_sensor_that_is_installed_for_long_is_not_lent(library: "Library") -> None:
    kit = library.kit()
    place = Place.at(45.9, 6.1, precision_m=200, kind="public", label="toit")
    Placement.objects.create(
        sensor=kit.sensors.get(), place=place, purpose="permanent", starts_at=library.now - timedelta(days=9)
    )
    with pytest.raises(SensorInstalled):
        library.lend(kit, library.person())
    assert not Loan.objects.exists() and not Occupancy.objects.exists()


def test_a_kit_on_loan_cannot_be_lent_twice(library: "Library") -> None:
    kit, alice = library.kit(), library.person()
    library.lend(kit, alice)
    with pytest.raises(AlreadyOnLoan) as refused:
        library.lend(kit, library.person("Bruno"))
    assert "Alice" in refused.value.what and "mardi 15 décembre" in refused.value.what
    with pytest.raises(AlreadyLentToThem):  # the same card, the same kit: said otherwise
        library.lend(kit, alice)


def test_a_return_of_a_kit_that_is_here_is_refused(library: "Library") -> None:
    with pytest.raises(NotOnLoan):
        library.take_back(library.kit())


def test_a_kit_rests_after_a_return_and_staff_may_lend_it_with_a_reason(library: "Library") -> None:
    kit = library.kit()
    library.lend(kit, library.person())
    back = library.now + timedelta(days=1)
    library.take_back(kit, now=back)
    bruno, lila = library.person("Bruno"), library.staff()
    with pytest.raises(KitRests) as refused:
        library.lend(kit, bruno, now=back + timedelta(hours=23))
    assert refused.value.can_be_overridden
    loan = library.lend(kit, bruno, now=back + timedelta(hours=2), by=lila, override="batterie pleine")
    act = Act.objects.get(loan=loan)
    assert (act.overridden, act.reason, act.by) == ("KitRests", "batterie pleine", lila)


def test_a_volunteer_may_not_waive_a_rule(library: "Library") -> None:
    kit, untrained = library.kit(), library.person(may_borrow=False)
    library.accept_charter(untrained)
    with pytest.raises(NotAllowed):
        library.lend(kit, untrained, by=library.staff(Role.DESK_VOLUNTEER), override="connaît bien")
    with pytest.raises(NotAllowed):
        library.lend(kit, untrained, by=None, override="sans nom")


def test_an_override_of_another_organisation_is_none(library: "Library") -> None:
    lila = library.staff()
    other = Organisation.objects.create(name="Ailleurs")
    lila.staff_roles.update(organisation=other)
    untrained = library.person(may_borrow=False)
    library.accept_charter(untrained)
    with pytest.raises(NotAllowed):
        library.lend(library.kit(), untrained, by=lila, override="connaît bien")


def test_each_rule_about_the_person_says_its_name_and_a_way_out(library: "Library") -> None:
    kit, alice = library.kit(), library.person(may_borrow=False)
    with pytest.raises(CharterNotAccepted) as refused:
        library.lend(kit, alice)
    assert refused.value.rule == "Règle générale" and "F4" in refused.value.way_out
    library.accept_charter(alice)
    with pytest.raises(TrainingMissing) as missing:
        library.lend(kit, alice)
    assert "aucune n’est prévue" in missing.value.way_out
    right = library.train(alice, days=1)
    with pytest.raises(TrainingMissing):
        library.lend(kit, alice, now=right.expires_at)
    alice.is_active = False
    alice.save()
    with pytest.raises(AccountClosed):
        library.lend(kit, alice)


def test_nobody_has_more_loans_at_once_than_the_rule_permits(library: "Library") -> None:
    alice = library.person()
    library.lend(library.kit(), alice)
    with pytest.raises(TooManyLoans):
        library.lend(library.kit(), alice)
    library.set_policy(loans_at_once=2)
    library.lend(library.kit(), alice)


def test_who_is_late_borrows_nothing_else(library: "Library") -> None:
    library.set_policy(loans_at_once=3)
    alice = library.person()
    loan = library.lend(library.kit(), alice)
    late = library.now + timedelta(days=22)
    with pytest.raises(HasLateLoan):
        library.lend(library.kit(), alice, now=late)
    library.take_back(loan.kit, now=late)
    library.lend(library.kit(), alice, now=late)  # nothing of the lateness stays


def test_a_teacher_lends_for_the_class_and_nobody_else_does(library: "Library") -> None:
    teacher = library.person("Paul")
    group = BorrowerGroup.objects.create(name="CM2 Jaurès", category="school", responsible=teacher)
    loan = library.lend(library.kit(), teacher, group=group, collected_by="Mme Roy, ATSEM")
    assert loan.group == group and loan.collected_by == "Mme Roy, ATSEM"
    with pytest.raises(GroupNotTheirs):
        library.lend(library.kit(), library.person("Bruno"), group=group)


def test_the_most_specific_policy_decides(library: "Library") -> None:
    school = Policy.objects.create(name="Écoles", category="school", loan_days=60, needs_training=False)
    kind = Policy.objects.create(name="Ce genre", kit_model=library.kind, loan_days=10)
    get = Policy.of
    assert get(library.kind, category="resident", organisation=library.organisation) == kind
    assert get(library.kind, category="school", organisation=library.organisation) == kind
    kind.delete()
    assert get(library.kind, category="school", organisation=library.organisation) == school
    both = Policy.objects.create(name="Les deux", category="school", kit_model=library.kind)
    assert get(library.kind, category="school", organisation=library.organisation) == both


def test_a_kit_out_of_service_on_its_way_or_of_others_is_not_lent(library: "Library") -> None:
    alice = library.person()
    kit = library.kit()
    kit.set_state(Kit.State.RETIRED, reason="boîtier fendu")
    with pytest.raises(KitOutOfService) as refused:
        library.lend(kit, alice)
    assert "boîtier fendu" in refused.value.what
    other = Organisation.objects.create(name="Ville voisine")
    elsewhere = LendingPoint.objects.create(
        organisation=other, name="Mairie", slug="mairie", latitude=45.8, longitude=6.2
    )
    theirs = library.kit(point=elsewhere)
    with pytest.raises(NotYourKit):
        library.lend(theirs, alice)
    mine = library.kit()
    Transfer.send(mine, to=elsewhere, by=None, now=library.now)
    with pytest.raises(KitElsewhere):
        library.lend(mine, alice)


def test_a_pooled_kit_sent_to_us_arrives_by_being_lent(library: "Library") -> None:
    other = Organisation.objects.create(name="Ville voisine")
    elsewhere = LendingPoint.objects.create(
        organisation=other, name="Mairie", slug="mairie", latitude=45.8, longitude=6.2
    )
    kit = library.kit(point=elsewhere, is_pooled=True)
    Transfer.send(kit, to=library.point, by=None, now=library.now - timedelta(days=1))
    library.lend(kit, library.person())
    kit.refresh_from_db()
    assert kit.point == library.point and not Transfer.objects.filter(received_at=None).exists()


def test_a_ticket_an_upkeep_or_a_missing_part_that_blocks_keeps_a_kit_here(library: "Library") -> None:
    alice = library.person()
    kit = library.kit()
    ticket = UpkeepTicket.objects.create(
        kit=kit, what="ventilateur", blocks_lending=True, opened_at=library.now
    )
    with pytest.raises(TicketOpen):
        library.lend(kit, alice)
    ticket.advance(UpkeepTicket.Stage.MENDED, by=None, now=library.now)
    UpkeepPlan.objects.create(kit_model=library.kind, work="compare", interval_days=30, blocks_lending=True)
    with pytest.raises(UpkeepOverdue) as refused:
        library.lend(kit, alice)
    assert "comparer au banc" in refused.value.what
    UpkeepPlan.objects.all().delete()
    kit.accessories.get(name="chargeur").count(0)
    with pytest.raises(PartsMissing):
        library.lend(kit, alice)
    kit.accessories.get(name="chargeur").count(1)
    kit.accessories.get(name="collier").count(1)  # not essential
    library.lend(kit, alice)


def test_parts_are_counted_at_both_ends_and_an_incomplete_return_is_known(library: "Library") -> None:
    kit = library.kit()
    loan = library.lend(kit, library.person())
    assert [p.out for p in LoanPart.objects.filter(loan=loan).order_by("pk")] == [1, 1, 2]
    loan = library.take_back(kit)
    charger, collar = kit.accessories.get(name="chargeur"), kit.accessories.get(name="collier")
    missing = loan.count_parts({charger.pk: 0, collar.pk: 1}, now=library.now)
    assert {part.name for part in missing} == {"chargeur", "collier"}
    loan.refresh_from_db()
    assert loan.state == Loan.State.CHECKED
    assert [p.back for p in LoanPart.objects.filter(loan=loan).order_by("pk")] == [1, 0, 1]
    charger.refresh_from_db()
    assert charger.missing == 1
    loan.count_parts({}, now=library.now + timedelta(days=2))  # brought back later
    charger.refresh_from_db()
    assert charger.missing == 0


def test_a_due_date_with_no_open_day_ahead_is_an_error(library: "Library") -> None:
    Closure.objects.create(
        point=library.point, starts_on=library.day(1), ends_on=library.day(200), reason="travaux"
    )
    with pytest.raises(NoOpenDayAhead):
        library.lend(library.kit(), library.person())


def test_longer_than_the_rule_is_refused_and_staff_may_allow_it(library: "Library") -> None:
    with pytest.raises(TooLong):
        library.lend(library.kit(), library.person(), due_on=library.day(40))
    loan = library.lend(
        library.kit(), library.person(), due_on=library.day(42), by=library.staff(), override="campagne"
    )
    assert loan.due_on == library.day(42)


def test_a_kit_brought_back_elsewhere_is_there_now(library: "Library") -> None:
    annex = LendingPoint.objects.create(
        organisation=library.organisation, name="Annexe", slug="annexe", latitude=45.9, longitude=6.2
    )
    loan = library.lend(library.kit(), library.person())
    Loan.take_back(loan.kit, point=annex, now=library.now)
    assert Kit.objects.get(pk=loan.kit.pk).point == annex


def test_a_lost_kit_closes_its_loan_and_is_missing(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    loan.lose(now=library.now + timedelta(days=40), reason="volé sur le balcon")
    assert Kit.objects.get(pk=loan.kit.pk).state == Kit.State.MISSING
    assert not Placement.objects.filter(ends_at=None).exists()
    with pytest.raises(LoanClosed):
        loan.lose(now=library.now + timedelta(days=41), reason="encore")


def test_a_loan_is_never_deleted_and_every_change_is_kept(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    with (
        pytest.raises(ProgrammingError, match="Cannot delete rows from lending_loan"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM lending_loan WHERE id = %s", [loan.pk])
    library.take_back(loan.kit)
    events = apps.get_model("lending", "LoanEvent").objects.filter(pgh_obj=loan.pk).order_by("pgh_id")
    assert [event.state for event in events] == ["open", "returned"]


def test_lending_tells_the_borrower_and_a_refusal_tells_nobody(library: "Library") -> None:
    kit, alice = library.kit(), library.person()
    loan = library.lend(kit, alice)
    assert Message.objects.get().key == f"lending:lent:{loan.pk}"
    with pytest.raises(Refusal):
        library.lend(kit, library.person("Bruno"))
    assert Message.objects.count() == 1


def test_borrowing_asks_for_no_money_anywhere() -> None:
    names = {
        field.name
        for model in apps.get_app_config("lending").get_models()
        for field in model._meta.get_fields()
    }
    assert not {
        name for name in names if any(w in name for w in ("fee", "deposit", "price", "fine", "score"))
    }

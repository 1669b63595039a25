from datetime import UTC, date, datetime, timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from capto.catalogue.models import (
    Accessory,
    Closure,
    CostEntry,
    Kit,
    KitModel,
    LendingPoint,
    NoOpenDay,
    OpeningHours,
    OpenTransfer,
    Sensor,
    SensorInAnotherKit,
    SensorModel,
    TicketClosed,
    Transfer,
    UpkeepDone,
    UpkeepPlan,
    UpkeepTicket,
    upkeep_due,
)
from capto.members.models import Organisation

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)  # a Saturday


def _sensor(model: SensorModel, owner: Organisation, number: int = 1) -> Sensor:
    return Sensor.objects.create(
        model=model,
        owner=owner,
        inventory_code=f"INV-{number}",
        device_id=f"d{number}",
        wire_format=model.wire_format,
    )


def test_a_new_kit_has_a_code_and_the_accessories_of_its_kind(
    kit_model: KitModel, point: LendingPoint, sensor_model: SensorModel, organisation: Organisation
) -> None:
    sensor = _sensor(sensor_model, organisation)
    kit = Kit.add(kit_model, point=point, now=NOW, sensors=[sensor])
    assert kit.code.startswith("K-") and kit.owner == organisation
    assert [(a.name, a.quantity, a.code[:2]) for a in kit.accessories.all()] == [
        ("boîte", 1, "A-"),
        ("chargeur", 1, "A-"),
        ("collier", 2, "A-"),
    ]
    assert list(kit.sensors.all()) == [sensor]


def test_a_sensor_is_in_one_kit_at_most(
    kit_model: KitModel, point: LendingPoint, sensor_model: SensorModel, organisation: Organisation
) -> None:
    sensor = _sensor(sensor_model, organisation)
    first = Kit.add(kit_model, point=point, now=NOW, sensors=[sensor])
    with pytest.raises(SensorInAnotherKit):
        Kit.add(kit_model, point=point, now=NOW, sensors=[sensor])
    first.take_in(sensor)  # again the same kit: nothing happens
    first.take_out(sensor)
    Kit.add(kit_model, point=point, now=NOW, sensors=[sensor])


def test_two_kits_cannot_bear_one_code_even_in_other_letters(
    kit_model: KitModel, point: LendingPoint
) -> None:
    Kit.add(kit_model, point=point, now=NOW, code="K-00017-X")
    with pytest.raises(IntegrityError, match="one_kit_per_code"), transaction.atomic():
        Kit.add(kit_model, point=point, now=NOW, code="k-00017-x")


def test_a_retired_kit_says_why(kit_model: KitModel, point: LendingPoint) -> None:
    kit = Kit.add(kit_model, point=point, now=NOW)
    with pytest.raises(IntegrityError, match="a_retired_kit_says_why"), transaction.atomic():
        kit.set_state(Kit.State.RETIRED)


def test_every_change_of_a_kit_leaves_its_history_also_by_raw_sql(
    kit_model: KitModel, point: LendingPoint
) -> None:
    kit = Kit.add(kit_model, point=point, now=NOW)
    Kit.objects.filter(pk=kit.pk).update(note="poussière")
    events = apps.get_model("catalogue", "KitEvent").objects.filter(pgh_obj=kit.pk).order_by("pgh_id")
    assert [(e.pgh_label, e.note) for e in events] == [("insert", ""), ("update", "poussière")]


def test_a_kit_of_another_organisation_is_lendable_only_where_pooled(
    kit_model: KitModel, point: LendingPoint
) -> None:
    other = Organisation.objects.create(name="Ville voisine")
    mine = Kit.add(kit_model, point=point, now=NOW)
    pooled = Kit.add(kit_model, point=point, now=NOW, is_pooled=True)
    assert set(Kit.objects.lendable_by(point.organisation)) == {mine, pooled}
    assert set(Kit.objects.lendable_by(other)) == {pooled}
    pooled.set_state(Kit.State.MISSING)
    assert not Kit.objects.lendable_by(other)


def test_parts_are_counted_between_none_and_all(kit_model: KitModel, point: LendingPoint) -> None:
    collars = Kit.add(kit_model, point=point, now=NOW).accessories.get(name="collier")
    collars.count(1)
    assert collars.missing == 1 and collars.present == 1
    collars.count(7)
    assert collars.missing == 0
    with pytest.raises(IntegrityError, match="no_more_parts_are_missing"), transaction.atomic():
        Accessory.objects.filter(pk=collars.pk).update(missing=3)


def test_a_kit_travels_once_at_a_time_and_arrives_once(kit_model: KitModel, point: LendingPoint) -> None:
    other = LendingPoint.objects.create(
        organisation=point.organisation, name="Mairie", slug="mairie", latitude=45.9, longitude=6.13
    )
    kit = Kit.add(kit_model, point=point, now=NOW)
    transfer = Transfer.send(kit, to=other, by=None, now=NOW)
    with pytest.raises(OpenTransfer):
        Transfer.send(kit, to=other, by=None, now=NOW)
    transfer.receive(by=None, now=NOW + timedelta(days=1))
    transfer.receive(by=None, now=NOW + timedelta(days=2))
    assert transfer.received_at == NOW + timedelta(days=1)
    assert Kit.objects.get(pk=kit.pk).point == other


def test_the_next_open_day_skips_closed_weekdays_and_closures(point: LendingPoint) -> None:
    assert point.next_open_day(date(2026, 11, 21)) == date(2026, 11, 21)  # Saturday
    assert point.next_open_day(date(2026, 11, 22)) == date(2026, 11, 24)  # Sunday, Monday: closed
    Closure.objects.create(
        point=point, starts_on=date(2026, 11, 24), ends_on=date(2026, 11, 26), reason="inventaire"
    )
    assert point.next_open_day(date(2026, 11, 22)) == date(2026, 11, 27)


def test_an_office_that_rests_does_not_close_the_desk(point: LendingPoint) -> None:
    day = date(2026, 11, 24)
    Closure.objects.create(point=point, starts_on=day, ends_on=day, reason="bureau", office_only=True)
    assert point.is_open_on(day)


def test_no_open_day_in_the_horizon_is_an_error_and_not_a_closed_day(point: LendingPoint) -> None:
    Closure.objects.create(
        point=point, starts_on=date(2026, 11, 1), ends_on=date(2027, 12, 31), reason="travaux"
    )
    with pytest.raises(NoOpenDay):
        point.next_open_day(date(2026, 11, 21))


def test_open_days_are_counted_over_a_weekend(point: LendingPoint) -> None:
    # Saturday 21 + 3 open days: Tuesday 24, Wednesday 25, Thursday 26
    assert point.open_days_after(date(2026, 11, 21), 3) == date(2026, 11, 26)


def test_the_desk_is_open_in_paris_time(point: LendingPoint) -> None:
    assert not point.is_open_at(datetime(2026, 11, 21, 8, 59, tzinfo=UTC))
    assert point.is_open_at(datetime(2026, 11, 21, 9, 0, tzinfo=UTC))
    assert not point.is_open_at(datetime(2026, 11, 21, 17, 0, tzinfo=UTC))


def test_hours_that_end_before_they_begin_are_refused(point: LendingPoint) -> None:
    with pytest.raises(IntegrityError, match="a_desk_closes_after_it_opens"), transaction.atomic():
        OpeningHours.objects.create(point=point, weekday=1, opens_at="10:00", closes_at="09:00")


def test_upkeep_falls_due_after_its_interval_and_after_each_loan(
    kit_model: KitModel, point: LendingPoint, sensor_model: SensorModel, organisation: Organisation
) -> None:
    kit = Kit.add(kit_model, point=point, now=NOW, sensors=[_sensor(sensor_model, organisation)])
    clean = UpkeepPlan.objects.create(kit_model=kit_model, work="clean", interval_days=90)
    compare = UpkeepPlan.objects.create(
        sensor_model=sensor_model, work="compare", after_each_loan=True, blocks_lending=True
    )
    assert upkeep_due(kit, now=NOW + timedelta(days=89), last_return=None) == []
    (due,) = upkeep_due(kit, now=NOW + timedelta(days=90), last_return=None)
    assert due.plan == clean and due.since == NOW + timedelta(days=90) and not due.blocks
    back = NOW + timedelta(days=10)
    (due,) = upkeep_due(kit, now=back, last_return=back)
    assert due.plan == compare and due.blocks
    UpkeepDone.objects.create(kit=kit, plan=compare, at=back + timedelta(days=2))
    assert upkeep_due(kit, now=back + timedelta(days=3), last_return=back) == []


def test_a_plan_of_nothing_or_without_a_time_is_refused(
    kit_model: KitModel, sensor_model: SensorModel
) -> None:
    with pytest.raises(IntegrityError, match="upkeep_is_of_a_kind"), transaction.atomic():
        UpkeepPlan.objects.create(work="clean", interval_days=1)
    with pytest.raises(IntegrityError, match="upkeep_has_an_interval"), transaction.atomic():
        UpkeepPlan.objects.create(kit_model=kit_model, work="clean")


def test_a_ticket_closes_once(kit_model: KitModel, point: LendingPoint) -> None:
    kit = Kit.add(kit_model, point=point, now=NOW)
    ticket = UpkeepTicket.objects.create(kit=kit, what="ventilateur bruyant", opened_at=NOW)
    ticket.advance(UpkeepTicket.Stage.PARTS, by=None, now=NOW)
    ticket.advance(UpkeepTicket.Stage.MENDED, by=None, now=NOW + timedelta(days=3), outcome="remplacé")
    assert not UpkeepTicket.objects.open() and ticket.closed_at == NOW + timedelta(days=3)
    with pytest.raises(TicketClosed):
        ticket.advance(UpkeepTicket.Stage.GIVEN_UP, by=None, now=NOW + timedelta(days=4))
    with pytest.raises(IntegrityError, match="a_closed_ticket_is"), transaction.atomic():
        UpkeepTicket.objects.filter(pk=ticket.pk).update(closed_at=None)


def test_an_expense_is_not_nothing(kit_model: KitModel, point: LendingPoint) -> None:
    kit = Kit.add(kit_model, point=point, now=NOW)
    with pytest.raises(IntegrityError, match="an_expense_is_not_nothing"), transaction.atomic():
        CostEntry.objects.create(kit=kit, kind="repair", on=NOW.date(), euros=0)

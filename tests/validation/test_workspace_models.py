"""Benches with free places, stays that are planned, context of a place, and items of the vigie that end in an act."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from capto.catalogue.models import Sensor, UpkeepTicket
from capto.members.models import Person
from capto.readings.models import Place, Placement, ReferenceSeries, ReferenceStation, ReferenceValue
from capto.validation.comparison import trees_beside
from capto.validation.models import (
    AlreadyActedOn,
    Bench,
    BenchFull,
    CoLocation,
    NoReason,
    NotAnActOfThisItem,
    NotPlanned,
    PlaceContext,
    SensorElsewhere,
    SetAside,
    VigieItem,
)
from capto.validation.models.bench import USUAL_PLACES, taken
from capto.validation.pairs import pairs
from tests.calibration.test_residuals_and_trees import curved
from tests.calibration.test_residuals_and_trees import stay as straight
from tests.readings.conftest import MARCH
from tests.validation.conftest import HOUR, add_hours

DAY = timedelta(days=1)


@pytest.fixture
def metrologist(db: None) -> Person:
    return Person.objects.create_user("maud@exemple.test", name="Maud")


@pytest.fixture
def note(make_placement: Callable[..., Placement]) -> Callable[..., VigieItem]:
    """Note a finding of a new placement, from hour 10 to hour 20 of 1 March."""

    def make(kind: VigieItem.Kind = VigieItem.Kind.CLUSTER, **fields: object) -> VigieItem:
        placement = fields.pop("placement", None) or make_placement()
        series = add_hours(placement, "pm25", [5.0] * 24, start=MARCH)
        item = VigieItem.note(
            kind,
            placement=placement,
            series_id=series.pk,
            gravity=2,
            begins_at=MARCH + 10 * HOUR,
            ends_at=MARCH + 20 * HOUR,
            found={"hours": 10},
            now=MARCH + DAY,
        )
        assert item is not None
        return item

    return make


def test_places_are_counted_at_the_fullest_moment(
    station: ReferenceStation, make_sensor: Callable[..., Sensor]
) -> None:
    for first, last in (
        (0, 7),
        (7, 14),
        (3, 10),
    ):  # the first leaves as the second comes: never three at once
        CoLocation.plan(
            make_sensor(), station=station, starts_at=MARCH + first * DAY, ends_at=MARCH + last * DAY
        )
    assert taken(station, starts_at=MARCH, ends_at=MARCH + 14 * DAY) == 2
    assert taken(station, starts_at=MARCH + 10 * DAY, ends_at=MARCH + 14 * DAY) == 1
    assert Bench.places_of(station) == USUAL_PLACES


def test_a_full_bench_takes_no_more(station: ReferenceStation, make_sensor: Callable[..., Sensor]) -> None:
    Bench.set_places(station, places=1)
    period = {"station": station, "starts_at": MARCH, "ends_at": MARCH + 7 * DAY}
    sensor = make_sensor()
    CoLocation.plan(sensor, **period)
    with pytest.raises(BenchFull):
        CoLocation.plan(make_sensor(), **period)
    with pytest.raises(SensorElsewhere):
        CoLocation.plan(sensor, **period)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_two_people_who_plan_the_last_place_at_once_one_gets_it(
    station: ReferenceStation, make_sensor: Callable[..., Sensor]
) -> None:
    Bench.set_places(station, places=1)

    def plan(sensor: Sensor) -> str:
        try:
            CoLocation.plan(sensor, station=station, starts_at=MARCH, ends_at=MARCH + DAY)
            return "planned"
        except BenchFull:
            return "full"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(plan, [make_sensor(), make_sensor()])) == ["full", "planned"]
    assert CoLocation.objects.count() == 1


def test_a_plan_becomes_a_placement_at_the_bench_and_ends_there(
    station: ReferenceStation, bench: Place, make_sensor: Callable[..., Sensor]
) -> None:
    stay = CoLocation.plan(make_sensor(), station=station, starts_at=MARCH, ends_at=MARCH + 7 * DAY)
    placement = stay.begin(now=MARCH + HOUR)
    assert (placement.place, placement.purpose, placement.ends_at) == (bench, "co_location", None)
    with pytest.raises(NotPlanned):
        stay.give_up()
    with pytest.raises(NotPlanned):
        stay.begin(now=MARCH + 2 * HOUR)
    stay.finish(now=MARCH + 5 * DAY)
    placement.refresh_from_db()
    assert placement.ends_at == stay.ends_at == MARCH + 5 * DAY


def test_a_sensor_that_stands_elsewhere_does_not_begin(
    station: ReferenceStation, bench: Place, make_placement: Callable[..., Placement]
) -> None:
    placement = make_placement()
    stay = CoLocation.plan(placement.sensor, station=station, starts_at=MARCH, ends_at=MARCH + DAY)
    with pytest.raises(SensorElsewhere, match="Quartier de la gare"):
        stay.begin(now=MARCH)
    stay.give_up()
    assert not CoLocation.objects.exists()


def test_a_fire_that_the_metrologist_leaves_out_is_not_in_the_pairs(
    make_stay: Callable[..., CoLocation], reference: ReferenceSeries, metrologist: Person
) -> None:
    stay = make_stay()
    assert stay.placement is not None
    series = add_hours(stay.placement, "pm25", [10.0 + hour for hour in range(48)], start=MARCH)
    ReferenceValue.objects.bulk_create(
        ReferenceValue(series=reference, hour=MARCH + n * HOUR, value=5.0 + n, imported_at=MARCH)
        for n in range(48)
    )
    context = PlaceContext.tell(
        station=stay.station,
        kind=PlaceContext.Kind.FIRE,
        source=PlaceContext.Source.TOWN,
        starts_at=MARCH + 10 * HOUR + timedelta(minutes=30),
        ends_at=MARCH + 12 * HOUR,
        note="Feu de poubelles devant la cabine",
        now=MARCH + DAY,
    )

    def hours() -> list[int]:
        found = pairs(stay, series=series, reference=reference)
        return [int(known) for known in (found.index - MARCH).total_seconds() // 3600]

    assert hours() == list(range(48))
    context.exclude_from_fits(True, now=MARCH + DAY, by=metrologist)
    assert not {10, 11} & set(hours()) and len(hours()) == 46
    context.withdraw(now=MARCH + 2 * DAY, by=metrologist)
    assert len(hours()) == 48 and PlaceContext.objects.count() == 1


def test_an_item_of_the_vigie_ends_once_in_an_act_that_is_kept(
    note: Callable[..., VigieItem], metrologist: Person
) -> None:
    item = note()
    with pytest.raises(NoReason):
        item.end(VigieItem.Act.SET_ASIDE, reason=" ", now=MARCH + DAY, by=metrologist)
    with pytest.raises(NotAnActOfThisItem):
        item.end(VigieItem.Act.WORKSHOP, reason="x", now=MARCH + DAY, by=metrologist)
    item.end(VigieItem.Act.SET_ASIDE, reason="insecte dans la chambre", now=MARCH + DAY, by=metrologist)
    doubt = SetAside.objects.get()
    assert (doubt.starts_at, doubt.ends_at) == (MARCH + 10 * HOUR, MARCH + 20 * HOUR)
    assert (item.act, item.set_aside, item.closed_by_name) == ("set_aside", doubt, "Maud")
    with pytest.raises(AlreadyActedOn):
        VigieItem.objects.get().end(VigieItem.Act.DISMISS, reason="y", now=MARCH + DAY, by=metrologist)


def test_what_was_ended_does_not_open_again_but_something_new_does(
    note: Callable[..., VigieItem], metrologist: Person
) -> None:
    item = note()
    item.end(VigieItem.Act.DISMISS, reason="marché de Noël", now=MARCH + DAY, by=metrologist)
    same = {
        "placement": item.placement,
        "series_id": item.series_id,
        "gravity": 2,
        "found": {},
        "now": MARCH + 2 * DAY,
    }
    kind = VigieItem.Kind.CLUSTER
    assert VigieItem.note(kind, begins_at=MARCH + 12 * HOUR, ends_at=MARCH + 30 * HOUR, **same) is None
    assert VigieItem.note(kind, begins_at=MARCH + 25 * HOUR, ends_at=MARCH + 30 * HOUR, **same) is not None


def test_a_sensor_sent_to_the_workshop_is_faulty_and_a_dismissal_needs_words_in_the_database_too(
    note: Callable[..., VigieItem], metrologist: Person
) -> None:
    item = note(VigieItem.Kind.DRIFTING)
    item.end(VigieItem.Act.WORKSHOP, reason="pente de 1,6 à 2,3", now=MARCH + DAY, by=metrologist)
    assert Sensor.objects.get(pk=item.placement.sensor_id).condition == Sensor.Condition.FAULTY
    assert item.ticket is None and not UpkeepTicket.objects.exists()  # it is in no kit
    with (
        pytest.raises(IntegrityError, match="a_vigie_item_ends_in_an_act_with_its_reason"),
        transaction.atomic(),
    ):
        VigieItem.objects.update(reason="")


def test_trees_are_scored_beside_the_simple_models_from_six_weeks_on_and_win_only_where_the_law_is_curved() -> (
    None
):
    short = trees_beside(curved(20), line="mlr_humidity")
    assert "six semaines" in short.refused and not short.wins
    bent = trees_beside(curved(50), line="mlr_humidity")
    assert bent.wins and bent.rmse is not None and bent.line_rmse is not None and bent.rmse < bent.line_rmse
    assert not trees_beside(straight(50), line="mlr_humidity").wins

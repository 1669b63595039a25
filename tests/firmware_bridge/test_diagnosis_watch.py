"""Diagnoses as rows: opened once, closed when right again, answered by the borrower; on the real tables."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from capto.catalogue.models import Sensor, SensorModel
from capto.members.models import Organisation
from capto.readings.models import (
    DeviceState,
    HourlyAggregate,
    Layout,
    LayoutChannel,
    Place,
    Placement,
    RawMessage,
    Series,
)
from firmware_bridge.diagnosis import DETECTORS
from firmware_bridge.diagnosis_texts import WORDS
from firmware_bridge.diagnosis_watch import open_for, watch, watch_for_silence
from firmware_bridge.models import AlreadyAnswered, Diagnosis

NOW = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
HOUR = datetime(2026, 3, 1, 11, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def placements() -> list[Placement]:
    """Six sensors outdoors, all heard half a minute ago."""
    owner = Organisation.objects.create(name="Association")
    model = SensorModel.objects.create(maker="M", name="One", slug="one", wire_format="senml")
    place = Place.objects.create(
        kind=Place.Kind.HOME, label="Ici", cell_latitude=45.0, cell_longitude=5.0, precision_m=200
    )
    found = []
    for number in range(6):
        sensor = Sensor.objects.create(
            model=model, owner=owner, inventory_code=f"S{number}", wire_format="senml", device_id=f"s{number}"
        )
        found.append(Placement.objects.create(sensor=sensor, place=place, starts_at=NOW - timedelta(days=3)))
        heard = NOW - timedelta(seconds=30)
        DeviceState.objects.create(sensor=sensor, first_received_at=heard, last_received_at=heard)
    return found


def say(placement: Placement, quantity: str, mean: float, spread: float = 1.0, hour: datetime = HOUR) -> None:
    """Write the sum of one hour: sixty messages around a mean."""
    series, _ = Series.objects.get_or_create(placement=placement, property_id=quantity, variant="native")
    HourlyAggregate.objects.create(
        series=series,
        hour=hour,
        n=60,
        total=60 * mean,
        total_of_squares=60 * mean * mean,
        minimum=mean - spread,
        maximum=mean + spread,
    )


def test_a_healthy_town_has_no_diagnosis(placements: list[Placement]) -> None:
    for placement in placements:
        say(placement, "pm25", 9.0)
        say(placement, "humidity", 80.0)
    assert watch(NOW) == watch_for_silence(NOW) == 0


def test_a_stuck_value_and_water_in_the_housing_are_found_and_closed_when_right(
    placements: list[Placement],
) -> None:
    for number, placement in enumerate(placements):
        say(placement, "pm25", 9.0, spread=0.0 if number == 0 else 1.0)
        say(placement, "humidity", 99.0 if number == 1 else 80.0)
    assert watch(NOW) == 2
    assert watch(NOW) == 2  # twice has the effect of once
    assert Diagnosis.objects.count() == 2
    (stuck,) = open_for(placements[0])
    assert (stuck.kind, stuck.since, stuck.evidence) == ("stuck", HOUR, {"value": 9.0, "messages": 60})
    (wet,) = open_for(placements[1])
    assert (wet.kind, wet.evidence) == ("too_humid", {"humidity": 99, "others": 80})
    for placement in placements:
        say(placement, "pm25", 9.0, hour=HOUR + timedelta(hours=1))
        say(placement, "humidity", 80.0, hour=HOUR + timedelta(hours=1))
    DeviceState.objects.update(last_received_at=NOW + timedelta(hours=1))
    assert watch(NOW + timedelta(hours=1)) == 0
    stuck.refresh_from_db()
    assert stuck.until == NOW + timedelta(hours=1)
    assert open_for(placements[0]) == []


def test_silence_is_found_after_three_intervals_and_a_pause_is_none(placements: list[Placement]) -> None:
    assert watch_for_silence(NOW + timedelta(minutes=2)) == 0
    DeviceState.objects.exclude(sensor__in=[p.sensor for p in placements[:2]]).update(
        last_received_at=NOW + timedelta(minutes=3)
    )
    Placement.objects.filter(pk=placements[1].pk).update(is_paused=True)
    assert watch_for_silence(NOW + timedelta(minutes=3)) == 1
    (silent,) = open_for(placements[0])
    assert silent.since == NOW - timedelta(seconds=30)


def test_the_answer_of_the_borrower_stays_with_the_diagnosis(placements: list[Placement]) -> None:
    watch_for_silence(NOW + timedelta(hours=1))
    (silent,) = open_for(placements[0])
    with pytest.raises(ValueError):
        silent.reply("whatever", now=NOW)
    silent.reply("unplugged", text="Je repeins la fenêtre.", now=NOW)
    with pytest.raises(AlreadyAnswered):
        silent.reply("normal", now=NOW)
    kept = Diagnosis.objects.get(pk=silent.pk)
    assert (kept.answer, kept.answer_text, kept.answered_at) == ("unplugged", "Je repeins la fenêtre.", NOW)


def test_the_database_refuses_two_open_diagnoses_of_one_kind(placements: list[Placement]) -> None:
    fields = {"placement": placements[0], "kind": "stuck", "since": NOW, "found_at": NOW}
    Diagnosis.objects.create(**fields)
    with pytest.raises(IntegrityError, match="one_open_diagnosis_of_a_kind"), transaction.atomic():
        Diagnosis.objects.create(**fields)


def test_every_kind_has_a_detector_and_a_sentence_for_each_reader() -> None:
    assert set(Diagnosis.Kind.values) == set(DETECTORS) == set(WORDS)
    for words in WORDS.values():
        assert str(words.borrower) != str(words.staff) and str(words.borrower).endswith(".")


def test_what_the_last_sixty_minutes_say_is_heard_before_the_hour_ends(placements: list[Placement]) -> None:
    layout = Layout.objects.create(signature="pm25/native/;humidity//")
    for position, (quantity, variant) in enumerate([("pm25", "native"), ("humidity", "")], start=1):
        LayoutChannel.objects.create(
            layout=layout, position=position, property_id=quantity, variant=variant, channel=""
        )
    for number, placement in enumerate(placements):
        for minute in range(1, 61):
            at = NOW - timedelta(minutes=minute)
            pm25 = 9.0 if number == 0 else 9.0 + minute % 7 / 10
            humidity = 99.0 if number == 1 else 80.0
            RawMessage.objects.create(
                sensor=placement.sensor,
                observed_at=at,
                layout=layout,
                received_at=at,
                values=[pm25, humidity],
            )
    assert watch(NOW) == 2  # no sum of an hour is there yet
    (stuck,), (wet,) = open_for(placements[0]), open_for(placements[1])
    assert (stuck.kind, stuck.since, stuck.evidence["messages"]) == ("stuck", NOW - timedelta(hours=1), 60)
    assert (wet.kind, wet.evidence) == ("too_humid", {"humidity": 99, "others": 80})
    assert watch(NOW + timedelta(seconds=20)) == 2


def test_a_slow_device_is_stuck_after_ten_equal_values(placements: list[Placement]) -> None:
    Sensor.objects.update(reporting_interval_s=600)
    for hour in (HOUR - timedelta(hours=1), HOUR):
        say(placements[0], "pm25", 9.0, spread=0.0, hour=hour)
    HourlyAggregate.objects.update(n=6, total=54.0)
    assert watch(NOW) == 1
    assert open_for(placements[0])[0].evidence == {"value": 9.0, "messages": 12}

"""What a decision of a person changes: seen before it is taken, published after it, and kept as a line of changelog.

Worked numbers: (36 - 2) / 1.6 = 21.25 and, with the slope 1.7, 20; their difference is 1.25.
"""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from calibration import Flag
from capto.readings.models import HourlyValue, HourlyValueChange, Placement, Series
from capto.validation.models import AlreadyLifted, Calibration, CoLocation, DataChange, NoReason, SetAside
from capto.validation.recompute import after_decision, after_doubt, preview, recompute
from tests.validation.conftest import BENCH_ENDS, HOUR, NOW, add_hours, linear, values

pytestmark = pytest.mark.django_db

LENT = BENCH_ENDS + timedelta(days=1)


@pytest.fixture
def stay(make_stay: Callable[..., CoLocation]) -> CoLocation:
    return make_stay()


@pytest.fixture
def series(
    stay: CoLocation, make_placement: Callable[..., Placement], approve: Callable[..., Calibration]
) -> Series:
    """Three hours of a loan, published on the stay before it."""
    approve(stay)
    series = add_hours(
        make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS), "pm25", [36.0] * 3, start=LENT
    )
    recompute(BENCH_ENDS, NOW, now=NOW, reason="first")
    return series


def test_what_an_approval_would_change_is_seen_before_and_changes_nothing(
    stay: CoLocation, series: Series, make_draft: Callable[..., Calibration]
) -> None:
    draft = make_draft(stay, linear(slope=1.7))
    before = list(HourlyValue.objects.values())
    seen = preview(draft, now=NOW)
    assert (seen.hours, seen.changed, seen.difference.values) == (3, 3, 3)
    assert (seen.difference.mean, seen.difference.largest) == (pytest.approx(1.25), pytest.approx(1.25))
    assert list(HourlyValue.objects.values()) == before
    draft.approve(reason="longer fit", now=NOW, by_name="Ada")
    assert after_decision(draft, now=NOW, reason="approved") == seen
    assert [value.value for value in values(series)] == [pytest.approx(20.0)] * 3


def test_a_first_approval_shows_the_hours_that_it_lifts_from_the_raw_mean(
    stay: CoLocation, make_placement: Callable[..., Placement], make_draft: Callable[..., Calibration]
) -> None:
    add_hours(make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS), "pm25", [36.0], start=LENT)
    recompute(BENCH_ENDS, NOW, now=NOW, reason="first")
    seen = preview(make_draft(stay), now=NOW)
    assert (seen.changed, seen.difference.largest) == (1, pytest.approx(14.75))  # 36 to 21.25


def test_a_decision_leaves_one_line_in_the_changelog_of_the_data(
    stay: CoLocation, series: Series, make_draft: Callable[..., Calibration]
) -> None:
    draft = make_draft(stay, linear(slope=1.7))
    draft.approve(reason="longer fit", now=NOW, by_name="Ada")
    after_decision(draft, now=NOW, reason="calibration approved: longer fit")
    after_decision(draft, now=NOW, reason="the same again")  # changes nothing, says nothing
    line = DataChange.objects.get()
    assert (line.calibration, line.hours_new, line.hours_changed) == (draft, 0, 3)
    assert (line.mean_difference, line.reason) == (pytest.approx(1.25), "calibration approved: longer fit")


def test_hours_that_a_person_set_aside_stay_published_flagged_and_with_grade_d(series: Series) -> None:
    doubt = SetAside.put(
        series,
        starts_at=LENT + HOUR + timedelta(minutes=10),
        ends_at=LENT + HOUR + timedelta(minutes=40),
        reason="barbecue under the sensor",
        now=NOW,
        by_name="Ada",
    )
    after_doubt(doubt, now=NOW)
    assert [value.flags for value in values(series)] == [0, Flag.PERSON, 0]
    assert [value.grade for value in values(series)] == ["B", "D", "B"]
    assert [value.value for value in values(series)] == [pytest.approx(21.25)] * 3
    change = HourlyValueChange.objects.get()
    assert (change.old_grade, change.new_grade, change.reason) == (
        "B",
        "D",
        "set aside: barbecue under the sensor",
    )
    assert recompute(BENCH_ENDS, NOW, now=NOW, reason="again").changed == 0
    assert DataChange.objects.get().set_aside == doubt


def test_a_doubt_can_be_taken_back_once_and_both_reasons_stay(series: Series) -> None:
    doubt = SetAside.put(
        series, starts_at=LENT, ends_at=LENT + 3 * HOUR, reason="works", now=NOW, by_name="Ada"
    )
    after_doubt(doubt, now=NOW)
    doubt.lift(reason="the works were in the next street", now=NOW + HOUR, by_name="Grace")
    after_doubt(doubt, now=NOW + HOUR)
    assert [(value.flags, value.grade) for value in values(series)] == [(0, "B")] * 3
    assert (doubt.reason, doubt.lifted_by_name) == ("works", "Grace")
    with pytest.raises(AlreadyLifted):
        doubt.lift(reason="again", now=NOW, by_name="Ada")


def test_hours_are_set_aside_and_taken_back_with_a_reason(series: Series) -> None:
    with pytest.raises(NoReason):
        SetAside.put(series, starts_at=LENT, ends_at=LENT + HOUR, reason=" ", now=NOW, by_name="Ada")
    doubt = SetAside.put(series, starts_at=LENT, ends_at=LENT + HOUR, reason="works", now=NOW, by_name="Ada")
    with pytest.raises(NoReason):
        doubt.lift(reason="", now=NOW, by_name="Ada")
    with pytest.raises(IntegrityError, match="with_a_reason"), transaction.atomic():
        SetAside.objects.filter(pk=doubt.pk).update(reason="")


def decide(*arguments: str) -> str:
    said = StringIO()
    call_command("decide_calibration", *arguments, stdout=said)
    return said.getvalue()


def test_the_command_shows_then_approves_and_decides_once(
    stay: CoLocation, series: Series, make_draft: Callable[..., Calibration]
) -> None:
    draft = make_draft(stay, linear(slope=1.7))
    seen = decide(str(draft.pk))
    assert (
        "an approval would give 0 new and 3 changed hours of 3, by 1.25 on average and 1.25 at most" in seen
    )
    with pytest.raises(CommandError, match="needs --by NAME and --reason"):
        decide(str(draft.pk), "--approve", "--by", "Ada")
    assert values(series)[0].value == pytest.approx(21.25)
    said = decide(str(draft.pk), "--approve", "--by", "Ada", "--reason", "longer fit")
    assert "approved; 0 new and 3 changed hours of 3" in said
    assert values(series)[0].value == pytest.approx(20.0)
    for again in ([], ["--refuse", "--by", "Ada", "--reason", "no"]):
        with pytest.raises(CommandError, match="is approved"):
            decide(str(draft.pk), *again)


def test_the_command_refuses_with_the_reason(
    stay: CoLocation, series: Series, make_draft: Callable[..., Calibration]
) -> None:
    draft = make_draft(stay)
    decide(str(draft.pk), "--refuse", "--by", "Ada", "--reason", "moved on the third day")
    draft.refresh_from_db()
    assert (draft.status, draft.reason) == ("refused", "moved on the third day")
    with pytest.raises(CommandError, match="no calibration 0"):
        decide("0")

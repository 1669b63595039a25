from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.utils import DatabaseError

from capto.readings.models import Placement
from capto.validation.models import Calibration, CoLocation, NotADraft
from tests.readings.conftest import MARCH
from tests.validation.conftest import BENCH_ENDS, NOW, linear

pytestmark = pytest.mark.django_db

Make = Callable[..., Calibration]
MakeStay = Callable[..., CoLocation]


def test_versions_of_a_channel_are_numbered(make_stay: MakeStay, make_draft: Make) -> None:
    stay, other = make_stay(), make_stay()
    assert [make_draft(stay).version, make_draft(stay).version, make_draft(other).version] == [1, 2, 1]


def test_a_single_stay_is_valid_from_its_beginning_until_six_months_after_its_end(
    make_stay: MakeStay, make_draft: Make
) -> None:
    draft = make_draft(make_stay())
    assert (draft.valid_from, draft.valid_to) == (MARCH, BENCH_ENDS + timedelta(days=183))


def test_a_model_comes_back_from_its_row_with_every_digit(make_stay: MakeStay, make_draft: Make) -> None:
    model = linear(intercept=1 / 3, slope=2 / 7)
    assert Calibration.objects.get(id=make_draft(make_stay(), model).id).fitted() == model


def test_a_version_cannot_be_changed_nor_deleted_whatever_the_path(
    make_stay: MakeStay, make_draft: Make
) -> None:
    draft = make_draft(make_stay())
    for change in ({"model": {}}, {"valid_to": NOW}, {"method": "dry_linear"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Calibration.objects.filter(id=draft.id).update(**change)
    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
        draft.delete()


def test_an_approval_supersedes_the_version_of_the_same_stay_and_says_who_and_why(
    make_stay: MakeStay, make_draft: Make
) -> None:
    stay = make_stay()
    first, second = make_draft(stay), make_draft(stay)
    first.approve(reason="first look", now=NOW, by_name="Ada")
    second.approve(reason="two outliers explained", now=NOW, by_name="Grace")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("superseded", "approved")
    assert (second.decided_by_name, second.reason, second.decided_at) == (
        "Grace",
        "two outliers explained",
        NOW,
    )


def test_a_version_is_decided_once(make_stay: MakeStay, make_draft: Make) -> None:
    draft = make_draft(make_stay())
    same = Calibration.objects.get(id=draft.id)
    draft.refuse(reason="lag of an hour", now=NOW, by_name="Ada")
    with pytest.raises(NotADraft):
        same.approve(reason="", now=NOW, by_name="Grace")
    with pytest.raises(NotADraft):
        draft.refuse(reason="again", now=NOW, by_name="Ada")


def test_the_database_refuses_two_approved_versions_of_one_stay(
    make_stay: MakeStay, make_draft: Make
) -> None:
    stay = make_stay()
    first, second = make_draft(stay), make_draft(stay)
    first.approve(reason="", now=NOW, by_name="Ada")
    with pytest.raises(IntegrityError, match="one_approved_calibration_per_stay"), transaction.atomic():
        Calibration.objects.filter(id=second.id).update(status="approved")


def test_a_stay_at_a_place_that_is_no_bench_needs_a_station(make_placement: Callable[..., Placement]) -> None:
    with pytest.raises(ValueError, match="is not a bench"):
        CoLocation.of(make_placement(), starts_at=MARCH, ends_at=BENCH_ENDS)

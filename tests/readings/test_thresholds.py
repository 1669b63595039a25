"""Thresholds are dated rows: the law of the day is chosen by date, and December 2026 is only more rows."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from capto.readings.models import Threshold

pytestmark = pytest.mark.django_db
BEFORE, AFTER = date(2026, 12, 10), date(2026, 12, 11)


def values(on: date, *, jurisdiction: str, pollutant: str, kind: str) -> set[tuple[str, float]]:
    rows = Threshold.objects.in_force(on=on).filter(jurisdiction=jurisdiction, pollutant=pollutant, kind=kind)
    return {(row.statistic, row.value) for row in rows}


def test_the_european_values_change_on_the_eleventh_of_december_by_rows_alone() -> None:
    assert values(BEFORE, jurisdiction="EU", pollutant="pm25", kind="IR") == set()
    assert values(AFTER, jurisdiction="EU", pollutant="pm25", kind="IR") == {("moyenne journalière", 50.0)}
    assert values(AFTER, jurisdiction="EU", pollutant="no2", kind="IR") == {("moyenne horaire", 150.0)}
    assert values(AFTER, jurisdiction="FR", pollutant="pm25", kind="IR") == set()  # no French threshold


def test_the_limit_values_of_2030_wait_for_their_day() -> None:
    for on, value in ((BEFORE, 25.0), (AFTER, 25.0), (date(2029, 12, 31), 25.0), (date(2030, 1, 1), 10.0)):
        assert ("moyenne annuelle", value) in values(on, jurisdiction="EU", pollutant="pm25", kind="VL")
    assert len(values(date(2030, 1, 1), jurisdiction="EU", pollutant="pm25", kind="VL")) == 2


def test_two_jurisdictions_hold_at_once() -> None:
    found = Threshold.objects.in_force(on=AFTER).filter(pollutant="pm10", kind="IR")
    assert {(row.jurisdiction, row.value) for row in found} == {("FR", 50.0), ("EU", 90.0)}


@pytest.mark.parametrize(("value", "exceeds"), [(50.0, False), (50.4, False), (50.5, True), (51.0, True)])
def test_a_value_is_rounded_to_the_precision_of_the_threshold(value: float, exceeds: bool) -> None:
    daily = Threshold.objects.get(jurisdiction="FR", pollutant="pm10", kind="IR")
    assert daily.is_exceeded_by(value) is exceeds


def test_lead_is_compared_with_two_decimals() -> None:
    lead = Threshold.objects.get(jurisdiction="FR", pollutant="pb", kind="VL")
    assert not lead.is_exceeded_by(0.504) and lead.is_exceeded_by(0.505001)


def test_a_row_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(IntegrityError, match="a_threshold_ends_after_it_starts"), transaction.atomic():
        Threshold.objects.filter(jurisdiction="EU").update(valid_to=date(2000, 1, 1))

"""The simulated maker's test: one, with its report, whatever happens twice."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from capto.members.models import Organisation
from capto.readings.models import ReferenceSeries, ReferenceStation, ReferenceValue
from capto.simulation.makers import UNITS, show_makers
from capto.simulation.models import SimulatedCity
from capto.validation.models import DeviceTest, TestReport

END = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def town(db: None) -> None:
    Organisation.objects.create(name="Association simulée", is_simulated=True)
    SimulatedCity.objects.create(pk=1, seed=3, opened_at=END, history_starts_at=END - timedelta(days=30))
    station = ReferenceStation.objects.create(code="SIM001", name="Jardin (simulé)", is_simulated=True)
    series = ReferenceSeries.objects.create(station=station, property_id="pm25", provider="simulation")
    values = 15 + 8 * np.sin(np.arange(24 * 30) / 24 * 2 * np.pi) + np.arange(24 * 30) % 7
    ReferenceValue.objects.bulk_create(
        ReferenceValue(
            series=series, hour=END - timedelta(hours=24 * 30 - k), value=float(v), imported_at=END
        )
        for k, v in enumerate(values)
    )


def test_one_test_is_played_with_its_report_and_said_to_be_simulated(town: None) -> None:
    test = show_makers(now=END + timedelta(hours=5))
    assert test is not None and test.is_simulated and "simulé" in test.maker_name
    report = TestReport.objects.get(test=test)
    slopes = [sensor["hourly"]["slope"] for sensor in report.document["sensors"]]
    assert slopes == pytest.approx([gain for gain, _ in UNITS], abs=0.06)
    assert show_makers(now=END + timedelta(days=1)) == test
    assert (DeviceTest.objects.count(), TestReport.objects.count()) == (1, 1)

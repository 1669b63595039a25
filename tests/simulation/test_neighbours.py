"""The other network of the demonstration: simulated, said to be so, and read as a real feed is."""

from datetime import UTC, datetime, timedelta

import pytest

from capto.readings.models import ForeignHour, OpenFeed, ReferenceSeries, ReferenceStation, ReferenceValue
from capto.simulation.neighbours import read_neighbours

NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)


@pytest.mark.django_db
def test_three_simulated_neighbours_stand_around_each_station_and_misread() -> None:
    station = ReferenceStation.objects.create(
        code="SIM1", name="S", latitude=45.1, longitude=5.7, is_simulated=True
    )
    series = ReferenceSeries.objects.create(station=station, property_id="pm25", provider="simulation")
    for back in (1, 2):
        ReferenceValue.objects.create(
            series=series,
            hour=NOW.replace(minute=0, second=0) - timedelta(hours=back),
            value=10.0,
            imported_at=NOW,
        )
    assert read_neighbours(now=NOW).new == 3 * 2 * 3  # sensors, hours, readings an hour
    assert read_neighbours(now=NOW).new == 0
    assert OpenFeed.objects.get().is_simulated and "simulé" in OpenFeed.objects.get().provider
    means = {round(hour.mean(), 2) for hour in ForeignHour.objects.all()}
    assert means == {18.0, 19.5}  # 10 times 1.6 plus 2; 1.9 and 0.5; 1.2 and 6

"""A small city of real rows: stations, places, hours, as the bridge and the recomputation would leave them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.core.cache import caches
from django.test import Client

from capto.catalogue.models import Sensor, SensorModel
from capto.members.models import Organisation, Territory
from capto.readings.models import (
    HourlyValue,
    Place,
    Placement,
    ReferenceSeries,
    ReferenceStation,
    ReferenceValue,
    Series,
)

HOUR = timedelta(hours=1)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday; 13 h in Paris
HOUSE = (45.188529, 5.724524)  # an exact position that no answer may hold


class City:
    """Makes what a test needs and nothing else."""

    def __init__(self) -> None:
        self.now = NOON
        self._numbers = count(1)
        self.commune = Territory.objects.create(name="Grenoble", insee_code="38185")
        self.owner = Organisation.objects.create(name="Air d’ici")
        self.model = SensorModel.objects.create(
            maker="Atelier", name="Mésange", slug="mesange", wire_format="senml", reporting_interval_s=600
        )

    def place(
        self,
        label: str,
        *,
        kind: str = "home",
        starts_at: datetime = NOON - timedelta(days=20),
        ends_at: datetime | None = None,
        purpose: str = "loan",
        position: tuple[float, float] = HOUSE,
        station: ReferenceStation | None = None,
        is_indoor: bool = False,
        public_id: str | None = None,
        is_simulated: bool = False,
    ) -> Placement:
        """Stand a new sensor at a place."""
        number = next(self._numbers)
        sensor = Sensor.objects.create(
            model=self.model,
            owner=self.owner,
            inventory_code=f"SECRET-{number:03}",
            serial=f"SERIAL-{number:03}",
            wire_format="senml",
            device_id=f"MAC-{number:03}",
            is_simulated=is_simulated,
        )
        spot = Place.at(
            *position,
            precision_m=200,
            kind=kind,
            label=label,
            territory=self.commune,
            is_indoor=is_indoor,
            station=station,
        )
        named = {"public_id": public_id} if public_id else {}
        return Placement.objects.create(
            sensor=sensor, place=spot, purpose=purpose, starts_at=starts_at, ends_at=ends_at, **named
        )

    def hours(
        self,
        placement: Placement,
        values: Sequence[float | None],
        *,
        end: datetime = NOON,
        quantity: str = "pm25",
        variant: str = "atm",
        uncertainty: float | None = 3.0,
        raw: float | None = None,
        flags: int = 0,
        grade: str = "B",
        calibration_id: int | None = 7,
        is_provisional: bool = True,
    ) -> Series:
        """Publish one value an hour, the last one for the hour before `end`."""
        series, _ = Series.objects.get_or_create(placement=placement, property_id=quantity, variant=variant)
        first = end - len(values) * HOUR
        HourlyValue.objects.bulk_create(
            HourlyValue(
                series=series,
                hour=first + number * HOUR,
                raw_mean=raw if raw is not None else (value or 0.0) * 1.5,
                value=value,
                expanded_uncertainty=None if value is None else uncertainty,
                n=6,
                coverage=1.0,
                flags=flags,
                grade=grade,
                calibration_id=calibration_id,
                is_provisional=is_provisional,
                computed_at=first + (number + 1) * HOUR + timedelta(minutes=5),
                code_version="0.1.0",
            )
            for number, value in enumerate(values)
        )
        return series

    def station(
        self,
        name: str = "Les Frênes",
        *,
        code: str = "FR00001",
        position: tuple[float, float] = (45.1618, 5.7357),
        influence: str = "fond",
    ) -> ReferenceStation:
        """Build a reference station."""
        return ReferenceStation.objects.create(
            code=code,
            name=name,
            latitude=position[0],
            longitude=position[1],
            siting="urbaine",
            influence=influence,
            territory=self.commune,
        )

    def reference(
        self,
        station: ReferenceStation,
        values: Sequence[float],
        *,
        end: datetime = NOON,
        quantity: str = "pm25",
        provider: str = "e2",
        licence: str = "lov2",
    ) -> ReferenceSeries:
        """Import one value an hour of a station."""
        series, _ = ReferenceSeries.objects.get_or_create(
            station=station, property_id=quantity, provider=provider, licence=licence
        )
        first = end - len(values) * HOUR
        ReferenceValue.objects.bulk_create(
            ReferenceValue(series=series, hour=first + number * HOUR, value=value, imported_at=end)
            for number, value in enumerate(values)
        )
        return series


@pytest.fixture(autouse=True)
def _no_one_asked_before() -> None:
    """Forget what the tests before asked in this minute: limits of rate are counted in the memory of the process."""
    caches["limits"].clear()


@pytest.fixture
def city(db: None) -> City:
    """An empty city, at noon of 20 November 2026 (UTC)."""
    return City()


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> Iterator[datetime]:
    """Let the pages, which read the clock once at their edge, read noon of 20 November 2026 (UTC)."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)
    yield NOON


@pytest.fixture
def english() -> Client:
    """A reader who chose English."""
    client = Client()
    client.cookies["django_language"] = "en"
    return client

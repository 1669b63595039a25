from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from time import perf_counter

import pytest
from django.core.management import CommandError, call_command

from capto.readings.models import ReferenceSeries, ReferenceStation, ReferenceValue, ReferenceValueChange
from capto.readings.reference_hour import ReferenceHour, Station
from capto.readings.reference_import import Imported, store
from tests.readings.test_lcsqa import HEADER, row

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
METZ = Station("FR01011", "Metz-Centre", "ATMO GRAND EST", "Urbaine", "Fond")


def hour(value: float | None, *, at: datetime = NOON, validity: int = 1, **fields: object) -> ReferenceHour:
    values: dict[str, object] = {"line": 2, "station": METZ, "quantity": "no2", "discriminant": "A"} | fields
    return ReferenceHour(hour=at, value=value, validity=validity, **values)  # type: ignore[arg-type]


def keep(*hours: ReferenceHour, provider: str = "lcsqa") -> Imported:
    return store(hours, provider=provider, now=NOW)


def test_a_new_station_and_its_analyser_are_created() -> None:
    assert keep(hour(14.975)) == Imported(new=1)
    station = ReferenceStation.objects.get()
    assert (station.code, station.name, station.operator) == ("FR01011", "Metz-Centre", "ATMO GRAND EST")
    value = ReferenceValue.objects.get()
    assert (value.value, value.hour, value.series.property_id) == (14.975, NOON, "no2")


def test_importing_twice_changes_nothing() -> None:
    keep(hour(14.975), hour(None, at=NOON + timedelta(hours=1), validity=-1))
    first = ReferenceValue.objects.get()
    again = store(
        [hour(14.975), hour(None, at=NOON + timedelta(hours=1), validity=-1)],
        provider="lcsqa",
        now=NOW + timedelta(1),
    )
    assert again == Imported(unchanged=1, without_value=1)
    assert ReferenceValue.objects.get().imported_at == first.imported_at
    assert not ReferenceValueChange.objects.exists()


def test_a_revised_value_replaces_the_old_one_and_leaves_a_trace() -> None:
    keep(hour(14.975), hour(7.0, at=NOON + timedelta(hours=1)))
    assert keep(hour(15.25, value_type="moyenne horaire validée")) == Imported(revised=1)
    value = ReferenceValue.objects.get(hour=NOON)
    assert (value.value, value.value_type) == (15.25, "moyenne horaire validée")
    change = ReferenceValueChange.objects.get()
    assert (change.hour, change.old_value, change.new_value) == (NOON, 14.975, 15.25)
    assert (change.old_validity, change.new_validity, change.changed_at) == (1, 1, NOW)


def test_a_withdrawn_value_is_removed_and_leaves_a_trace() -> None:
    keep(hour(14.975))
    assert keep(hour(None, validity=-1)) == Imported(withdrawn=1)
    assert not ReferenceValue.objects.exists()
    change = ReferenceValueChange.objects.get()
    assert (change.old_value, change.new_value, change.new_validity) == (14.975, None, None)


def test_a_value_that_becomes_validated_is_updated_without_a_trace() -> None:
    keep(hour(14.975, value_type="moyenne horaire brute"))
    assert keep(hour(14.975, value_type="moyenne horaire validée")) == Imported(unchanged=1)
    assert ReferenceValue.objects.get().value_type == "moyenne horaire validée"
    assert not ReferenceValueChange.objects.exists()


def test_two_providers_and_two_analysers_are_never_one_series() -> None:
    keep(hour(14.975), hour(15.5, discriminant="B"))
    keep(hour(16.0), provider="geodair")
    assert ReferenceSeries.objects.count() == 3
    assert sorted(ReferenceValue.objects.values_list("value", flat=True)) == [14.975, 15.5, 16.0]


def test_what_is_known_of_a_station_is_completed_and_not_overwritten() -> None:
    keep(hour(1.0, station=Station("FR01011")))
    assert ReferenceStation.objects.get().name == "FR01011"
    keep(
        hour(1.0, station=Station("FR01011", "METZ CENTRE", latitude=49.11, longitude=6.18)),
        provider="geodair",
    )
    keep(hour(1.0))
    station = ReferenceStation.objects.get()
    assert (station.name, station.operator, station.latitude) == ("METZ CENTRE", "ATMO GRAND EST", 49.11)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[str, str]]:
    """Run `capto import-reference` on a text; give what it said and what it warned of."""

    def run(text: str, *arguments: str) -> tuple[str, str]:
        path = tmp_path / "file.csv"
        path.write_text(text)
        said, warned = StringIO(), StringIO()
        call_command("import_reference", *arguments, str(path), stdout=said, stderr=warned)
        return said.getvalue(), warned.getvalue()

    return run


def test_the_command_reports_a_bad_line_with_its_number_and_keeps_the_others(
    run: Callable[..., tuple[str, str]],
) -> None:
    later = row(at="2026/03/29 01:00:00", until="2026/03/29 02:00:00")
    said, warned = run("\n".join([HEADER, row(), row(pollutant="Rn222"), later]))
    assert "2 new hours, 0 revised, 0 withdrawn, 0 unchanged, 0 without a valid value, 1 bad lines" in said
    assert "line 3: unknown pollutant 'Rn222'" in warned
    assert ReferenceValue.objects.count() == 2


def test_the_command_reads_any_csv_by_its_map(run: Callable[..., tuple[str, str]]) -> None:
    said, _ = run(
        "t,v\n2026-01-05 09:00,10\n2026-01-05 10:00,12", "--map", "time=t,pm10=v", "--station", "ISPRA"
    )
    assert "2 new hours" in said
    series = ReferenceSeries.objects.get()
    assert (series.station.code, series.property_id, series.provider) == ("ISPRA", "pm10", "csv")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--map", "time=t,pm10=v"], "--map needs --station"),
        (["--unit", "ppb"], "--unit is only used with --map"),
        (["--map", "time=t,gold=v", "--station", "X"], "unknown quantity gold"),
        (["--map", "time=t", "--station", "X"], "at least one quantity"),
        ([], "not an LCSQA or Geod'air file"),
    ],
)
def test_the_command_says_what_it_cannot_do(
    run: Callable[..., tuple[str, str]], arguments: list[str], expected: str
) -> None:
    with pytest.raises(CommandError, match=expected):
        run("t,v\n2026-01-05 09:00,10", *arguments)


def test_a_day_of_48_000_rows_is_imported_within_seconds(run: Callable[..., tuple[str, str]]) -> None:
    lines = [HEADER]
    for station in range(500):
        for pollutant in ("NO", "NO2", "O3", "PM10"):
            for number in range(24):
                start = datetime(2026, 11, 18, tzinfo=UTC) + timedelta(hours=number)
                lines.append(
                    row(
                        at=f"{start:%Y/%m/%d %H:%M:%S}",
                        until=f"{start + timedelta(hours=1):%Y/%m/%d %H:%M:%S}",
                        pollutant=pollutant,
                        station=f"FR{station:05}",
                        exact=f"{station % 50 + number / 24:.3f}",
                    )
                )
    text = "\n".join(lines)
    begin = perf_counter()
    said, _ = run(text)
    assert "48000 new hours" in said
    assert perf_counter() - begin < 20  # about 3 s where the machine is free
    assert "48000 unchanged" in run(text)[0]

"""Readings from files: what is new, what was there, what was refused; twice the same file changes nothing."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from .conftest import Town, capto

CARD = """TIME,TEMP,HUM,PM2.5
ISO 8601,C,%,ug/m3
Time,x,y,z
,55,56,87
2026-03-01T09:00:00Z,8.12,74.1,12
2026-03-01T09:01:00Z,8.15,73.9,13
2026-03-01T09:02:00Z,8.15
2026-03-01T09:03:00Z,none,73.0,11
"""
ARCHIVE = """sensor_id;sensor_type;location;lat;lon;timestamp;P1;durP1;ratioP1;P2;durP2;ratioP2
1234;SDS011;99;45.1;5.7;2026-03-01T00:02:10;17.25;;;9.40;;
1234;SDS011;99;45.1;5.7;2026-03-01T00:04:35;18.00;;;9.90;;
"""


@pytest.fixture
def import_readings(town: Town, tmp_path: Path):  # type: ignore[no-untyped-def]
    def run(sensor: str, wire_format: str, content: str, *more: str):  # type: ignore[no-untyped-def]
        path = tmp_path / "readings.txt"
        path.write_text(content)
        done = capto(
            "import_readings", "--format", wire_format, "--sensor", sensor, *more, str(path),
            database_url=town.database_url,
        )  # fmt: skip
        return done

    return run


def test_a_card_is_imported_once_and_its_wrong_line_is_told(town: Town, import_readings) -> None:  # type: ignore[no-untyped-def]
    sensor, name = town.sensor(wire_format="smart_citizen")
    first = import_readings(f"smart_citizen-{name}", "smart_citizen", CARD)
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines() == [
        "readings.txt: 3 new, 0 already there",
        "  refused: line 7: it has another number of columns than the header",
    ]
    assert town.values(sensor, "pm25", "unknown") == [12.0, 13.0, 11.0]
    assert town.values(sensor, "temperature", "native") == [8.12, 8.15, None]
    again = import_readings(f"smart_citizen-{name}", "smart_citizen", CARD)
    assert again.stdout.splitlines()[0] == "readings.txt: 0 new, 3 already there"
    assert town.messages(sensor) == 3
    assert town.one("SELECT count(*) FROM readings_rejected_message WHERE sensor_id = %s", sensor) == 0


def test_another_value_for_a_stored_time_is_told_and_the_first_one_stays(town: Town, import_readings) -> None:  # type: ignore[no-untyped-def]
    sensor, name = town.sensor(wire_format="smart_citizen")
    import_readings(f"smart_citizen-{name}", "smart_citizen", CARD)
    changed = import_readings(f"smart_citizen-{name}", "smart_citizen", CARD.replace(",13\n", ",99\n"))
    assert changed.stdout.startswith(
        "readings.txt: 0 new, 2 already there, 1 with another content than stored"
    )
    assert "2026-03-01T09:01:00+00:00: another content is stored" in changed.stdout
    assert town.values(sensor, "pm25", "unknown") == [12.0, 13.0, 11.0]


def test_the_public_archive_is_read_in_utc_under_its_own_number(town: Town, import_readings) -> None:  # type: ignore[no-untyped-def]
    sensor, _ = town.sensor("esp8266-910", wire_format="airrohr")
    done = import_readings("airrohr-esp8266-910", "airrohr", ARCHIVE)
    assert done.stdout.splitlines()[0] == "readings.txt: 2 new, 0 already there"
    assert town.values(sensor, "pm10", "native") == [17.25, 18.0]
    moments = town.all("SELECT observed_at FROM readings_raw_message WHERE sensor_id = %s ORDER BY 1", sensor)
    assert moments[0][0] == datetime(2026, 3, 1, 0, 2, 10, tzinfo=UTC)


def test_a_file_of_another_sensor_of_ours_is_refused(town: Town, import_readings) -> None:  # type: ignore[no-untyped-def]
    _, mine = town.sensor(wire_format="senml")
    _, other = town.sensor(wire_format="senml")
    pack = json.dumps([{"bn": f"{other}:", "bt": 1_772_355_600, "n": "pm25", "u": "ug/m3", "v": 5}])
    done = import_readings(f"senml-{mine}", "senml", pack)
    assert done.returncode == 1
    assert f"the message says {other}, its file was given for {mine}" in done.stderr


def test_any_csv_is_read_with_a_map_and_wrong_lines_have_their_number(town: Town, import_readings) -> None:  # type: ignore[no-untyped-def]
    sensor, name = town.sensor(wire_format="senml")
    text = "Date;Heure;PM\n01/03/2026;10:00;0,012\n01/03/2026;10:01;douze\n01/03/2026;10:02;0,020\n"
    done = import_readings(f"senml-{name}", "csv", text, "--map", "time=Date+Heure,pm25:mg/m3:native=PM")
    assert done.stdout.splitlines() == [
        "readings.txt: 2 new, 0 already there",
        "  refused: line 3: 'douze' is not a number",
    ]
    assert town.values(sensor, "pm25", "native") == [12.0, 20.0]  # mg/m³ to µg/m³
    moments = town.all("SELECT observed_at FROM readings_raw_message WHERE sensor_id = %s ORDER BY 1", sensor)
    assert moments[0][0] == datetime(2026, 3, 1, 9, 0, tzinfo=UTC)  # Paris in winter is UTC + 1


def test_moments_outside_every_placement_are_counted_and_not_stored(town: Town, import_readings) -> None:  # type: ignore[no-untyped-def]
    sensor, name = town.sensor(wire_format="smart_citizen", starts_at=datetime(2026, 3, 1, 9, 1, tzinfo=UTC))
    done = import_readings(f"smart_citizen-{name}", "smart_citizen", CARD)
    assert "2 new, 0 already there, 1 outside every placement" in done.stdout
    assert town.messages(sensor) == 2


def test_a_file_that_is_none_is_an_error(town: Town, import_readings) -> None:  # type: ignore[no-untyped-def]
    _, name = town.sensor(wire_format="smart_citizen")
    done = import_readings(f"smart_citizen-{name}", "smart_citizen", "Bonjour")
    assert done.returncode == 1
    assert "neither the kit's notation" in done.stderr

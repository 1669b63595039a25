"""A recorded co-location, published as if lent sensors sent it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from capto.readings.mapped_csv import ColumnMap
from firmware_bridge.csv_replay import BadRow, CannotReplay, Message, read_rows, replay

from .conftest import BridgeProcess, Town, capto, wait_until

JRC = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "jrc_airsenseur"
MAP = ColumnMap.of("time=date,pm10=y,humidity=Relative_humidity")


def test_a_row_becomes_a_pack_that_states_its_own_time() -> None:
    lines = ["date,x,y,Relative_humidity", "1579276680.0,16.7,26.0,56.05"]
    (message,) = read_rows(lines, MAP, device="box-1")
    assert isinstance(message, Message)
    assert message.moment == datetime(2020, 1, 17, 15, 58, tzinfo=UTC)
    assert json.loads(message.payload) == [
        {"bn": "box-1:", "bt": 1579276680.0, "n": "pm10", "u": "ug/m3", "v": 26.0},
        {"n": "humidity", "u": "%RH", "v": 56.05},
    ]


def test_bad_lines_are_told_by_number_and_stop_nothing() -> None:
    lines = [
        "date;y;Relative_humidity",
        "never;1;2",
        "2020-01-17 16:00;1,5;NA",
        "2020-01-17 16:01;;",
        "2020-01-17 16:02",
    ]
    rows = list(read_rows(lines, MAP, device="box", zone=ZoneInfo("Europe/Paris")))
    assert [(row.line, row.reason) for row in rows if isinstance(row, BadRow)] == [
        (2, "'never' is not a time that is understood"),
        (4, "no value"),
        (5, "1 fields, the header has 3"),
    ]
    (good,) = (row for row in rows if isinstance(row, Message))
    assert good.moment == datetime(2020, 1, 17, 15, 0, tzinfo=UTC)  # 16:00 in Paris in winter
    assert [(record["n"], record["v"]) for record in json.loads(good.payload)] == [("pm10", 1.5)]


def test_a_column_that_is_not_there_and_a_quantity_without_a_unit_are_refused() -> None:
    with pytest.raises(CannotReplay, match="no column y"):
        list(read_rows(["date,z"], ColumnMap.of("time=date,pm10=y"), device="box"))
    with pytest.raises(CannotReplay, match="unicorns"):
        list(read_rows(["date,y"], ColumnMap.of("time=date,unicorns=y"), device="box"))


def test_the_speed_is_that_of_the_measurements_times_a_factor() -> None:
    now = 0.0
    sent: list[tuple[float, bytes]] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    rows = [Message(datetime(2026, 3, 1, 9, minute, tzinfo=UTC), b"%d" % minute) for minute in (0, 1, 3)]
    done = replay(rows, lambda payload: sent.append((now, payload)), speed=60, sleep=sleep, clock=lambda: now)
    assert sent == [(0.0, b"0"), (1.0, b"1"), (3.0, b"3")]  # a minute lasts a second
    assert (done.messages, done.first, done.last) == (3, rows[0].moment, rows[2].moment)


@pytest.mark.skipif(not JRC.exists(), reason="the recorded co-location is not here")
def test_a_recorded_co_location_goes_through_the_real_broker_once(
    town: Town, running_bridge: BridgeProcess, publisher_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, device = town.sensor(wire_format="senml", starts_at=datetime(2020, 1, 1, tzinfo=UTC))
    code = f"senml-{device}"
    monkeypatch.setenv("CAPTO_MQTT_PUBLISHER_URL", publisher_url)
    file = str(JRC / "pms5003_pm10_40458D.csv")
    rows = len(Path(file).read_text().splitlines()) - 1
    arguments = ("replay", file, "--map", "time=date,pm10:atm=y,humidity=Relative_humidity", "--sensor", code)
    for _ in range(2):
        done = capto(*arguments, database_url=town.database_url)
        assert done.returncode == 0, done.stderr
        assert f"{rows} messages published" in done.stdout
        wait_until(lambda: town.messages(key) == rows, what=f"{rows} rows")
    assert town.values(key, "pm10", "atm")[:3] == [26.0, 29.0, 31.0]  # the first rows of the file
    assert town.rejected(device) == []

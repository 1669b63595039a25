"""The same rows as CSV and Parquet, for a day, a month, a year, a place and all; parts of files."""

import hashlib
import io
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pyarrow as pa
import pytest
from django.db import connection
from django.test import Client
from pyarrow import csv, parquet

from capto.readings.models import (
    HourlyAggregate,
    HourlyValue,
    HourlyValueRevision,
    Layout,
    LayoutChannel,
    Publication,
    RawMessage,
)
from dashboards.open_data.csv import copy_as_csv
from dashboards.open_data.parquet import as_parquet, schema
from dashboards.open_data.periods import period
from dashboards.open_data.pieces import cuts, rows_as_csv
from dashboards.open_data.sources import HOURS, SOURCES
from tests.dashboards.conftest import HOUSE, NOON, City

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    """Keep the files that are made in a folder of the test's own."""
    settings.RUN_DIR = tmp_path


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


def table(answer: Any) -> pa.Table:
    assert answer.status_code == 200
    if answer["Content-Type"].startswith("text/csv"):
        return csv.read_csv(io.BytesIO(body(answer)))
    assert answer["Content-Type"] == "application/vnd.apache.parquet"
    return parquet.read_table(io.BytesIO(body(answer)))


def test_parquet_holds_the_rows_of_the_csv_with_their_types(client: Client, city: City) -> None:
    school = city.place("École, « du Parc »", kind="school")
    city.hours(school, [12.5, -1.25, None])
    found = table(client.get("/data/hourly/2026-11-20.parquet"))
    assert found.schema.equals(schema(HOURS.columns))
    assert found["interval_start"].to_pylist()[0] == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert found["value"].to_pylist() == [12.5, -1.25, None]
    assert found["channel"].to_pylist() == [None] * 3
    assert found["provisional"].to_pylist() == [True] * 3
    text = table(client.get("/data/hourly/2026-11-20.csv"))
    assert text["value"].to_pylist() == found["value"].to_pylist()
    assert text.column_names == found.column_names


@pytest.mark.parametrize(
    ("name", "rows"), [("2026-11-19", 12), ("2026-11-20", 12), ("2026-11", 24), ("2026", 24), ("all", 24)]
)
@pytest.mark.parametrize("extension", ["csv", "parquet"])
def test_a_period_is_a_day_a_month_a_year_or_all(
    client: Client, city: City, name: str, rows: int, extension: str
) -> None:
    city.hours(city.place("École", kind="school"), [1.0] * 24)
    assert table(client.get(f"/data/hourly/{name}.{extension}")).num_rows == rows


@pytest.mark.parametrize("name", ["2026-13", "26", "2026-11-31", "toujours", "1969", "2026-1-1"])
def test_a_period_that_is_none_is_answered_by_a_sentence(client: Client, name: str) -> None:
    answer = client.get(f"/data/hourly/{name}.csv")
    assert (answer.status_code, answer["Content-Type"]) == (400, "text/plain; charset=utf-8")


@pytest.mark.parametrize("address", ["/data/people/2026-11-20.csv", "/data/hourly/2026-11-20.xlsx"])
def test_what_is_no_file_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_a_file_without_rows_still_has_its_columns(client: Client) -> None:
    found = table(client.get("/data/hourly/2026-11-20.parquet"))
    assert (found.num_rows, found.num_columns) == (0, len(HOURS.columns))


@pytest.mark.parametrize("source", sorted(SOURCES))
@pytest.mark.parametrize("extension", ["csv", "parquet"])
def test_every_source_answers_in_both_formats(client: Client, source: str, extension: str) -> None:
    found = table(client.get(f"/data/{source}/2026-11.{extension}"))
    assert found.column_names == [column.name for column in SOURCES[source].columns]


def test_parts_of_a_parquet_file_join_into_the_file(client: Client, city: City) -> None:
    """As DuckDB and Arrow read it: the length by HEAD, then the end, then what is wanted."""
    city.hours(city.place("École", kind="school"), [float(n) for n in range(24)])
    address = "/data/hourly/2026-11.parquet"
    head = client.head(address)
    size = int(head["Content-Length"])
    assert (head["Accept-Ranges"], body(head)) == ("bytes", b"")
    whole = body(client.get(address))
    assert len(whole) == size
    end = client.get(address, headers={"range": "bytes=-8"})
    assert (end.status_code, end["Content-Range"], body(end)) == (
        206,
        f"bytes {size - 8}-{size - 1}/{size}",
        whole[-8:],
    )
    first = client.get(address, headers={"range": "bytes=0-3"})
    start = body(first)
    assert (first.status_code, start, first["Content-Length"]) == (206, b"PAR1", "4")
    rest = client.get(address, headers={"range": "bytes=4-", "if-range": head["ETag"]})
    assert start + body(rest) == whole


def test_a_range_of_a_day_of_csv_is_that_part_of_the_whole(client: Client, city: City) -> None:
    city.hours(city.place("École", kind="school"), [1.0] * 5)
    whole = body(client.get("/data/hourly/2026-11-20.csv"))
    part = client.get("/data/hourly/2026-11-20.csv", headers={"range": "bytes=10-19"})
    assert (part.status_code, body(part)) == (206, whole[10:20])


def test_a_range_outside_the_file_is_refused_and_an_old_mark_gives_the_whole(
    client: Client, city: City
) -> None:
    city.hours(city.place("École", kind="school"), [1.0])
    address = "/data/hourly/2026-11-20.parquet"
    whole = body(client.get(address))
    outside = client.get(address, headers={"range": f"bytes={len(whole)}-"})
    assert (outside.status_code, outside["Content-Range"]) == (416, f"bytes */{len(whole)}")
    stale = client.get(address, headers={"range": "bytes=0-3", "if-range": '"another"'})
    assert (stale.status_code, body(stale)) == (200, whole)


def test_a_file_that_is_not_understood_in_parts_comes_whole(client: Client, city: City) -> None:
    city.hours(city.place("École", kind="school"), [1.0])
    for asked in ("bytes=-", "bytes=5-2", "lines=1-2", "bytes=0-1,4-5"):
        answer = client.get("/data/hourly/2026-11-20.parquet", headers={"range": asked})
        assert answer.status_code == 200, asked


def test_parquet_is_made_group_by_group(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.open_data.parquet.ROWS_IN_A_GROUP", 1000)
    monkeypatch.setattr("dashboards.open_data.parquet.CSV_BYTES_AT_ONCE", 64 * 1024)
    school = city.place("École", kind="school", starts_at=NOON - timedelta(days=200))
    city.hours(school, [1.0] * 4000)
    blocks = list(as_parquet(copy_as_csv(HOURS.query("true"), ()), columns=schema(HOURS.columns)))
    assert len(blocks) >= 3
    file = parquet.ParquetFile(io.BytesIO(b"".join(blocks)))
    assert (file.metadata.num_rows, file.num_row_groups >= 3) == (4000, True)


def test_a_long_file_in_pieces_is_the_same_file(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, days in (("École", 200), ("Parc", 90)):
        place = city.place(name, kind="school", starts_at=NOON - timedelta(days=days))
        city.hours(place, [float(hour % 7) for hour in range(days * 24 - 24)])
    at_once = b"".join(copy_as_csv(HOURS.query("true"), ()))
    monkeypatch.setattr("dashboards.open_data.pieces.PIECE_BYTES", 20_000)
    assert len(cuts(HOURS.hypertable)) > 20
    assert b"".join(rows_as_csv(HOURS, period("all"))) == at_once
    of_the_year = [line for line in at_once.splitlines()[1:] if line.startswith(f"{NOON.year}".encode())]
    assert b"".join(rows_as_csv(HOURS, period(str(NOON.year)))).splitlines()[1:] == of_the_year
    assert len(of_the_year) > 3000


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_long_file_shows_one_moment_whatever_is_written_meanwhile() -> None:
    city = City()
    place = city.place("École", kind="school", starts_at=NOON - timedelta(days=200))
    city.hours(place, [1.0] * 4000)
    blocks = rows_as_csv(HOURS, period("all"))
    begun_with = next(blocks)

    def write() -> None:
        HourlyValue.objects.update(value=2.0)
        connection.close()

    other = Thread(target=write)
    other.start()
    other.join()
    found = csv.read_csv(io.BytesIO(begun_with + b"".join(blocks)))
    assert found.num_rows == 4000 and set(found["value"].to_pylist()) == {1.0}
    assert set(HourlyValue.objects.values_list("value", flat=True)) == {2.0}


def test_the_aggregates_give_the_raw_mean_again(client: Client, city: City) -> None:
    school = city.place("École", kind="school")
    series = city.hours(school, [10.0], raw=15.0)
    HourlyAggregate.objects.create(
        series=series, hour=NOON - HOUR, n=6, total=90.0, total_of_squares=1400.0, minimum=10.0, maximum=20.0
    )
    (hour,) = table(client.get(f"/data/places/{school.public_id}/hourly.parquet")).to_pylist()
    (sums,) = table(client.get(f"/data/places/{school.public_id}/aggregates.parquet")).to_pylist()
    assert sums["total"] / sums["n"] == hour["raw_mean"] == 15.0
    assert (sums["minimum"], sums["maximum"], sums["total_of_squares"]) == (10.0, 20.0, 1400.0)


def say(city: City, placement: Any, at: datetime, value: float) -> None:
    """Store one message of one value."""
    layout, made = Layout.objects.get_or_create(signature="pm25/atm/")
    if made:
        LayoutChannel.objects.create(layout=layout, position=1, property_id="pm25", variant="atm")
    city.hours(placement, [1.0], end=at + HOUR) if not placement.series.exists() else None
    RawMessage.objects.create(
        sensor=placement.sensor, observed_at=at, layout=layout, received_at=at, values=[value]
    )


def test_single_messages_of_a_loan_are_published_once_it_has_ended(client: Client, city: City) -> None:
    ended = city.place("Logement", kind="home", ends_at=NOON - timedelta(days=2))
    running = city.place("Autre logement", kind="home")
    indoor = city.place("Chambre", kind="home", is_indoor=True, ends_at=NOON - timedelta(days=2))
    middle = NOON - timedelta(days=10)
    say(city, ended, middle, 21.5)
    say(city, ended, ended.starts_at + HOUR, 22.5)  # its first day
    say(city, running, middle, 23.5)
    say(city, indoor, middle, 24.5)
    found = table(client.get("/data/messages/all.parquet")).to_pylist()
    assert [(row["place_id"], row["value"], row["observed_at"]) for row in found] == [
        (ended.public_id, 21.5, middle)
    ]


def test_a_figure_that_changed_is_a_line_of_the_changes(client: Client, city: City) -> None:
    school = city.place("École", kind="school")
    series = city.hours(school, [12.0])
    HourlyValueRevision.objects.create(
        series=series, first_hour=NOON - HOUR, last_hour=NOON - HOUR, changed_at=NOON, reason="late readings",
        hours=[NOON - HOUR], old_values=[10.0], new_values=[12.0], old_uncertainties=[4.0],
        new_uncertainties=[3.0], old_grades="C", new_grades="B", old_calibrations=[6], new_calibrations=[7],
        old_second_calibrations=[0], new_second_calibrations=[0],
    )  # fmt: skip
    (row,) = table(client.get("/data/changes/2026-11-20.parquet")).to_pylist()
    assert (row["old_value"], row["new_value"], row["old_grade"], row["new_grade"], row["reason"]) == (
        10.0, 12.0, "C", "B", "late readings",
    )  # fmt: skip


@pytest.mark.parametrize("source", ["hourly", "aggregates", "messages", "changes"])
@pytest.mark.parametrize("extension", ["csv", "parquet"])
def test_no_file_holds_an_exact_position_or_a_name_of_a_device(
    client: Client, city: City, source: str, extension: str
) -> None:
    home = city.place("Logement", kind="home", ends_at=NOON - timedelta(days=2))
    city.hours(home, [1.0] * 48, end=NOON - timedelta(days=5))
    say(city, home, NOON - timedelta(days=10), 20.0)
    content = body(client.get(f"/data/{source}/all.{extension}"))
    for secret in (str(HOUSE[0]), str(HOUSE[1]), home.sensor.serial, home.sensor.inventory_code):
        assert secret.encode() not in content
    if extension == "parquet":
        assert "SERIAL" not in str(parquet.read_table(io.BytesIO(content)).to_pylist())


def test_the_same_rows_are_the_same_bytes(client: Client, city: City) -> None:
    city.hours(city.place("École", kind="school"), [1.0] * 24)
    digests = {hashlib.sha256(body(client.get("/data/hourly/2026.parquet"))).hexdigest() for _ in range(2)}
    assert len(digests) == 1


def test_a_year_of_hours_is_known_to_have_changed_without_being_read(
    client: Client, city: City, django_assert_num_queries: Any
) -> None:
    city.hours(city.place("École", kind="school"), [1.0])
    before = client.head("/data/hourly/2026.csv")["ETag"]
    Publication.objects.create(first_hour=NOON - HOUR, last_hour=NOON - HOUR, at=NOON)
    with django_assert_num_queries(1) as asked:
        after = client.head("/data/hourly/2026.csv")
    assert "readings_hourly_value" not in asked[0]["sql"]
    assert after["ETag"] != before
    assert after["Last-Modified"] == "Fri, 20 Nov 2026 12:00:00 GMT"
    other = client.head("/data/hourly/2025.csv")["ETag"]
    Publication.objects.create(first_hour=NOON, last_hour=NOON, at=NOON)
    assert client.head("/data/hourly/2025.csv")["ETag"] == other

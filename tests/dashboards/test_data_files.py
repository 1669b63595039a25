"""The files that anyone may take: what a stranger's software finds in them."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from calibration.flags import Flag
from capto.readings.models import HourlyValue, ReferenceValue
from dashboards.open_data.csv import begun, copy_as_csv
from dashboards.open_data.dictionary import HOURLY
from dashboards.open_data.sources import HOURS
from tests.dashboards.conftest import NOON, City

pytestmark = pytest.mark.django_db
DAY = "/data/hourly.csv?date=2026-11-20"


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


def rows(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(body(answer).decode())))


def test_a_row_says_all_that_its_number_needs(client: Client, city: City) -> None:
    school = city.place("École du Parc", kind="school")
    city.hours(school, [12.5], flags=int(Flag.HUMIDITY | Flag.EXTRAPOLATED), grade="C")
    (row,) = rows(client.get(DAY))
    assert row == {
        "interval_start": "2026-11-20T11:00:00Z",
        "interval_end": "2026-11-20T12:00:00Z",
        "place_id": school.public_id,
        "quantity": "pm25",
        "variant": "atm",
        "channel": "",
        "unit": "ug/m3",
        "raw_mean": "18.75",
        "value": "12.5",
        "expanded_uncertainty": "3",
        "n": "6",
        "coverage": "1",
        "flags": "humidity extrapolated",
        "grade": "C",
        "calibration_id": "7",
        "second_calibration_id": "",
        "code_version": "0.1.0",
        "provisional": "true",
        "latitude": str(school.place.cell_latitude),
        "longitude": str(school.place.cell_longitude),
        "precision_m": "200",
        "purpose": "loan",
        "simulated": "false",
    }


def test_the_columns_of_the_file_are_those_of_the_dictionary(client: Client, city: City) -> None:
    header = body(client.get(DAY)).decode().splitlines()[0]
    assert header.split(",") == [column.name for column in HOURLY]


def test_a_negative_value_survives_and_an_absent_one_is_empty(client: Client, city: City) -> None:
    city.hours(city.place("École", kind="school"), [-1.25, None])
    assert [row["value"] for row in rows(client.get(DAY))] == ["-1.25", ""]


def test_the_file_is_utf8_without_mark_and_ends_its_lines_plainly(client: Client, city: City) -> None:
    city.hours(city.place("École", kind="school"), [1.0])
    content = body(client.get(DAY))
    assert content.startswith(b"interval_start,")
    assert b"\r" not in content
    assert content.endswith(b"\n")


def test_a_day_is_a_day_of_utc(client: Client, city: City) -> None:
    school = city.place("École", kind="school")
    city.hours(school, [1.0] * 48, end=datetime(2026, 11, 21, 12, tzinfo=UTC))
    starts = [row["interval_start"] for row in rows(client.get(DAY))]
    assert (len(starts), starts[0], starts[-1]) == (24, "2026-11-20T00:00:00Z", "2026-11-20T23:00:00Z")


@pytest.mark.parametrize(
    "written", ["", "2026-13-20", "20/11/2026", "hier", "2026-11-20'--", "0001-01-01", "9999-12-31"]
)
def test_a_bad_date_is_answered_in_a_plain_sentence(client: Client, written: str) -> None:
    answer = client.get("/data/hourly.csv", {"date": written})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content.decode().startswith(("Indiquez un jour", "Aucune mesure ne peut dater"))


def test_a_nul_in_the_address_is_not_a_failure(client: Client) -> None:
    assert client.get("/data/hourly.csv?date=2026-11-20%00").status_code == 400


def test_an_unchanged_file_is_not_sent_again(client: Client, city: City) -> None:
    city.hours(city.place("École", kind="school"), [1.0])
    first = client.head(DAY)
    assert first["Last-Modified"] == "Fri, 20 Nov 2026 12:05:00 GMT"
    again = client.get(DAY, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, body(again)) == (304, b"")
    assert client.get(DAY, headers={"if-modified-since": first["Last-Modified"]}).status_code == 304


def test_a_recomputed_value_changes_the_mark_of_its_file(client: Client, city: City) -> None:
    series = city.hours(city.place("École", kind="school"), [1.0])
    before = client.head(DAY)["ETag"]
    HourlyValue.objects.filter(series=series).update(value=2.0, computed_at=NOON + timedelta(hours=1))
    assert client.head(DAY)["ETag"] != before


def test_coarsening_a_place_changes_the_mark_and_the_rows_of_its_old_files(
    client: Client, city: City
) -> None:
    school = city.place("École", kind="school")
    city.hours(school, [1.0])
    before = client.head(DAY)["ETag"]
    school.place.precision_m, school.place.cell_latitude = 1000, 45.19
    school.place.save()
    after = client.get(DAY)
    assert after["ETag"] != before
    assert [row["precision_m"] for row in rows(after)] == ["1000"]


def test_head_says_the_same_without_a_body(client: Client, city: City) -> None:
    city.hours(city.place("École", kind="school"), [1.0])
    head, get = client.head(DAY), client.get(DAY)
    assert body(head) == b""
    assert "Content-Length" not in head
    assert body(get)
    for name in ("Content-Type", "ETag", "Last-Modified", "Link", "Content-Disposition"):
        assert head[name] == get[name]


def test_any_site_may_read_and_none_may_write(client: Client) -> None:
    assert client.head(DAY)["Access-Control-Allow-Origin"] == "*"
    assert client.options(DAY)["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert Client(enforce_csrf_checks=False).post(DAY).status_code == 405


def test_the_licence_travels_with_the_file(client: Client) -> None:
    assert '<https://opendatacommons.org/licenses/odbl/1-0/>; rel="license"' in client.head(DAY)["Link"]


def test_simulated_rows_say_so(client: Client, city: City) -> None:
    city.hours(city.place("École", kind="school", is_simulated=True), [1.0])
    assert [row["simulated"] for row in rows(client.get(DAY))] == ["true"]


def test_the_file_of_a_place_narrows_by_quantity_variant_and_time(client: Client, city: City) -> None:
    school = city.place("École", kind="school")
    city.hours(school, [1.0] * 10)
    city.hours(school, [2.0] * 10, variant="cf1")
    city.hours(school, [50.0] * 10, quantity="humidity", variant="")
    city.hours(city.place("Ailleurs", kind="school"), [9.0] * 10)
    address = f"/data/places/{school.public_id}/hourly.csv"
    assert len(rows(client.get(address))) == 30
    asked = {"quantity": "pm25", "variant": "cf1", "from": "2026-11-20T08Z", "to": "2026-11-20T10:00:00Z"}
    assert [(row["value"], row["interval_start"]) for row in rows(client.get(address, asked))] == [
        ("2", "2026-11-20T08:00:00Z"),
        ("2", "2026-11-20T09:00:00Z"),
    ]
    assert client.get(address, {"from": "demain"}).status_code == 400


@pytest.mark.parametrize("address", ["/data/places/nothing/hourly.csv", "/data/stations/NOPE/hourly.csv"])
def test_a_file_of_nothing_is_not_found(client: Client, db: None, address: str) -> None:
    assert client.get(address).status_code == 404


def test_reference_values_stand_in_files_of_their_own_under_their_own_licence(
    client: Client, city: City
) -> None:
    station = city.station()
    city.reference(station, [11.25])
    answer = client.get("/data/stations/FR00001/hourly.csv")
    assert "licence-ouverte" in answer["Link"]
    (row,) = rows(answer)
    assert (row["station_code"], row["value"], row["provider"], row["unit"]) == (
        "FR00001",
        "11.25",
        "e2",
        "ug/m3",
    )
    assert rows(client.get(DAY)) == []


def test_a_file_holds_no_row_of_a_licence_that_it_does_not_carry(client: Client, city: City) -> None:
    station = city.station()
    city.reference(station, [11.25], provider="atmo-region", licence="odbl", quantity="no2")
    assert rows(client.get("/data/stations/FR00001/hourly.csv")) == []
    assert ReferenceValue.objects.count() == 1


@pytest.mark.usefixtures("at_noon")
def test_page_and_file_give_the_same_number_for_the_same_hour(client: Client, city: City) -> None:
    school = city.place("École", kind="school")
    city.hours(school, [12.34])
    (row,) = rows(client.get(DAY))
    page = client.get(f"/lieu/{school.public_id}/pm25/").content.decode().replace("\xa0", " ")
    assert row["value"] == "12.34"
    assert "12,3</a> ± 3,0" in page


def test_blocks_are_small_whatever_the_size_of_the_file(city: City) -> None:
    school = city.place("École", kind="school", starts_at=NOON - timedelta(days=200))
    city.hours(school, [1.0] * 4000)
    start = datetime.combine(date(2026, 1, 1), datetime.min.time(), tzinfo=UTC)
    blocks = list(copy_as_csv(HOURS.query("hour >= %s AND hour < %s"), (start, NOON)))
    assert sum(len(block) for block in blocks) > 500_000
    assert max(len(block) for block in blocks) < 66_000


def test_the_documentation_names_every_column_and_no_account(client: Client, city: City) -> None:
    page = client.get("/data/").content.decode()
    for column in HOURLY:
        assert f"<code>{column.name}</code>" in page
    assert "http://testserver/data/hourly.csv?date=" in page


def test_a_data_file_asks_the_database_twice(
    client: Client, city: City, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):  # its state; the COPY itself is not counted by Django
        body(client.get(DAY))


def test_a_reader_who_leaves_ends_the_copy(city: City) -> None:
    school = city.place("École", kind="school", starts_at=NOON - timedelta(days=200))
    city.hours(school, [1.0] * 4000)
    before = transaction.savepoint()
    blocks = begun(copy_as_csv(HOURS.query("hour < %s"), (NOON,)))
    assert next(blocks).startswith(b"interval_start")
    blocks.close()
    transaction.savepoint_rollback(before)
    assert HourlyValue.objects.count() == 4000  # the connection answers again

"""Every address of data as HTTP means it: marks, dates, HEAD, questions before a question of another site."""

import io
from typing import Any

import pandas
import pytest
from django.test import Client
from pyarrow import parquet

from capto.readings.models import Publication
from dashboards.open_data.releases import release
from dashboards.open_data.sources import SOURCES
from tests.dashboards.conftest import NOON, City

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

FILES = [
    *(f"/data/{source}/{period}.{extension}" for source in sorted(SOURCES)
      for period in ("2026-11-19", "2026-11", "all") for extension in ("csv", "parquet")),
    "/data/hourly.csv?date=2026-11-19", "/data/places/parcparcparc/hourly.csv",
    "/data/places/parcparcparc/hourly.parquet", "/data/places/parcparcparc/aggregates.csv",
    "/data/stations/FR00001/hourly.csv", "/data/stations/FR00001/hourly.parquet",
    "/data/releases/2026-11-19/v1/hourly.csv", "/data/releases/2026-11-19/v1/hourly.parquet",
    "/data/releases/2026-11-19/v1/SHA256SUMS", "/data/releases/2026-11-19/v1/datapackage.json",
]  # fmt: skip
DESCRIPTIONS = [
    "/data/catalog.jsonld", "/data/catalog.ttl", "/data/catalog.rdf", "/data/datapackage.json", "/data/journal.csv",
    "/api/v1/openapi.json", "/api/v1/latest", "/api/v1/places", "/api/v1/stations",
    "/api/v1/hourly?place_id=parcparcparc", "/api/sta/v1.1", "/api/sta/v1.1/Things",
    "/api/sta/v1.1/Observations?$filter=result%20gt%201",
]  # fmt: skip


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


@pytest.fixture
def measured(city: City, settings: Any, tmp_path: Any) -> City:
    """A school and a station with two days of hours, of which one is released."""
    settings.RUN_DIR = tmp_path
    settings.FILES_PER_MINUTE = settings.READS_PER_MINUTE = 10_000
    city.hours(city.place("École du Parc", kind="school", public_id="parcparcparc"), [10.0] * 48)
    Publication.objects.create(first_hour=NOON.replace(day=18), last_hour=NOON, at=NOON)
    city.reference(city.station(), [7.5] * 48)
    release("2026-11-19", now=NOON)
    return city


def test_every_address_answers_a_get_a_head_and_a_question_that_knows_the_answer(
    client: Client, measured: City
) -> None:
    for address in [*FILES, *DESCRIPTIONS]:
        answer = client.get(address)
        assert answer.status_code == 200, address
        content = body(answer)
        assert answer["Access-Control-Allow-Origin"] == "*", address
        assert answer["ETag"].startswith(('"', 'W/"')), address
        assert "max-age" in answer["Cache-Control"], address
        head = client.head(address)
        assert (head.status_code, body(head), head["ETag"]) == (200, b"", answer["ETag"]), address
        assert head["Content-Type"] == answer["Content-Type"], address
        if "Content-Length" in head:
            assert int(head["Content-Length"]) == len(content), address
        again = client.get(address, headers={"if-none-match": answer["ETag"]})
        assert (again.status_code, body(again)) == (304, b""), address
        assert again["Access-Control-Allow-Origin"] == "*", address


def test_files_with_rows_have_a_date_and_give_what_is_newer_than_a_date(
    client: Client, measured: City
) -> None:
    dated = 0
    for address in FILES:
        known = client.head(address)
        if "Last-Modified" not in known:
            assert len(body(client.get(address)).splitlines()) <= 1 or address.endswith("parquet"), address
            continue
        dated += 1
        same = client.get(address, headers={"if-modified-since": known["Last-Modified"]})
        assert (same.status_code, body(same)) == (304, b""), address
        newer = client.get(address, headers={"if-modified-since": "Mon, 01 Jan 2024 00:00:00 GMT"})
        assert (newer.status_code, bool(body(newer))) == (200, True), address
    assert dated > 15


def test_another_site_may_ask_first_whether_it_may_ask(client: Client, measured: City) -> None:
    asked = {
        "origin": "https://example.org",
        "access-control-request-method": "GET",
        "access-control-request-headers": "range, if-none-match",
    }
    for address in [*FILES, *DESCRIPTIONS]:
        answer = client.options(address, headers=asked)
        assert answer.status_code in (200, 204), address
        assert answer["Access-Control-Allow-Origin"] == "*", address
        assert "GET" in answer["Access-Control-Allow-Methods"], address
        assert client.post(address).status_code == 405, address


def test_a_part_is_given_to_whom_the_file_has_not_changed(client: Client, measured: City) -> None:
    for address in (
        "/data/hourly/2026-11-19.parquet", "/data/hourly/2026-11-19.csv", "/data/places/parcparcparc/hourly.parquet",
        "/data/releases/2026-11-19/v1/hourly.csv", "/data/stations/FR00001/hourly.parquet",
    ):  # fmt: skip
        whole = client.get(address)
        content = body(whole)
        for known in (whole["ETag"], whole.get("Last-Modified", whole["ETag"])):
            part = client.get(address, headers={"range": "bytes=2-5", "if-range": known})
            assert (part.status_code, body(part)) == (206, content[2:6]), address
            assert part["Content-Range"] == f"bytes 2-5/{len(content)}", address
        for stale in ('"other"', "Mon, 01 Jan 2024 00:00:00 GMT"):
            all_of_it = client.get(address, headers={"range": "bytes=2-5", "if-range": stale})
            assert (all_of_it.status_code, body(all_of_it)) == (200, content), address


def test_parquet_is_read_by_arrow_and_by_pandas_with_the_unit_of_each_column(
    client: Client, measured: City
) -> None:
    content = body(client.get("/data/hourly/2026-11-19.parquet"))
    schema = parquet.read_schema(io.BytesIO(content))
    units = {field.name: (field.metadata or {}).get(b"unit", b"").decode() for field in schema}
    assert (units["value"], units["raw_mean"], units["expanded_uncertainty"]) == (
        "{unit}",
        "{unit}",
        "{unit}",
    )
    assert (units["precision_m"], units["latitude"], units["coverage"], units["grade"]) == (
        "m",
        "deg",
        "1",
        "",
    )
    frame = pandas.read_parquet(io.BytesIO(content))
    assert (len(frame), set(frame["unit"]), set(frame["value"])) == (24, {"ug/m3"}, {10.0})
    assert str(frame["interval_start"].dt.tz) == "UTC"

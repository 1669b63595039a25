"""Each way by which something leaves the service is asked of a home whose true position the test knows.

Pages, frames, the map's points and its drawing, a picture for links, feeds, the sitemap, files and releases, charts'
files, the catalogue, both interfaces with their orders, filters, ids and marks of pages, refusals, headers, the log:
no number in any of them lies nearer to the house than the centre of its cell, none is an hour that is not public.
"""

import base64
import io
import json
import logging
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image
from pyarrow import parquet

from capto.readings.models import HourlyAggregate, HourlyValue, Placement, Publication
from dashboards.models import StretchSum
from dashboards.open_data.releases import release
from tests.dashboards.conftest import HOUSE, NOON, City

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]
STA = "/api/sta/v1.1"
SECRET = 641.375  # of every hour that is not public
INSTALLED = NOON - timedelta(days=3, hours=2, minutes=17)  # 17 November, 10:43 in Paris
NEAR = 0.0011  # degrees; the half of a cell of 200 m, and a little


@pytest.fixture
def home(city: City, settings: Any, tmp_path: Any) -> Placement:
    """A home since Tuesday morning, whose hours of that day hold a value that is found wherever it leaks."""
    settings.RUN_DIR = tmp_path
    settings.FILES_PER_MINUTE = settings.READS_PER_MINUTE = 10_000
    placement = city.place("Berriat", starts_at=INSTALLED)
    series = city.hours(placement, [12.0] * 74)
    hidden = HourlyValue.objects.filter(series=series, hour__lt=NOON.replace(day=17, hour=23))
    assert hidden.update(value=SECRET, raw_mean=SECRET, n=641) == 13
    for hour in HourlyValue.objects.filter(series=series):
        total = hour.raw_mean * hour.n
        HourlyAggregate.objects.create(
            series=series, hour=hour.hour, n=hour.n, total=total, total_of_squares=total, minimum=hour.raw_mean,
            maximum=hour.raw_mean,
        )  # fmt: skip
    city.reference(city.station(), [7.5] * 74)
    Publication.objects.create(first_hour=INSTALLED, last_hour=NOON, at=NOON)
    StretchSum.objects.renew(now=NOON)
    release("2026-11-18", now=NOON)
    release("2026-11-17", now=NOON)
    return placement


def channels(ident: str, thing: int, stream: int) -> list[str]:
    place, files = f"/lieu/{ident}", f"/data/places/{ident}"
    near = f"geo.distance(location,geography'POINT ({HOUSE[1]} {HOUSE[0]})')"
    around = f"{HOUSE[1] - 0.0001} {HOUSE[0] - 0.0001}"
    box = f"POLYGON (({around}, {HOUSE[1]} {HOUSE[0] + 0.0001}, {HOUSE[1] + 0.0001} {HOUSE[0]}, {around}))"
    return [
        "/", "/?grandeur=pm25", "/lieux/", "/carte.json?grandeur=pm25", "/soirs/", "/autour/?lat=45.2&lon=5.7",
        "/autour/carte.svg?grandeur=pm25", "/commune/38185/", "/commune/38185/pm25/annee/", "/modele/mesange/",
        f"{place}/", f"{place}/pm25/", f"{place}/pm25/annee/", f"{place}/pm25/annee/2026/", f"{place}/pm25/jours.atom",
        f"{place}/pm25/?jour=2026-11-17", f"{place}/pm25/2026-11-17T12Z/", f"{place}/pm25/2026-11-18T12Z/",
        f"/integrer/{ident}/pm25/", "/station/FR00001/pm25/", "/sitemap.xml", "/retires/", "/data/", "/data/releases/",
        *(f"{files}/{name}" for name in ("hourly.csv", "aggregates.csv", "messages.csv", "changes.csv")),
        f"{files}/hourly.csv?from=2026-11-17&to=2026-11-18", "/data/hourly/all.csv", "/data/aggregates/2026-11-17.csv",
        "/data/releases/2026-11-17/v1/hourly.csv", "/data/releases/2026-11-17/v1/aggregates.csv",
        "/data/releases/2026-11-18/v1/datapackage.json", "/data/catalog.jsonld", "/data/catalog.ttl",
        "/data/datapackage.json", "/data/journal.csv",
        *(f"/data/charts/lieu/{ident}/pm25/{figure}.csv" for figure in ("jours", "profil", "soirs")),
        "/api/v1/latest", "/api/v1/places", f"/api/v1/hourly?place_id={ident}",
        f"/api/v1/hourly?place_id={ident}&from=2026-11-17T00:00:00Z&to=2026-11-18T00:00:00Z",
        f"/api/v1/explain?place_id={ident}&quantity=pm25&hour=2026-11-17T12:00:00Z",
        f"{STA}/Things?$expand=Locations,HistoricalLocations,Datastreams($expand=Observations($orderby=result desc))",
        f"{STA}/Things({thing})/HistoricalLocations", f"{STA}/Things({thing})/Locations",
        f"{STA}/Locations?$orderby=location", f"{STA}/FeaturesOfInterest?$expand=Observations($top=2;$count=true)",
        f"{STA}/Locations?$filter={near} lt 0.00005", f"{STA}/Locations?$orderby={near}",
        f"{STA}/FeaturesOfInterest?$filter=st_within(feature,geography'{box}')",
        f"{STA}/Datastreams?$filter=st_within(Thing/Locations/location,geography'{box}')",
        f"{STA}/Observations?$filter=result gt 600&$count=true", f"{STA}/Observations?$orderby=result desc&$top=3",
        f"{STA}/Observations?$orderby=parameters/n desc&$top=3", f"{STA}/Observations?$orderby=resultTime&$top=3",
        f"{STA}/Things?$filter=Datastreams/Observations/result gt 600",
        f"{STA}/Datastreams({stream})/Observations?$filter=phenomenonTime lt 2026-11-17T23:00:00Z&$count=true",
        f"{STA}/Datastreams?$filter=Observations/parameters/n gt 600",
        f"{STA}/Things?$filter=latitude gt 1", f"{STA}/Locations?$orderby=place/latitude", f"{STA}/Sensors(999999)",
    ]  # fmt: skip


def said(client: Client, address: str) -> str:
    path, _, query = address.partition("?")
    pairs = dict(part.partition("=")[::2] for part in query.split("&")) if query else {}
    answer = client.get(path, pairs)
    content = b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)
    tokens = re.findall(r"skiptoken=([\w-]+)", content.decode(errors="replace"))
    read = "".join(base64.urlsafe_b64decode(f"{token}==").decode(errors="replace") for token in tokens)
    asked = " ".join(pairs.values())  # a refusal may say back what was asked
    return content.decode(errors="replace").replace(asked, "") + str(dict(answer.headers)) + read


def test_no_channel_comes_nearer_to_the_house_than_its_cell_nor_to_a_hidden_hour(
    client: Client, home: Placement, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    cell = (home.place.cell_latitude, home.place.cell_longitude)
    stream = home.series.get().pk * 2
    secrets = [
        "641.375",
        "641,4",
        "641,375",
        "SECRET-",
        "SERIAL-",
        "MAC-",
        "T09:43",
        "10:43",
        "10 h 43",
        "09:43:",
    ]
    for address in channels(home.public_id, home.pk, stream):
        told = said(client, address)
        for secret in secrets:
            assert secret not in told, f"{address} says {secret}"
        for written in re.findall(r"(?<![\d.])-?\d{1,2}\.\d{3,}", told):
            for true, published in zip(HOUSE, cell, strict=True):
                if abs(float(written) - true) < NEAR:
                    rounding = 0.51 * 10.0 ** -min(6, len(written.partition(".")[2]))
                    assert float(written) == pytest.approx(published, abs=rounding), (
                        f"{address} says {written}"
                    )
    logged = "\n".join(
        record.getMessage() for record in caplog.records if not record.name.startswith("django.db")
    )
    assert not any(
        secret in logged for secret in ("641.375", str(HOUSE[0]), str(HOUSE[1]), "SERIAL-", "MAC-")
    )


def test_files_for_machines_and_pictures_say_no_more_than_text(client: Client, home: Placement) -> None:
    for address in ("/data/hourly/2026-11.parquet", f"/data/places/{home.public_id}/aggregates.parquet"):
        answer = client.get(address)
        table = parquet.read_table(io.BytesIO(b"".join(answer.streaming_content)))
        assert min(table["interval_start"].to_pylist()) >= NOON.replace(day=17, hour=23), address
        assert SECRET not in {value for name in table.column_names for value in table[name].to_pylist()}
    picture = client.get(f"/lieu/{home.public_id}/pm25/apercu.png").content
    with Image.open(io.BytesIO(picture)) as opened:
        assert not opened.info and not opened.getexif()


def test_a_stay_begins_at_a_midnight_and_ids_tell_nothing_of_time_or_place(
    client: Client, home: Placement
) -> None:
    (stay,) = client.get(f"{STA}/HistoricalLocations").json()["value"]
    assert stay["time"] == "2026-11-17T23:00:00Z"  # midnight in Paris after the day of installing
    (thing,) = client.get(f"{STA}/Things").json()["value"]
    assert thing["properties"]["from"] == "2026-11-17T23:00:00Z"
    assert thing["@iot.id"] == home.pk
    first = client.get(f"{STA}/Observations", {"$orderby": "id", "$top": "1"}).json()["value"][0]
    assert first["phenomenonTime"].startswith("2026-11-17T23:00:00Z/")


def test_hidden_hours_move_no_mark_no_count_and_no_extreme(client: Client, home: Placement) -> None:
    """Whoever asks again and again while a sensor is put up sees nothing change until the day is over."""
    asked = [
        f"{STA}/Observations?$count=true&$top=1", f"{STA}/Observations?$orderby=result desc&$top=1",
        f"{STA}/Datastreams?$expand=Observations($orderby=parameters/n desc;$top=1)", "/api/v1/places",
        f"/data/places/{home.public_id}/hourly.csv", "/data/hourly/2026-11-17.csv", "/data/aggregates/2026-11-17.csv",
    ]  # fmt: skip

    def marks() -> list[tuple[str, str]]:
        answers = [client.head(*_split(address)) for address in asked]
        return [(answer["ETag"], answer.get("Last-Modified", "")) for answer in answers]

    before = marks()
    HourlyValue.objects.filter(n=641).update(n=9999, value=1.0, computed_at=NOON)
    HourlyAggregate.objects.filter(n=641).delete()
    StretchSum.objects.all().delete()
    StretchSum.objects.renew(now=NOON)
    assert marks() == before
    HourlyValue.objects.filter(n=9999).delete()
    assert marks() == before


def test_a_hidden_place_costs_the_database_what_one_that_does_not_exist_costs(
    client: Client, city: City
) -> None:
    """The time of an answer does not tell an indoor place from none: the same questions are asked for both."""
    hidden = city.place("Chambre", is_indoor=True)
    city.hours(hidden, [12.0] * 30)
    city.hours(city.place("Berriat"), [12.0] * 30)
    for form in (
        "/lieu/{}/", "/lieu/{}/pm25/", "/lieu/{}/pm25/apercu.png", "/data/places/{}/hourly.csv", "/integrer/{}/pm25/",
        "/api/v1/hourly?place_id={}",
    ):  # fmt: skip
        counts = []
        for ident in (hidden.public_id, "23456789abcd"):
            with CaptureQueriesContext(
                connection,
            ) as questions:
                answer = client.get(form.format(ident))
            counts.append((answer.status_code, len(questions)))
        assert counts[0] == counts[1], form
    thing = client.get(f"{STA}/Things({hidden.pk})")
    nobody = client.get(f"{STA}/Things(99999999)")
    assert thing.status_code == nobody.status_code == 404
    assert json.loads(thing.content)["message"].replace(str(hidden.pk), "") == json.loads(nobody.content)[
        "message"
    ].replace("99999999", "")


def _split(address: str) -> tuple[str, dict[str, str]]:
    path, _, query = address.partition("?")
    return path, dict(part.partition("=")[::2] for part in query.split("&")) if query else {}

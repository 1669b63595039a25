"""Releases that never change, the data package judged by its own tool, and one licence to a file."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from frictionless import Package, system

from capto.readings.models import HourlyValue
from dashboards.models import DatasetLicence, Release
from dashboards.open_data.periods import NoPeriod
from dashboards.open_data.releases import LicenceMix, NotOver, release, release_what_is_over
from dashboards.open_data.sources import REFERENCE_HOURS, SOURCES
from tests.dashboards.conftest import NOON, City

pytestmark = pytest.mark.django_db
LATER = datetime(2026, 12, 2, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_folders(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.RUN_DIR = tmp_path


@pytest.fixture
def measured(city: City) -> City:
    """Give a school and a station with two days of hours, a negative value and an absent one among them."""
    city.hours(city.place("École, « du Parc »", kind="school"), [1.0] * 45 + [-1.25, None, 3.0])
    city.reference(city.station(), [11.25] * 24)
    return city


def problems(descriptor: Path) -> list[Any]:
    with system.use_context(trusted=True):
        report = Package(str(descriptor)).validate()
    return report.flatten(["type", "message"])


def test_a_release_is_a_package_that_its_own_tool_finds_valid(measured: City) -> None:
    made = release("2026-11-20", now=LATER)
    descriptor = made.folder / "datapackage.json"
    package = json.loads(descriptor.read_text())
    assert [resource["name"] for resource in package["resources"]] == list(SOURCES)
    assert problems(descriptor) == []
    text = (made.folder / "hourly.csv").read_text()
    (made.folder / "hourly.csv").write_text(text.replace("-1.25", "minus"))
    assert problems(descriptor), "the tool must see a broken file"


def test_the_checksums_are_those_of_the_files(measured: City) -> None:
    made = release("2026-11-20", now=LATER)
    lines = (made.folder / "SHA256SUMS").read_text().splitlines()
    assert len(lines) == 2 * len(SOURCES) + 1
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((made.folder / name).read_bytes()).hexdigest() == digest
        assert made.files[name]["sha256"] == digest


def test_each_resource_says_its_own_licence(measured: City) -> None:
    made = release("2026-11-20", now=LATER)
    package = json.loads((made.folder / "datapackage.json").read_text())
    named = {resource["name"]: resource["licenses"][0]["name"] for resource in package["resources"]}
    assert named == {
        "hourly": "ODbL-1.0", "aggregates": "ODbL-1.0", "messages": "ODbL-1.0", "changes": "ODbL-1.0",
        "reference": "etalab-2.0",
    }  # fmt: skip


def test_a_release_that_is_asked_for_again_is_the_same_one(measured: City) -> None:
    first = release("2026-11-20", now=LATER)
    assert release("2026-11-20", now=LATER + timedelta(days=1)) == first
    assert Release.objects.count() == 1


def test_figures_that_change_make_a_version_beside_the_old_one(measured: City) -> None:
    first = release("2026-11-20", now=LATER)
    before = (first.folder / "hourly.csv").read_bytes()
    HourlyValue.objects.filter(value=3.0).update(value=4.0, computed_at=LATER)
    second = release("2026-11-20", now=LATER + timedelta(days=1))
    assert (first.version, second.version) == (1, 2)
    assert (first.folder / "hourly.csv").read_bytes() == before
    assert (second.folder / "hourly.csv").read_bytes() != before


@pytest.mark.parametrize("name", ["2026-12-02", "2026-12", "2026", "all"])
def test_a_period_that_is_not_over_is_not_released(name: str) -> None:
    with pytest.raises(NotOver):
        release(name, now=LATER)


def test_what_names_no_period_is_refused() -> None:
    with pytest.raises(NoPeriod):
        release("../people", now=LATER)


def test_the_night_releases_yesterday_and_the_months_that_changed(measured: City) -> None:
    assert release_what_is_over(now=LATER) == 1 + 13
    assert release_what_is_over(now=LATER + timedelta(minutes=5)) == 0
    HourlyValue.objects.filter(value=3.0).update(value=4.0, computed_at=LATER)
    assert release_what_is_over(now=LATER + timedelta(minutes=10)) == 1
    assert Release.objects.of("2026-11").values_list("version", flat=True)[0] == 2


def test_rows_of_a_licence_that_the_file_does_not_carry_fail_the_release(
    measured: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The query leaves such rows out; a release does not trust it."""
    measured.reference(measured.station(code="FR00002"), [9.0], provider="atmo-region", licence="odbl")
    assert "9.0" not in (release("2026-11-20", now=LATER).folder / "reference.csv").read_text()
    careless = REFERENCE_HOURS.tables.replace(" AND series.licence = 'lov2'", "")
    monkeypatch.setattr(
        "dashboards.open_data.releases.SOURCES",
        {"reference": type(REFERENCE_HOURS)(**{
            name: getattr(REFERENCE_HOURS, name) for name in REFERENCE_HOURS.__slots__
        } | {"tables": careless})},
    )  # fmt: skip
    before = Release.objects.count()
    with pytest.raises(LicenceMix, match="ODbL"):
        release("2026-11-19", now=LATER) and release("2026-11-20", now=LATER)
    assert Release.objects.filter(period="2026-11-20").count() == before
    folder = Path(release("2026-11-19", now=LATER).folder).parent.parent / "2026-11-20"
    assert sorted(path.name for path in folder.iterdir()) == ["v1"]


def test_a_licence_is_a_recorded_decision(measured: City) -> None:
    DatasetLicence.objects.create(
        dataset="hourly", licence="lov2", decided_at=LATER, reason="vote de l’assemblée"
    )
    assert DatasetLicence.of("hourly", now=LATER - timedelta(days=1)).name == "ODbL-1.0"
    assert DatasetLicence.of("hourly", now=LATER).name == "etalab-2.0"


def test_a_file_of_a_release_says_that_it_never_changes(client: Client, measured: City) -> None:
    made = release("2026-11-20", now=LATER)
    address = f"/data/releases/{made}/hourly.parquet"
    answer = client.get(address)
    content = b"".join(answer.streaming_content)
    assert "immutable" in answer["Cache-Control"]
    assert int(answer["Content-Length"]) == len(content)
    assert answer["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    part = client.get(address, headers={"range": "bytes=0-3"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, b"PAR1")
    assert client.get(address, headers={"if-none-match": answer["ETag"]}).status_code == 304
    page = client.get("/data/releases/").content.decode()
    assert address in page


@pytest.mark.parametrize(
    "address", ["2026-11-20/v9/hourly.csv", "2026-11-20/v1/../secret", "2026-11-20/v1/people.csv"]
)
def test_what_is_in_no_release_is_not_found(client: Client, measured: City, address: str) -> None:
    release("2026-11-20", now=LATER)
    assert client.get(f"/data/releases/{address}").status_code == 404


@pytest.mark.usefixtures("at_noon")
def test_the_package_of_the_last_whole_day_describes_files_that_are_there(
    client: Client, measured: City, tmp_path: Path
) -> None:
    package = client.get("/data/datapackage.json").json()
    assert package["resources"][0]["path"] == f"hourly/{NOON - timedelta(days=1):%Y-%m-%d}.csv"
    for resource in package["resources"]:
        answer = client.get(f"/data/{resource['path']}")
        path = tmp_path / resource["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(answer.streaming_content))
    (tmp_path / "datapackage.json").write_text(json.dumps(package))
    assert problems(tmp_path / "datapackage.json") == []
    assert client.get("/data/datapackage.json?period=demain").status_code == 400

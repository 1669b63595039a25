"""A maker's test, from asking to the published report, and the wizard for one's own files."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.db.utils import ProgrammingError
from django.test import Client

from capto.catalogue.models import ObservedProperty
from capto.members.models import Organisation, Person
from capto.readings.models import ReferenceSeries, ReferenceStation
from capto.validation import uploads
from capto.validation.device_test_reports import make_report
from capto.validation.models import (
    Bench,
    BenchFull,
    DeviceTest,
    HomeVolunteer,
    StartsInThePast,
    TestReport,
    TestText,
    TooEarly,
)
from tests.validation.makers import (
    AFTER,
    CALIBRATION,
    DAY,
    NOW,
    SCORING,
    START,
    air,
    give,
    hours,
    measure,
    unit_csv,
)


@pytest.fixture(autouse=True)
def quiet(settings: Any, tmp_path: Path) -> None:
    settings.STAFF_SECOND_FACTOR = False
    settings.MEDIA_ROOT = tmp_path / "media"


def test_calibration_and_scoring_periods_never_overlap_whoever_writes_them(
    ask: Callable[..., DeviceTest], association: Organisation, station: ReferenceStation
) -> None:
    with (
        pytest.raises(IntegrityError, match="calibration_and_scoring_periods_never_overlap"),
        transaction.atomic(),
    ):
        ask().plan(
            organisation=association, station=station, calibration=CALIBRATION,
            scoring=(CALIBRATION[1] - DAY, SCORING[1]), now=NOW,
        )  # fmt: skip


def test_periods_are_fixed_before_the_start_and_never_change(
    planned: Callable[..., DeviceTest], ask: Callable[..., DeviceTest], association: Organisation,
    station: ReferenceStation,
) -> None:  # fmt: skip
    with pytest.raises(StartsInThePast):
        ask().plan(
            organisation=association,
            station=station,
            calibration=CALIBRATION,
            scoring=SCORING,
            now=START + DAY,
        )
    test = planned()
    for field, value in (
        ("scoring_ends_at", AFTER),
        ("is_blind", False),
        ("firmware", "2.5"),
        ("fixed_at", None),
    ):
        with (
            pytest.raises(ProgrammingError, match="Cannot update"),
            transaction.atomic(),
        ):
            DeviceTest.objects.filter(pk=test.pk).update(**{field: value, "why_not_blind": "une raison"})
    with pytest.raises(ProgrammingError, match="Cannot delete"), transaction.atomic():
        DeviceTest.objects.filter(pk=test.pk).delete()


def test_a_test_takes_no_more_places_than_the_bench_has(
    planned: Callable[..., DeviceTest], station: ReferenceStation
) -> None:
    Bench.set_places(station, places=3)
    planned(way="bench", units=2)
    with pytest.raises(BenchFull):
        planned(way="bench", units=2)
    planned(way="bench", units=1)
    planned(way="files", units=10)  # stands elsewhere: takes no place


def test_a_published_text_is_never_rewritten(texts: None) -> None:
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        TestText.objects.filter(version="essai").update(french="Autre chose.")


def test_a_report_is_made_from_what_was_given_and_never_suppressed(
    planned: Callable[..., DeviceTest], reference: ReferenceSeries, maker: Person
) -> None:
    test = planned()
    measure(reference)
    give(test)
    quantity = ObservedProperty.objects.get(pk="pm25")
    with pytest.raises(TooEarly):
        make_report(test, quantity, now=SCORING[1] - DAY)
    report = make_report(test, quantity, now=AFTER)
    first = report.document["sensors"][0]
    assert first["hourly"]["slope"] == pytest.approx(1.05, abs=0.02)
    assert first["corrected"]["scoring_from"] == SCORING[0].isoformat()
    assert first["corrected"]["library"]["scored_begin"] >= SCORING[0].isoformat()
    assert report.document["identity"]["firmware"] == "2.4"
    about = report.document["reference"]["about"]
    assert about["validity"] == {"1": len(hours())} and about["value_type"] == "moyenne horaire brute"
    assert "provisoires, peuvent être révisées" in report.french and "may be revised" in report.english
    for act in (lambda: TestReport.objects.all().delete(), lambda: TestReport.objects.update(french="")):
        with pytest.raises(ProgrammingError, match="Cannot"), transaction.atomic():
            act()
    again = make_report(test, quantity, now=AFTER + DAY, why="Erratum")
    assert (again.version, TestReport.objects.count()) == (2, 2)


def test_the_report_has_a_permanent_address_with_the_comment_beside_the_verdict(
    planned: Callable[..., DeviceTest], reference: ReferenceSeries, maker: Person, client: Client
) -> None:
    test = planned()
    measure(reference)
    give(test)
    make_report(test, ObservedProperty.objects.get(pk="pm25"), now=AFTER)
    address = f"/essais/{test.public_id}/rapport/pm25/"
    page = client.get(address).content.decode()
    assert "Boîte Azur" in page and "style=" not in page.split("<article")[1].split("</article>")[0]
    client.force_login(maker)
    done = client.post(
        f"/essais/{test.public_id}/commentaire/", {"comment": "Nous n’étions pas prêts."}, follow=True
    )
    assert "Nous n’étions pas prêts." in done.content.decode()
    client.logout()
    page = client.get(address).content.decode()
    verdict, comment, facts = (
        page.index(text) for text in ('class="verdict', "Nous n’étions pas prêts.", 'class="facts')
    )
    assert verdict < comment < facts
    assert client.get(f"{address}v1.json").json()["schema"] == "capto/device-report/1"
    assert client.get(f"{address}v1.pdf").content.startswith(b"%PDF-")
    assert "Nous n’étions pas prêts." in client.get(f"{address}v1.html").content.decode()
    assert client.get(f"{address}v1.zip").content.startswith(b"PK")
    assert client.get(f"{address}v2.json").status_code == 404
    assert test.device in client.get("/essais/").content.decode()


def test_the_maker_reads_the_reference_only_after_a_blind_period(
    planned: Callable[..., DeviceTest], reference: ReferenceSeries, maker: Person, client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    test = planned()
    measure(reference)
    client.force_login(maker)
    for now, seen in ((SCORING[0] + DAY, False), (AFTER, True)):
        monkeypatch.setattr("capto.validation.views.device_tests.timezone.now", lambda now=now: now)
        page = client.get(f"/essais/{test.public_id}/").content.decode()
        assert ("Référence\u00a0: " in page) is seen
        assert ("à l’aveugle\u00a0:" in page) is not seen


def test_who_tries_a_device_at_home_stays_unknown_to_the_maker(
    planned: Callable[..., DeviceTest], maker: Person, client: Client
) -> None:
    test = planned(wants_volunteers=True)
    neighbour = Person.objects.create_user("voisine@exemple.test", name="Nadège Untel")
    HomeVolunteer.offer(test, person=neighbour, commune="Voiron", now=NOW)
    HomeVolunteer.offer(test, person=neighbour, commune="Meylan", now=NOW)
    client.force_login(maker)
    page = client.get(f"/essais/{test.public_id}/").content.decode()
    assert "Meylan\u00a0: 1" in page and "Voiron" not in page
    assert "Nadège" not in page and "voisine@" not in page


def test_asking_planning_and_declining_are_pages(
    texts: None,
    maker: Person,
    metrologist: Person,
    association: Organisation,
    reference: ReferenceSeries,
    client: Client,
) -> None:
    client.force_login(maker)
    told = {
        "maker_name": "Atelier fictif", "device": "Boîte Verte", "firmware": "1", "quantities": ["pm25"], "units": "1",
        "question": "?", "payer": "nous", "way": "files",
    }  # fmt: skip
    assert client.post("/essais/demander/", told).status_code == 200  # the charter is not accepted
    assert not DeviceTest.objects.exists()
    client.post("/essais/demander/", told | {"charter": "on"})
    test = DeviceTest.objects.get()
    assert test.is_blind and test.charter.kind == "charter"
    client.logout()
    assert client.get(f"/essais/{test.public_id}/").status_code == 404  # not public before it is planned
    client.force_login(metrologist)
    assert "Boîte Verte" in client.get("/essais/").content.decode()
    today = datetime.now(tz=UTC).date()
    days = {
        "calibration_starts": today + 2 * DAY, "calibration_ends": today + 15 * DAY,
        "scoring_starts": today + 15 * DAY, "scoring_ends": today + 30 * DAY,
    }  # fmt: skip
    plan = f"/essais/{test.public_id}/place/"
    place = {"organisation": association.pk, "station": reference.station_id}
    refused = client.post(plan, place | days)
    assert refused.status_code == 422 and "ne se recouvrent jamais" in refused.content.decode()
    client.post(plan, place | days | {"scoring_starts": today + 16 * DAY})
    test.refresh_from_db()
    assert test.fixed_at is not None and test.test_units.count() == 1
    client.logout()
    assert client.get(f"/essais/{test.public_id}/").status_code == 200
    for page in ("/essais/protocole/", "/essais/charte/", "/essais/protocole/essai/"):
        assert client.get(page).status_code == 200


@pytest.fixture
def run_at_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keep the queued evaluations, to run them by hand."""
    queued: list[str] = []
    monkeypatch.setattr(uploads, "async_task", lambda name, token: queued.append(token))
    return queued


def upload(client: Client, *sensors: bytes, reference: bytes, **told: str) -> Any:
    files = [SimpleUploadedFile(f"unit{k}.csv", content) for k, content in enumerate(sensors)]
    fields = {"pollutant": "pm25", "unit": "ug/m3", "hour_label": "begin", **told}
    return client.post(
        "/essais/evaluer/",
        {"sensors": files, "reference": SimpleUploadedFile("ref.csv", reference), **fields},
    )


def reference_csv() -> bytes:
    table = pd.DataFrame({"time": hours().strftime("%Y-%m-%dT%H:%M:%SZ"), "value": air()})
    return table.to_csv(index=False).encode()


def test_the_wizard_follows_an_evaluation_to_its_report_and_keeps_no_file(
    client: Client, db: None, run_at_once: list[str]
) -> None:
    answer = upload(client, unit_csv(1.1), unit_csv(1.2), reference=reference_csv())
    address = answer["Location"]
    waiting = client.get(address)
    assert waiting["Refresh"].startswith("2;") and "vont" not in waiting.content.decode()
    assert client.get(address, headers={"Accept": "application/json"}).json()["step"] == "waiting"
    (token,) = run_at_once
    uploads.evaluate_upload(token)
    folder = uploads.of_token(token)
    assert folder is not None and not (folder / "files").exists()
    page = client.get(address)
    assert "Refresh" not in page and 'class="device-report"' in page.content.decode()
    found = json.loads(client.get(f"{address}rapport.json").content)
    assert [s["file"] for s in found["sensors"]] == ["unit0.csv", "unit1.csv"]
    assert client.get(f"{address}rapport.pdf").content.startswith(b"%PDF-")
    uploads.evaluate_upload(token)  # a task that runs twice changes nothing
    assert client.get(address).status_code == 200
    assert uploads.remove_old(now=datetime.now(tz=UTC) + timedelta(hours=25)) == 1
    assert client.get(address).status_code == 404


def test_the_wizard_names_the_file_the_line_and_the_column(
    client: Client, db: None, run_at_once: list[str]
) -> None:
    bad = b"time,pm25\n2026-01-05T00:00:00Z,12\n2026-01-05T01:00:00Z,abc\n2026-01-05T02:00:00Z,abd\n"
    answer = upload(client, bad, reference=reference_csv())
    uploads.evaluate_upload(run_at_once[0])
    page = client.get(answer["Location"]).content.decode()
    assert "unit0.csv, ligne 3" in page and "pm25" in page and "abc" in page
    english = client.get(answer["Location"], headers={"Accept-Language": "en"}).content.decode()
    assert "unit0.csv, line 3" in english


def test_the_wizard_refuses_what_is_too_large_before_it_reads_it(client: Client, db: None) -> None:
    answer = client.generic(
        "POST",
        "/essais/evaluer/",
        b"x",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH="60000000",
    )
    assert answer.status_code == 413 and "50" in answer.content.decode()
    assert upload(client, unit_csv(1.0), reference=b"").status_code == 422


def test_an_evaluation_has_an_address_that_nobody_guesses(client: Client, db: None) -> None:
    assert client.get("/essais/evaluer/..%2f..%2fsecrets/").status_code == 404
    assert client.get("/essais/evaluer/aaaaaaaaaaaaaaaaaaaaaaaa/").status_code == 404
    assert client.get("/essais/evaluer/aaaaaaaaaaaaaaaaaaaaaaaa/rapport.json").status_code == 404


def test_the_list_of_tests_costs_a_fixed_number_of_queries(
    planned: Callable[..., DeviceTest], client: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        planned()
    with django_assert_max_num_queries(5):
        assert client.get("/essais/").status_code == 200

"""Files that a maker gives for the units of a test: read at once, in any dialect that is said, refused in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from capto.catalogue.models import ObservedProperty
from capto.members.models import Person
from capto.readings.models import ReferenceSeries
from capto.validation.device_test_reports import make_report
from capto.validation.models import DeviceTest, TestUnit
from tests.validation.makers import AFTER, air, hours, measure, unit_csv


@pytest.fixture
def client(maker: Person, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("capto.validation.views.device_tests.timezone.now", lambda: AFTER)
    signed_in = Client()
    signed_in.force_login(maker)
    return signed_in


def give(client: Client, unit: TestUnit, content: bytes, *, language: str = "fr", **how: str) -> str:
    answer = client.post(
        f"/essais/{unit.test.public_id}/exemplaires/{unit.pk}/fichier/",
        {"file": SimpleUploadedFile("boite.csv", content), **how},
        follow=True,
        headers={"Accept-Language": language},
    )
    unit.refresh_from_db()
    return answer.content.decode()


def local_dialect() -> bytes:
    """Hours of Paris labelled by their end, semicolons, decimal commas, names of their own."""
    ends = (hours() + pd.Timedelta(hours=1)).tz_convert("Europe/Paris")
    rows = [
        f"{at:%d/%m/%Y %H:%M};{value:.2f}".replace(".", ",") for at, value in zip(ends, air(), strict=True)
    ]
    return ("Horodatage;Poussières\r\n" + "\r\n".join(rows)).encode("cp1252")


def test_a_file_says_how_it_is_written_and_the_report_reads_it_so(
    planned: Callable[..., DeviceTest], reference: ReferenceSeries, client: Client
) -> None:
    test = planned()
    measure(reference)
    first, second = test.test_units.order_by("pk")
    page = give(
        client, first, local_dialect(), time_column="Horodatage", value_column="Poussières", timezone="Europe/Paris",
        hour_label="end", delimiter="semicolon", decimal="comma",
    )  # fmt: skip
    assert "Fichier reçu\u00a0: boite.csv, 696 valeurs" in page
    give(client, second, unit_csv(1.1))  # of another dialect: each file is read as its own unit says
    report = make_report(test, ObservedProperty.objects.get(pk="pm25"), now=AFTER)
    own, other = (entry["hourly"] for entry in report.document["sensors"])
    assert own["n"] == 696 and own["slope"] == pytest.approx(1.0, abs=1e-3) and own["rmse"] < 0.01
    assert other["slope"] == pytest.approx(1.1, abs=0.02)


@pytest.mark.parametrize(
    ("content", "how", "french", "english"),
    [
        (
            b"time,pm25\n2026-01-05T00:00Z,abc\n2026-01-05T01:00Z,abd\n", {},
            "boite.csv, ligne 2\u00a0: la colonne &#x27;pm25&#x27; ne contient pas de nombres",
            "boite.csv, line 2: column &#x27;pm25&#x27; does not hold numbers",
        ),
        (b"\n \n", {}, "boite.csv\u00a0: le fichier est vide.", "boite.csv: the file is empty."),
        (
            unit_csv(1.0), {"timezone": "Europe/Paname"}, "Le fuseau horaire &#x27;Europe/Paname&#x27; n’existe pas",
            "There is no time zone &#x27;Europe/Paname&#x27;",
        ),
        (
            unit_csv(1.0), {"time_column": "--heure"}, "aucune ligne ne porte les noms de colonnes &#x27;--heure&#x27;",
            "no line of column names was found with &#x27;--heure&#x27;",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_at_once_in_the_language_of_the_page(
    planned: Callable[..., DeviceTest],
    client: Client,
    content: bytes,
    how: dict[str, str],
    french: str,
    english: str,
) -> None:
    unit = planned().test_units.order_by("pk")[0]
    for language, words in (("fr", french), ("en", english)):
        page = give(client, unit, content, language=language, **how)
        assert words in page
        assert unit.file is None


def test_a_wrong_dialect_that_was_said_is_not_guessed_away(
    planned: Callable[..., DeviceTest], client: Client
) -> None:
    unit = planned().test_units.order_by("pk")[0]
    page: Any = give(client, unit, unit_csv(1.0), delimiter="semicolon")
    assert "Rien n’a été gardé" in page and unit.file is None
    page = give(client, unit, unit_csv(1.0), decimal="comma")  # its points are no decimal commas
    assert "ne contient pas de nombres" in page and unit.file is None


def test_the_live_page_costs_two_queries_a_unit_at_most(
    planned: Callable[..., DeviceTest], client: Client, django_assert_max_num_queries: Any
) -> None:
    test = planned(units=2)
    with django_assert_max_num_queries(18):
        client.get(f"/essais/{test.public_id}/")
    many = planned(units=10)
    with django_assert_max_num_queries(18 + 2 * 8):
        client.get(f"/essais/{many.public_id}/")

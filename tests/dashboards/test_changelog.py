"""A re-approval is told in public: how many hours, by how much, and the reason."""

import csv
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from capto.readings.models import Placement
from capto.validation.models import Calibration, CoLocation, DataChange
from capto.validation.recompute import after_decision, recompute
from tests.validation.conftest import BENCH_ENDS, NOW, add_hours, linear
from tests.validation.conftest import approve as approve
from tests.validation.conftest import bench as bench
from tests.validation.conftest import make_draft as make_draft
from tests.validation.conftest import make_placement as make_placement
from tests.validation.conftest import make_sensor as make_sensor
from tests.validation.conftest import make_stay as make_stay
from tests.validation.conftest import place as place
from tests.validation.conftest import reference as reference
from tests.validation.conftest import station as station

pytestmark = pytest.mark.django_db


@pytest.fixture
def approved_again(
    make_stay: Callable[..., CoLocation],
    make_placement: Callable[..., Placement],
    approve: Callable[..., Calibration],
) -> Calibration:
    """Two versions: (36 - 2) / 1.6 = 21.25 was published for three hours, then (36 - 2) / 1.7 = 20."""
    stay = make_stay()
    approve(stay)
    placed = make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS)
    add_hours(placed, "pm25", [36.0] * 3, start=BENCH_ENDS + timedelta(days=1))
    recompute(BENCH_ENDS, NOW, now=NOW, reason="first")
    second = approve(stay, linear(slope=1.7))
    after_decision(second, now=NOW, reason=f"calibration {second.pk} approved: longer fit")
    return second


def test_a_re_approval_is_a_line_of_the_public_log(
    client: Client, approved_again: Calibration, django_assert_num_queries: Any
) -> None:
    client.get("/data/journal/")
    with django_assert_num_queries(3):
        page = client.get("/data/journal/", headers={"accept-language": "fr"}).content.decode()
    for said in (
        f"calibration {approved_again.pk} approved: longer fit",
        "1,25",
        "µg/m³",
        "Journal des données",
    ):
        assert said in page
    assert '<td class="number">3</td><td class="number">0</td>' in page


def test_the_log_is_a_csv_for_software_too(client: Client, approved_again: Calibration) -> None:
    answer = client.get("/data/journal.csv")
    (row,) = csv.DictReader(StringIO(answer.content.decode()))
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert (row["kind"], row["quantity"], row["hours_changed"], row["hours_new"]) == (
        "calibration", "pm25", "3", "0",
    )  # fmt: skip
    assert float(row["mean_difference"]) == pytest.approx(1.25) == float(row["largest_difference"])
    assert row["calibration_id"] == str(approved_again.pk)


def test_the_page_of_the_data_leads_to_the_log_even_while_it_is_empty(client: Client) -> None:
    assert not DataChange.objects.exists()
    assert "/data/journal/" in client.get("/data/").content.decode()
    page = client.get("/data/journal/?page=%C2%B2", headers={"accept-language": "fr"})
    assert page.status_code == 200 and "Aucune décision" in page.content.decode()

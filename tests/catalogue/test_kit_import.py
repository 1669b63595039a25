import csv
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.db import connection

from capto.catalogue.kit_import import ImportReport, export_kits, import_kits
from capto.catalogue.models import CostEntry, Kit, KitModel, LendingPoint, Sensor, SensorModel
from capto.members.models import Organisation

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
HEADER = "kit,kit_model,point,sensor_model,inventory_code,device_id,purchased_on,price_eur\n"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kit_model", "point", "sensor_model")]


def _line(number: int, kit: str = "", **cells: str) -> str:
    row = {
        "kit": kit,
        "kit_model": "particules-dehors",
        "point": "mediatheque",
        "sensor_model": "airgradient-open-air",
        "inventory_code": f"INV-{number}",
        "device_id": f"d{number}",
        "purchased_on": "2026-03-01",
        "price_eur": '"249,90"',
    } | cells
    return ",".join(row.values()) + "\n"


def _import(text: str, organisation: Organisation, *, dry_run: bool = False) -> ImportReport:
    return import_kits(text, organisation=organisation, by=None, now=NOW, dry_run=dry_run)


def test_a_right_file_comes_in_whole(organisation: Organisation) -> None:
    report = _import(HEADER + _line(1) + _line(2, "lot A") + _line(3, "lot A"), organisation)
    assert report == ImportReport(2, 3, [], True)
    assert sorted(kit.sensors.count() for kit in Kit.objects.all()) == [1, 2]
    assert Kit.objects.first().accessories.count() == 3  # type: ignore[union-attr]
    assert [str(c.euros) for c in CostEntry.objects.all()] == ["249.90"] * 3


def test_a_dry_run_says_the_same_and_keeps_nothing(organisation: Organisation) -> None:
    report = _import(HEADER + _line(1) + _line(2), organisation, dry_run=True)
    assert report == ImportReport(2, 2, [], False)
    assert not Kit.objects.exists() and not Sensor.objects.exists()


def test_one_wrong_line_keeps_everything_out_and_each_error_names_its_line_and_cell(
    organisation: Organisation,
) -> None:
    text = (
        HEADER
        + _line(1)
        + _line(2, price_eur="cher")
        + _line(3, point="ailleurs")
        + _line(1)
        + _line(5, purchased_on="01/03/2026")
        + _line(6, inventory_code="")
    )
    report = _import(text, organisation)
    assert [(e.line, e.column) for e in report.errors] == [
        (3, "price_eur"),
        (4, "point"),
        (5, "inventory_code"),
        (6, "purchased_on"),
        (7, "inventory_code"),
    ]
    assert not Kit.objects.exists() and not Sensor.objects.exists()


def test_a_missing_or_unknown_column_is_said_before_anything(organisation: Organisation) -> None:
    report = _import("kit_model,point,couleur\n", organisation)
    assert {(e.line, e.column) for e in report.errors} == {
        (1, "sensor_model"),
        (1, "inventory_code"),
        (1, "device_id"),
        (1, "couleur"),
    }


def test_semicolons_and_a_byte_order_mark_are_read(organisation: Organisation) -> None:
    text = "\ufeffkit_model;point;sensor_model;inventory_code;device_id;price_eur\n"
    text += "particules-dehors;mediatheque;airgradient-open-air;INV-1;d1;249,90\n"
    assert _import(text, organisation).is_done


def test_a_printed_code_is_kept_and_a_card_is_no_kit(organisation: Organisation) -> None:
    assert _import(HEADER + _line(1, "K-00017-X"), organisation).is_done
    assert Kit.objects.get().code == "K-00017-X"
    (error,) = _import(HEADER + _line(2, "P-00123-R"), organisation).errors
    assert error.column == "kit"


def test_kits_come_in_only_at_points_of_the_own_organisation(organisation: Organisation) -> None:
    other = Organisation.objects.create(name="Ville voisine")
    (error,) = _import(HEADER + _line(1), other).errors
    assert error.column == "point"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_imports_of_one_file_at_once_make_row_errors_and_no_server_error(
    organisation: Organisation, kit_model: KitModel, point: LendingPoint
) -> None:
    text = HEADER + "".join(_line(n) for n in range(20))

    def run(_n: int) -> ImportReport:
        try:
            return _import(text, organisation)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as threads:
        reports = list(threads.map(run, range(3)))
    assert sorted(report.is_done for report in reports) == [False, False, True]
    refused = next(report for report in reports if not report.is_done)
    assert len(refused.errors) == 20 and {e.column for e in refused.errors} <= {"inventory_code", "device_id"}
    assert Kit.objects.count() == 20


def test_what_is_exported_comes_in_again_and_no_cell_is_a_formula(
    organisation: Organisation, sensor_model: SensorModel
) -> None:
    _import(HEADER + _line(1) + _line(2, inventory_code="=1+1"), organisation)
    rows = list(csv.DictReader(StringIO("".join(export_kits(Kit.objects.order_by("pk"))))))
    assert [row["inventory_code"] for row in rows] == ["INV-1", "'=1+1"]
    assert rows[0]["price_eur"] == "249.90" and rows[0]["state"] == "active"

"""Kits in and out as CSV: a file comes in whole or not at all, and says what is wrong line by line."""

import csv
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from io import StringIO
from typing import NamedTuple

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from capto.catalogue.models import (
    CostEntry,
    Kit,
    KitModel,
    LendingPoint,
    Sensor,
    SensorModel,
)
from capto.catalogue.models.kit import KitQuerySet
from capto.members.codes import CodeKind, UnreadableCode, read_code
from capto.members.models import Organisation, Person

COLUMNS = (
    "kit",  # a code printed already, or any mark that groups the sensors of one new kit; '' is a kit of its own
    "kit_model",
    "point",
    "sensor_model",
    "inventory_code",
    "serial",
    "device_id",
    "wire_format",
    "purchased_on",
    "price_eur",
)
REQUIRED = ("kit_model", "point", "sensor_model", "inventory_code", "device_id")
MOST_ROWS = 10_000
_LOCK = 0x6B697473  # "kits": one import at a time, the second waits and then sees the first one's rows


class RowError(NamedTuple):
    """What is wrong at one line of the file (the header is line 1)."""

    line: int
    column: str
    text: str


class ImportReport(NamedTuple):
    """What an import did, or would do."""

    kits: int
    sensors: int
    errors: list[RowError]
    is_done: bool


class _Wrong(Exception):
    def __init__(self, column: str, text: str) -> None:
        super().__init__(text)
        self.column = column


class _Undo(Exception):
    pass


def import_kits(
    text: str, *, organisation: Organisation, by: Person | None, now: datetime, dry_run: bool = False
) -> ImportReport:
    """Add the kits of a CSV (comma or semicolon, header as `COLUMNS`) to an organisation.

    With one wrong line nothing is kept. A dry run does everything and takes it back, so that it finds what the
    database would refuse.
    """
    delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    reader = csv.DictReader(StringIO(text.lstrip("\ufeff")), delimiter=delimiter)
    header = [name.strip() for name in reader.fieldnames or []]
    reader.fieldnames = header
    absent = [name for name in REQUIRED if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    if absent or unknown:
        said = [RowError(1, name, _("cette colonne manque")) for name in absent]
        said += [RowError(1, name, _("cette colonne est inconnue")) for name in unknown]
        return ImportReport(0, 0, said, False)
    errors: list[RowError] = []
    kits: dict[str, Kit] = {}
    sensors = 0
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            for number, row in enumerate(reader, start=2):
                if number > MOST_ROWS + 1:
                    errors.append(RowError(number, "", _("le fichier a trop de lignes : coupez-le")))
                    break
                cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
                try:
                    with transaction.atomic():
                        _import_row(cells, kits, organisation=organisation, by=by, now=now, line=number)
                    sensors += 1
                except _Wrong as wrong:
                    errors.append(RowError(number, wrong.column, str(wrong)))
                except IntegrityError as error:
                    errors.append(RowError(number, *_explain(error)))
            if errors or dry_run:
                raise _Undo
    except _Undo:
        return ImportReport(len(kits), sensors, errors, False)
    return ImportReport(len(kits), sensors, errors, True)


def _explain(error: IntegrityError) -> tuple[str, str]:
    """Say which cell the database refused, and why."""
    said = str(error)
    if "one_sensor_per_stated_identity" in said:
        return "device_id", _("un capteur porte déjà cette identité")
    if "inventory_code" in said:
        return "inventory_code", _("un capteur porte déjà ce numéro d’inventaire")
    if "one_kit_per_code" in said:
        return "kit", _("un kit porte déjà ce code")
    return "", _("la base refuse cette ligne : %s") % said.partition("\n")[0]


def _import_row(
    cells: dict[str, str],
    kits: dict[str, Kit],
    *,
    organisation: Organisation,
    by: Person | None,
    now: datetime,
    line: int,
) -> None:
    for name in REQUIRED:
        if not cells[name]:
            raise _Wrong(name, _("cette cellule est vide"))
    kit_model = KitModel.objects.filter(slug=cells["kit_model"]).first()
    if kit_model is None:
        raise _Wrong("kit_model", _("aucun genre de kit ne porte ce nom court"))
    point = LendingPoint.objects.filter(slug=cells["point"], organisation=organisation).first()
    if point is None:
        raise _Wrong("point", _("votre organisation n’a pas ce point de prêt"))
    sensor_model = SensorModel.objects.filter(slug=cells["sensor_model"]).first()
    if sensor_model is None:
        raise _Wrong("sensor_model", _("aucun modèle de capteur ne porte ce nom court"))
    bought, price = _purchase(cells)
    sensor = Sensor.objects.create(
        model=sensor_model,
        owner=organisation,
        inventory_code=cells["inventory_code"],
        serial=cells["serial"],
        device_id=cells["device_id"],
        wire_format=cells["wire_format"] or sensor_model.wire_format,
    )
    mark = cells["kit"] or f"line {line}"
    if mark not in kits:
        kits[mark] = Kit.add(kit_model, point=point, now=now, code=_printed_code(cells["kit"]))
    elif kits[mark].model_id != kit_model.pk:
        raise _Wrong("kit_model", _("ce kit a un autre genre plus haut dans le fichier"))
    kits[mark].take_in(sensor)
    if price:
        CostEntry.objects.create(
            kit=kits[mark], kind=CostEntry.Kind.PURCHASE, on=bought or now.date(), euros=price, entered_by=by
        )


def _printed_code(mark: str) -> str | None:
    """Give the code of a kit whose label exists already, None where a new one is to be drawn."""
    try:
        code = read_code(mark)
    except UnreadableCode:
        return None
    if code.kind is not CodeKind.KIT:
        raise _Wrong("kit", _("ce code n’est pas celui d’un kit"))
    return code.text


def _purchase(cells: dict[str, str]) -> tuple[date | None, Decimal]:
    try:
        bought = date.fromisoformat(cells["purchased_on"]) if cells["purchased_on"] else None
    except ValueError as error:
        raise _Wrong("purchased_on", _("cette date ne se lit pas : écrivez 2026-11-21")) from error
    try:
        price = Decimal(cells["price_eur"].replace(",", ".").replace(" ", "") or "0")
    except InvalidOperation as error:
        raise _Wrong("price_eur", _("ce prix ne se lit pas : écrivez 249,90")) from error
    if not price.is_finite() or price < 0 or price > 9_999_999:
        raise _Wrong("price_eur", _("ce prix ne peut pas être celui d’un kit"))
    return bought, price


def safe_cell(text: object) -> str:
    """Write a cell that no spreadsheet takes for a formula."""
    plain = "" if text is None else str(text)
    return "'" + plain if plain[:1] in "=+-@\t\r" else plain


def export_kits(kits: KitQuerySet) -> Iterator[str]:
    """Write kits as CSV lines that `import_kits` reads, one line per sensor, with their state besides."""

    class _Echo:
        def write(self, line: str) -> str:
            return line

    writer = csv.writer(_Echo())
    header = [*COLUMNS, "state", "owner"]
    line: str = writer.writerow(header)
    yield line
    for kit in kits.select_related("model", "point", "owner").prefetch_related("sensors__model", "costs"):
        bought = next((cost for cost in kit.costs.all() if cost.kind == CostEntry.Kind.PURCHASE), None)
        for sensor in kit.sensors.all() or [None]:
            cells = [
                kit.code,
                kit.model.slug,
                kit.point.slug,
                sensor.model.slug if sensor else "",
                sensor.inventory_code if sensor else "",
                sensor.serial if sensor else "",
                sensor.device_id if sensor else "",
                sensor.wire_format if sensor else "",
                bought.on.isoformat() if bought else "",
                bought.euros if bought else "",
                kit.state,
                kit.owner.name,
            ]
            line = writer.writerow([safe_cell(cell) for cell in cells])
            yield line

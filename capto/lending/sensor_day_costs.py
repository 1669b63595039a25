"""What a valid sensor-day costs: the ledger of each kit against the days on which its sensors said something usable."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db import connection
from django.db.models import QuerySet, Sum

from calibration.flags import FAILING, Flag
from capto.catalogue.models import CostEntry, Kit
from capto.lending.days import end_of, start_of
from capto.members.models import Organisation

# Directive 2008/50/EC, annex XI: how much must be there for an hourly and for a daily mean to be valid.
VALID_COVERAGE = 0.75  # of the readings of an hour
VALID_HOURS = 18  # of a day
DISQUALIFYING = FAILING | int(Flag.PERSON)

_VALID_DAYS = """
SELECT kit, count(*) FROM (
    SELECT sensor.kit_id AS kit, sensor.id AS sensor, (hour.hour AT TIME ZONE 'Europe/Paris')::date AS day
    FROM catalogue_sensor AS sensor
    JOIN readings_placement AS placement ON placement.sensor_id = sensor.id AND placement.purpose = 'loan'
    JOIN readings_series AS series ON series.placement_id = placement.id
    JOIN catalogue_observedproperty AS property ON property.code = series.property_id AND property.is_pollutant
    JOIN readings_hourly_value AS hour ON hour.series_id = series.id
    WHERE sensor.kit_id = ANY(%(kits)s) AND hour.hour >= %(start)s AND hour.hour < %(end)s
      AND hour.coverage >= %(coverage)s AND hour.flags & %(disqualifying)s = 0
    GROUP BY 1, 2, 3
    HAVING count(DISTINCT hour.hour) >= %(hours)s
) AS days GROUP BY kit
"""


class KitCost(NamedTuple):
    """One line of the report."""

    kit: Kit
    purchase: Decimal  # euros, all of them including tax
    repair: Decimal
    shipping: Decimal
    consumable: Decimal
    valid_days: int

    @property
    def total(self) -> Decimal:
        """Everything that the kit cost, euros."""
        return self.purchase + self.repair + self.shipping + self.consumable

    @property
    def per_day(self) -> Decimal | None:
        """Euros per valid sensor-day; None where there was no such day."""
        return (self.total / self.valid_days).quantize(Decimal("0.01")) if self.valid_days else None


class CostReport(NamedTuple):
    """All kits of some organisations, and their sum."""

    lines: list[KitCost]
    total: Decimal
    valid_days: int

    @property
    def per_day(self) -> Decimal | None:
        """Euros per valid sensor-day over all kits; None where there was no such day."""
        return (self.total / self.valid_days).quantize(Decimal("0.01")) if self.valid_days else None


def cost_report(organisations: QuerySet[Organisation], *, first: date, last: date) -> CostReport:
    """Give the cost per valid sensor-day of the kits that some organisations own, over [first, last].

    A valid sensor-day is one sensor on loan and one calendar day (Paris) with at least VALID_HOURS hours that are
    valid; an hour is valid where any pollutant of that sensor has a published hourly value with a coverage of at
    least VALID_COVERAGE and no disqualifying flag (those whose severity is FAIL, or set aside by a person). Expenses
    are those entered for days of [first, last], in euros including tax; a purchase counts whole on its day: there is
    no depreciation. Days at the bench count for nothing: they are upkeep. The kit is the one whose box the sensor
    lies in now.
    """
    kits = list(
        Kit.objects.filter(owner__in=organisations).select_related("model", "point", "owner").order_by("code")
    )
    sums: dict[tuple[int, str], Decimal] = {
        (kit, kind): euros
        for kit, kind, euros in CostEntry.objects.filter(kit__in=kits, on__gte=first, on__lte=last)
        .order_by()
        .values_list("kit", "kind")
        .annotate(euros=Sum("euros"))
    }
    days = _valid_days([kit.pk for kit in kits], first=first, last=last)
    kind = CostEntry.Kind

    def spent(kit: Kit, what: CostEntry.Kind) -> Decimal:
        return sums.get((kit.pk, what.value), Decimal(0))

    lines = [
        KitCost(
            kit,
            purchase=spent(kit, kind.PURCHASE),
            repair=spent(kit, kind.REPAIR),
            shipping=spent(kit, kind.SHIPPING),
            consumable=spent(kit, kind.CONSUMABLE),
            valid_days=days.get(kit.pk, 0),
        )
        for kit in kits
    ]
    total = sum((line.total for line in lines), Decimal(0))
    return CostReport(lines, total, sum(line.valid_days for line in lines))


def _valid_days(kits: list[int], *, first: date, last: date) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            _VALID_DAYS,
            {
                "kits": kits,
                "start": start_of(first),
                "end": end_of(last),
                "coverage": VALID_COVERAGE,
                "disqualifying": DISQUALIFYING,
                "hours": VALID_HOURS,
            },
        )
        return dict(cursor.fetchall())


def cost_rows(report: CostReport) -> Iterator[list[object]]:
    """Give the report as rows of a table, header first, amounts in euros with a point."""
    yield [
        "kit", "kit_model", "owner", "purchase_eur", "repair_eur", "shipping_eur", "consumable_eur", "total_eur",
        "valid_sensor_days", "eur_per_valid_sensor_day",
    ]  # fmt: skip
    for line in report.lines:
        yield [
            line.kit.code, line.kit.model.slug, line.kit.owner.name, line.purchase, line.repair, line.shipping,
            line.consumable, line.total, line.valid_days, "" if line.per_day is None else line.per_day,
        ]  # fmt: skip


def year_before(today: date) -> tuple[date, date]:
    """Give the twelve months that end today."""
    return today - timedelta(days=364), today

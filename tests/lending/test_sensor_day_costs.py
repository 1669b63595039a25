"""The cost of a valid sensor-day, worked out by hand."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from calibration.flags import Flag
from capto.catalogue.models import CostEntry, Kit, ObservedProperty
from capto.lending.days import PARIS
from capto.lending.models import Loan
from capto.lending.sensor_day_costs import cost_report, cost_rows
from capto.members.models import Organisation
from capto.readings.models import HourlyValue, Series

if TYPE_CHECKING:
    from tests.lending.conftest import Library


def _hours(
    loan: Loan,
    day: date,
    count: int,
    *,
    quantity: str = "pm25",
    coverage: float = 1.0,
    flags: int = 0,
    variant: str = "",
) -> None:
    placement = loan.loan_placements.get().placement
    series, _made = Series.objects.get_or_create(
        placement=placement, property=ObservedProperty.objects.get(code=quantity), variant=variant, channel=""
    )
    midnight = datetime(day.year, day.month, day.day, tzinfo=PARIS)
    HourlyValue.objects.bulk_create(
        HourlyValue(
            series=series, hour=midnight + timedelta(hours=hour), raw_mean=9.0, value=8.0, expanded_uncertainty=2.0,
            n=60, coverage=coverage, flags=flags, grade="B", computed_at=midnight, code_version="0",
        )
        for hour in range(count)
    )  # fmt: skip


def _cost(kit: Kit, kind: str, on: date, euros: str) -> None:
    CostEntry.enter(kit, kind=CostEntry.Kind(kind), on=on, euros=Decimal(euros), by=None)


def test_a_day_counts_with_eighteen_valid_hours_and_not_with_seventeen(library: "Library") -> None:
    kit = library.kit()
    loan = library.lend(kit, library.person())
    _hours(loan, date(2026, 11, 25), 18)
    _hours(loan, date(2026, 11, 26), 17)
    _hours(loan, date(2026, 11, 27), 24, coverage=0.74)
    _hours(loan, date(2026, 11, 28), 24, flags=int(Flag.STUCK))
    _hours(loan, date(2026, 11, 29), 24, flags=int(Flag.PERSON))
    _hours(loan, date(2026, 11, 30), 24, flags=int(Flag.UNCALIBRATED))  # nothing is stated
    _hours(loan, date(2026, 12, 1), 24, quantity="temperature")  # no result, only context
    _hours(loan, date(2026, 12, 2), 20)
    _hours(loan, date(2026, 12, 2), 20, variant="atm")  # a second variant makes no second day
    _cost(kit, "purchase", date(2026, 1, 5), "249.90")
    _cost(kit, "shipping", date(2026, 11, 3), "8.10")
    _cost(kit, "repair", date(2026, 11, 4), "12.00")
    _cost(kit, "repair", date(2025, 11, 4), "99.00")  # before the period
    report = cost_report(Organisation.objects.all(), first=date(2026, 1, 1), last=date(2026, 12, 31))
    (line,) = report.lines
    assert line.valid_days == 2  # 25 November, 2 December
    assert (line.purchase, line.shipping, line.repair) == (
        Decimal("249.90"),
        Decimal("8.10"),
        Decimal("12.00"),
    )
    assert line.total == Decimal("270.00") and line.per_day == Decimal("135.00")
    assert (report.total, report.valid_days, report.per_day) == (Decimal("270.00"), 2, Decimal("135.00"))


def test_a_kit_without_a_valid_day_has_no_cost_per_day_and_its_money_counts_in_the_sum(
    library: "Library",
) -> None:
    kit, idle = library.kit(), library.kit()
    loan = library.lend(kit, library.person())
    _hours(loan, date(2026, 11, 25), 24)
    _cost(kit, "purchase", date(2026, 2, 1), "100")
    _cost(idle, "purchase", date(2026, 2, 1), "60")
    _cost(idle, "purchase", date(2026, 2, 2), "-10")
    report = cost_report(Organisation.objects.all(), first=date(2026, 1, 1), last=date(2026, 12, 31))
    per_day = {line.kit.pk: line.per_day for line in report.lines}
    assert per_day == {kit.pk: Decimal("100.00"), idle.pk: None}
    assert report.per_day == Decimal("150.00")
    rows = list(cost_rows(report))
    assert rows[0][-1] == "eur_per_valid_sensor_day" and {row[-1] for row in rows[1:]} == {
        Decimal("100.00"),
        "",
    }


def test_days_are_those_of_paris_and_of_the_period(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    _hours(loan, date(2026, 11, 25), 24)
    _hours(loan, date(2026, 11, 26), 24)
    report = cost_report(Organisation.objects.all(), first=date(2026, 11, 26), last=date(2026, 11, 26))
    assert report.valid_days == 1
    assert (
        cost_report(Organisation.objects.none(), first=date(2026, 1, 1), last=date(2026, 12, 31)).lines == []
    )

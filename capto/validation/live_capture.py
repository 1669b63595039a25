"""What comes in while a device is on the bench: counted by unit, drawn over the last two days, the newest message."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from capto.catalogue.models import ObservedProperty
from capto.charts import Line, Point
from capto.readings.models import DeviceState, ReferenceSeries, ReferenceValue
from capto.validation.device_test_reports import hours_heard
from capto.validation.drawings import Drawn, hours_drawing
from capto.validation.models import DeviceTest, TestUnit

HOUR = timedelta(hours=1)
SHOWN = timedelta(hours=48)
MOST_DRAWINGS = 6  # small multiples; the table has the others


@dataclass(frozen=True, slots=True)
class Captured:
    """One quantity of one unit: hours heard of those that are over, and the last of them."""

    unit: TestUnit
    quantity: ObservedProperty
    hours: int
    expected: int
    last: datetime | None
    newest_message: datetime | None

    @property
    def share(self) -> float | None:
        """Give the hours heard in hundredths of those expected, None before the first."""
        return 100 * self.hours / self.expected if self.expected else None


@dataclass(frozen=True, slots=True)
class Capture:
    """Everything of the live page at one moment; the reference stays out of a blind test that runs."""

    rows: list[Captured]
    drawings: list[Drawn]
    reference_hours: int | None
    is_running: bool
    at: datetime


def capture(test: DeviceTest, *, now: datetime, with_reference: bool) -> Capture | None:
    """Gather what has come in by now; None before the test is planned. Two queries a unit and quantity, and five."""
    if test.calibration_starts_at is None or test.scoring_ends_at is None:
        return None
    start = test.calibration_starts_at
    until = min(now, test.scoring_ends_at)
    expected = max(int((until - start) / HOUR), 0)
    units = list(test.test_units.select_related("sensor").order_by("pk"))
    newest = dict(
        DeviceState.objects.filter(sensor__in=[unit.sensor_id for unit in units if unit.sensor_id])
        .values_list("sensor_id", "last_received_at")
    )  # fmt: skip
    rows: list[Captured] = []
    drawings: list[Drawn] = []
    for quantity in test.quantities.all():
        beside = _reference_line(test, quantity, until=until) if with_reference else None
        for unit in units:
            heard = hours_heard(unit, quantity)
            rows.append(
                Captured(
                    unit=unit,
                    quantity=quantity,
                    hours=len(heard),
                    expected=expected,
                    last=heard[-1][0] if heard else None,
                    newest_message=newest.get(unit.sensor_id or 0),
                )
            )
            points = [Point(hour, value) for hour, value in heard if hour >= until - SHOWN]
            if points and len(drawings) < MOST_DRAWINGS:
                line = Line(_("Exemplaire %s") % unit.label, "lent", points)
                drawings.append(_drawing(unit, quantity, [*([beside] if beside else []), line], until=until))
    return Capture(
        rows,
        drawings,
        _reference(test, until=until).count() if with_reference else None,
        start <= now < test.scoring_ends_at,
        now,
    )


def _drawing(unit: TestUnit, quantity: ObservedProperty, lines: list[Line], *, until: datetime) -> Drawn:
    end = until.replace(minute=0, second=0, microsecond=0) + HOUR
    words = _("Moyennes horaires telles que reçues, deux jours. Une interruption est une heure sans mesure.")
    if len(lines) > 1:
        words += " " + _("Trait sombre : la référence.")
    return hours_drawing(
        lines,
        start=end - SHOWN,
        end=end,
        unit=quantity.unit_label,
        title=_("%(quantity)s, exemplaire %(label)s") % {"quantity": quantity, "label": unit.label},
        words=words,
        ident=f"recueil-{quantity.pk}-{unit.pk}",
    )


def _reference_line(test: DeviceTest, quantity: ObservedProperty, *, until: datetime) -> Line | None:
    series = ReferenceSeries.objects.filter(station=test.station, property=quantity).order_by("pk").first()
    values = _reference(test, until=until).filter(series=series, hour__gte=until - SHOWN).order_by("hour")
    points = [Point(hour, value) for hour, value in values.values_list("hour", "value")]
    return Line(str(test.station), "reference", points) if points else None


def _reference(test: DeviceTest, *, until: datetime) -> QuerySet[ReferenceValue]:
    return ReferenceValue.objects.filter(
        series__station=test.station,
        series__property__in=test.quantities.all(),
        validity__gte=1,
        hour__gte=test.calibration_starts_at,
        hour__lt=until,
    )

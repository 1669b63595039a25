"""A simulated maker whose device stood beside a simulated station: one test with its published report."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from django.db.models import Max, Min

from capto.catalogue.models import ObservedProperty
from capto.members.models import Organisation, Person
from capto.readings.models import ReferenceValue
from capto.simulation.models import SimulatedCity
from capto.validation.device_test_reports import make_report
from capto.validation.models import DeviceTest

MAKER: Final = "Atelier Brise (simulé)"
EMAIL: Final = "fabricant@simulation.invalid"
QUANTITY: Final = "pm25"
LONGEST: Final = timedelta(days=42)
SHORTEST: Final = timedelta(days=8)
UNITS: Final = ((1.22, 1.5), (1.30, 1.0), (1.18, 2.2))  # gain and offset (µg/m³) of each unit
NOISE: Final = 1.6  # µg/m³
COMMENT: Final = (
    "Simulation : nos exemplaires sont livrés sans correction. Une version du micrologiciel qui corrige le gain est "
    "prévue, et nous demanderons un nouvel essai."
)


def show_makers(*, now: datetime) -> DeviceTest | None:
    """Play one test of three units in files up to yesterday, once; None where the city is too young."""
    known = DeviceTest.objects.filter(is_simulated=True).first()
    if known is not None:
        return known
    city, organisation = SimulatedCity.objects.first(), Organisation.objects.filter(is_simulated=True).first()
    hours = ReferenceValue.objects.filter(series__station__is_simulated=True, series__property=QUANTITY)
    ends = hours.aggregate(first=Min("hour"), last=Max("hour"))
    if city is None or organisation is None or ends["first"] is None:
        return None
    end = min(ends["last"], now).replace(hour=0, minute=0, second=0, microsecond=0)
    start = max(ends["first"], end - LONGEST)
    if end - start < SHORTEST:
        return None
    series = hours.order_by("series_id").values_list("series_id", flat=True).first()
    rows = list(
        hours.filter(series=series, hour__gte=start, hour__lt=end)
        .order_by("hour")
        .values_list("hour", "value")
    )
    station = ReferenceValue.objects.filter(series=series).select_related("series__station")[0].series.station
    maker, _created = Person.objects.get_or_create(
        email=EMAIL, defaults={"name": MAKER, "is_simulated": True}
    )
    quantity = ObservedProperty.objects.get(pk=QUANTITY)
    test = DeviceTest.ask(
        by=maker, quantities=[quantity], now=start - timedelta(days=20), maker_name=MAKER, device="Brise 3 (simulée)",
        firmware="3.1", units=len(UNITS), question="Peut-elle servir à une classe qui étudie l’air de sa rue ?",
        payer=MAKER, way=DeviceTest.Way.FILES, wants_volunteers=True, is_simulated=True,
    )  # fmt: skip
    middle = start + (end - start) / 2
    middle = middle.replace(hour=0, minute=0, second=0, microsecond=0)
    test.plan(
        organisation=organisation, station=station, calibration=(start, middle), scoring=(middle, end),
        now=start - timedelta(days=15),
    )  # fmt: skip
    rng = np.random.default_rng(city.seed)
    for unit, (gain, offset) in zip(test.test_units.order_by("pk"), UNITS, strict=True):
        text = io.StringIO()
        out = csv.writer(text)
        out.writerow(["time", QUANTITY])
        for (hour, value), noise in zip(rows, rng.normal(0.0, NOISE, len(rows)), strict=True):
            out.writerow([f"{hour:%Y-%m-%dT%H:%M:%SZ}", round(offset + gain * value + float(noise), 2)])
        unit.give(text.getvalue().encode(), name=f"brise-{unit.label}.csv", now=end)
    make_report(test, quantity, now=now)
    test.say(COMMENT, now=now)
    return test

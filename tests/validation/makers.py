"""A maker, an association and a planned test with its data, for the tests of the bench for makers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from capto.catalogue.models import ObservedProperty
from capto.members.models import Organisation, Person, StaffRole
from capto.members.roles import Role
from capto.readings.models import ReferenceSeries, ReferenceStation, ReferenceValue
from capto.validation.models import DeviceTest, TestText

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
START = datetime(2026, 1, 5, tzinfo=UTC)
CALIBRATION = (START, START + 14 * DAY)
SCORING = (START + 15 * DAY, START + 29 * DAY)
AFTER = SCORING[1] + DAY


@pytest.fixture
def texts(db: None) -> None:
    """The texts that the migrations publish; a flushed database has lost them."""
    for kind in ("protocol", "charter"):
        TestText.objects.get_or_create(
            kind=kind, version="2026-1",
            defaults={"french": "Texte.", "english": "Text.", "published_at": NOW - DAY},
        )  # fmt: skip
    # In these tests it is January: what was published later in truth is in force.
    for kind in ("protocol", "charter"):
        TestText.objects.create(
            kind=kind, version="essai", french="Texte.", english="Text.", published_at=NOW - DAY
        )


@pytest.fixture
def association(db: None) -> Organisation:
    return Organisation.objects.create(name="Association de l’air")


@pytest.fixture
def maker(db: None) -> Person:
    return Person.objects.create_user("fabricant@exemple.test", name="Fabienne")


@pytest.fixture
def metrologist(association: Organisation) -> Person:
    person = Person.objects.create_user("maud@exemple.test", name="Maud")
    StaffRole.give(person, role=Role.METROLOGIST, organisation=association, now=NOW - DAY)
    return person


@pytest.fixture
def ask(texts: None, maker: Person) -> Callable[..., DeviceTest]:
    def make(**told: Any) -> DeviceTest:
        usual = {
            "maker_name": "Atelier fictif", "device": "Boîte Azur", "firmware": "2.4", "units": 2,
            "question": "Convient-elle à une classe ?", "payer": "le fabricant", "way": "files",
        }  # fmt: skip
        return DeviceTest.ask(
            by=maker, quantities=[ObservedProperty.objects.get(pk="pm25")], now=NOW, **(usual | told)
        )

    return make


@pytest.fixture
def planned(
    ask: Callable[..., DeviceTest], association: Organisation, station: ReferenceStation
) -> Callable[..., DeviceTest]:
    def make(**told: Any) -> DeviceTest:
        test = ask(**told)
        test.plan(
            organisation=association, station=station, calibration=CALIBRATION, scoring=SCORING, now=NOW
        )
        return test

    return make


def hours() -> pd.DatetimeIndex:
    return pd.date_range(CALIBRATION[0], SCORING[1], freq="h", inclusive="left")


def air() -> np.ndarray:
    rng = np.random.default_rng(1)
    count = len(hours())
    return 15 + 8 * np.sin(np.arange(count) / 24 * 2 * np.pi) + np.cumsum(rng.normal(0, 0.3, count)) % 9


def unit_csv(gain: float) -> bytes:
    noise = np.random.default_rng(int(gain * 100)).normal(0, 0.5, len(hours()))
    table = pd.DataFrame({"time": hours().strftime("%Y-%m-%dT%H:%M:%SZ"), "pm25": 1.0 + gain * air() + noise})
    return table.to_csv(index=False).encode()


def measure(series: ReferenceSeries) -> None:
    ReferenceValue.objects.bulk_create(
        ReferenceValue(
            series=series,
            hour=hour,
            value=float(value),
            validity=1,
            value_type="moyenne horaire brute",
            imported_at=NOW,
        )
        for hour, value in zip(hours().to_pydatetime(), air(), strict=True)
    )


def give(test: DeviceTest) -> None:
    for unit, gain in zip(test.test_units.order_by("pk"), (1.05, 1.1), strict=True):
        unit.give(unit_csv(gain), name=f"exemplaire-{unit.label}.csv", now=AFTER)

"""Starting again on a city that is here already, and the command."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from capto.readings.models import HourlyValue
from capto.simulation import history
from capto.simulation.models import SimulatedCity
from capto.simulation.publishing import publish

NOW = datetime(2026, 11, 21, 4, 7, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def load_and_publish(now: datetime, **options: int) -> None:
    loaded = history.load(now=now, seed=5, **options)
    publish(SimulatedCity.objects.get(), start=loaded.start, now=now)


def test_what_is_missing_is_published_after_a_pause():
    load_and_publish(NOW - timedelta(days=2), days=60, sensors=4)
    early = HourlyValue.objects.filter(series__property="pm25").latest("hour").hour
    load_and_publish(NOW)
    late = HourlyValue.objects.filter(series__property="pm25").latest("hour").hour
    assert late - early == timedelta(days=2)


def test_an_interrupted_publication_is_taken_up_again():
    history.load(now=NOW - timedelta(days=1), days=30, sensors=3, seed=5)  # and the process dies here
    loaded = history.load(now=NOW)
    publish(SimulatedCity.objects.get(), start=loaded.start, now=NOW)
    first = HourlyValue.objects.filter(series__property="pm25").earliest("hour").hour
    assert first < NOW - timedelta(days=28)


def test_the_command_says_what_it_loaded_and_published():
    out = StringIO()
    call_command("simulate", history=True, days=25, sensors=3, seed=5, stdout=out)
    lines = out.getvalue().splitlines()
    assert "messages and" in lines[0] and "loaded in" in lines[0]
    assert "hours published" in lines[1]
    again = StringIO()
    call_command("simulate", history=True, stdout=again)
    assert again.getvalue().startswith("the simulated city is here since")

"""What runs by itself: rows written by `capto migrate`, each naming a function that exists."""

import pytest
from croniter import croniter
from django.utils.module_loading import import_string
from django_q.models import Schedule

from capto.schedules import SCHEDULES, Scheduled, write_schedules


@pytest.mark.parametrize("scheduled", SCHEDULES, ids=lambda scheduled: scheduled.function)
def test_a_schedule_names_a_function_that_exists_and_a_valid_cron(scheduled: Scheduled) -> None:
    assert callable(import_string(scheduled.function))
    assert croniter.is_valid(scheduled.cron)


@pytest.mark.django_db
def test_writing_the_schedules_twice_leaves_one_row_each_and_drops_what_is_no_longer_there() -> None:
    Schedule.objects.create(
        name="of an older version", func="gone.away", schedule_type=Schedule.CRON, cron="* * * * *"
    )
    write_schedules()
    write_schedules()
    rows = Schedule.objects.values_list("name", "func", "cron")
    assert sorted(rows) == sorted((s.name, s.function, s.cron) for s in SCHEDULES)

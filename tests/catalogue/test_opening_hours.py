"""When a desk is open, said as people say it."""

from datetime import date, time

import pytest
from django.test import Client
from django.utils.translation import override

from capto.catalogue.models import Closure, LendingPoint, OpeningHours
from capto.members.models import Organisation

pytestmark = pytest.mark.django_db
MORNING, AFTERNOON = (time(10), time(12, 30)), (time(13, 30), time(18, 30))


@pytest.fixture
def point() -> LendingPoint:
    owner = Organisation.objects.create(name="Atmo d’essai")
    return LendingPoint.objects.create(
        organisation=owner, name="Médiathèque", slug="mediatheque", latitude=45.0, longitude=5.0
    )


def opens(point: LendingPoint, *weekdays: int, hours: tuple[tuple[time, time], ...]) -> None:
    for weekday in weekdays:
        for start, end in hours:
            OpeningHours.objects.create(point=point, weekday=weekday, opens_at=start, closes_at=end)


def test_days_in_a_row_that_are_alike_are_said_together(point: LendingPoint) -> None:
    opens(point, 2, 3, 4, hours=(MORNING, AFTERNOON))
    opens(point, 6, 7, hours=(MORNING,))
    assert point.week() == [
        ("mardi à jeudi", "10:00–12:30, 13:30–18:30"),
        ("samedi et dimanche", "10:00–12:30"),
    ]
    with override("en"):
        assert [days for days, _ in point.week()] == ["Tuesday to Thursday", "Saturday and Sunday"]


def test_a_day_between_that_differs_parts_them(point: LendingPoint) -> None:
    opens(point, 1, 3, hours=(MORNING,))
    opens(point, 2, hours=(AFTERNOON,))
    assert [days for days, _ in point.week()] == ["lundi", "mardi", "mercredi"]


def test_days_that_are_alike_but_apart_stay_apart(point: LendingPoint) -> None:
    opens(point, 1, 2, 4, hours=(MORNING,))
    assert [days for days, _ in point.week()] == ["lundi et mardi", "jeudi"]


def test_closures_that_come_are_told_and_those_of_the_office_are_not(point: LendingPoint) -> None:
    for first, last, office in ((1, 5, False), (20, 20, False), (21, 22, True)):
        Closure.objects.create(
            point=point, starts_on=date(2026, 12, first), ends_on=date(2026, 12, last), reason="Fête",
            office_only=office,
        )  # fmt: skip
    assert [closure.starts_on.day for closure in point.closures_from(date(2026, 12, 5))] == [1, 20]
    assert [closure.starts_on.day for closure in point.closures_from(date(2026, 12, 6))] == [20]
    assert point.closures_from(date(2026, 9, 1)) == []


def test_the_page_of_borrowing_says_it_in_seven_queries_at_most(
    client: Client, point: LendingPoint, django_assert_max_num_queries
) -> None:
    opens(point, 2, 3, 4, 5, hours=(MORNING,))
    with django_assert_max_num_queries(7):
        page = client.get("/emprunter/").content.decode()
    assert "Mardi à vendredi 10:00–12:30" in page

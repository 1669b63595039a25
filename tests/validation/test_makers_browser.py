"""The pages of the test bench in a real browser: axe, 320 pixels, the dark, keys alone, what renews itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from capto.catalogue.models import ObservedProperty, Sensor
from capto.members.models import Organisation, Person
from capto.readings.models import HourlyAggregate, Placement, ReferenceSeries, Series
from capto.validation.device_test_reports import make_report
from capto.validation.models import DeviceTest, HomeVolunteer
from tests.dashboards import test_browser
from tests.dashboards.test_browser import Visit, tab_to, violations
from tests.validation.makers import AFTER, CALIBRATION, DAY, NOW, SCORING, air, give, hours, measure

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db,
    pytest.mark.skipif(test_browser.CHROMIUM is None, reason="no Chromium on this machine"),
]
chromium = test_browser.chromium
visit = test_browser.visit
DURING = SCORING[0] + 3 * DAY


@pytest.fixture(autouse=True)
def quiet(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Let the pages read a moment."""
    return lambda moment: monkeypatch.setattr("django.utils.timezone.now", lambda: moment)


def sign_in(visit: Visit, person: Person | None) -> None:
    visit.page.context.clear_cookies()
    if person is not None:
        client = Client()
        client.force_login(person)
        secret = client.cookies["sessionid"].value
        visit.page.context.add_cookies([{"name": "sessionid", "value": secret, "url": test_browser.SITE}])


def hear(series: Series, *, since: datetime, until: datetime) -> None:
    """Let the sensor be heard, sixty times an hour."""
    HourlyAggregate.objects.bulk_create(
        HourlyAggregate(
            series=series, hour=hour, n=60, total=60 * value, total_of_squares=60 * value * value, minimum=value,
            maximum=value,
        )
        for hour, value in zip(hours().to_pydatetime(), (1.1 * air()).tolist(), strict=True)
        if since <= hour < until
    )  # fmt: skip


@pytest.fixture
def running(
    planned: Callable[..., DeviceTest],
    reference: ReferenceSeries,
    make_stay: Any,
    make_sensor: Any,
    bench: Any,
) -> tuple[DeviceTest, Series]:
    """A test in its scoring period: one unit that was heard, one that was not, an offer from a resident."""
    test = planned(wants_volunteers=True, way="bench")
    measure(reference)
    sensor: Sensor = make_sensor()
    placement = Placement.objects.create(
        sensor=sensor, place=bench, purpose="co_location", starts_at=CALIBRATION[0], ends_at=SCORING[1]
    )
    series = Series.objects.create(placement=placement, property_id="pm25", variant="atm")
    unit = test.test_units.order_by("pk")[0]
    unit.sensor = sensor
    unit.save()
    hear(series, since=CALIBRATION[0], until=DURING)
    neighbour = Person.objects.create_user("voisine@exemple.test", name="Nadège Untel")
    HomeVolunteer.offer(test, person=neighbour, commune="Meylan", now=NOW)
    return test, series


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1280, "light")])
def test_the_pages_of_the_bench_are_accessible_and_fit(
    visit: Visit, running: tuple[DeviceTest, Series], ask: Callable[..., DeviceTest], maker: Person,
    metrologist: Person, at: Callable[[datetime], None], width: int, scheme: Any,
) -> None:  # fmt: skip
    test, _series = running
    asked = ask(device="Boîte Verte")
    own, other = f"/essais/{test.public_id}/", f"/essais/{asked.public_id}/"
    visit.page.set_viewport_size({"width": width, "height": 800})
    visit.page.emulate_media(color_scheme=scheme)
    everyone = ["/essais/", "/essais/protocole/", "/essais/charte/", "/essais/evaluer/", own]
    at(DURING)
    for person, addresses in (
        (None, everyone),
        (maker, ["/essais/", "/essais/demander/", own]),
        (metrologist, ["/essais/", own, other]),
    ):
        sign_in(visit, person)
        for address in addresses:
            look(visit, address, width=width)
    at(AFTER)
    look(visit, own, width=width)  # staff may hand a unit over
    sign_in(visit, maker)
    look(visit, own, width=width)  # the maker gives files
    give(test)
    make_report(test, ObservedProperty.objects.get(pk="pm25"), now=AFTER)
    test.say("Nous n’étions pas prêts.", now=AFTER)
    look(visit, own, width=width)
    look(visit, f"{own}rapport/pm25/", width=width)
    assert visit.foreign == [] and visit.problems == []


def look(visit: Visit, address: str, *, width: int) -> None:
    page = visit.go(address)
    for one in page.query_selector_all("details"):
        one.evaluate("details => details.open = true")
    assert violations(page) == [], address
    assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_the_capture_renews_itself_while_it_is_looked_at(
    visit: Visit, running: tuple[DeviceTest, Series], maker: Person, at: Callable[[datetime], None]
) -> None:
    test, series = running
    at(DURING)
    sign_in(visit, maker)
    visit.page.clock.install()
    page = visit.go(f"/essais/{test.public_id}/")
    before = page.locator("#recueil tbody tr").first.inner_text()
    assert "432 / 432" in before and page.locator("#recueil svg.chart").count() > 0
    hear(series, since=DURING, until=DURING + timedelta(hours=2))
    at(DURING + timedelta(hours=2))
    page.clock.fast_forward(31_000)
    page.get_by_text("434 / 434").wait_for()
    assert visit.problems == []


def test_with_keys_alone_one_goes_from_the_list_to_the_files_of_an_evaluation(
    visit: Visit, association: Organisation
) -> None:
    page = visit.go("/essais/")
    tab_to(page, "Évaluer ses propres fichiers")
    page.keyboard.press("Enter")
    page.wait_for_url("**/essais/evaluer/")
    names = []
    for _ in range(40):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.name || document.activeElement.tagName"))
        if names[-1] == "SUMMARY":
            break
    wanted = ["sensors", "reference", "pollutant", "unit", "SUMMARY"]
    assert [name for name in names if name in wanted] == wanted
    page.keyboard.press("Enter")  # opens how the files are written
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "reference_unit"

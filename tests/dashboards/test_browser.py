"""The public pages in a real browser: accessibility rules, keyboard alone, small screens, no script, no other host."""

import os
from collections.abc import Iterator
from contextvars import copy_context
from datetime import timedelta
from pathlib import Path
from shutil import which
from urllib.parse import urlsplit

import pytest
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, Page, Route, sync_playwright

from calibration.flags import Flag
from tests.dashboards.conftest import City

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "capto" / "static" / "vendor" / "axe-core" / "axe.js"
CHROMIUM = which("chromium") or which("chromium-browser")
SITE = "http://localhost"  # no server listens there: the test answers
PAGE_BYTES = 150_000  # of a first visit as the web process sends it, map tiles not counted

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db,
    pytest.mark.usefixtures("at_noon"),
    pytest.mark.skipif(
        CHROMIUM is None, reason="no Chromium on this machine: deploy/setup --with-checks installs it"
    ),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium; its event loop runs in this thread, beside the tests' own database connection."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        connections.close_all()  # those of this event loop; the others are not seen from here
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


class Visit:
    """A browser page whose every request Django answers in the test's own transaction."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.foreign: list[str] = []
        self.problems: list[str] = []
        self.bytes = 0
        self._client = Client(headers={"host": "localhost"})
        self._context = copy_context()
        page.route("**/*", self._answer)
        page.on("console", lambda said: self.problems.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    def _answer(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.netloc != "localhost":
            self.foreign.append(route.request.url)
            route.abort()
            return
        target = address.path + (f"?{address.query}" if address.query else "")
        cookies = {"cookie": route.request.headers.get("cookie", "")}
        found = self._context.run(self._client.get, target, headers=cookies)
        content = self._context.run(found.getvalue)
        sent = self._context.run(self._client.get, target, headers={**cookies, "accept-encoding": "gzip"})
        self.bytes += len(self._context.run(sent.getvalue))
        route.fulfill(status=found.status_code, headers=dict(found.headers), body=content)

    def go(self, path: str) -> Page:
        self._context = copy_context()  # the database connection of the test is tied to its context
        self.page.goto(SITE + path, wait_until="networkidle")
        return self.page


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    """A visitor on a laptop."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="fr-FR")
    yield Visit(context.new_page())
    context.close()


@pytest.fixture
def lived_in(city: City) -> str:
    """A city with a station, sound, flagged and silent sensors, over two weeks; gives a place's public id."""
    city.reference(city.station(), [11.0 + hour % 7 for hour in range(340)])
    first = city.place("Berriat")
    city.hours(first, [12.0 + hour % 9 for hour in range(300)], end=city.now)
    for label in ("Capuche", "Villeneuve"):
        city.hours(city.place(label), [10.0] * 50)
    city.hours(city.place("Teisseire"), [None] * 5, flags=int(Flag.STUCK), grade="D")
    return first.public_id


def violations(page: Page) -> list[str]:
    """Give what axe finds against WCAG 2.1 A and AA and its best practices."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{v['id']}: {v['help']} — {v['nodes'][0]['html'][:160]}" for v in found["violations"]]


PAGES = [
    "/",
    "/lieux/",
    "/lieu/{place}/",
    "/lieu/{place}/pm25/annee/",
    "/integrer/{place}/pm25/",
    "/integrer/lieu/{place}/pm25/semaine/",
    "/integrer/station/FR00001/pm25/profil/",
    "/commune/38185/",
    "/modele/mesange/",
    "/station/FR00001/",
    "/data/",
    "/methode/",
    "/methode/incertitude/",
    "/accessibilite/",
    "/vie-privee/",
    "/autour/",
    "/soirs/",
    "/contact/",
    "/campagnes/",
    "/station/FR00001/pm25/annee/",
    "/commune/38185/pm25/annee/",
    "/retires/",
    "/nowhere/",
]


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(visit: Visit, lived_in: str, path: str) -> None:
    page = visit.go(path.format(place=lived_in))
    assert violations(page) == []
    assert visit.foreign == []
    assert [problem for problem in visit.problems if "404" not in problem] == []


def test_axe_finds_nothing_in_the_dark_on_a_phone(visit: Visit, lived_in: str) -> None:
    visit.page.emulate_media(color_scheme="dark")
    visit.page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/", f"/lieu/{lived_in}/"):
        assert violations(visit.go(path)) == []


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_cut_off_on_a_screen_of_320_pixels(visit: Visit, lived_in: str, path: str) -> None:
    visit.page.set_viewport_size({"width": 320, "height": 640})
    page = visit.go(path.format(place=lived_in))
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_first_press_of_tab_leads_past_the_menu(visit: Visit, lived_in: str) -> None:
    page = visit.go("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "contenu"


def test_a_reader_without_a_mouse_goes_from_home_to_the_table_of_a_place(visit: Visit, lived_in: str) -> None:
    page = visit.go("/")
    tab_to(page, "Berriat")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/lieu/{lived_in}/pm25/")
    tab_to(page, "Les mêmes valeurs en tableau")
    page.keyboard.press("Enter")
    assert page.locator("details table").first.is_visible()


def test_raw_values_are_one_press_of_the_space_bar_away(visit: Visit, lived_in: str) -> None:
    page = visit.go(f"/lieu/{lived_in}/")
    raw = page.locator("svg.for-desk .raw").first
    assert not raw.is_visible()
    page.locator(".raw-switch").focus()
    page.keyboard.press("Space")
    assert raw.is_visible()


def tab_to(page: Page, words: str) -> None:
    """Press Tab until what has the focus says these words."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()").startswith(words):
            return
    raise AssertionError(f"no press of Tab reaches {words!r}")


def test_without_javascript_home_and_place_say_their_content(chromium: Browser, lived_in: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    visitor = Visit(context.new_page())
    home = visitor.go("/")
    assert home.locator("svg.map-drawing.for-desk").is_visible()
    assert home.get_by_role("link", name="Berriat").is_visible()
    place = visitor.go(f"/lieu/{lived_in}/")
    assert place.get_by_role("img", name="Particules PM2,5 heure par heure").is_visible()
    context.close()


def test_the_map_moves_where_scripts_run_and_says_the_same(visit: Visit, lived_in: str) -> None:
    page = visit.go("/")
    page.locator(".map-box .mark.lent").first.wait_for()
    assert page.locator(".map-box .mark.lent").count() == 4
    page.locator(".map-box .mark.reference").click()
    assert page.locator(".leaflet-popup-content").inner_text().startswith("Les Frênes")


@pytest.mark.parametrize("path", [*PAGES, "/lieu/{place}/?periode=semaine", "/methode/controles/"])
def test_a_first_visit_weighs_less_than_150_kilobytes(
    visit: Visit, lived_in: str, city: City, path: str
) -> None:
    whole_year = [12.0 + hour % 9 for hour in range(24 * 330)]
    for label in ("Ouest", "Nord", "Est"):
        city.hours(city.place(label, starts_at=city.now - timedelta(days=340)), whole_year)
    visit.go(path.format(place=lived_in))
    assert visit.bytes < PAGE_BYTES


def test_a_printed_place_has_its_chart_and_no_menu(visit: Visit, lived_in: str) -> None:
    page = visit.go(f"/lieu/{lived_in}/")
    page.emulate_media(media="print")
    assert page.locator("svg.for-desk").first.is_visible()
    assert not page.locator("nav.sections").is_visible()

# ruff: noqa: F811
"""A chart enlarged in a real browser: on press only, by keyboard alone, with the values of the file."""

import pytest
from playwright.sync_api import Browser

from tests.dashboards.conftest import City
from tests.dashboards.test_browser import Visit, chromium, lived_in, violations, visit  # noqa: F401
from tests.dashboards.test_browser import pytestmark as in_a_browser

pytestmark = in_a_browser


def test_a_chart_is_enlarged_on_press_and_by_keyboard_alone(visit: Visit, lived_in: str) -> None:
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    page = visit.go(f"/lieu/{lived_in}/")
    assert not [url for url in asked if "uplot" in url or ".csv" in url]
    button = page.get_by_role("button", name="Agrandir ce graphique").first
    button.focus()
    page.keyboard.press("Enter")
    page.locator(".zoom-plot canvas").wait_for()
    assert [url for url in asked if "uplot.js" in url] and [url for url in asked if "hourly.csv" in url]
    figure = page.locator("figure.enlarged")
    assert not figure.locator("svg.for-desk").is_visible()
    assert page.evaluate("document.activeElement.className") == "zoom-plot"
    said = page.locator(".zoom-said")
    whole = said.inner_text()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.zoom-said').textContent.includes('Berriat')")
    assert "µg/m³" in said.inner_text() and "Les Frênes" in said.inner_text()
    page.keyboard.press("+")
    page.wait_for_function(
        "was => document.querySelector('.zoom-said').textContent.split(' · ')[0] !== was", arg=whole
    )
    page.keyboard.press("0")
    page.wait_for_function(
        "was => document.querySelector('.zoom-said').textContent.startsWith(was)", arg=whole
    )
    assert violations(page) == []
    page.keyboard.press("Escape")
    assert figure.count() == 0 and page.locator("svg.for-desk").first.is_visible()
    assert page.evaluate("document.activeElement.className") == "zoom-open"
    assert visit.problems == [] and visit.foreign == []


@pytest.mark.parametrize(
    "path", ["/lieu/{place}/pm25/annee/", "/station/FR00001/", "/commune/38185/pm25/annee/", "/soirs/"]
)
def test_the_charts_of_every_kind_of_page_are_enlarged(
    visit: Visit, lived_in: str, city: City, path: str
) -> None:
    for label in ("Ouest", "Est"):
        city.hours(city.place(label), [10.0] * 200)
    page = visit.go(path.format(place=lived_in))
    for button in page.get_by_role("button", name="Agrandir ce graphique").all():
        button.click()
        page.locator(".zoom-plot canvas").wait_for()
        assert "–" in page.locator(".zoom-said").inner_text()
        page.keyboard.press("ArrowLeft")  # from the end: the last value
        page.wait_for_function("document.querySelector('.zoom-said').textContent.includes(' · ')")
        page.locator(".zoom-plot").press("Escape")
    assert visit.problems == []


def test_without_scripts_no_button_promises_what_is_not_there(chromium: Browser, lived_in: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = Visit(context.new_page()).go(f"/lieu/{lived_in}/")
    assert page.locator(".zoom-open").count() == 3
    assert not any(button.is_visible() for button in page.locator(".zoom-open").all())
    context.close()

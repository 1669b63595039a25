"""« Near me »: asked on press only, rounded before it leaves, readable where the device refuses."""

import pytest
from playwright.sync_api import Browser

from tests.dashboards.test_browser import Visit, chromium, lived_in  # noqa: F401
from tests.dashboards.test_browser import pytestmark as in_a_browser

# ruff: noqa: F811
pytestmark = in_a_browser
HERE = {"latitude": 45.187654321, "longitude": 5.724987654}


def test_the_position_is_asked_on_press_and_leaves_rounded_to_a_kilometre(
    chromium: Browser, lived_in: str
) -> None:
    context = chromium.new_context(permissions=["geolocation"], geolocation=HERE, locale="fr-FR")
    page = Visit(context.new_page()).go("/")
    sent: list[str] = []
    page.on(
        "request", lambda request: sent.append(request.post_data or "") if request.method == "POST" else None
    )
    assert sent == []
    page.get_by_role("button", name="Près de moi").click()
    page.wait_for_url("**/autour/")
    assert len(sent) == 1
    assert "latitude=45.19&longitude=5.72" in sent[0]
    context.close()


def test_a_device_that_refuses_is_told_what_else_to_do(chromium: Browser, lived_in: str) -> None:
    context = chromium.new_context(permissions=[], locale="fr-FR")
    page = Visit(context.new_page()).go("/")
    page.get_by_role("button", name="Près de moi").click()
    page.get_by_text("Votre appareil n’a pas donné sa position.").wait_for()
    context.close()


@pytest.mark.parametrize("path", ["/", "/autour/"])
def test_without_scripts_no_button_promises_it(chromium: Browser, lived_in: str, path: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = Visit(context.new_page()).go(path)
    assert page.locator(".near-me").count() == 1
    assert not page.locator(".near-me").is_visible()
    context.close()

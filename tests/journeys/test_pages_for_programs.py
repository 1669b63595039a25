"""The pages for who writes a program, looked at in a browser: nothing spills, and axe finds nothing."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from capto.members.roles import Role
from tests.lending.conftest import Library, library  # noqa: F401  the fixture

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]


@pytest.mark.parametrize("width", [360, 1280])
def test_an_administrator_makes_a_token_and_reads_how_to_use_it(
    library: Library,  # noqa: F811
    chromium: Any,
    live_server: Any,
    settings: Any,
    expect: Callable[[Any], Any],
    width: int,
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    library.kit()
    client = Client()
    client.force_login(library.staff(Role.ADMINISTRATOR))
    context = chromium.new_context(viewport={"width": width, "height": 900}, locale="fr-FR")
    context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    page = context.new_page()
    axe = (settings.BASE_DIR / "capto/static/vendor/axe-core/axe.js").read_text()

    def looked_at(name: str) -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.evaluate(axe)
        found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")
        assert [violation["id"] for violation in found["violations"]] == []
        if pictures := os.environ.get("CAPTO_PICTURES"):
            page.screenshot(path=Path(pictures) / f"{name}-{width}.png", full_page=True)

    page.goto(live_server.url + "/gestion/cles/")
    page.get_by_label("Programme").fill("Borne de la médiathèque")
    page.get_by_label("Au nom de").select_option(label="Lila")
    page.get_by_label("prêter, reprendre").check()
    page.get_by_role("button", name="Créer la clé").click()
    expect(page.locator("code.secret")).to_contain_text("capto_")
    looked_at("tokens")
    page.get_by_role("link", name="Comment un programme prête").click()
    expect(page.locator("h1")).to_have_text("Prêter par un programme")
    looked_at("api")
    context.close()

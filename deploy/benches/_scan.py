"""The time from a scanner's Enter to the desk's big line, in a real browser on the desk's real page."""

from collections.abc import Sequence
from shutil import which
from typing import Any

PATIENCE_MS = 15_000
WATCH = """
() => {
  const line = document.getElementById("desk-line");
  window.took = [];
  let pressed = 0;
  document.addEventListener("keydown", (event) => { if (event.key === "Enter") pressed = performance.now(); }, true);
  new MutationObserver(() => {
    if (pressed) { window.took.push(performance.now() - pressed); pressed = 0; }
  }).observe(line, { childList: true, characterData: true, subtree: true });
}
"""


def scan_to_answer(
    address: str, session: str, point: str, served: Sequence[tuple[str, str]]
) -> tuple[list[float], int] | None:
    """Scan a card, a kit to lend it, and the kit alone to take it back, for each (card, kit) of a lending point.

    Gives the milliseconds of each scan from Enter to the changed line, and how many kits were lent; None where this
    machine has no Playwright or no Chromium (`deploy/setup --with-checks` installs both).
    """
    chromium = which("chromium") or which("chromium-browser")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if chromium is None:
        return None
    lent = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="fr-FR")
        context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
        page = context.new_page()
        page.goto(f"{address}/comptoir/")
        page.locator("#desk[data-ready]").wait_for()
        if page.locator("#desk").get_attribute("data-point") != point:
            raise RuntimeError(f"the desk does not stand at {point}")
        page.evaluate(WATCH)
        for card, kit in served:
            _scan(page, card)
            _scan(page, kit)
            lent += "good" in (page.locator("#desk-line").get_attribute("class") or "")
            page.keyboard.press("Escape")
            _settled(page)
            _scan(page, kit)
        took: list[float] = page.evaluate("() => window.took")
        browser.close()
    return took, lent


def _scan(page: Any, code: str) -> None:
    """Type as a scanner does, and wait for the answer."""
    known = page.evaluate("() => window.took.length")
    page.keyboard.type(code, delay=4)
    page.keyboard.press("Enter")
    _until(page, f"() => window.took.length > {known}")
    _settled(page)


def _settled(page: Any) -> None:
    """Wait until nothing is on its way to the server."""
    _until(page, "() => !JSON.parse(localStorage.getItem('capto-desk-queue') || '[]').length")


def _until(page: Any, question: str) -> None:
    """Ask again and again: the page's policy lets no string be evaluated inside it, where Playwright would wait."""
    for _ in range(PATIENCE_MS // 5):
        if page.evaluate(question):
            return
        page.wait_for_timeout(5)
    raise TimeoutError(question)

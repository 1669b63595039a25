"""A browser that lives in a thread of its own, so that the tests' thread keeps its database connection.

Playwright runs an event loop in its thread; beside a running loop Django hands out other connections, which know
nothing of the rows that a test restores.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from shutil import which
from typing import Any

import pytest
from playwright.sync_api import expect as playwright_expect
from playwright.sync_api import sync_playwright

CHROMIUM = which("chromium") or which("chromium-browser")


class There:
    """A thing of Playwright's that lives in the browser's thread; used as the thing itself."""

    def __init__(self, thing: Any, run: Callable[[Callable[[], Any]], Any]) -> None:
        self._thing, self._run = thing, run

    def __getattr__(self, name: str) -> Any:
        found = self._run(lambda: getattr(self._thing, name))
        if not callable(found):
            return self._wrapped(found)

        def call(*args: Any, **fields: Any) -> Any:
            plain = [arg._thing if isinstance(arg, There) else arg for arg in args]
            return self._wrapped(self._run(lambda: found(*plain, **fields)))

        return call

    def _wrapped(self, found: Any) -> Any:
        return There(found, self._run) if type(found).__module__.startswith("playwright.") else found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium, skipped where the machine has none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: deploy/setup --with-checks installs it")
    with ThreadPoolExecutor(1) as thread:

        def run(work: Callable[[], Any]) -> Any:
            return thread.submit(work).result()

        playwright = run(lambda: sync_playwright().start())
        browser = run(lambda: playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]))
        yield There(browser, run)
        run(browser.close)
        run(playwright.stop)


@pytest.fixture(scope="session")
def expect(chromium: Any) -> Callable[[Any], Any]:
    """Playwright's patient assertions, for things that live in the browser's thread."""

    def expecting(thing: There) -> There:
        return There(thing._run(lambda: playwright_expect(thing._thing)), thing._run)

    return expecting

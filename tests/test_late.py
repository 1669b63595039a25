"""What few readers need is imported when they ask for it, and every address still leads somewhere."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from capto.late import late

HEAVY = ("pandas", "scipy", "sklearn", "pyarrow", "weasyprint", "rdflib", "pyproj")


def patterns(resolver: Any) -> Iterator[URLPattern]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from patterns(one)
        else:
            yield one


def test_every_view_behind_an_address_exists() -> None:
    views = [one.callback for one in patterns(get_resolver())]
    code = late("any.module").any_name.__code__  # type: ignore[attr-defined]
    late_ones = [view for view in views if getattr(view, "__code__", None) is code]
    assert len(late_ones) > 30
    for view in late_ones:
        assert callable(getattr(import_module(view.__module__), view.__name__)), view


def test_a_late_view_answers_as_its_view() -> None:
    heard = late("django.http").HttpResponse
    assert (heard.__module__, heard.__name__) == ("django.http", "HttpResponse")
    assert heard(b"said").content == b"said"  # type: ignore[attr-defined,arg-type]


def test_a_web_process_starts_without_what_the_public_pages_never_need() -> None:
    said = subprocess.run(
        [sys.executable, "-c", f"import sys, capto.wsgi; print([m for m in {HEAVY} if m in sys.modules])"],
        env={**os.environ, "CAPTO_DATABASE_URL": "postgres:///there-is-none?host=/nowhere"},
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert said.stdout.strip() == "[]"


def test_the_name_of_a_file_never_hides_the_function_of_the_library() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import calibration.metrics, calibration.agreement, calibration as c;"
            "print(c.metrics.__name__, c.agreement.__name__, all(hasattr(c, n) for n in c.__all__), len(c.__all__))",
        ],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert said.stdout.split() == ["metrics", "agreement", "True", "91"]

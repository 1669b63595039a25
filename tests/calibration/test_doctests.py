import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import calibration

MODULES = ["calibration", *sorted(m.name for m in pkgutil.iter_modules(calibration.__path__, "calibration."))]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_hold(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


def test_the_examples_of_the_readme_hold() -> None:
    path = Path(calibration.__path__[0]) / "README.md"
    result = doctest.testfile(str(path), module_relative=False, encoding="utf-8")
    assert result.failed == 0 and result.attempted > 15

import doctest
import importlib
import pkgutil

import pytest

import calibration

MODULES = ["calibration", *sorted(m.name for m in pkgutil.iter_modules(calibration.__path__, "calibration."))]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_hold(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0

"""Views that are imported when they are first asked for: what few readers need, all others neither wait for nor hold.

Pandas, scipy and the layout of PDF cost a web process some hundred megabytes and two seconds; the public pages and
files need none of them.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from django.http import HttpRequest, HttpResponseBase


class LateViews:
    """Stands for a module of views in a list of addresses: `late("capto.validation.views.bench").page`."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Callable[..., HttpResponseBase]:
        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            answer: HttpResponseBase = getattr(import_module(self._module), name)(request, *args, **kwargs)
            return answer

        view.__module__, view.__name__, view.__qualname__ = self._module, name, name
        return view


def late(module: str) -> LateViews:
    """Name a module of views by its path; marks that a view carries for middleware (csrf_exempt) are not seen."""
    return LateViews(module)

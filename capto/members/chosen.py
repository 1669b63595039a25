"""The row that a form or an address names by its key: what anyone can type may be no key at all."""

from typing import Any, TypeVar

from django.db.models import Manager, Model, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

Row = TypeVar("Row", bound=Model)


def key_of(mark: str | None) -> int | None:
    """Read a key as our pages write it, in ASCII digits alone; None for anything else."""
    return int(mark) if mark and len(mark) <= 18 and mark.isascii() and mark.isdigit() else None


def chosen_or_404(source: "type[Row] | Manager[Row] | QuerySet[Row]", mark: str | None, **also: Any) -> Row:
    """Give the row of `source` whose key is `mark`; raise Http404 where it is no key or the key of no row."""
    key = key_of(mark)
    if key is None:
        raise Http404
    return get_object_or_404(source, pk=key, **also)

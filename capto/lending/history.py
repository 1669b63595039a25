"""Who changed what, when: read from the rows that triggers of the database write, so that no path escapes."""

from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from django.db import models
from django.utils.translation import gettext as _

from capto.catalogue.models import Closure, LendingPoint, OpeningHours
from capto.members.models import Person

OF_THE_HISTORY = "pgh_"
MOST = 500  # changes shown, the newest
HIDDEN = frozenset(
    {"name", "email", "phone", "postal_address", "card_code"}
)  # that they changed is said, not to what


class FieldChange(NamedTuple):
    """One field before and after, in words; both empty where the values are personal."""

    name: str
    before: str
    after: str


class Change(NamedTuple):
    """One change of one row: when, by whom (None: a task, a command, or nobody signed in), on which page, what.

    `about` names a row that belongs to the one asked for: an opening or a closure of a lending point.
    """

    at: datetime
    what: str  # insert, update, delete; stood: as it was when its history began
    by: str
    page: str
    fields: list[FieldChange]
    about: str = ""

    @property
    def word(self) -> str:
        """Say in a word what happened to the row."""
        words = {
            "insert": _("créé"),
            "update": _("modifié"),
            "delete": _("supprimé"),
            "stood": _("noté tel qu’il était"),
        }
        return words.get(self.what, self.what)


PARTS: dict[type[models.Model], tuple[tuple[type[models.Model], str], ...]] = {
    LendingPoint: ((OpeningHours, "point_id"), (Closure, "point_id")),
}  # rows whose history is told with that of the row that they belong to


def history_of(row: models.Model) -> list[Change]:
    """List the changes of a row and of its parts, newest first; the number of queries is fixed."""
    found = _changes(type(row), {"pgh_obj_id": row.pk})
    for model, belongs in PARTS.get(type(row), ()):
        found += _changes(model, {belongs: row.pk}, told=model)
    return sorted(found, key=lambda change: change.at, reverse=True)[:MOST]


def _changes(
    tracked: type[models.Model], which: dict[str, Any], *, told: type[models.Model] | None = None
) -> list[Change]:
    """Read the changes of some rows of a model, newest first; each names its row where it is `told` apart."""
    events_of: Any = tracked._meta.get_field("events")
    model = events_of.related_model
    events = list(model.objects.filter(**which).select_related("pgh_context").order_by("-pgh_id")[: MOST + 1])
    fields = [field for field in model._meta.concrete_fields if not field.name.startswith(OF_THE_HISTORY)]
    who = _names(events)
    words = _Words(events, fields)
    later: dict[Any, list[Any]] = {}
    for event in events:  # the one before an event is the next of its row in this order
        later.setdefault(event.pgh_obj_id, []).append(event)
    before = {one.pgh_id: old for row in later.values() for one, old in pairwise(row)}
    found = []
    for event in events[:MOST]:
        context = (event.pgh_context.metadata if event.pgh_context else None) or {}
        earlier = before.get(event.pgh_id)
        found.append(
            Change(
                at=event.pgh_created_at,
                what=event.pgh_label,
                by=who.get(context.get("user"), ""),
                page=str(context.get("url") or ""),
                fields=_changed(earlier, event, fields, words) if event.pgh_label == "update" else [],
                about=told.__str__(event) if told is not None else "",
            )
        )
    return found


def _names(events: list[Any]) -> dict[Any, str]:
    contexts = [event.pgh_context.metadata or {} for event in events if event.pgh_context is not None]
    ids = {context["user"] for context in contexts if context.get("user") is not None}
    return dict(Person.objects.filter(pk__in=ids).values_list("pk", "name"))


class _Words:
    """The rows that foreign keys of the events name, read once for each table."""

    def __init__(self, events: list[Any], fields: list[Any]) -> None:
        self.rows: dict[str, dict[Any, str]] = {}
        for field in fields:
            if field.is_relation:
                keys = {getattr(event, field.attname) for event in events} - {None}
                self.rows[field.attname] = {
                    row.pk: str(row) for row in field.related_model._base_manager.filter(pk__in=keys)
                }

    def of(self, field: Any, value: Any) -> str:
        """Write a value as the page shows it."""
        if value is None or value == "":
            return "–"
        if field.attname in self.rows:
            return self.rows[field.attname].get(value, f"#{value}")
        if field.choices:
            return str(dict(field.flatchoices).get(value, value))
        if isinstance(value, bool):
            return str(_("oui") if value else _("non"))
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%d %H:%M} UTC"
        return str(value)


def _changed(earlier: Any, later: Any, fields: list[Any], words: _Words) -> list[FieldChange]:
    if earlier is None:
        return []
    found = []
    for field in fields:
        before, after = getattr(earlier, field.attname), getattr(later, field.attname)
        if before == after:
            continue
        if field.name in HIDDEN and later.pgh_tracked_model is Person:
            found.append(FieldChange(field.name, "", ""))
        else:
            found.append(FieldChange(field.name, words.of(field, before), words.of(field, after)))
    return found

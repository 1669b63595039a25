"""Who changed what, when: read from the rows that triggers of the database write, so that no path escapes."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db import models
from django.utils.translation import gettext as _

from capto.catalogue.models import Kit, Sensor
from capto.lending.models import Hold, Loan
from capto.members.models import Person

KINDS: dict[str, type[models.Model]] = {
    "kit": Kit,
    "sensor": Sensor,
    "loan": Loan,
    "hold": Hold,
    "person": Person,
}
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
    """One change of one row: when, by whom (None: a task, a command, or nobody signed in), on which page, what."""

    at: datetime
    what: str  # insert, update, delete
    by: str
    page: str
    fields: list[FieldChange]

    @property
    def word(self) -> str:
        """Say in a word what happened to the row."""
        return {"insert": _("créé"), "update": _("modifié"), "delete": _("supprimé")}.get(
            self.what, self.what
        )


def history_of(row: models.Model) -> list[Change]:
    """List the changes of a kit, a sensor, a loan, a hold or a person, newest first; the number of queries is fixed."""
    events_of: Any = type(row)._meta.get_field("events")
    model = events_of.related_model
    events = list(
        model.objects.filter(pgh_obj_id=row.pk).select_related("pgh_context").order_by("-pgh_id")[: MOST + 1]
    )
    fields = [field for field in model._meta.concrete_fields if not field.name.startswith(OF_THE_HISTORY)]
    who = _names(events)
    words = _Words(events, fields)
    found = []
    for number, event in enumerate(events[:MOST]):
        context = (event.pgh_context.metadata if event.pgh_context else None) or {}
        earlier = events[number + 1] if number + 1 < len(events) else None
        found.append(
            Change(
                at=event.pgh_created_at,
                what=event.pgh_label,
                by=who.get(context.get("user"), ""),
                page=str(context.get("url") or ""),
                fields=_changed(earlier, event, fields, words) if event.pgh_label == "update" else [],
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

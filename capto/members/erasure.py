"""Erasing a person: what identifies goes from every table and its history, measurements and counts stay.

Packages above say what they hold by a module named in `settings.PERSONAL_DATA`, with any of these functions:
`held_by(person) -> dict` (for the person's own copy), `why_wait(person) -> str` (what must end first, '' for nothing)
and `let_go(person, *, now)` (give back what others wait for, empty what names the person). All other ties follow from
the foreign keys: what goes with a person is deleted, what survives them forgets them.
"""

from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import Any

import pghistory.models
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models import ProtectedError

from capto.members.models import Erasure, Person

NOBODY = "–"  # the name of a row that something public still stands on


class ErasureWaits(Exception):
    """Something must end first; the text says what, for the person."""


def _modules() -> list[ModuleType]:
    return [import_module(path) for path in settings.PERSONAL_DATA]


def _each(name: str) -> list[Callable[..., Any]]:
    return [getattr(module, name) for module in _modules() if hasattr(module, name)]


def held_by(person: Person) -> dict[str, Any]:
    """Gather everything that is held of a person, by kind, ready for JSON."""
    told: dict[str, Any] = {}
    for ask in _each("held_by"):
        told |= ask(person)
    return told


def why_wait(person: Person) -> str:
    """Say what must end before a person can be erased, '' for nothing."""
    return " ".join(reason for ask in _each("why_wait") if (reason := ask(person)))


@transaction.atomic
def erase(person: Person, *, because: str, now: datetime) -> None:
    """Erase a person. Raises ErasureWaits while something of ours is in their hands; a second time is harmless."""
    found = Person.objects.select_for_update().filter(pk=person.pk).first()
    if found is None or found.name == NOBODY:
        return
    reason = why_wait(found)
    if reason:
        raise ErasureWaits(reason)
    for let_go in _each("let_go"):
        let_go(found, now=now)
    number = found.pk
    _forget_sessions(found)
    _cut_ties(found)
    try:
        with transaction.atomic():
            found.delete()
    except ProtectedError:  # a signature, a device test or a group stands on the row: it stays, empty
        found.refresh_from_db()
        found.become_nobody(NOBODY)
    _forget_history(number, is_gone=not Person.objects.filter(pk=number).exists())
    Erasure.objects.create(number=number, at=now, because=because)


def _forget_sessions(person: Person) -> None:
    for session in Session.objects.all():
        if str(session.get_decoded().get("_auth_user_id")) == str(person.pk):
            session.delete()


def _cut_ties(person: Person) -> None:
    """Delete what goes with a person and empty the ties of what survives; ties that protect stay."""
    for relation in Person._meta.related_objects:
        if relation.many_to_many or _is_history(relation.related_model):
            continue
        rows = relation.related_model._base_manager.filter(**{relation.field.name: person})
        if relation.on_delete is models.CASCADE:
            rows.delete()
        elif relation.on_delete is models.SET_NULL:
            rows.update(**{relation.field.name: None})
    person.groups.clear()
    person.user_permissions.clear()


def _is_history(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, pghistory.models.Event)


def _forget_history(number: int, *, is_gone: bool) -> None:
    """Remove the person's own history, and their number from everyone else's where no empty row holds it."""
    for model in apps.get_models():
        if not _is_history(model):
            continue
        if getattr(model, "pgh_tracked_model", None) is Person:
            model._base_manager.filter(pgh_obj_id=number).delete()
            continue
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey) and field.related_model is Person:
                rows = model._base_manager.filter(**{field.attname: number})
                if field.null:
                    rows.update(**{field.attname: None})
                elif is_gone:  # the history of what went with the person
                    rows.delete()


def erase_who_asked(*, now: datetime) -> int:
    """Erase those who asked and for whom nothing has to end first any more; gives how many."""
    count = 0
    for person in Person.objects.filter(erasure_asked_at__isnull=False):
        try:
            erase(person, because=Erasure.Because.ASKED, now=now)
            count += 1
        except ErasureWaits:
            continue
    return count


def erase_again(numbers: list[tuple[int, str]], *, now: datetime) -> int:
    """Erase anew, after a backup was restored, those who had been erased since; gives how many were there again."""
    count = 0
    for number, because in numbers:
        person = Person.objects.filter(pk=number).exclude(name=NOBODY).first()
        if person is not None:
            erase(person, because=because, now=now)
            count += 1
    return count

"""Doing what a request asks once: its key is a row, and the same key gives the same answer however often it is sent."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from capto.catalogue.models import LendingPoint
from capto.lending.models import Act
from capto.lending.refusals import Busy, KeyAlreadyUsed, NotAllowed, Refusal
from capto.members.models import Person

Answer = dict[str, Any]


def once(
    key: UUID,
    work: Callable[[Act], Answer],
    *,
    by: Person | None,
    now: datetime,
    entry: str,
    refused: Callable[[Refusal], Answer],
    at: datetime | None = None,
    point: LendingPoint | None = None,
    request: str = "",
) -> Answer:
    """Do `work` once per key and give its answer; sent again, also at the same moment, gives that answer and "again".

    A refusal is an answer too, made by `refused`, and what `work` did before it is taken back. The key of another
    person, or of another `request` (a hash of what is asked), is refused. Whoever is told to try again in a moment
    (Busy) may do so with the same key.
    """
    act = Act(
        key=key, kind=Act.Kind.SCAN, entry=entry, at=at or now, noted_at=now, by=by, point=point,
        request=request,
    )  # fmt: skip
    try:
        with transaction.atomic():
            _claim(act)
            try:
                with transaction.atomic():
                    answer = work(act)
            except Busy as refusal:
                transaction.set_rollback(True)
                return refused(refusal)
            except Refusal as refusal:
                act.refresh_from_db()
                act.refused = refusal.code
                answer = refused(refusal)
            act.answer, act.by = answer, by  # the key is of who sent it, whoever was served
            act.save()
            return answer
    except _KeyTaken:  # sent again or from another window: waited for, and told again
        known = Act.objects.get(key=key)
        if known.by_id != (by.pk if by else None):
            return refused(NotAllowed())
        return {**known.answer, "again": True} if known.request == request else refused(KeyAlreadyUsed())


class _KeyTaken(Exception):
    """Another request carries this key, or carried it."""


def _claim(act: Act) -> None:
    """Store the act first: whoever sends its key meanwhile waits here for its answer."""
    try:
        act.save(force_insert=True)
    except IntegrityError as error:
        raise _KeyTaken from error

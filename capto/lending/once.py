"""Doing what a request asks once: its key is a row, and the same key gives the same answer however often it is sent."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from capto.catalogue.models import LendingPoint
from capto.lending.models import Act
from capto.lending.refusals import NotAllowed, Refusal
from capto.members.models import Person

Answer = dict[str, Any]


def once(
    key: UUID,
    work: Callable[[Act], Answer],
    *,
    by: Person,
    now: datetime,
    entry: str,
    refused: Callable[[Refusal], Answer],
    at: datetime | None = None,
    point: LendingPoint | None = None,
) -> Answer:
    """Do `work` once per key and give its answer; sent again, also at the same moment, gives that answer and "again".

    A refusal is an answer too, made by `refused`, and what `work` did before it is taken back. The key of another
    person is refused.
    """
    with transaction.atomic():
        try:
            with transaction.atomic():
                act = Act.objects.create(
                    key=key,
                    kind=Act.Kind.SCAN,
                    entry=entry,
                    at=at or now,
                    noted_at=now,
                    by=by,
                    point=point,
                )
        except IntegrityError:  # the same key, sent again or from another window: waited for, and told again
            known = Act.objects.get(key=key)
            return {**known.answer, "again": True} if known.by_id == by.pk else refused(NotAllowed())
        try:
            with transaction.atomic():
                answer = work(act)
        except Refusal as refusal:
            act.refresh_from_db()
            act.refused = refusal.code
            answer = refused(refusal)
        act.answer = answer
        act.save()
        return answer

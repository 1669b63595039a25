"""Answering an act once, and writing loans and holds for programs."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from ninja import Schema

from capto.lending.api.callers import caller_of
from capto.lending.api.problems import Told, answer, of_refusal
from capto.lending.models import Act, Hold, Loan
from capto.lending.once import once
from capto.lending.ranking import place_of


def acted(
    request: HttpRequest,
    key: UUID,
    asked: Schema,
    work: Callable[[Act, datetime], dict[str, Any]],
    *,
    status: int = 200,
) -> HttpResponse:
    """Do what a request asks, once per key; the same key gives the same answer and status, with `again`."""
    now = timezone.now()
    asks = json.dumps([request.method, request.path, asked.model_dump(mode="json")], sort_keys=True)
    done = once(
        key,
        lambda act: {"status": status, "body": work(act, now)},
        by=caller_of(request).person,
        now=now,
        entry=Act.Entry.API,
        refused=of_refusal,
        request=hashlib.sha256(asks.encode()).hexdigest(),
    )
    if "status" not in done:  # its retention is over
        raise Told(409, "answer-forgotten", "This key was answered long ago, and the answer is not kept.")
    return answer(done["status"], done["body"], again=bool(done.get("again")))


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def loan_as_said(loan: Loan, *, now: datetime) -> dict[str, Any]:
    """Write a loan."""
    return {
        "id": loan.public_id, "kit": loan.kit.code, "kind": loan.kit.model.slug, "point": loan.point.slug,
        "state": str(loan.state), "lent_at": _moment(loan.lent_at), "due_on": loan.due_on.isoformat(),
        "overdue": loan.is_overdue(now=now), "renewals": loan.renewals, "returned_at": _moment(loan.returned_at),
        "by_post": loan.by_post, "posted_at": _moment(loan.posted_at), "arrived_at": _moment(loan.arrived_at),
        "posted_back_at": _moment(loan.posted_back_at),
        "page": settings.SITE_URL + reverse("my-loan", args=[loan.public_id]),
    }  # fmt: skip


def hold_as_said(hold: Hold, *, now: datetime) -> dict[str, Any]:
    """Write a hold, with its rank and why while it waits."""
    place = place_of(hold, now=now) if hold.state == Hold.State.WAITING else None
    return {
        "id": hold.pk, "kind": hold.kit_model.slug, "point": hold.point.slug, "state": str(hold.state),
        "starts_on": hold.starts_on.isoformat(), "ends_on": hold.ends_on.isoformat(),
        "kit": hold.kit.code if hold.kit else None,
        "collect_by": hold.collect_by.isoformat() if hold.collect_by else None,
        "rank": place.position if place else None, "of": place.of if place else None,
        "why": place.rank.reasons() if place else [],
    }  # fmt: skip

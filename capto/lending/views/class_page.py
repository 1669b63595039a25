"""What a class reads and writes of its loan: plain words on the screen, a log on paper, and no child's name."""

from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from capto.lending.curve import Hour, curves
from capto.lending.days import PARIS, local_day
from capto.lending.first_reading import heard
from capto.lending.placements import placements_of
from capto.lending.views.my_loan import loan_for
from capto.members.markdown import rendered

ALIKE = 0.2  # two days whose means differ by less than this share are told as alike


@never_cache
@login_required
def class_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show a class what its sensor saw, for reading aloud: yesterday, today, the highest hour."""
    loan, _is_staff = loan_for(request, public_id)
    now = timezone.now()
    state = heard(loan, placements_of(loan), now=now)
    drawn = curves(loan, now=now)
    curve = drawn[0] if drawn else None
    today = local_day(now)
    by_day = {
        name: _day(curve.hours if curve else [], on)
        for name, on in (("today", today), ("yesterday", today - timedelta(days=1)))
    }
    context = {
        "loan": loan,
        "sentence": state.sentence(loan, now=now),
        "curve": curve,
        **by_day,
        "alike": _alike(by_day["today"], by_day["yesterday"]),
        "guide": rendered(loan.kit.model.children_guide),
    }
    return render(request, "lending/class_page.html", context)


def _day(hours: list[Hour], day: object) -> dict[str, object] | None:
    """Say the mean of a day (Paris) and its highest hour; None where nothing was measured."""
    known = [hour for hour in hours if hour.value is not None and local_day(hour.hour) == day]
    if not known:
        return None
    top = max(known, key=lambda hour: hour.value or 0.0)
    return {
        "mean": sum(hour.value or 0.0 for hour in known) / len(known),
        "top": top.value,
        "top_hour": top.hour.astimezone(PARIS).hour,
    }


def _alike(today: dict[str, object] | None, yesterday: dict[str, object] | None) -> str:
    """Say how today is beside yesterday: "more", "less", "alike", '' where a day says nothing."""
    if today is None or yesterday is None:
        return ""
    one, other = float(str(today["mean"])), float(str(yesterday["mean"]))
    if abs(one - other) <= ALIKE * max(one, other, 1.0):
        return "alike"
    return "more" if one > other else "less"


@login_required
def class_log(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show the printable log of a class: one line a day, filled in by hand, and no name."""
    loan, _is_staff = loan_for(request, public_id)
    first, last = local_day(loan.lent_at), loan.due_on
    days = [first.fromordinal(first.toordinal() + n) for n in range(min((last - first).days + 1, 62))]
    guide = rendered(loan.kit.model.children_guide)
    return render(request, "lending/class_log.html", {"loan": loan, "days": days, "guide": guide})

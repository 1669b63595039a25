"""The morning page of the librarian."""

from typing import cast

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from capto.catalogue.models import Kit, UpkeepDone, UpkeepPlan
from capto.lending.days import local_day
from capto.lending.models import Act, Loan
from capto.lending.morning import morning
from capto.lending.notices import HERE
from capto.lending.sent_once import act_of, sent_once
from capto.lending.views.desk import chosen_point
from capto.lending.views.told import refusals_told
from capto.members.access import requires
from capto.members.chosen import chosen_or_404
from capto.members.models import Message, Person
from capto.members.roles import Capability

SHOWN = 40


@requires(Capability.LEND)
def page(request: HttpRequest) -> HttpResponse:
    """Show the five lists of the lending point at which this browser works."""
    point = chosen_point(request)
    if point is None:
        return render(request, "lending/desk_without_point.html", status=404)
    lists = morning(point, now=timezone.now())
    return render(request, "lending/morning.html", {"point": point, "lists": lists, "shown": SHOWN})


@require_POST
@requires(Capability.MEND_KITS)
@sent_once(Act.Kind.UPKEEP)
def upkeep_done(request: HttpRequest) -> HttpResponse:
    """Note a piece of upkeep as done now."""
    person = cast(Person, request.user)
    kits = Kit.objects.of_staff(person.organisations_where(Capability.MEND_KITS))
    kit = get_object_or_404(kits, code=request.POST.get("kit", ""))
    plan = chosen_or_404(UpkeepPlan.of(kit), request.POST.get("plan"))
    UpkeepDone.objects.create(
        kit=kit, plan=plan, at=timezone.now(), by=person, note=request.POST.get("note", "")[:500]
    )
    messages.success(
        request, _("%(kit)s : %(work)s, fait.") % {"kit": kit.code, "work": plan.get_work_display()}
    )
    return redirect("morning")


@require_POST
@requires(Capability.LEND)
@sent_once(Act.Kind.LETTER)
def remind(request: HttpRequest) -> HttpResponse:
    """Write to a late borrower today; pressing twice writes once."""
    person, now = cast(Person, request.user), timezone.now()
    loans = Loan.objects.overdue(now=now).of_staff(person.organisations_where(Capability.LEND))
    loan = get_object_or_404(loans.select_related("person", "kit"), public_id=request.POST.get("loan", ""))
    assert loan.person is not None
    about = f"{loan.pk}:{loan.due_on.isoformat()}:{local_day(now).isoformat()}"
    Message.queue(
        loan.person,
        key=f"lending:late_by_hand:{about}",
        compose=HERE + "late",
        about=about,
        nature=Message.Nature.LOAN,
        now=now,
    )
    messages.success(request, _("Un message part à %s.") % loan.person.name)
    return redirect("morning")


@require_POST
@requires(Capability.LEND)
@sent_once()
def extend(request: HttpRequest) -> HttpResponse:
    """Let a kit stay out longer, by the rules of the policy."""
    person, now = cast(Person, request.user), timezone.now()
    loans = Loan.objects.open().of_staff(person.organisations_where(Capability.LEND))
    loan = get_object_or_404(loans, public_id=request.POST.get("loan", ""))
    with refusals_told(request):
        with transaction.atomic():
            loan.renew(now=now, by=person, act=act_of(request))
        messages.success(request, _("%s : prêt prolongé.") % loan.kit.code)
    return redirect("morning")

"""Sessions of training: finding one, taking a seat, ticking who came."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from capto.members.access import requires
from capto.members.chosen import chosen_or_404
from capto.members.markdown import rendered
from capto.members.models import Person
from capto.members.roles import Capability
from capto.training.calendar_file import calendar_file
from capto.training.models import AlreadyStarted, Course, CourseSession, Enrolment, SessionCancelled


def sessions(request: HttpRequest) -> HttpResponse:
    """List the sessions to come, with their free seats."""
    seated = Count("enrolments", filter=Q(enrolments__state=Enrolment.State.SEATED))
    found = (
        CourseSession.objects.to_come(now=timezone.now())
        .select_related("course", "point")
        .annotate(taken=seated)
    )
    return render(request, "training/sessions.html", {"sessions": found})


@never_cache
def session(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one session; who is signed in takes a seat or gives it back here."""
    found = get_object_or_404(CourseSession.objects.select_related("course", "point"), pk=pk)
    now = timezone.now()
    own = _own(request, found)
    taken = found.enrolments.filter(state=Enrolment.State.SEATED).count()
    context: dict[str, Any] = {
        "session": found,
        "description": rendered(found.course.description),
        "free": max(found.seats - taken, 0),
        "waiting": found.enrolments.filter(state=Enrolment.State.WAITING).count(),
        "own": own,
        "rank": own.rank_in_waiting_list() if own and own.state == Enrolment.State.WAITING else None,
        "is_to_come": found.starts_at > now and found.cancelled_at is None,
        "may_tick": _may_tick(request, found),
    }
    return render(request, "training/session.html", context)


def _own(request: HttpRequest, found: CourseSession) -> Enrolment | None:
    if not isinstance(request.user, Person):
        return None
    return found.enrolments.filter(person=request.user).running().first()


def _may_tick(request: HttpRequest, found: CourseSession) -> bool:
    person = request.user
    return isinstance(person, Person) and person.can(
        Capability.HOLD_TRAINING, within=found.course.organisation
    )


@require_POST
@login_required
def join(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a seat, or a place in the waiting list."""
    found = get_object_or_404(CourseSession, pk=pk)
    try:
        enrolment = Enrolment.join(found, person=cast(Person, request.user), now=timezone.now())
        seated = enrolment.state == Enrolment.State.SEATED
        messages.success(
            request,
            _("Votre place est réservée.")
            if seated
            else _("La séance est complète : vous êtes sur la liste d’attente."),
        )
    except (AlreadyStarted, SessionCancelled):
        messages.error(request, _("On ne s’inscrit plus à cette séance. Choisissez-en une autre."))
    return redirect("training-session", pk)


@require_POST
@login_required
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the seat back."""
    own = Enrolment.objects.filter(session=pk, person=cast(Person, request.user))
    enrolment = own.running().first()
    try:
        if enrolment is not None:
            enrolment.leave(now=timezone.now())
        elif not own.exists():
            raise Http404
        messages.success(request, _("Votre place est rendue. Merci de l’avoir dit."))
    except (AlreadyStarted, SessionCancelled):
        messages.error(request, _("La séance a déjà commencé."))
    return redirect("training-session", pk)


def ics(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the session as a calendar file."""
    found = get_object_or_404(CourseSession.objects.select_related("course", "point"), pk=pk)
    own = _own(request, found)
    with_link = own is not None and own.state == Enrolment.State.SEATED
    content = calendar_file(found, now=timezone.now(), with_link=with_link)
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="formation-{found.pk}.ics"'
    return response


@never_cache
@requires(Capability.HOLD_TRAINING)
def attendance(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick who is there, on a telephone, one press each."""
    person = cast(Person, request.user)
    organisations = person.organisations_where(Capability.HOLD_TRAINING)
    found = get_object_or_404(
        CourseSession.objects.select_related("course"), pk=pk, course__organisation__in=organisations
    )
    if request.method == "POST":
        enrolment = chosen_or_404(Enrolment.objects.running(), request.POST.get("enrolment"), session=found)
        enrolment.tick(request.POST.get("present") == "yes", by=person, now=timezone.now())
        return redirect("training-attendance", pk)
    people = Enrolment.objects.filter(session=found).running().select_related("person", "group")
    return render(request, "training/attendance.html", {"session": found, "enrolments": people})


def children_sheet(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the sheet of a course for a class, to print."""
    course = get_object_or_404(Course.objects.exclude(children_sheet=""), slug=slug)
    return render(
        request, "training/children_sheet.html", {"course": course, "sheet": rendered(course.children_sheet)}
    )

"""The librarian's management pages: lists, a form, and the end of a row; one view for every section."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from capto.lending.manage import SECTIONS, Section, governs, may_add, may_open, sections_of
from capto.lending.models import Act
from capto.lending.sent_once import sent_once
from capto.members.access import second_factor_is_given
from capto.members.models import Person, StaffRole
from capto.members.roles import Capability
from capto.training.models import CourseSession
from capto.training.models.enrolment import cancel, move_up

SHOWN = 200


def _section(request: HttpRequest, slug: str) -> Section:
    """Give the section of an address to who may open it; 404 for none, 403 for others."""
    section = next((one for one in SECTIONS if one.slug == slug), None)
    if section is None:
        raise Http404
    if not may_open(section, cast(Person, request.user)):
        raise PermissionDenied(_("Cette page demande un rôle que votre compte n’a pas."))
    return section


def _second_factor(request: HttpRequest) -> HttpResponse | None:
    if second_factor_is_given(request):
        return None
    return redirect_to_login(request.get_full_path(), login_url=reverse("second-factor"))


@never_cache
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """Show what this person manages."""
    person = cast(Person, request.user)
    sections, people = sections_of(person), person.can(Capability.SERVE_ON_BEHALF)
    if not sections and not people:
        raise PermissionDenied(_("Cette page demande un rôle que votre compte n’a pas."))
    return _second_factor(request) or render(
        request,
        "lending/manage/index.html",
        {"sections": sections, "people": people, "tokens": person.can(Capability.MANAGE_STAFF)},
    )


@never_cache
@login_required
def rows(request: HttpRequest, slug: str) -> HttpResponse:
    """List the rows of a section that are this person's to manage."""
    section, person = _section(request, slug), cast(Person, request.user)
    found = list(section.rows(person)[:SHOWN])
    context = {
        "section": section,
        "heads": [head for head, _value in section.columns],
        "lines": [(row, [value(row) for _head, value in section.columns]) for row in found],
        "may_add": may_add(section, person),
        "sees_history": bool(section.history) and person.can(Capability.SEE_HISTORY),
    }
    return _second_factor(request) or render(request, "lending/manage/rows.html", context)


@never_cache
@login_required
@sent_once(Act.Kind.RULE)
def row(request: HttpRequest, slug: str, pk: str = "") -> HttpResponse:
    """Add or change one row; the database's own refusals are told beside the form."""
    section, person = _section(request, slug), cast(Person, request.user)
    waits = _second_factor(request)
    if waits is not None:
        return waits
    instance: Any = None
    if pk:
        instance = _own_row(section, person, pk)
        if not section.can_edit:
            raise PermissionDenied
    elif not may_add(section, person):
        raise PermissionDenied(
            _("Ajouter ici engage toutes les organisations : demandez à l’administration.")
        )
    form = section.form(
        request.POST or None,
        request.FILES or None,
        instance=instance,
        person=person,
        capability=section.capability,
        governs=governs(person, section.capability),
    )
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                saved = form.save()
                if isinstance(saved, CourseSession) and pk:
                    move_up(CourseSession.objects.select_for_update().get(pk=saved.pk), now=timezone.now())
            messages.success(request, _("Enregistré."))
            return redirect("manage-rows", slug)
        except (IntegrityError, ValidationError):
            form.add_error(
                None,
                _("Une autre ligne dit déjà la même chose, ou les dates se croisent : rien n’a changé."),
            )
    return render(request, "lending/manage/row.html", {"section": section, "form": form, "row": instance})


def _own_row(section: Section, person: Person, pk: str) -> Any:
    """Give a row that is this person's to manage, 404 for any other."""
    try:
        found = section.rows(person).filter(pk=pk).first()
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise Http404
    return found


@require_POST
@login_required
@sent_once(Act.Kind.RULE)
def end(request: HttpRequest, slug: str, pk: str) -> HttpResponse:
    """End a role, or cancel a session and tell its people."""
    section, person = _section(request, slug), cast(Person, request.user)
    waits = _second_factor(request)
    if waits is not None:
        return waits
    found = _own_row(section, person, pk)
    if isinstance(found, StaffRole):
        found.end(now=timezone.now())
        messages.success(request, _("Le rôle a pris fin."))
    elif isinstance(found, CourseSession):
        cancel(found, now=timezone.now())
        messages.success(request, _("La séance est annulée ; les inscrits sont prévenus."))
    else:
        raise Http404
    return redirect("manage-rows", slug)

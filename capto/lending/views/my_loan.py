"""The page of one loan: for its borrower, and for the staff of its lending point."""

from datetime import datetime
from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from capto.lending.curve import curves
from capto.lending.days import PARIS, local_day
from capto.lending.first_reading import heard
from capto.lending.forms import NoteForm, PlaceForm, QuestionForm
from capto.lending.loan_access import loan_seen_by
from capto.lending.models import Act, Loan, LoanNote, LoanPart, ThreadEntry
from capto.lending.placements import placements_of, set_paused, stand_at
from capto.lending.sent_once import act_of, sent_once
from capto.lending.views.told import refusals_told
from capto.members.access import second_factor_is_given
from capto.members.markdown import rendered
from capto.members.models import BorrowerCategory, Consent, Person
from capto.members.pdf import pdf_of
from capto.members.roles import Capability


def loan_for(
    request: HttpRequest, public_id: str, *, staff: Capability = Capability.SEE_BORROWERS
) -> tuple[Loan, bool]:
    """Give a loan to its borrower, or to staff of its organisation who hold a capability; and whether staff asks.

    Anyone else gets a 403, also for a loan that does not exist: an address tells nothing.
    """
    person = cast(Person, request.user)
    found = loan_seen_by(
        person,
        public_id,
        staff_may=lambda organisation: (
            person.can(staff, within=organisation) and second_factor_is_given(request)
        ),
    )
    if found is not None:
        return found
    raise PermissionDenied(_("Cette page est celle d’un prêt qui n’est pas le vôtre."))


@never_cache
@login_required
def my_loan(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show a loan: its state in a line, what to do, the curve, the notes, the papers, the questions."""
    loan, is_staff = loan_for(request, public_id, staff=Capability.SEE_BORROWERS)
    now = timezone.now()
    placements = placements_of(loan)
    state = heard(loan, placements, now=now)
    person = cast(Person, request.user)
    sees_place = not is_staff or person.can(Capability.SEE_PRECISE_POSITION, within=loan.point.organisation)
    context = {
        "loan": loan,
        "is_staff": is_staff,
        "is_open": loan.state == Loan.State.OPEN,
        "is_overdue": loan.is_overdue(now=now),
        "heard": state,
        "sentence": state.sentence(loan, now=now),
        "placements": placements,
        "panels": [import_string(path)(request, loan, now=now) for path in settings.LOAN_PANELS],
        "place": placements[-1].place if placements else None,
        "sees_place": sees_place,
        "curves": curves(loan, now=now),
        "notes": loan.notes.all(),
        "thread": loan.thread.select_related("author"),
        "parts": LoanPart.objects.filter(loan=loan, accessory__kit=loan.kit_id).select_related("accessory"),
        "guide": rendered(loan.kit.model.guide),
        "sensor_guides": [
            (str(p.sensor.model), rendered(p.sensor.model.guide)) for p in placements if p.sensor.model.guide
        ],
        "is_class": loan.group is not None and loan.group.category == BorrowerCategory.SCHOOL,
        "note_form": NoteForm(initial={"day": local_day(now)}),
        "question_form": QuestionForm(),
        "place_form": PlaceForm(),
        "answers_within": loan.point.organisation.answers_within_days,
        "may_answer": not is_staff or person.can(Capability.ANSWER_QUESTIONS, within=loan.point.organisation),
        "question": ThreadEntry.objects.unanswered().filter(loan=loan).first(),
        "waits_for_first": loan.state == Loan.State.OPEN and state.first_at is None,
        "charter_accepted": _charter_accepted(loan),
    }
    if is_staff and loan.state == Loan.State.OPEN:
        context |= _staff_forms(person, loan)
    return render(request, "lending/my_loan.html", context)


def _staff_forms(person: Person, loan: Loan) -> dict[str, object]:
    """Give the forms of what staff may do to a loan that is out."""
    from capto.lending.views.loan_acts import CollectorForm, LongerForm, LostForm, SwapForm

    if not person.can(Capability.LEND, within=loan.point.organisation):
        return {}
    return {
        "staff_acts": True,
        "swap_form": SwapForm(auto_id="swap_%s"),
        "longer_form": LongerForm(auto_id="longer_%s"),
        "collector_form": CollectorForm(auto_id="collector_%s", initial={"name": loan.collected_by}),
        "lost_form": LostForm(auto_id="lost_%s"),
    }


@never_cache
@login_required
def state(request: HttpRequest, public_id: str) -> HttpResponse:
    """Say the state of a loan in one line, for a page that waits for its first reading."""
    loan, _is_staff = loan_for(request, public_id, staff=Capability.SEE_BORROWERS)
    now = timezone.now()
    found = heard(loan, placements_of(loan), now=now)
    return JsonResponse({"sentence": found.sentence(loan, now=now), "heard": found.first_at is not None})


def _charter_accepted(loan: Loan) -> bool:
    return loan.person is not None and Consent.stands(
        loan.person, purpose=Consent.Purpose.CHARTER, charter=loan.charter
    )


@require_POST
@login_required
@sent_once()
def renew(request: HttpRequest, public_id: str) -> HttpResponse:
    """Keep the kit longer."""
    loan, _is_staff = loan_for(request, public_id, staff=Capability.LEND)
    with refusals_told(request):
        loan.renew(now=timezone.now(), by=cast(Person, request.user), act=act_of(request))
        messages.success(request, _("Le prêt est prolongé."))
    return redirect("my-loan", public_id)


@require_POST
@login_required
@sent_once(Act.Kind.NOTE)
def write_note(request: HttpRequest, public_id: str) -> HttpResponse:
    """Note what happened near the sensor."""
    loan, _is_staff = loan_for(request, public_id, staff=Capability.LEND)
    form = NoteForm(request.POST)
    if form.is_valid():
        at = datetime.combine(form.cleaned_data["day"], form.cleaned_data["hour"], tzinfo=PARIS)
        LoanNote.objects.create(
            loan=loan, starts_at=at, text=form.cleaned_data["text"], written_at=timezone.now()
        )
        messages.success(request, _("C’est noté, avec vos mesures."))
    else:
        messages.error(request, _("Il manque le jour, l’heure ou ce qui s’est passé."))
    return redirect("my-loan", public_id)


@require_POST
@login_required
@sent_once(Act.Kind.QUESTION)
def ask(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask the staff a question, or answer one."""
    loan, is_staff = loan_for(request, public_id, staff=Capability.ANSWER_QUESTIONS)
    form = QuestionForm(request.POST)
    if form.is_valid():
        ThreadEntry.write(
            loan,
            author=cast(Person, request.user),
            is_from_staff=is_staff,
            text=form.cleaned_data["text"],
            now=timezone.now(),
        )
        messages.success(request, _("Message envoyé."))
    return redirect("my-loan", public_id)


@require_POST
@login_required
@sent_once()
def pause(request: HttpRequest, public_id: str) -> HttpResponse:
    """Pause or resume the measures: what arrives in a pause is dropped, not hidden."""
    loan, _is_staff = loan_for(request, public_id, staff=Capability.LEND)
    paused = request.POST.get("paused") == "yes"
    set_paused(loan, paused, by=cast(Person, request.user), now=timezone.now(), act=act_of(request))
    messages.success(
        request,
        _("Les mesures sont en pause : ce qui arrive n’est pas gardé.")
        if paused
        else _("Les mesures reprennent."),
    )
    return redirect("my-loan", public_id)


@require_POST
@login_required
@sent_once(Act.Kind.PLACE)
def say_where(request: HttpRequest, public_id: str) -> HttpResponse:
    """Say where the sensor stands; the fixed cell around it is what is published."""
    loan, _is_staff = loan_for(request, public_id, staff=Capability.LEND)
    form = PlaceForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Cette position ne se lit pas : deux nombres, en degrés, en France."))
        return redirect("my-loan", public_id)
    stand_at(loan, **form.cleaned_data, on=local_day(timezone.now()))
    messages.success(request, _("La place du capteur est notée."))
    return redirect("my-loan", public_id)


@require_POST
@login_required
@sent_once(Act.Kind.CHARTER)
def accept_charter(request: HttpRequest, public_id: str) -> HttpResponse:
    """Accept the charter of this loan on screen."""
    loan, is_staff = loan_for(request, public_id, staff=Capability.LEND)
    if is_staff or loan.person is None or loan.charter is None:
        raise PermissionDenied
    Consent.objects.create(
        person=loan.person,
        purpose=Consent.Purpose.CHARTER,
        is_given=True,
        at=timezone.now(),
        way=Consent.Way.SCREEN,
        charter=loan.charter,
        text_shown=loan.charter.text,
    )
    messages.success(request, _("La charte est acceptée."))
    return redirect("my-loan", public_id)


@login_required
def agreement(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give the loan agreement as PDF, with the charter in force when the kit was lent."""
    loan, _is_staff = loan_for(request, public_id, staff=Capability.SEE_BORROWERS)
    context = {
        "loan": loan,
        "parts": LoanPart.objects.filter(loan=loan, accessory__kit=loan.kit_id).select_related("accessory"),
        "sensors": loan.kit.sensors.select_related("model"),
        "charter": rendered(loan.charter.text) if loan.charter else "",
        "accepted": Consent.objects.filter(
            person=loan.person, purpose=Consent.Purpose.CHARTER, charter=loan.charter, is_given=True
        ).last(),
    }
    response = HttpResponse(
        pdf_of(render_to_string("lending/agreement.html", context)), content_type="application/pdf"
    )
    response["Content-Disposition"] = f'inline; filename="pret-{loan.kit.code}.pdf"'
    return response

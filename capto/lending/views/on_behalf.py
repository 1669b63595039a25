"""Serving someone without internet: an account without e-mail, a recorded consent, a printed card."""

from typing import cast

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from capto.catalogue.labels import labels_pdf, person_label
from capto.catalogue.models import KitModel
from capto.lending.forms import DetailsForm, OnBehalfForm
from capto.lending.manage_forms import RightForm
from capto.lending.models import Act
from capto.lending.people import known_to, named_like
from capto.lending.sent_once import act_of, sent_once
from capto.members.access import requires
from capto.members.chosen import chosen_or_404
from capto.members.communes import named
from capto.members.erasure import ErasureWaits, erase, why_wait
from capto.members.markdown import rendered
from capto.members.models import Charter, Consent, Erasure, Person
from capto.members.roles import Capability
from capto.training.models import BorrowingRight

FOUND = 25  # people shown of a search


@requires(Capability.SERVE_ON_BEHALF)
@sent_once(Act.Kind.PERSON)
def new_person(request: HttpRequest) -> HttpResponse:
    """Open an account on behalf of someone who said yes to the charter."""
    form = OnBehalfForm(request.POST or None)
    now = timezone.now()
    charter = Charter.current(now=now)
    if request.method == "POST" and form.is_valid() and charter is not None:
        person = _open(form, by=cast(Person, request.user), charter=charter, act=act_of(request))
        return redirect("person", person.pk)
    return render(
        request,
        "lending/on_behalf.html",
        {"form": form, "charter": charter, "charter_text": rendered(charter.text) if charter else ""},
    )


@transaction.atomic
def _open(form: OnBehalfForm, *, by: Person, charter: Charter, act: Act | None) -> Person:
    told, now = form.cleaned_data, timezone.now()
    person = Person(
        name=told["name"],
        email=told["email"],
        phone=told["phone"],
        postal_address=told["postal_address"],
        territory=told["commune"],
        email_confirmed_at=None,
    )
    person.set_unusable_password()
    person.save()
    person.card()
    Consent.objects.create(
        person=person,
        purpose=Consent.Purpose.CHARTER,
        is_given=True,
        at=now,
        way=told["way"],
        charter=charter,
        text_shown=charter.text,
        recorded_by=by,
    )
    Act.note(act, Act.Kind.CHARTER, now=now, entry=Act.Entry.PAGE, person=person, by=by)
    return person


@requires(Capability.SERVE_ON_BEHALF)
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one borrower to staff who serve them: what they have, hold on behalf, print the card."""
    staff = cast(Person, request.user)
    organisations = staff.organisations_where(Capability.SERVE_ON_BEHALF)
    found = get_object_or_404(known_to(organisations), pk=pk)
    now = timezone.now()
    return render(
        request,
        "lending/person.html",
        {
            "found": found,
            "loans": found.loans.exclude(state="cancelled")
            .filter(point__organisation__in=organisations)
            .select_related("kit__model")
            .order_by("-lent_at")[:20],
            "holds": found.holds.running()
            .filter(point__organisation__in=organisations)
            .select_related("kit_model", "kit", "point"),
            "rights": BorrowingRight.objects.valid(now=now).filter(person=found).select_related("course"),
            "groups": found.groups_led.filter(is_active=True),
            "kinds": KitModel.objects.filter(is_offered=True),
            "may_grant": staff.can(Capability.OVERRIDE_RULES),
            "right_form": RightForm(person=staff),
            "waits_for": why_wait(found),
        },
    )


@requires(Capability.SERVE_ON_BEHALF)
def people(request: HttpRequest) -> HttpResponse:
    """Look someone up by name among the people served here, or by the whole e-mail that they spell."""
    text = request.GET.get("q", "").strip()
    organisations = cast(Person, request.user).organisations_where(Capability.SERVE_ON_BEHALF)
    found = named_like(text, organisations=organisations, at_most=FOUND) if text else []
    known = set(known_to(organisations, among=Person.objects.filter(pk__in=[p.pk for p in found])))
    lines = [(one, one in known) for one in found]
    return render(request, "lending/manage/people.html", {"lines": lines, "text": text})


@requires(Capability.SERVE_ON_BEHALF)
@sent_once(Act.Kind.PERSON)
def edit_person(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct what is known of someone who is served by staff."""
    found = _known(request, pk)
    initial = {name: getattr(found, name) for name in ("name", "phone", "postal_address", "language")}
    initial |= {
        "commune": named(found.territory) if found.territory else "",
        "only_loan_messages": found.only_loan_messages,
    }
    form = DetailsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        found.correct(territory=told.pop("commune"), **told)
        messages.success(request, _("C’est noté."))
        return redirect("person", pk)
    return render(request, "lending/manage/person_form.html", {"form": form, "found": found})


@require_POST
@requires(Capability.OVERRIDE_RULES)
@sent_once()
def grant_right(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the right to borrow on the spot, with a reason that stays, or take one back."""
    found, staff, now = _known(request, pk), cast(Person, request.user), timezone.now()
    if "revoke" in request.POST:
        own = staff.organisations_where(Capability.OVERRIDE_RULES)
        rights = BorrowingRight.objects.valid(now=now).filter(person=found, course__organisation__in=own)
        right = chosen_or_404(rights, request.POST["revoke"])
        right.revoke(because=request.POST.get("reason", "").strip()[:200] or _("sans raison donnée"), now=now)
        messages.success(request, _("Le droit est repris."))
        return redirect("person", pk)
    form = RightForm(request.POST, person=staff)
    if form.is_valid():
        BorrowingRight.grant(
            found, course=form.cleaned_data["course"], reason=form.cleaned_data["reason"], by=staff, now=now
        )
        Act.note(
            act_of(request), Act.Kind.GRANT, now=now, entry=Act.Entry.PAGE, person=found, by=staff,
            reason=form.cleaned_data["reason"],
        )  # fmt: skip
        messages.success(request, _("Le droit d’emprunter est donné."))
    else:
        messages.error(request, _("Il manque la formation ou la raison."))
    return redirect("person", pk)


@require_POST
@requires(Capability.SERVE_ON_BEHALF)
@sent_once(Act.Kind.PERSON)
def erase_person(request: HttpRequest, pk: int) -> HttpResponse:
    """Erase someone who asks for it at the desk or by letter, at once or after the last return."""
    found, now = _known(request, pk), timezone.now()
    if request.POST.get("sure") != "yes" or found.is_staff_member:
        messages.error(
            request, _("Rien n’est effacé : cochez la case ; un membre de l’équipe s’efface lui-même.")
        )
        return redirect("person", pk)
    try:
        erase(found, because=Erasure.Because.ASKED, now=now)
    except ErasureWaits as reason:
        found.ask_erasure(now=now)
        messages.warning(
            request, f"{reason} " + _("L’effacement se fera de lui-même, la nuit qui suit le retour.")
        )
        return redirect("person", pk)
    messages.success(request, _("Le compte est effacé."))
    return redirect("people")


def _known(request: HttpRequest, pk: int) -> Person:
    organisations = cast(Person, request.user).organisations_where(Capability.SERVE_ON_BEHALF)
    return get_object_or_404(known_to(organisations), pk=pk)


@requires(Capability.SERVE_ON_BEHALF)
def card(request: HttpRequest, pk: int) -> HttpResponse:
    """Print a person's card."""
    found = _known(request, pk)
    response = HttpResponse(labels_pdf([person_label(found)]), content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="carte.pdf"'
    return response

"""Serving someone without internet: an account without e-mail, a recorded consent, a printed card."""

from typing import cast

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from capto.catalogue.labels import labels_pdf, person_label
from capto.catalogue.models import KitModel
from capto.lending.forms import OnBehalfForm
from capto.lending.models import Act
from capto.members.access import requires
from capto.members.markdown import rendered
from capto.members.models import Charter, Consent, Person
from capto.members.roles import Capability


@requires(Capability.SERVE_ON_BEHALF)
def new_person(request: HttpRequest) -> HttpResponse:
    """Open an account on behalf of someone who said yes to the charter."""
    form = OnBehalfForm(request.POST or None)
    now = timezone.now()
    charter = Charter.current(now=now)
    if request.method == "POST" and form.is_valid() and charter is not None:
        person = _open(form, by=cast(Person, request.user), charter=charter)
        return redirect("person", person.pk)
    return render(
        request,
        "lending/on_behalf.html",
        {"form": form, "charter": charter, "charter_text": rendered(charter.text) if charter else ""},
    )


@transaction.atomic
def _open(form: OnBehalfForm, *, by: Person, charter: Charter) -> Person:
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
    Act.note(None, Act.Kind.CHARTER, now=now, entry=Act.Entry.PAGE, person=person, by=by)
    return person


@requires(Capability.SERVE_ON_BEHALF)
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one borrower to staff who serve them: what they have, hold on behalf, print the card."""
    found = get_object_or_404(Person, pk=pk)
    return render(
        request,
        "lending/person.html",
        {
            "found": found,
            "loans": found.loans.exclude(state="cancelled")
            .select_related("kit__model")
            .order_by("-lent_at")[:20],
            "holds": found.holds.running().select_related("kit_model", "kit", "point"),
            "kinds": KitModel.objects.filter(is_offered=True),
        },
    )


@requires(Capability.SERVE_ON_BEHALF)
def card(request: HttpRequest, pk: int) -> HttpResponse:
    """Print a person's card."""
    found = get_object_or_404(Person, pk=pk)
    response = HttpResponse(labels_pdf([person_label(found)]), content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="carte.pdf"'
    return response

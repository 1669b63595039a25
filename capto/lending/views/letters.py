"""Letters on paper: one page that lists them, one PDF that prints them, one press that says they were told."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from capto.lending.letters import waiting_letters
from capto.lending.models import Act
from capto.lending.sent_once import sent_once
from capto.members.access import requires
from capto.members.chosen import key_of
from capto.members.models import Person
from capto.members.pdf import pdf_of
from capto.members.roles import Capability


@never_cache
@requires(Capability.SERVE_ON_BEHALF)
@sent_once(Act.Kind.LETTER)
def page(request: HttpRequest) -> HttpResponse:
    """List what waits to be told on paper or by telephone, and take note of what was."""
    now = timezone.now()
    letters = waiting_letters(
        cast(Person, request.user).organisations_where(Capability.SERVE_ON_BEHALF), now=now
    )
    if request.method == "POST":
        told = key_of(request.POST.get("message"))
        chosen = [one for one in letters if one.message.pk == told]
        for one in chosen:
            one.message.note_told_by_staff(now=now)
        if chosen:
            messages.success(request, _("Noté : la personne a été jointe."))
        return redirect("letters")
    return render(request, "lending/letters.html", {"letters": letters})


@never_cache
@requires(Capability.SERVE_ON_BEHALF)
def as_pdf(request: HttpRequest) -> HttpResponse:
    """Print every waiting letter, a page each, with the address where a window envelope shows it."""
    organisations = cast(Person, request.user).organisations_where(Capability.SERVE_ON_BEHALF)
    letters = waiting_letters(organisations, now=timezone.now())
    content = render_to_string("lending/letters_paper.html", {"letters": letters, "now": timezone.now()})
    response = HttpResponse(pdf_of(content), content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="courriers.pdf"'
    return response

"""What the square on a kit's box opens: how to use it, and how to say that something is wrong."""

from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from capto.catalogue.models import Kit
from capto.lending.forms import ProblemForm
from capto.lending.models import Loan, Problem
from capto.lending.sent_once import act_of, sent_once
from capto.members.markdown import rendered
from capto.members.models import Attempt, Person
from capto.members.models.attempt import TooManyAttempts


@sent_once()
def kit(request: HttpRequest, code: str) -> HttpResponse:
    """Show a kit's guide and take a report from whoever has it in hands; nobody's name is shown."""
    found = get_object_or_404(Kit.objects.select_related("model", "point"), code__iexact=code)
    person = request.user if isinstance(request.user, Person) else None
    form = ProblemForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            Attempt.note("problem", str(request.META.get("REMOTE_ADDR", "")), now=now)
        except TooManyAttempts:
            form.add_error(None, _("Trop de signalements de suite. Attendez un quart d’heure."))
        else:
            told = form.cleaned_data
            Problem.report(
                found,
                kind=told["kind"],
                text=told["text"],
                photo=told["photo"],
                by=person,
                now=now,
                act=act_of(request),
            )
            messages.success(request, _("Merci. L’équipe est prévenue, et le kit sera examiné à son retour."))
            return redirect("kit-by-code", found.code)
    own = Loan.objects.open().filter(kit=found, person=person, person__isnull=False).annotate(who=F("person"))
    return render(
        request,
        "lending/kit.html",
        {
            "kit": found,
            "form": form,
            "guide": rendered(found.model.guide),
            "own": own.first() if person else None,
        },
    )

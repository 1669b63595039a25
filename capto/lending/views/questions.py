"""The questions of borrowers that wait for an answer, the longest waiting first."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from capto.lending.forms import QuestionForm
from capto.lending.models import Act, ThreadEntry
from capto.lending.sent_once import sent_once
from capto.members.access import requires
from capto.members.models import Person
from capto.members.roles import Capability


@never_cache
@requires(Capability.ANSWER_QUESTIONS)
@sent_once(Act.Kind.QUESTION)
def page(request: HttpRequest) -> HttpResponse:
    """List what waits for an answer in the organisations of this person, mark what is overdue, take the answer."""
    person, now = cast(Person, request.user), timezone.now()
    waiting = (
        ThreadEntry.objects.unanswered()
        .filter(loan__point__organisation__in=person.organisations_where(Capability.ANSWER_QUESTIONS))
        .select_related("loan__kit__model", "loan__point__organisation", "author", "loan__group")
    )
    form = QuestionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        entry = get_object_or_404(waiting, pk=request.POST.get("entry", "0"))
        ThreadEntry.write(
            entry.loan, author=person, is_from_staff=True, text=form.cleaned_data["text"], now=now
        )
        messages.success(request, _("Réponse envoyée."))
        return redirect("questions")
    questions = [(entry, entry.is_overdue(now=now)) for entry in waiting]
    late = sum(overdue for _entry, overdue in questions)
    return render(request, "lending/questions.html", {"questions": questions, "late": late})

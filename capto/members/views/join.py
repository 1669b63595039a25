"""Opening an account by oneself, and stopping messages in one step."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from capto.members.forms import JoinForm
from capto.members.messages import person_of_stop_link, reader_of_stop_link, silence
from capto.members.models import Attempt, Person
from capto.members.models.attempt import TooManyAttempts
from capto.members.sign_in_link import send_sign_in_link


def join(request: HttpRequest) -> HttpResponse:
    """Open an account that the link sent by e-mail confirms; a known address gets a link to its account."""
    form = JoinForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "members/join.html", {"form": form})
    now = timezone.now()
    email = form.cleaned_data["email"]
    try:
        Attempt.note("link_address", str(request.META.get("REMOTE_ADDR", "")), now=now)
        Attempt.note("link", email, now=now)
    except TooManyAttempts:
        form.add_error(None, _("Trop d’essais de suite. Attendez un quart d’heure, puis recommencez."))
        return render(request, "members/join.html", {"form": form}, status=429)
    if not Person.objects.filter(email__iexact=email).exists():
        Person.objects.create_user(
            email,
            name=form.cleaned_data["name"],
            territory=form.cleaned_data["commune"],
            language=(get_language() or "fr")[:2],
        )
    send_sign_in_link(email, now=now)
    return render(request, "members/join.html", {"sent_to": email})


@csrf_exempt  # mail programs post here by themselves (RFC 8058); the token says whose messages, and only that
def stop_messages(request: HttpRequest, token: str) -> HttpResponse:
    """Stop every message that is not about an own loan, or every solicitation to who has no account."""
    person, reader = person_of_stop_link(token), reader_of_stop_link(token)
    if request.method == "POST" and (person or reader):
        if person is not None:
            person.want_only_loan_messages()
        else:
            silence(reader, now=timezone.now())
        return render(request, "members/stop_messages.html", {"done": True, "reader": reader})
    status = 200 if person or reader else 404
    return render(request, "members/stop_messages.html", {"person": person, "reader": reader}, status=status)

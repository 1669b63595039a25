"""Signing in with a password or with a link by e-mail."""

from typing import Any

from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from capto.members.forms import LinkForm, SignInForm
from capto.members.models import Attempt
from capto.members.models.attempt import TooManyAttempts
from capto.members.sign_in_link import person_of_link, send_sign_in_link

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


def _wait() -> str:
    return _("Trop d’essais de suite. Attendez un quart d’heure, puis recommencez.")


def _network_address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def _safe_next(request: HttpRequest) -> str:
    page = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return page if allowed else ""


class SignIn(LoginView):
    """Ask for e-mail and password; ten mistakes in a quarter of an hour close this door for as long."""

    form_class = SignInForm
    template_name = "members/sign_in.html"

    def get_default_redirect_url(self) -> str:
        return reverse("my-page")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"next_page": _safe_next(self.request)}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        Attempt.forget("sign_in", form.cleaned_data["username"])
        return super().form_valid(form)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        now = timezone.now()
        try:
            Attempt.note("sign_in_address", _network_address(request), now=now)
            Attempt.note("sign_in", request.POST.get("username", ""), now=now)
        except TooManyAttempts:
            form = SignInForm(request)
            context = self.get_context_data(form=form, refusal=_wait())
            return render(request, self.template_name, context, status=429)
        return super().post(request, *args, **kwargs)


def sign_in_link(request: HttpRequest) -> HttpResponse:
    """Send a link; the answer is the same whether or not the address is known."""
    form = LinkForm(request.POST or None)
    context: dict[str, Any] = {"form": form, "next_page": _safe_next(request)}
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            Attempt.note("link_address", _network_address(request), now=now)
            Attempt.note("link", form.cleaned_data["email"], now=now)
        except TooManyAttempts:
            return render(request, "members/sign_in_link.html", context | {"refusal": _wait()}, status=429)
        send_sign_in_link(form.cleaned_data["email"], now=now, next_page=_safe_next(request))
        context["sent_to"] = form.cleaned_data["email"]
    return render(request, "members/sign_in_link.html", context)


def sign_in_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Open the account of a link; a press is asked for, because mail scanners follow links by themselves."""
    now = timezone.now()
    person = person_of_link(token, now=now)
    if person is None:
        return render(request, "members/sign_in_link.html", {"form": LinkForm(), "spent": True}, status=410)
    if request.method != "POST":
        return render(
            request, "members/sign_in_by_link.html", {"person": person, "next_page": _safe_next(request)}
        )
    if person.email_confirmed_at is None:
        person.confirm_email(now=now)
    login(request, person, backend=MODEL_BACKEND)
    return HttpResponseRedirect(_safe_next(request) or reverse("my-page"))

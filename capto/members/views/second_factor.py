"""The staff's second factor: setting it up once, giving it at each sign-in."""

from base64 import b32encode
from typing import Any, cast

import segno
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_otp import devices_for_user, login, match_token
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from capto.members.forms import CodeForm
from capto.members.models import Attempt, Person
from capto.members.models.attempt import TooManyAttempts

SPARE_CODES = 8  # for the day the telephone is lost


def _next(request: HttpRequest) -> str:
    page = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return page if allowed else reverse("my-page")


def _has_device(person: Person) -> bool:
    return any(True for _device in devices_for_user(person, confirmed=True))


@login_required
def second_factor(request: HttpRequest) -> HttpResponse:
    """Ask for the code of the telephone, or lead to setting it up."""
    person = cast(Person, request.user)
    if not _has_device(person):
        return redirect(f"{reverse('second-factor-setup')}?next={_next(request)}")
    form = CodeForm(request.POST or None)
    context: dict[str, Any] = {"form": form, "next_page": _next(request)}
    if request.method == "POST" and form.is_valid():
        try:
            Attempt.note("second_factor", str(person.pk), now=timezone.now())
        except TooManyAttempts:
            form.add_error("code", _("Trop d’essais de suite. Attendez un quart d’heure."))
            return render(request, "members/second_factor.html", context, status=429)
        device = match_token(person, form.cleaned_data["code"])
        if device is not None:
            login(request, device)
            return HttpResponseRedirect(_next(request))
        form.add_error(
            "code",
            _("Ce code n’est pas le bon, ou il a déjà servi. L’heure de votre téléphone est-elle exacte ?"),
        )
    return render(request, "members/second_factor.html", context)


@login_required
def second_factor_setup(request: HttpRequest) -> HttpResponse:
    """Show the secret as a QR code and keep it once a code made from it is right; spare codes are shown once."""
    person = cast(Person, request.user)
    if _has_device(person) and not cast(Any, request.user).is_verified():
        return redirect(f"{reverse('second-factor')}?next={_next(request)}")
    device, _created = TOTPDevice.objects.get_or_create(
        user=person, confirmed=False, defaults={"name": settings.SITE_NAME}
    )
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if device.verify_token(form.cleaned_data["code"]):
            with transaction.atomic():
                TOTPDevice.objects.filter(user=person, confirmed=True).delete()
                device.confirmed = True
                device.save()
                StaticDevice.objects.filter(user=person).delete()
                spare = StaticDevice.objects.create(user=person, name="spare", confirmed=True)
                codes = [get_random_string(8, "23456789abcdefghjkmnpqrstuvwxyz") for _n in range(SPARE_CODES)]
                for code in codes:
                    spare.token_set.create(token=code)
            login(request, device)
            return render(request, "members/spare_codes.html", {"codes": codes, "next_page": _next(request)})
        form.add_error("code", _("Ce code n’est pas le bon. Attendez le suivant et recommencez."))
    secret = b32encode(device.bin_key).decode()
    context = {
        "form": form,
        "next_page": _next(request),
        "secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        "qr": segno.make(device.config_url, error="m").svg_inline(
            scale=5, omitsize=True, svgclass=None, lineclass=None
        ),
    }
    return render(request, "members/second_factor_setup.html", context)

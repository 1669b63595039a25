"""Gateways that speak for many devices: which ones, for whom, and what to type into them."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from capto.catalogue.models import Sensor
from capto.members.access import requires
from capto.members.chosen import key_of
from capto.members.models import Organisation, Person
from capto.members.roles import Capability
from firmware_bridge.device_access import gateway_shown_again, renew_gateway, standing_of
from firmware_bridge.format_names import FORMAT_NAMES, format_name
from firmware_bridge.models import Gateway, SpeaksAnotherFormat

SPEAK_FOR_OTHERS = ("ttn", "chirpstack", "zigbee2mqtt", "cayenne_lpp", "thingsboard", "tasmota", "senml")


class GatewayForm(forms.Form):
    """A new gateway."""

    name = forms.CharField(label=gettext_lazy("Nom"), max_length=120)
    wire_format = forms.ChoiceField(
        label=gettext_lazy("Ce qu’elle parle"),
        choices=[(name, FORMAT_NAMES[name]) for name in SPEAK_FOR_OTHERS],
    )
    owner = forms.ModelChoiceField(Organisation.objects.none(), label=gettext_lazy("À qui elle est"))

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owners = person.organisations_where(Capability.CLAIM_DEVICES).order_by("pk")
        cast(Any, self.fields["owner"]).queryset = owners
        self.fields["owner"].initial = owners.first()


def _of(request: HttpRequest, pk: int) -> Gateway:
    owners = cast(Person, request.user).organisations_where(Capability.CLAIM_DEVICES)
    return get_object_or_404(Gateway.objects.of_owners(owners), pk=pk)


@requires(Capability.CLAIM_DEVICES)
def gateways(request: HttpRequest) -> HttpResponse:
    """List the gateways; when posted, add one."""
    person = cast(Person, request.user)
    form = GatewayForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                gateway = Gateway.add(**form.cleaned_data, now=timezone.now())
        except IntegrityError:
            form.add_error("name", _("Une passerelle de l’association a déjà ce nom."))
        else:
            return redirect("gateway", gateway.pk)
    owners = person.organisations_where(Capability.CLAIM_DEVICES)
    lines = [(one, format_name(one.wire_format)) for one in Gateway.objects.of_owners(owners)]
    return render(
        request,
        "firmware_bridge/gateways.html",
        {"lines": lines, "form": form},
        status=422 if form.errors else 200,
    )


@never_cache
@requires(Capability.CLAIM_DEVICES)
@sensitive_variables("given")
def gateway(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a gateway and how to set it; when posted, with new credentials, shown this once."""
    found = _of(request, pk)
    given = renew_gateway(found, now=timezone.now()) if request.method == "POST" else None
    credential = standing_of(found)
    behind = {sensor.pk for sensor in found.sensors.all()}
    could = Sensor.objects.filter(owner=found.owner, wire_format=found.wire_format).select_related("model")
    context = {
        "gateway": found,
        "format": format_name(found.wire_format),
        "sensors": [(one, one.pk in behind) for one in could.order_by("inventory_code")],
        "credential": credential,
        "given": given,
        "guide": given.guide if given is not None else gateway_shown_again(found, credential),
    }
    return render(request, "firmware_bridge/gateway.html", context)


@require_POST
@requires(Capability.CLAIM_DEVICES)
def register(request: HttpRequest, pk: int) -> HttpResponse:
    """Register the chosen sensors behind a gateway, and no others."""
    found = _of(request, pk)
    chosen = [key for mark in request.POST.getlist("sensor") if (key := key_of(mark)) is not None]
    try:
        found.speak_for(Sensor.objects.filter(owner=found.owner, pk__in=chosen))
    except SpeaksAnotherFormat as refused:
        messages.error(request, _("%s parle un autre format que la passerelle.") % refused.sensor)
    else:
        messages.success(request, _("C’est enregistré ; le courtier le sait dans quelques secondes."))
    return redirect("gateway", found.pk)

"""Devices that speak and are in no catalogue: seen by staff, given to a sensor in one click, heard from then on."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from django_q.tasks import async_task

from capto.catalogue.models import IdentityTaken, LendingPoint, Sensor, SensorModel
from capto.members.access import requires
from capto.members.models import Organisation, Person
from capto.members.roles import Capability
from firmware_bridge.format_names import format_name
from firmware_bridge.rejected_replay import replay_now
from firmware_bridge.unknown_devices import (
    UnknownDevice,
    claim_as_new,
    claim_for,
    find_unknown,
    free_code,
    models_for,
    samples,
    suggested,
    unknown_devices,
)

REPLAYED_AT_ONCE = 2_000  # messages; more of them are replayed by the worker
SHOWN = 100


class NewSensorForm(forms.Form):
    """A sensor for an unknown device."""

    inventory_code = forms.CharField(label=gettext_lazy("Code d’inventaire"), max_length=40)
    model = forms.ModelChoiceField(SensorModel.objects.none(), label=gettext_lazy("Modèle"))
    owner = forms.ModelChoiceField(Organisation.objects.none(), label=gettext_lazy("À qui il est"))
    point = forms.ModelChoiceField(
        LendingPoint.objects.none(),
        label=gettext_lazy("Essayé au point de prêt"),
        required=False,
        empty_label=gettext_lazy("Nulle part : ses messages attendent"),
        help_text=gettext_lazy(
            "Depuis son premier message. Rien de cet essai n’est public ; un prêt y met fin."
        ),
    )

    def __init__(self, *args: Any, device: UnknownDevice, person: Person, **kwargs: Any) -> None:
        owners = person.organisations_where(Capability.CLAIM_DEVICES)
        models = models_for(device)
        points = LendingPoint.objects.filter(organisation__in=owners, is_active=True).order_by("name")
        first = models.first()
        if not args or args[0] is None:
            kwargs["initial"] = {
                "inventory_code": free_code(first) if first else "",
                "model": first,
                "owner": owners.order_by("pk").first(),
                "point": points.first(),
            }
        super().__init__(*args, **kwargs)
        for name, rows in (("model", models), ("owner", owners), ("point", points)):
            cast(Any, self.fields[name]).queryset = rows


@requires(Capability.CLAIM_DEVICES)
def unknown(request: HttpRequest) -> HttpResponse:
    """List the devices that wait, with the sensor that each one may be."""
    owners = list(cast(Person, request.user).organisations_where(Capability.CLAIM_DEVICES))
    found = unknown_devices()
    lines = [(one, format_name(one.wire_format), suggested(one, owners=owners)) for one in found[:SHOWN]]
    context = {"lines": lines, "count": len(found), "more": max(0, len(found) - SHOWN)}
    return render(request, "firmware_bridge/unknown.html", context)


@requires(Capability.CLAIM_DEVICES)
def unknown_device(request: HttpRequest, wire_format: str, device: str) -> HttpResponse:
    """Show what one device sends; when posted, make a sensor of it and replay its messages."""
    person = cast(Person, request.user)
    found = find_unknown(wire_format, device)
    if found is None:
        raise Http404
    form = NewSensorForm(request.POST or None, device=found, person=person)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            with transaction.atomic():
                sensor = claim_as_new(
                    found,
                    model=given["model"],
                    owner=given["owner"],
                    inventory_code=given["inventory_code"],
                    point=given["point"],
                )
        except IdentityTaken:
            form.add_error("inventory_code", _("Un autre capteur a déjà ce code, ou cette identité."))
        else:
            return _replayed(request, found, sensor)
    owners = person.organisations_where(Capability.CLAIM_DEVICES)
    context = {
        "found": found,
        "format": format_name(found.wire_format),
        "samples": samples(wire_format, device),
        "suggested": suggested(found, owners=owners),
        "sensors": Sensor.objects.filter(owner__in=owners).select_related("model").order_by("inventory_code"),
        "has_model": models_for(found).exists(),
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "firmware_bridge/unknown_device.html", context, status=status)


@require_POST
@requires(Capability.CLAIM_DEVICES)
def claim(request: HttpRequest, wire_format: str, device: str) -> HttpResponse:
    """Give a device to a sensor of the catalogue and replay its messages."""
    person = cast(Person, request.user)
    sensor = Sensor.objects.filter(inventory_code=request.POST.get("sensor", "")).first()
    if sensor is None:
        messages.error(request, _("Aucun capteur n’a ce code d’inventaire."))
        return redirect("unknown-device", wire_format, device)
    if not person.can(Capability.CLAIM_DEVICES, within=sensor.owner):
        raise PermissionDenied(_("Ce capteur est celui d’une autre association."))
    found = find_unknown(wire_format, device)
    if found is None:
        if (sensor.wire_format, sensor.device_id) == (wire_format, device):  # pressed twice
            messages.success(request, _("Cet appareil est déjà attribué à %s.") % sensor)
            return redirect("unknown-devices")
        raise Http404
    try:
        claim_for(sensor, found)
    except IdentityTaken:
        messages.error(request, _("Un autre capteur a déjà ce code, ou cette identité."))
        return redirect("unknown-device", wire_format, device)
    return _replayed(request, found, sensor)


def _replayed(request: HttpRequest, found: UnknownDevice, sensor: Sensor) -> HttpResponse:
    """Replay what the device has sent, and say how many messages became readings."""
    asked: dict[str, Any] = {"device": found.device, "wire_format": found.wire_format}
    if found.messages > REPLAYED_AT_ONCE:
        async_task("firmware_bridge.rejected_replay.replay_now", **asked)
        said = _("%(sensor)s reconnaît cet appareil. Ses %(n)d messages sont relus en ce moment.")
        messages.success(request, said % {"sensor": sensor, "n": found.messages})
        return redirect("unknown-devices")
    mended, refused = map(int, replay_now(**asked).split())
    said = ngettext(
        "%(sensor)s reconnaît cet appareil : %(n)d message est devenu une mesure.",
        "%(sensor)s reconnaît cet appareil : %(n)d messages sont devenus des mesures.",
        mended,
    ) % {"sensor": sensor, "n": mended}
    messages.success(request, said)
    if refused:
        said = _(
            "%d attendent encore : à leur heure, le capteur n’avait aucune pose, ou ils ne se lisent pas."
        )
        messages.warning(request, said % refused)
        return redirect("rejected-messages")
    return redirect("unknown-devices")

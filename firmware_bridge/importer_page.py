"""The desk's page for a card or another file of a sensor: what is new, what was there, what was refused."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from capto.catalogue.models import Sensor
from capto.members.access import requires
from capto.members.models import Person
from capto.members.roles import Capability
from capto.readings.mapped_csv import ColumnMap
from firmware_bridge import database
from firmware_bridge.importer import CSV, Imported, import_file
from firmware_bridge.importer_csv import fields_of
from firmware_bridge.intake import LARGEST_FILE

SHOWN_REFUSALS = 50
FORMATS_AT_THE_DESK = (
    ("smart_citizen", gettext_lazy("Carte SD d’un Smart Citizen Kit")),
    ("airrohr", gettext_lazy("Archive CSV de Sensor.Community (airRohr)")),
    ("senml", gettext_lazy("Fichier SenML")),
    (CSV, gettext_lazy("Autre CSV, dont vous décrivez les colonnes")),
)


class CardForm(forms.Form):
    """One file of one sensor."""

    file = forms.FileField(label=gettext_lazy("Fichier"))
    wire_format = forms.ChoiceField(label=gettext_lazy("Sorte de fichier"), choices=FORMATS_AT_THE_DESK)
    columns = forms.CharField(
        label=gettext_lazy("Colonnes (autre CSV seulement)"),
        required=False,
        help_text=gettext_lazy("Par exemple : time=Date+Heure,pm25:ug/m3:native=PM2.5"),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise forms.ValidationError(
                _("Ce fichier est trop gros : 32 Mo au plus. Envoyez-le par parties.")
            )
        return file

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("wire_format") == CSV:
            try:
                data["columns"] = ColumnMap.of(data.get("columns", ""))
                fields_of(data["columns"])
            except ValueError as error:
                self.add_error("columns", str(error))
        return data


@requires(Capability.LEND)
def card(request: HttpRequest, code: str) -> HttpResponse:
    """Show the form; when posted, store the file and tell what became of it. Posted twice it changes nothing."""
    sensor = get_object_or_404(Sensor.objects.select_related("owner"), inventory_code=code)
    assert isinstance(request.user, Person)
    if not request.user.can(Capability.LEND, within=sensor.owner):
        raise PermissionDenied(_("Ce capteur est celui d’une autre association."))
    offered = {name for name, _label in FORMATS_AT_THE_DESK}
    first = sensor.wire_format if sensor.wire_format in offered else CSV
    form = CardForm(request.POST or None, request.FILES or None, initial={"wire_format": first})
    imported: Imported | None = None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        with database.connect() as connection:
            imported = import_file(
                given["file"].read(),
                name=given["file"].name,
                sensor=sensor,
                wire_format=given["wire_format"],
                connection=connection,
                now=timezone.now(),
                columns=given["columns"] if given["wire_format"] == CSV else None,
            )
    status = 422 if form.errors or (imported is not None and imported.error) else 200
    context = {
        "sensor": sensor,
        "form": form,
        "imported": imported,
        "refused": imported.refused[:SHOWN_REFUSALS] if imported is not None else [],
        "more_refused": max(0, len(imported.refused) - SHOWN_REFUSALS) if imported is not None else 0,
    }
    return render(request, "firmware_bridge/card.html", context, status=status)

"""The forms of the workspace: plan a stay, decide, set hours aside, tell what happened, end a finding."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from capto.catalogue.models import Sensor
from capto.members.models import Organisation
from capto.readings.models import Place, ReferenceStation, Series
from capto.validation.models import PlaceContext

MOMENT = "%Y-%m-%dT%H:%M"


class Day(forms.DateInput):
    """A day, with the browser's own calendar."""

    input_type = "date"


def day_field(label: Any, **options: Any) -> forms.DateField:
    """Make a field for a day."""
    return forms.DateField(label=label, widget=Day(format="%Y-%m-%d"), **options)


def moment_field(label: Any, **options: Any) -> forms.DateTimeField:
    """Make a field for a day and time in the reader's zone (Europe/Paris), with the browser's own calendar."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT)
    return forms.DateTimeField(
        label=label, widget=widget, input_formats=[MOMENT, "%Y-%m-%dT%H:%M:%S"], **options
    )


class Period(forms.Form):
    """A period that ends after it starts."""

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        start, end = told.get("starts_at"), told.get("ends_at")
        if start and end and end <= start:
            self.add_error("ends_at", _("La fin doit venir après le début."))
        return told


class PlanForm(forms.Form):
    """Plan which sensor stands beside which station, from a day to a day (both included)."""

    sensor = forms.ModelChoiceField(
        Sensor.objects.none(), label=gettext_lazy("Capteur"), to_field_name="inventory_code"
    )
    station = forms.ModelChoiceField(
        ReferenceStation.objects.none(), label=gettext_lazy("À côté de la station"), to_field_name="code"
    )
    first_day = day_field(gettext_lazy("Du"))
    last_day = day_field(
        gettext_lazy("Au"),
        help_text=gettext_lazy(
            "Compris. Quatorze jours au moins donnent un étalonnage complet, trois un provisoire."
        ),
    )
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=200)

    def __init__(
        self,
        *args: Any,
        organisations: QuerySet[Organisation],
        stations: QuerySet[ReferenceStation],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._field("sensor").queryset = Sensor.objects.filter(owner__in=organisations).order_by(
            "inventory_code"
        )
        self._field("station").queryset = stations

    def _field(self, name: str) -> Any:
        return self.fields[name]

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        first, last = told.get("first_day"), told.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("La fin doit venir après le début."))
        return told


class ReasonForm(forms.Form):
    """A decision with its reason, which the public can read."""

    reason = forms.CharField(
        label=gettext_lazy("Motif"),
        help_text=gettext_lazy("Il reste, et le public peut le lire."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=1000,
    )


class SetAsideForm(Period):
    """Hours of a series to set aside."""

    series = forms.ModelChoiceField(Series.objects.none(), label=gettext_lazy("Série"))
    starts_at = moment_field(gettext_lazy("De"))
    ends_at = moment_field(gettext_lazy("À"))
    reason = forms.CharField(
        label=gettext_lazy("Motif"),
        help_text=gettext_lazy(
            "Les heures restent publiées, marquées, avec la note D ; le motif se lit à côté."
        ),
        max_length=1000,
    )

    def __init__(self, *args: Any, organisations: QuerySet[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["series"]
        field.queryset = Series.objects.filter(
            placement__sensor__owner__in=organisations, property__is_pollutant=True
        )
        field.widget = forms.NumberInput(attrs={"min": 1})


class ContextForm(Period):
    """What happened around a place."""

    kind = forms.ChoiceField(label=gettext_lazy("Quoi"), choices=PlaceContext.Kind.choices)
    starts_at = moment_field(gettext_lazy("De"))
    ends_at = moment_field(gettext_lazy("À"))
    note = forms.CharField(
        label=gettext_lazy("En quelques mots"),
        help_text=gettext_lazy("Sans nommer personne."),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=1000,
    )


class TellForm(ContextForm):
    """What a borrower or a town tells of a place."""

    source = forms.ChoiceField(
        label=gettext_lazy("Vous êtes"),
        choices=[
            (PlaceContext.Source.BORROWER, PlaceContext.Source.BORROWER.label),
            (PlaceContext.Source.TOWN, PlaceContext.Source.TOWN.label),
        ],
        widget=forms.RadioSelect,
        initial=PlaceContext.Source.BORROWER,
    )


class StaffContextForm(ContextForm):
    """What staff writes of a place or of a station."""

    where = forms.ChoiceField(label=gettext_lazy("Où"))
    source = forms.ChoiceField(
        label=gettext_lazy("Dit par"), choices=PlaceContext.Source.choices, initial=PlaceContext.Source.STAFF
    )
    field_order = ("where", "source", "kind", "starts_at", "ends_at", "note")

    def __init__(
        self, *args: Any, stations: QuerySet[ReferenceStation], places: QuerySet[Place], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["where"]
        field.choices = [
            (_("Stations"), [(f"station:{one.pk}", str(one)) for one in stations]),
            (_("Lieux"), [(f"place:{one.pk}", one.label) for one in places]),
        ]

    def told_of(self) -> dict[str, Any]:
        """Give the place or station as PlaceContext.tell takes it."""
        kind, _sep, key = self.cleaned_data["where"].partition(":")
        if kind == "station":
            return {"station": ReferenceStation.objects.get(pk=int(key))}
        return {"place": Place.objects.get(pk=int(key))}

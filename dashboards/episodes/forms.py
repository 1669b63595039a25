"""Entering by hand what the authority decided."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models import ObservedProperty
from dashboards.episodes.models import Episode, EpisodeLevel, EpisodeZone


class EpisodeForm(forms.Form):
    """One decision: its zone, pollutant, level, days and the address of the act."""

    zone = forms.ModelChoiceField(label=_("Zone"), queryset=EpisodeZone.objects.all())
    pollutant = forms.ModelChoiceField(
        label=_("Polluant"), queryset=ObservedProperty.objects.filter(is_pollutant=True)
    )
    level = forms.ModelChoiceField(label=_("Niveau"), queryset=EpisodeLevel.objects.all())
    first_day = forms.DateField(label=_("Premier jour"), widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(label=_("Dernier jour"), widget=forms.DateInput(attrs={"type": "date"}))
    status = forms.ChoiceField(
        label=_("Situation"), choices=[c for c in Episode.Status.choices if c[0] != Episode.Status.LIFTED]
    )
    source = forms.CharField(
        label=_("Qui a décidé"), max_length=120, help_text=_("Préfecture de l’Isère, par exemple.")
    )
    url = forms.URLField(assume_scheme="https", label=_("Adresse de l’acte ou du communiqué"), max_length=500)

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        first, last = told.get("first_day"), told.get("last_day")
        if first and last and not 0 <= (last - first).days <= 14:
            self.add_error("last_day", _("Du premier au dernier jour : quinze jours au plus, dans l’ordre."))
        return told


class LiftForm(forms.Form):
    """The end of an episode, with the act that says so."""

    url = forms.URLField(assume_scheme="https", label=_("Adresse de l’acte qui le lève"), max_length=500)
    because = forms.CharField(label=_("En une phrase"), max_length=300, required=False)


class ZoneForm(forms.ModelForm):  # type: ignore[type-arg]
    """A zone that no feed has named yet."""

    class Meta:
        model = EpisodeZone
        fields = ["code", "name"]
        labels = {"code": _("Code"), "name": _("Nom de la zone")}

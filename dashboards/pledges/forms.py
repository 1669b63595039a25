"""The forms of pledging, and of the staff who run campaigns."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core import signing
from django.utils.translation import gettext_lazy as _

from capto.members.forms import CommuneField
from capto.members.models import Organisation, Person, Territory
from capto.members.roles import Capability
from dashboards.episodes.models import EpisodeLevel, EpisodeZone
from dashboards.pledges.models import ExternalCount, Keeping, PledgeCampaign, ReturnPromise

_OPENED = "dashboards.pledges.form_opened"
FASTEST = timedelta(seconds=2)  # a person reads the promise before answering
SLOWEST = timedelta(days=1)
MOST_OTHERS = 10_000_000


class PledgeForm(forms.Form):
    """The two fields of a pledge, two more that one may leave, and two that only scripts fill."""

    required_others = forms.IntegerField(
        label=_("Je le fais si au moins … autres personnes le font"),
        min_value=0,
        max_value=MOST_OTHERS,
        help_text=_("Gardez le nombre proposé, ou mettez le vôtre. 0 : je le fais quoi qu’il arrive."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    email = forms.EmailField(
        label=_("Adresse e-mail"),
        max_length=254,
        help_text=_(
            "Pour confirmer, puis seulement les jours où votre engagement est appelé. Jamais montrée."
        ),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    commune = CommuneField(
        label=_("Commune"), required=False, help_text=_("Pour dire où, jamais à moins de cinq.")
    )
    km_per_day = forms.IntegerField(
        label=_("Kilomètres en voiture un jour ordinaire"), required=False, min_value=0, max_value=500
    )
    website = forms.CharField(label=_("Laissez ce champ vide"), required=False)
    opened = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, campaign: PledgeCampaign, now: datetime, **kwargs: Any) -> None:
        initial = {
            "required_others": campaign.threshold,
            "opened": signing.dumps(now.timestamp(), salt=_OPENED),
        }
        super().__init__(*args, **{"initial": initial, **kwargs})
        self._now = now
        if campaign.action.effect != "car":
            del self.fields["km_per_day"]
        self.fields["website"].widget.attrs |= {"tabindex": "-1", "autocomplete": "off"}

    @property
    def looks_scripted(self) -> bool:
        """Whether a field that nobody sees was filled, or the form came back faster than anyone reads."""
        if self.data.get("website"):
            return True
        try:
            opened = signing.loads(self.data.get("opened", ""), salt=_OPENED)
            return not FASTEST.total_seconds() <= self._now.timestamp() - opened <= SLOWEST.total_seconds()
        except (signing.BadSignature, TypeError):
            return True


class CampaignForm(forms.ModelForm):  # type: ignore[type-arg]
    """A campaign in preparation."""

    class Meta:
        model = PledgeCampaign
        fields = [
            "title", "slug", "why", "action", "organisation", "territory", "inhabitants", "zone", "pollutant",
            "minimum_level", "calls_when_forecast", "threshold_number", "threshold_share", "deadline", "ends_on",
            "smallest_count",
        ]  # fmt: skip
        labels = {
            "title": _("Titre"),
            "slug": _("Adresse de la page"),
            "why": _("Pourquoi (Markdown)"),
            "action": _("Ce que l’on promet"),
            "organisation": _("Organisation"),
            "territory": _("Territoire"),
            "inhabitants": _("Habitants du territoire"),
            "zone": _("Zone de l’autorité"),
            "pollutant": _("Polluant (vide : tous)"),
            "minimum_level": _("À partir du niveau"),
            "calls_when_forecast": _("Appeler dès l’annonce, sans attendre l’entrée en vigueur"),
            "threshold_number": _("Seuil proposé : un nombre de personnes"),
            "threshold_share": _("ou une part des habitants (0,01 pour un sur cent)"),
            "deadline": _("Date limite"),
            "ends_on": _("Dernier jour de la saison"),
            "smallest_count": _("Aucun chiffre au-dessous de ce nombre de personnes"),
        }
        widgets = {
            "deadline": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
            "ends_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(self, *args: Any, by: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = by.organisations_where(Capability.MANAGE_CAMPAIGNS)  # type: ignore[attr-defined]
        self.fields["territory"] = TerritoryField(label=_("Territoire"))
        self.initial["territory"] = self._territory()
        self.fields["zone"].queryset = EpisodeZone.objects.all()  # type: ignore[attr-defined]
        self.fields["minimum_level"].queryset = EpisodeLevel.objects.all()  # type: ignore[attr-defined]
        self.fields["pollutant"].queryset = self.fields["pollutant"].queryset.filter(is_pollutant=True)  # type: ignore[attr-defined]

    def _territory(self) -> str:
        return self.instance.territory.name if self.instance.territory_id else ""

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if (told.get("threshold_number") is None) == (told.get("threshold_share") is None):
            self.add_error("threshold_number", _("Donnez un nombre ou une part, pas les deux."))
        deadline, ends_on = told.get("deadline"), told.get("ends_on")
        if deadline and ends_on and deadline.date() > ends_on:
            self.add_error("ends_on", _("La saison finit après la date limite."))
        return told


class TerritoryField(forms.CharField):
    """A territory by its name or the code of a commune; cleans to a Territory."""

    def clean(self, value: Any) -> Territory:
        """Find the territory, or say that there is none."""
        text = str(super().clean(value) or "").strip()
        found = Territory.objects.filter(insee_code=text).first() if text else None
        named = [found] if found else list(Territory.objects.filter(name__iexact=text)[:2])
        if len(named) != 1:
            raise forms.ValidationError(
                _("Écrivez le nom exact d’un territoire connu, ou le code d’une commune.")
            )
        return named[0]


class PaperForm(forms.Form):
    """The signed paper of someone without internet, known by their card or their name."""

    person = forms.CharField(label=_("Personne (nom exact ou code de sa carte)"), max_length=200)
    required_others = forms.IntegerField(
        label=_("Si au moins … autres personnes le font"), min_value=0, max_value=MOST_OTHERS
    )
    consent = forms.BooleanField(
        label=_("La personne a signé la feuille d’engagement, gardée au point de prêt.")
    )

    def clean_person(self) -> Person:
        """Find the one person meant."""
        text = str(self.cleaned_data["person"]).strip()
        found = list(Person.objects.filter(card_code__iexact=text)[:1]) or list(
            Person.objects.filter(name__iexact=text, is_active=True)[:2]
        )
        if len(found) != 1:
            raise forms.ValidationError(_("Aucune personne, ou plusieurs, ne répondent à ces mots."))
        return found[0]


class PaperOfForm(PaperForm):
    """The same at the desk, for whichever campaign runs."""

    campaign = forms.ModelChoiceField(
        label=_("Campagne"), queryset=PledgeCampaign.objects.filter(state__in=PledgeCampaign.RUNNING)
    )
    field_order = ("campaign", "person", "required_others", "consent")


class PromiseForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a town, a firm or the association does in return."""

    act_url = forms.URLField(
        assume_scheme="https", label=_("Adresse de l’acte ou de la lettre"), required=False, max_length=500
    )

    class Meta:
        model = ReturnPromise
        fields = ["name", "kind", "promise", "required_held", "act_url"]
        labels = {
            "name": _("Qui promet"),
            "kind": _("Nature"),
            "promise": _("Ce qui est promis, ce jour-là"),
            "required_held": _("Si au moins … habitants tiennent"),
        }


class KeepingForm(forms.Form):
    """Whether a word was kept."""

    keeping = forms.ModelChoiceField(queryset=Keeping.objects.all(), widget=forms.HiddenInput)
    word = forms.ChoiceField(
        label=_("Parole"), choices=[c for c in Keeping.Word.choices if c[0] != "not_said"]
    )
    note = forms.CharField(label=_("En une phrase"), max_length=300, required=False)
    url = forms.URLField(assume_scheme="https", label=_("Où on peut le vérifier"), required=False)


class CountForm(forms.ModelForm):  # type: ignore[type-arg]
    """What others counted outside on a called day."""

    url = forms.URLField(assume_scheme="https", label=_("Adresse des comptages"), max_length=500)

    class Meta:
        model = ExternalCount
        fields = ["call", "what", "unit", "that_day", "usual", "uncertainty", "comparison", "source", "url"]
        labels = {
            "call": _("Jour"),
            "what": _("Ce qui est compté"),
            "unit": _("Unité"),
            "that_day": _("Ce jour-là"),
            "usual": _("Les jours comparables"),
            "uncertainty": _("Incertitude de l’écart (95 %)"),
            "comparison": _("Comparé à quels jours"),
            "source": _("Qui compte"),
        }

    def __init__(self, *args: Any, campaign: PledgeCampaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["call"].queryset = campaign.calls.all()  # type: ignore[attr-defined]
        self.fields["call"].label_from_instance = lambda call: f"{call.day:%d/%m/%Y}"  # type: ignore[attr-defined]


def organisations_of(person: Person) -> list[Organisation]:
    """List the organisations whose campaigns a member of staff runs."""
    return list(person.organisations_where(Capability.MANAGE_CAMPAIGNS))


__all__ = [
    "CampaignForm",
    "CountForm",
    "KeepingForm",
    "PaperForm",
    "PaperOfForm",
    "PledgeForm",
    "PromiseForm",
]

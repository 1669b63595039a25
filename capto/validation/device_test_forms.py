"""The forms of a maker's test."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models import ObservedProperty, Sensor
from capto.members.forms import CommuneField
from capto.members.models import Organisation
from capto.readings.models import ReferenceStation
from capto.validation.evaluation.form import DECIMALS, DELIMITERS
from capto.validation.models import DeviceTest, HomeVolunteer
from capto.validation.models.device_test import FEWEST_UNITS, MOST_UNITS

MEASURED = ("pm1", "pm25", "pm10", "no2", "no", "o3", "so2", "co")


class DayInput(forms.DateInput):
    """A day as browsers ask for it."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class AskForm(forms.Form):
    """What a maker asks, and the charter."""

    maker_name = forms.CharField(label=_("Nom du fabricant, tel qu’il sera publié"), max_length=200)
    device = forms.CharField(label=_("Appareil"), max_length=200)
    firmware = forms.CharField(
        label=_("Micrologiciel"),
        max_length=100,
        help_text=_("Sa version, qui ne change pas pendant l’essai."),
    )
    quantities = forms.ModelMultipleChoiceField(
        label=_("Grandeurs à comparer"),
        queryset=ObservedProperty.objects.filter(pk__in=MEASURED).order_by("pk"),
        widget=forms.CheckboxSelectMultiple,
    )
    units = forms.IntegerField(
        label=_("Nombre d’exemplaires"),
        min_value=FEWEST_UNITS,
        max_value=MOST_UNITS,
        initial=3,
        help_text=_("Avec moins de trois, l’accord entre exemplaires n’est pas évaluable."),
    )
    question = forms.CharField(
        label=_("Question à laquelle l’essai doit répondre"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=1000,
    )
    payer = forms.CharField(label=_("Qui paie l’essai"), max_length=200)
    way = forms.ChoiceField(
        label=_("Comment les mesures arrivent"), choices=DeviceTest.Way.choices, widget=forms.RadioSelect
    )
    not_blind = forms.CharField(
        label=_("Si l’essai ne peut pas être à l’aveugle, pourquoi"),
        required=False,
        max_length=300,
        help_text=_(
            "Laissez vide : vous recevez la référence après la période de notation. La raison est publiée."
        ),
    )
    wants_volunteers = forms.BooleanField(
        label=_("Proposer aux habitants d’essayer l’appareil chez eux"), required=False
    )
    charter = forms.BooleanField(
        label=_(
            "J’ai lu la charte et le protocole, et je les accepte : le rapport entier est publié, quel qu’il soit"
        )
    )


class PlanTestForm(forms.Form):
    """Where and when: two periods, that never change afterwards."""

    organisation = forms.ModelChoiceField(label=_("Association"), queryset=Organisation.objects.none())
    station = forms.ModelChoiceField(label=_("Station"), queryset=ReferenceStation.objects.none())
    calibration_starts = forms.DateField(label=_("Étalonnage, premier jour"), widget=DayInput)
    calibration_ends = forms.DateField(label=_("Étalonnage, dernier jour"), widget=DayInput)
    scoring_starts = forms.DateField(label=_("Notation, premier jour"), widget=DayInput)
    scoring_ends = forms.DateField(label=_("Notation, dernier jour"), widget=DayInput)

    def __init__(self, *args: Any, organisations: Any, stations: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = organisations  # type: ignore[attr-defined]
        self.fields["station"].queryset = stations  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse periods that are empty or overlap, in words."""
        told: dict[str, Any] = super().clean() or {}
        days = [
            told.get(n) for n in ("calibration_starts", "calibration_ends", "scoring_starts", "scoring_ends")
        ]
        known = [day for day in days if day is not None]
        if len(known) == 4:
            if known[1] < known[0]:
                self.add_error("calibration_ends", _("L’étalonnage finit avant de commencer."))
            if known[3] < known[2]:
                self.add_error("scoring_ends", _("La notation finit avant de commencer."))
            if known[2] <= known[1]:
                self.add_error(
                    "scoring_starts",
                    _("L’étalonnage et la notation ne se recouvrent jamais : choisissez un jour plus tard."),
                )
        return told


class UnitForm(forms.Form):
    """Which sensor a unit is."""

    sensor = forms.ModelChoiceField(label=_("Capteur"), queryset=Sensor.objects.none())

    def __init__(self, *args: Any, organisations: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sensor"].queryset = Sensor.objects.filter(  # type: ignore[attr-defined]
            owner__in=organisations
        ).order_by("inventory_code")


class DeclineForm(forms.Form):
    """Why a request is declined."""

    why = forms.CharField(label=_("Raison, que le fabricant lira"), max_length=300)


class GiveForm(forms.Form):
    """A file for one unit."""

    file = forms.FileField(label=_("Fichier (CSV ou Parquet)"))
    time_column = forms.CharField(label=_("Colonne de l’heure"), required=False, max_length=100)
    value_column = forms.CharField(
        label=_("Colonne de la valeur"),
        required=False,
        max_length=100,
        help_text=_("Laissez vide si la colonne porte le nom de la grandeur, tel que pm25."),
    )
    timezone = forms.CharField(
        label=_("Fuseau horaire"),
        required=False,
        max_length=40,
        help_text=_("UTC si rien n’est écrit ; par exemple Europe/Paris."),
    )
    hour_label = forms.ChoiceField(
        label=_("Une heure est étiquetée par"),
        choices=[("", _("son début")), ("end", _("sa fin"))],
        required=False,
    )
    delimiter = forms.ChoiceField(label=_("Séparateur des colonnes"), choices=DELIMITERS, required=False)
    decimal = forms.ChoiceField(label=_("Signe décimal"), choices=DECIMALS, required=False)

    def how(self) -> list[Any]:
        """Give the fields that say how the file is written."""
        return [self[name] for name in self.fields if name != "file"]

    def reading(self) -> dict[str, str]:
        """Give the options of `capto evaluate` that were said."""
        return {
            name.replace("_", "-"): told
            for name, told in self.cleaned_data.items()
            if name != "file" and told
        }


class CommentForm(forms.Form):
    """The maker's comment on the result."""

    comment = forms.CharField(
        label=_("Commentaire, publié avec le verdict"),
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=3000,
    )


class VolunteerForm(forms.Form):
    """A resident who would try the device."""

    commune = CommuneField(
        label=_("Votre commune"),
        help_text=_(
            "Le fabricant lit combien d’habitants se proposent, et dans quelles communes ; jamais qui."
        ),
    )
    agreed = forms.BooleanField(
        label=_(
            "J’accepte que l’association garde mon nom et ma commune pour cet essai, et que le fabricant lise le "
            "nombre de volontaires par commune"
        )
    )


class AssignForm(forms.Form):
    """Which volunteer gets a unit."""

    volunteer = forms.ModelChoiceField(label=_("Volontaire"), queryset=HomeVolunteer.objects.none())

    def __init__(self, *args: Any, test: DeviceTest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        waiting = HomeVolunteer.objects.standing().filter(test=test, unit=None)
        self.fields["volunteer"].queryset = waiting.select_related("person")  # type: ignore[attr-defined]

"""The forms of borrowing."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from capto.catalogue.photos import NoPhoto, clean_photo
from capto.lending.models import Problem
from capto.members.forms import CommuneField
from capto.members.models import BorrowerCategory, BorrowerGroup, Person


class DayInput(forms.DateInput):
    """A day as browsers ask for it."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class HoldForm(forms.Form):
    """The days of a loan, and for whom."""

    starts_on = forms.DateField(label=_("À partir du"), widget=DayInput)
    ends_on = forms.DateField(label=_("Jusqu’au"), widget=DayInput)
    group = forms.ModelChoiceField(
        label=_("Pour"), queryset=BorrowerGroup.objects.none(), required=False, empty_label=_("moi")
    )
    by_post = forms.BooleanField(label=_("Envoyer par la poste"), required=False)

    def __init__(self, *args: Any, person: Person, lends_by_post: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = BorrowerGroup.objects.filter(responsible=person, is_active=True)
        if groups.exists():
            self.fields["group"].queryset = groups  # type: ignore[attr-defined]
        else:
            del self.fields["group"]
        if not lends_by_post:
            del self.fields["by_post"]


class GroupForm(forms.Form):
    """A class, a firm or an association that borrows; no member of it is asked for."""

    name = forms.CharField(label=_("Nom"), max_length=200, help_text=_("Par exemple : CM2, école Jaurès"))
    category = forms.ChoiceField(
        label=_("C’est"), choices=[c for c in BorrowerCategory.choices if c[0] != BorrowerCategory.RESIDENT]
    )
    size = forms.IntegerField(label=_("Nombre de personnes"), required=False, min_value=1, max_value=100_000)
    commune = CommuneField(label=_("Commune"), required=False)


class DetailsForm(forms.Form):
    """What a person may correct of what is known of them."""

    name = forms.CharField(label=_("Nom"), max_length=200)
    phone = forms.CharField(label=_("Téléphone"), max_length=30, required=False)
    postal_address = forms.CharField(
        label=_("Adresse postale"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Seulement pour un prêt par la poste ; effacée un mois après le retour."),
    )
    commune = CommuneField(label=_("Commune"), required=False)
    language = forms.ChoiceField(
        label=_("Langue des messages"), choices=[("fr", "Français"), ("en", "English")]
    )
    only_loan_messages = forms.BooleanField(label=_("Ne m’écrire qu’à propos de mes prêts"), required=False)


class OnBehalfForm(forms.Form):
    """Someone without internet, served by staff, who said yes to what is kept."""

    name = forms.CharField(label=_("Nom de la personne"), max_length=200)
    phone = forms.CharField(label=_("Téléphone"), max_length=30, required=False)
    postal_address = forms.CharField(
        label=_("Adresse postale"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    commune = CommuneField(label=_("Commune"), required=False)
    email = forms.EmailField(label=_("Adresse e-mail, si la personne en a une"), required=False)
    way = forms.ChoiceField(
        label=_("La charte a été acceptée"),
        choices=[("paper", _("sur papier, signée")), ("spoken", _("de vive voix, après lecture"))],
    )
    accepted = forms.BooleanField(
        label=_("La personne a lu ou entendu la charte et l’accepte ; elle sait ce qui est gardé d’elle.")
    )

    def clean_email(self) -> str | None:
        """Refuse an address that another account has."""
        email = str(self.cleaned_data["email"] or "")
        if email and Person.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(
                _("Cette adresse a déjà un compte : cherchez la personne par son nom.")
            )
        return email or None


class ProblemForm(forms.Form):
    """What is wrong with a kit, with a photo where it helps."""

    kind = forms.ChoiceField(label=_("Que se passe-t-il ?"), choices=Problem.Kind.choices)
    text = forms.CharField(
        label=_("En quelques mots"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 4})
    )
    photo = forms.FileField(
        label=_("Photo"),
        required=False,
        help_text=_("Le lieu et l’heure que le téléphone y inscrit sont retirés."),
    )

    def clean_photo(self) -> Any:
        """Keep the picture without what the telephone wrote into it."""
        given = self.cleaned_data["photo"]
        if not given:
            return None
        try:
            return clean_photo(given.read())
        except NoPhoto as error:
            raise forms.ValidationError(str(error)) from error


class NoteForm(forms.Form):
    """What happened near the sensor, and when."""

    day = forms.DateField(label=_("Jour"), widget=DayInput)
    hour = forms.TimeField(label=_("Heure"), widget=forms.TimeInput(attrs={"type": "time"}))
    text = forms.CharField(
        label=_("Ce qui s’est passé"), max_length=300, help_text=_("« J’ai cuisiné », « feu de jardin »")
    )


class QuestionForm(forms.Form):
    """A message to the staff, or their answer."""

    text = forms.CharField(
        label=_("Votre message"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )


class PlaceForm(forms.Form):
    """Where the sensor stands; the exact point stays between the borrower and the staff of the loan."""

    latitude = forms.FloatField(label=_("Latitude"), min_value=41.0, max_value=51.5)
    longitude = forms.FloatField(label=_("Longitude"), min_value=-5.5, max_value=10.0)
    is_indoor = forms.BooleanField(label=_("À l’intérieur"), required=False)
    precision_m = forms.TypedChoiceField(
        label=_("Publier à la précision de"),
        coerce=int,
        choices=[(200, _("200 m, comme l’Insee")), (1000, _("1 km")), (5000, _("5 km"))],
        help_text=_("Une case fixe de cette taille est publiée, jamais votre adresse."),
    )

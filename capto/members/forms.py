"""The forms of the doors: signing in, the e-mail link, the second factor."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

from capto.members.communes import SeveralCommunes, commune_of
from capto.members.models import Territory


class SignInForm(AuthenticationForm):
    """E-mail and password."""

    error_messages = {
        "invalid_login": _(
            "Cette adresse et ce mot de passe ne vont pas ensemble. Vérifiez les majuscules, ou demandez un lien "
            "par e-mail."
        ),
        "inactive": _("Ce compte est fermé. Le personnel de votre point de prêt peut vous dire pourquoi."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("Adresse e-mail")
        self.fields["username"].widget.attrs["type"] = "email"
        self.fields["password"].label = _("Mot de passe")


class LinkForm(forms.Form):
    """The address to which a sign-in link goes."""

    email = forms.EmailField(
        label=_("Adresse e-mail"), widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


class CodeForm(forms.Form):
    """The six digits of the second factor, or one of the spare codes."""

    code = forms.CharField(
        label=_("Code à six chiffres"),
        max_length=16,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )

    def clean_code(self) -> str:
        """Take the code as people type it, with spaces."""
        return "".join(str(self.cleaned_data["code"]).split())


class CommuneField(forms.CharField):
    """A commune as someone writes it; cleans to a Territory, or None where nothing was written."""

    def clean(self, value: Any) -> Territory | None:
        """Find the commune, or say how to write it."""
        text = str(super().clean(value) or "")
        if not text:
            return None
        try:
            found = commune_of(text)
        except SeveralCommunes as error:
            raise forms.ValidationError(
                _("Plusieurs communes portent ce nom. Écrivez-la avec son département : %(names)s"),
                params={"names": ", ".join(error.names[:6])},
            ) from error
        if found is None:
            raise forms.ValidationError(
                _("Cette commune est inconnue. Écrivez son nom complet, ou laissez vide.")
            )
        return found


class JoinForm(forms.Form):
    """What is needed to open an account, and no more."""

    name = forms.CharField(
        label=_("Votre nom"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.EmailField(
        label=_("Adresse e-mail"), widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    commune = CommuneField(
        label=_("Commune"),
        required=False,
        help_text=_("Elle sert à prêter d’abord là où il y a le moins de mesures."),
    )

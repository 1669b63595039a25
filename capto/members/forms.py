"""The forms of the doors: signing in, the e-mail link, the second factor."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _


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

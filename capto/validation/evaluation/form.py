"""The wizard: the same evaluation as `capto evaluate` on files from the browser."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from capto.validation.uploads import LARGEST_BYTES, LARGEST_MB, MOST_FILES

DELIMITERS = [
    ("", _("trouvé dans le fichier")), ("comma", _("virgule")), ("semicolon", _("point-virgule")),
    ("tab", _("tabulation")), ("bar", _("barre verticale")),
]  # fmt: skip
DECIMALS = [("", _("trouvé dans le fichier")), ("point", _("point")), ("comma", _("virgule"))]


class SeveralFiles(forms.ClearableFileInput):
    """A field for several files at once."""

    allow_multiple_selected = True


class SeveralFilesField(forms.FileField):
    """Clean each of several files."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("widget", SeveralFiles())
        super().__init__(*args, **kwargs)

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Give a list of files."""
        one = super().clean
        return (
            [one(file, initial) for file in data]
            if isinstance(data, list | tuple) and data
            else [one(data, initial)]
        )


class EvaluationForm(forms.Form):
    """Files and how to read them; what is left empty is found in the files."""

    sensors = SeveralFilesField(
        label=_("Fichiers de l’appareil, un par exemplaire"),
        help_text=_("CSV ou Parquet. Des mesures plus fines que l’heure sont moyennées."),
    )
    reference = forms.FileField(
        label=_("Fichier de référence"), help_text=_("CSV, Parquet, flux E2 français ou fichier AirNow.")
    )
    pollutant = forms.ChoiceField(
        label=_("Grandeur"),
        choices=[
            ("pm25", "PM2,5"), ("pm10", "PM10"), ("pm1", "PM1"), ("no2", "NO₂"), ("o3", "O₃"), ("no", "NO"),
            ("so2", "SO₂"), ("co", "CO"),
        ],
    )  # fmt: skip
    unit = forms.ChoiceField(
        label=_("Unité des fichiers"),
        choices=[("ug/m3", "µg/m³"), ("mg/m3", "mg/m³"), ("ppb", "ppb"), ("ppm", "ppm")],
    )
    reference_unit = forms.ChoiceField(
        label=_("Unité de la référence, si elle est autre"),
        choices=[("", "—"), ("ug/m3", "µg/m³"), ("mg/m3", "mg/m³"), ("ppb", "ppb"), ("ppm", "ppm")],
        required=False,
    )
    time_column = forms.CharField(label=_("Colonne de l’heure (appareil)"), required=False, max_length=100)
    value_column = forms.CharField(label=_("Colonne de la valeur (appareil)"), required=False, max_length=100)
    timezone = forms.CharField(
        label=_("Fuseau horaire (appareil)"),
        required=False,
        max_length=40,
        help_text=_("UTC si rien n’est écrit ; par exemple Europe/Paris."),
    )
    hour_label = forms.ChoiceField(
        label=_("Une heure est étiquetée par"), choices=[("begin", _("son début")), ("end", _("sa fin"))]
    )
    delimiter = forms.ChoiceField(
        label=_("Séparateur des colonnes (appareil)"), choices=DELIMITERS, required=False
    )
    decimal = forms.ChoiceField(label=_("Signe décimal (appareil)"), choices=DECIMALS, required=False)
    reference_time_column = forms.CharField(
        label=_("Colonne de l’heure (référence)"), required=False, max_length=100
    )
    reference_value_column = forms.CharField(
        label=_("Colonne de la valeur (référence)"), required=False, max_length=100
    )
    reference_timezone = forms.CharField(label=_("Fuseau horaire (référence)"), required=False, max_length=40)
    reference_hour_label = forms.ChoiceField(
        label=_("Une heure de référence est étiquetée par"),
        choices=[("", _("comme l’appareil")), ("begin", _("son début")), ("end", _("sa fin"))],
        required=False,
    )
    reference_delimiter = forms.ChoiceField(
        label=_("Séparateur des colonnes (référence)"), choices=DELIMITERS, required=False
    )
    reference_decimal = forms.ChoiceField(
        label=_("Signe décimal (référence)"), choices=DECIMALS, required=False
    )
    reference_filter = forms.CharField(
        label=_("Lignes de référence à garder"),
        required=False,
        max_length=200,
        help_text=_("Par exemple : code site=FR15043"),
    )
    humidity_column = forms.CharField(
        label=_("Colonne de l’humidité (appareil)"), required=False, max_length=100
    )
    temperature_column = forms.CharField(
        label=_("Colonne de la température (appareil)"), required=False, max_length=100
    )
    device = forms.CharField(label=_("Nom de l’appareil"), required=False, max_length=100)
    firmware = forms.CharField(label=_("Micrologiciel"), required=False, max_length=100)

    ESSENTIAL = ("sensors", "reference", "pollutant", "unit")

    def essential(self) -> list[Any]:
        """Give the fields that everyone fills in."""
        return [self[name] for name in self.ESSENTIAL]

    def others(self) -> list[Any]:
        """Give the fields for files that do not explain themselves."""
        return [self[name] for name in self.fields if name not in self.ESSENTIAL]

    def clean(self) -> dict[str, Any]:
        """Refuse too many or too large files in words."""
        told: dict[str, Any] = super().clean() or {}
        sensors, reference = told.get("sensors") or [], told.get("reference")
        if len(sensors) + 1 > MOST_FILES:
            self.add_error("sensors", _("Vingt exemplaires au plus."))
        if reference and sum(file.size for file in [*sensors, reference]) > LARGEST_BYTES:
            self.add_error(
                "sensors",
                _("Ces fichiers dépassent ensemble %(n)d Mo : employez la commande, qui n’a pas de limite.")
                % {"n": LARGEST_MB},
            )
        return told

    def options(self) -> dict[str, str]:
        """Give the options of `capto evaluate`."""
        told = self.cleaned_data
        return {
            name.replace("_", "-"): told[name]
            for name in self.fields
            if name not in ("sensors", "reference") and told[name]
        }

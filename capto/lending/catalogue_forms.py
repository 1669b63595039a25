"""The forms of what the collection is made of: makes of sensor, kinds of kit with their parts, plans of upkeep."""

import re
from typing import Any, ClassVar, NamedTuple

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models import KitModel, KitModelPart, ObservedProperty, SensorModel, UpkeepPlan
from capto.catalogue.photos import NoPhoto, clean_photo
from capto.lending.manage_forms import OwnForm

_PART = re.compile(r"^(?P<name>.+?)(?:\s*[×x*]\s*(?P<quantity>\d{1,3}))?(?:\s*\((?P<optional>[^()]*)\))?$")
_OPTIONAL = ("facultatif", "facultative", "optional")


class Part(NamedTuple):
    """One line of a checklist."""

    name: str
    quantity: int
    is_essential: bool

    @classmethod
    def read(cls, line: str) -> "Part":
        """Read "Colliers × 4 (facultatif)". Raises ValidationError that shows the line."""
        found = _PART.match(line)
        assert found is not None  # any line that is not empty matches
        name, optional = found["name"].strip(), found["optional"]
        if optional is not None and optional.strip().lower() not in _OPTIONAL:
            name, optional = line, None
        quantity = int(found["quantity"] or 1)
        if not 1 <= quantity <= 100 or len(name) > 120:
            raise ValidationError(_("Ligne illisible : « %(line)s »."), params={"line": line[:80]})
        return cls(name, quantity, optional is None)

    def __str__(self) -> str:
        words = f"{self.name} × {self.quantity}" if self.quantity > 1 else self.name
        return words if self.is_essential else f"{words} ({gettext('facultatif')})"


def _photo() -> forms.FileField:
    return forms.FileField(
        label=_("Photo"),
        required=False,
        help_text=_("Le lieu et l’heure que le téléphone y inscrit sont retirés."),
    )


def _cleaned(form: OwnForm) -> Any:
    """Give the new picture without what the telephone wrote into it; without a new one the old one stays."""
    given = form.files.get("photo")
    if given is None:
        return form.instance.photo
    try:
        return clean_photo(given.read())
    except NoPhoto as error:
        raise ValidationError(str(error)) from error


class SensorModelForm(OwnForm):
    """A make of sensor: who makes it, what it measures, how it speaks, how it is used."""

    slug_of = "name"
    photo = _photo()
    wire_format = forms.ChoiceField(
        label=_("Format de ses messages"), help_text=_("Le décodeur qui lit ce qu’il envoie.")
    )

    class Meta:
        model = SensorModel
        fields = (
            "maker", "name", "quantities", "wire_format", "reporting_interval_s", "particle_counter", "guide", "photo",
        )  # fmt: skip
        widgets: ClassVar = {
            "quantities": forms.CheckboxSelectMultiple,
            "guide": forms.Textarea(attrs={"rows": 10}),
        }
        labels: ClassVar = {
            "maker": _("Fabricant"),
            "name": _("Nom du modèle"),
            "quantities": _("Ce qu’il mesure"),
            "reporting_interval_s": _("Un message toutes les … secondes"),
            "particle_counter": _("Le compteur de particules à l’intérieur, tel que PMS5003"),
            "guide": _("Guide (Markdown)"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = sorted(import_string(settings.WIRE_FORMATS))
        self.fields["wire_format"].choices = [(name, name) for name in known]  # type: ignore[attr-defined]
        rows = ObservedProperty.objects.order_by("-is_pollutant", "medium", "name")
        self.fields["quantities"].queryset = rows  # type: ignore[attr-defined]

    def clean_photo(self) -> Any:
        """Keep the picture as it is shown."""
        return _cleaned(self)


class KitModelForm(OwnForm):
    """A kind of kit: what people ask for, and the checklist of its box."""

    slug_of = "name"
    photo = _photo()
    parts = forms.CharField(
        label=_("Ce que contient la boîte"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_(
            "Une pièce par ligne, telle que « Colliers × 4 (facultatif) ». Sans une pièce qui n’est pas facultative, "
            "le kit ne repart pas. Les kits déjà étiquetés gardent leur liste."
        ),
    )

    class Meta:
        model = KitModel
        fields = ("name", "description", "guide", "children_guide", "photo", "is_offered")
        widgets: ClassVar = {
            "description": forms.Textarea(attrs={"rows": 5}),
            "guide": forms.Textarea(attrs={"rows": 10}),
            "children_guide": forms.Textarea(attrs={"rows": 10}),
        }
        labels: ClassVar = {
            "name": _("Nom"),
            "description": _("Ce qu’il mesure, pour quelles questions (Markdown)"),
            "guide": _("Comment l’installer (Markdown)"),
            "children_guide": _("Comment l’installer, lisible à dix ans (Markdown)"),
            "is_offered": _("Proposé à l’emprunt"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            lines = [Part(row.name, row.quantity, row.is_essential) for row in self.instance.parts.all()]
            self.initial["parts"] = "\n".join(map(str, lines))

    def clean_photo(self) -> Any:
        """Keep the picture as it is shown."""
        return _cleaned(self)

    def clean_parts(self) -> list[Part]:
        """Read the lines; a name comes once."""
        lines = (line.strip() for line in self.cleaned_data["parts"].splitlines())
        parts = [Part.read(line) for line in lines if line]
        if len({part.name for part in parts}) < len(parts):
            raise ValidationError(_("Une pièce est nommée deux fois : donnez plutôt son nombre."))
        return parts

    def save(self, commit: bool = True) -> Any:
        """Save the kind with its checklist."""
        kind = super().save(commit)
        kind.parts.all().delete()
        KitModelPart.objects.bulk_create(
            KitModelPart(kit_model=kind, position=position, **part._asdict())
            for position, part in enumerate(self.cleaned_data["parts"])
        )
        return kind


class UpkeepPlanForm(OwnForm):
    """What must be done to kits of a kind or with a make of sensor, and when."""

    class Meta:
        model = UpkeepPlan
        fields = (
            "work", "sensor_model", "kit_model", "interval_days", "after_each_loan", "blocks_lending", "note",
        )  # fmt: skip
        labels: ClassVar = {
            "work": _("À faire"),
            "sensor_model": _("Pour les kits qui contiennent un"),
            "kit_model": _("ou pour les kits du genre"),
            "interval_days": _("Tous les … jours (vide : seulement après un prêt)"),
            "after_each_loan": _("Après chaque prêt"),
            "blocks_lending": _("En retard, le kit ne se prête plus"),
            "note": _("Comment"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("sensor_model", "kit_model"):
            self.fields[name].empty_label = "—"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Say what the database would refuse."""
        told: dict[str, Any] = super().clean() or {}
        if bool(told.get("sensor_model")) == bool(told.get("kit_model")):
            raise ValidationError(_("Choisissez un modèle de capteur ou un genre de kit, et un seul."))
        if "interval_days" in told and not told["interval_days"] and not told.get("after_each_loan"):
            raise ValidationError(_("Dites quand : tous les tant de jours, ou après chaque prêt."))
        return told

"""The forms of who keeps the collection: kits, lending points, expenses, rules of lending."""

import re
from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models import CostEntry, Kit, KitModel, LendingPoint, OpeningHours, Sensor, UpkeepTicket
from capto.lending.forms import DayInput
from capto.members.models import Organisation


class FindKits(forms.Form):
    """What narrows the list of kits; everything is optional."""

    STATES = (
        ("", _("tous")),
        ("shelf", _("au point de prêt")),
        ("out", _("en prêt")),
        ("late", _("en retard")),
        ("transit", _("en chemin")),
        ("blocked", _("à réparer avant de prêter")),
        ("missing", _("introuvables")),
        ("retired", _("retirés")),
    )
    q = forms.CharField(label=_("Code ou numéro d’inventaire"), required=False, max_length=60)
    point = forms.ModelChoiceField(
        label=_("Point de prêt"), queryset=LendingPoint.objects.none(), required=False, empty_label=_("tous")
    )
    kind = forms.ModelChoiceField(
        label=_("Genre"), queryset=KitModel.objects.order_by("name"), required=False, empty_label=_("tous")
    )
    state = forms.ChoiceField(label=_("État"), choices=STATES, required=False)

    def __init__(self, *args: Any, points: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["point"].queryset = points  # type: ignore[attr-defined]


class NewKitForm(forms.Form):
    """A kit that comes into the collection, with sensors that are in the catalogue already."""

    model = forms.ModelChoiceField(label=_("Genre de kit"), queryset=KitModel.objects.order_by("name"))
    point = forms.ModelChoiceField(label=_("Point de prêt"), queryset=LendingPoint.objects.none())
    sensors = forms.CharField(
        label=_("Capteurs"),
        required=False,
        help_text=_("Leurs numéros d’inventaire, séparés par des espaces ou des virgules."),
    )
    is_pooled = forms.BooleanField(
        label=_("Mis en commun : les autres associations peuvent le prêter"), required=False
    )

    def __init__(self, *args: Any, points: Any, organisations: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["point"].queryset = points  # type: ignore[attr-defined]
        self._organisations = organisations

    def clean_sensors(self) -> list[Sensor]:
        """Find the sensors by their inventory codes."""
        found = []
        for code in re.split(r"[\s,;]+", self.cleaned_data["sensors"].strip()):
            if not code:
                continue
            sensor = Sensor.objects.filter(inventory_code__iexact=code, owner__in=self._organisations).first()
            if sensor is None:
                raise forms.ValidationError(_("Aucun de vos capteurs ne porte le numéro %s.") % code)
            if sensor.kit is not None:
                raise forms.ValidationError(
                    _("Le capteur %(sensor)s est déjà dans le kit %(kit)s.")
                    % {"sensor": code, "kit": sensor.kit.code}
                )
            found.append(sensor)
        return found


class CostForm(forms.Form):
    """One expense for one kit."""

    kind = forms.ChoiceField(label=_("Nature"), choices=CostEntry.Kind.choices)
    on = forms.DateField(label=_("Le"), widget=DayInput)
    euros = forms.DecimalField(
        label=_("Euros, taxes comprises"),
        max_digits=9,
        decimal_places=2,
        localize=True,
        help_text=_("Un montant négatif corrige une ligne fausse."),
    )
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def clean_euros(self) -> Any:
        """Refuse an expense of nothing."""
        euros = self.cleaned_data["euros"]
        if euros == 0:
            raise forms.ValidationError(_("Une dépense n’est pas nulle."))
        return euros


class SendForm(forms.Form):
    """Where a kit is sent, and why."""

    to = forms.ModelChoiceField(label=_("Vers"), queryset=LendingPoint.objects.none())
    reason = forms.CharField(label=_("Raison"), max_length=200, required=False)

    def __init__(self, *args: Any, kit: Kit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        points = LendingPoint.objects.filter(is_active=True).exclude(pk=kit.point_id)
        if not kit.is_pooled:  # what is not pooled stays within its own organisation
            points = points.filter(organisation=kit.owner_id)
        self.fields["to"].queryset = points.order_by("name")  # type: ignore[attr-defined]


class StateForm(forms.Form):
    """In service or not; what leaves the service says why."""

    state = forms.ChoiceField(label=_("État"), choices=Kit.State.choices)
    reason = forms.CharField(label=_("Raison"), max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        """Ask why a kit is out of service."""
        told = super().clean() or self.cleaned_data
        if told.get("state") not in (None, Kit.State.ACTIVE) and not (told.get("reason") or "").strip():
            self.add_error("reason", _("Dites pourquoi : la personne suivante le lira."))
        return told


class TicketForm(forms.Form):
    """Something wrong with a kit."""

    what = forms.CharField(
        label=_("Ce qui ne va pas"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000
    )
    blocks_lending = forms.BooleanField(label=_("Ne pas prêter avant réparation"), required=False)


class TicketStageForm(forms.Form):
    """Where the mending stands."""

    ticket = forms.ModelChoiceField(queryset=UpkeepTicket.objects.none(), widget=forms.HiddenInput)
    stage = forms.ChoiceField(label=_("Étape"), choices=UpkeepTicket.Stage.choices)
    outcome = forms.CharField(label=_("Ce qui a été fait"), max_length=500, required=False)

    def __init__(self, *args: Any, kit: Kit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ticket"].queryset = UpkeepTicket.objects.filter(kit=kit)  # type: ignore[attr-defined]


class ImportForm(forms.Form):
    """A CSV of kits."""

    organisation = forms.ModelChoiceField(label=_("Pour"), queryset=Organisation.objects.none())
    file = forms.FileField(
        label=_("Fichier CSV"), help_text=_("UTF-8, séparé par des virgules ou des points-virgules.")
    )

    MOST_BYTES = 5_000_000

    def __init__(self, *args: Any, organisations: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = organisations  # type: ignore[attr-defined]
        if len(organisations) == 1:
            self.fields["organisation"].initial = organisations[0]

    def clean_file(self) -> str:
        """Read the file as text."""
        file = self.cleaned_data["file"]
        if file.size > self.MOST_BYTES:
            raise forms.ValidationError(_("Ce fichier est trop grand : coupez-le."))
        raw = file.read()
        try:
            return str(raw.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise forms.ValidationError(
                _("Ce fichier n’est pas en UTF-8 : enregistrez-le « CSV UTF-8 » depuis votre tableur.")
            ) from error


class PointForm(forms.Form):
    """What people read about a lending point."""

    name = forms.CharField(label=_("Nom"), max_length=200)
    address = forms.CharField(label=_("Adresse"), widget=forms.Textarea(attrs={"rows": 3}), required=False)
    accessibility = forms.CharField(
        label=_("Accès"),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        help_text=_("Marche, ascenseur, boucle magnétique, stationnement : en mots simples."),
    )
    contact = forms.CharField(label=_("Contact"), max_length=200, required=False)
    lends_by_post = forms.BooleanField(label=_("Envoie aussi par la poste"), required=False)
    is_active = forms.BooleanField(label=_("Prête des kits"), required=False)


_OPENING = re.compile(r"(\d{1,2})[h:](\d{2})?\s*[-–à]\s*(\d{1,2})[h:](\d{2})?$")


class HoursForm(forms.Form):
    """The week of a desk: one line a day, such as 10h-12h, 14h-18h30; empty is closed."""

    def __init__(self, *args: Any, point: LendingPoint, **kwargs: Any) -> None:
        written: dict[int, list[str]] = {}
        for opening in point.opening_hours.all():
            written.setdefault(opening.weekday, []).append(
                f"{opening.opens_at:%H:%M}–{opening.closes_at:%H:%M}"
            )
        kwargs.setdefault("initial", {f"day_{day}": ", ".join(texts) for day, texts in written.items()})
        super().__init__(*args, **kwargs)
        for day, name in OpeningHours.Weekday.choices:
            self.fields[f"day_{day}"] = forms.CharField(
                label=str(name).capitalize(), required=False, max_length=80
            )

    def clean(self) -> dict[str, Any]:
        """Read the week as (ISO weekday, opens, closes)."""
        told = super().clean() or self.cleaned_data
        week: list[tuple[int, time, time]] = []
        for day, _name in OpeningHours.Weekday.choices:
            for part in filter(None, map(str.strip, str(told.get(f"day_{day}") or "").split(","))):
                opening = _OPENING.match(part)
                try:
                    if opening is None:
                        raise ValueError(part)
                    hours = [int(figure or 0) for figure in opening.groups()]
                    week.append((day, time(hours[0], hours[1]), time(hours[2], hours[3])))
                except ValueError:
                    self.add_error(f"day_{day}", _("« %s » ne se lit pas : écrivez 10:00–18:00.") % part)
        told["week"] = week
        return told


class ClosureForm(forms.Form):
    """Days on which a desk stays shut."""

    starts_on = forms.DateField(label=_("Du"), widget=DayInput)
    ends_on = forms.DateField(label=_("Au"), widget=DayInput, help_text=_("Ce jour compris."))
    reason = forms.CharField(label=_("Raison"), max_length=200)
    office_only = forms.BooleanField(
        label=_("Le bureau seulement : le comptoir reste ouvert"), required=False
    )

    def clean(self) -> dict[str, Any]:
        """Refuse days in disorder."""
        told = super().clean() or self.cleaned_data
        first, last = told.get("starts_on"), told.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", _("La fin vient après le début."))
        return told

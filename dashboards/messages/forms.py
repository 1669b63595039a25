"""Writing public messages, explaining a difference, attaching another reading."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from capto.members.models import BorrowerGroup, Organisation, Person
from capto.members.roles import Capability
from dashboards.episodes.models import EpisodeLevel
from dashboards.messages.models import ApprovedSentence, MessageClass, PublicMessage

UNSTATED, NO_EPISODE = "unstated", "none"


class MessageForm(forms.ModelForm):  # type: ignore[type-arg]
    """A draft: what it says, where and for which days."""

    stated = forms.ChoiceField(label=_("Niveau que le message énonce"), required=False)

    class Meta:
        model = PublicMessage
        fields = [
            "message_class", "organisation", "title", "zone", "pollutant", "first_day", "last_day", "sentences", "body",
        ]  # fmt: skip
        labels = {
            "message_class": _("Nature"),
            "organisation": _("Au nom de"),
            "title": _("Titre"),
            "zone": _("Zone"),
            "pollutant": _("Polluant"),
            "first_day": _("Premier jour"),
            "last_day": _("Dernier jour"),
            "sentences": _("Phrases approuvées"),
            "body": _("Texte (Markdown ; vide pour la santé et les épisodes)"),
        }
        widgets = {
            "first_day": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "last_day": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "sentences": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args: Any, by: Person, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = by.organisations_where(Capability.PUBLISH_MESSAGES)  # type: ignore[attr-defined]
        self.fields["sentences"].queryset = ApprovedSentence.objects.usable(now=now).exclude(theme="pledge")  # type: ignore[attr-defined]
        self.fields["pollutant"].queryset = self.fields["pollutant"].queryset.filter(is_pollutant=True)  # type: ignore[attr-defined]
        self.fields["stated"].choices = [  # type: ignore[attr-defined]
            (UNSTATED, _("aucun, ou seulement par ses mots")),
            (NO_EPISODE, _("pas d’épisode")),
            *((level.code, str(level)) for level in EpisodeLevel.objects.all()),
        ]
        stated = self.instance.states_level
        self.initial["stated"] = UNSTATED if stated is None else stated or NO_EPISODE

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        first, last = told.get("first_day"), told.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("Le dernier jour suit le premier."))
        kind = told.get("message_class")
        if kind in (MessageClass.HEALTH, MessageClass.EPISODE):
            if not told.get("zone"):
                self.add_error("zone", _("Un message de santé ou d’épisode nomme sa zone."))
            if told.get("body"):
                self.add_error("body", _("Ici, seulement des phrases approuvées : laissez le texte vide."))
            if not told.get("sentences"):
                self.add_error("sentences", _("Choisissez au moins une phrase approuvée."))
        stated = told.get("stated") or UNSTATED
        self.instance.states_level = None if stated == UNSTATED else "" if stated == NO_EPISODE else stated
        return told


class ReasonForm(forms.Form):
    """Words that go into the public log."""

    words = forms.CharField(label=_("En quelques mots, publics"), widget=forms.Textarea, max_length=2000)


class ReadingForm(forms.Form):
    """Another reading of the data, in the name of an organisation or a group."""

    of = forms.ChoiceField(label=_("Au nom de"))
    title = forms.CharField(label=_("Titre"), max_length=160)
    text = forms.CharField(label=_("Votre lecture (Markdown)"), widget=forms.Textarea)
    data_url = forms.URLField(
        assume_scheme="https", label=_("Adresse des données lues"), required=False, max_length=500
    )

    def __init__(self, *args: Any, by: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._speakers: dict[str, Organisation | BorrowerGroup] = {
            **{f"o{role.organisation_id}": role.organisation for role in by.running_roles()},
            **{f"g{group.pk}": group for group in by.groups_led.filter(is_active=True)},
        }
        self.fields["of"].choices = [(key, str(value)) for key, value in self._speakers.items()]  # type: ignore[attr-defined]

    @property
    def speaks_for_nobody(self) -> bool:
        """Whether this person leads no group and belongs to no organisation."""
        return not self._speakers

    def speaker(self) -> Organisation | BorrowerGroup:
        """Give in whose name it is written."""
        return self._speakers[self.cleaned_data["of"]]

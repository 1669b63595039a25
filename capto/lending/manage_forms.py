"""The forms of the librarian's daily management: each limits its choices to the person's own organisations."""

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models import LendingPoint
from capto.lending.forms import DayInput
from capto.lending.models import Policy
from capto.members.codes import UnreadableCode, read_code
from capto.members.communes import named
from capto.members.forms import CommuneField
from capto.members.models import (
    BorrowerCategory,
    BorrowerGroup,
    Campaign,
    Charter,
    Organisation,
    Person,
    RetentionRule,
    StaffRole,
)
from capto.members.roles import Capability, Role
from capto.training.children_sheet import SHEET
from capto.training.models import Course, CourseSession


class MomentInput(forms.DateTimeInput):
    """A day and an hour as browsers ask for them."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class PersonField(forms.CharField):
    """A person as staff names them: whole e-mail or card; cleans to a Person."""

    def prepare_value(self, value: Any) -> Any:
        """Show who is chosen by what names them alone."""
        if isinstance(value, int):
            value = Person.objects.filter(pk=value).first()
        return (value.email or value.card()) if isinstance(value, Person) else value

    def clean(self, value: Any) -> Person | None:
        """Find the person, or say that nobody is called so."""
        text = str(super().clean(value) or "").strip()
        if not text:
            return None
        people = Person.objects.filter(is_active=True)
        found = people.filter(email__iexact=text).first()
        if found is None:
            try:
                found = people.filter(card_code=read_code(text).text).first()
            except UnreadableCode:
                found = None
        if found is None:
            raise ValidationError(
                _("Personne n’a cette adresse ni cette carte. Ouvrez-lui d’abord un compte.")
            )
        return found


class RightForm(forms.Form):
    """The right to borrow, given on the spot to someone who knows already, with the reason."""

    course = forms.ModelChoiceField(label=_("Formation"), queryset=Course.objects.none())
    reason = forms.CharField(label=_("Pourquoi sans la séance"), max_length=200)

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = person.organisations_where(Capability.OVERRIDE_RULES)
        self.fields["course"].queryset = Course.objects.filter(organisation__in=own).order_by("name")  # type: ignore[attr-defined]


class OwnForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form of one person of the staff: it knows whose rows it may touch."""

    slug_of: ClassVar[str] = ""  # the field of which a new row's address is made

    def __init__(
        self, *args: Any, person: Person, capability: Capability, governs: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.person, self.governs = person, governs
        self.organisations = person.organisations_where(capability).order_by("name")
        if "organisation" in self.fields:
            self.fields["organisation"].queryset = self.organisations  # type: ignore[attr-defined]
            if len(self.organisations) == 1 and not self.instance.pk:
                self.initial.setdefault("organisation", self.organisations[0].pk)

    def save(self, commit: bool = True) -> Any:
        """Save the row; a new one gets an address from its name that no other has."""
        if self.slug_of and not self.instance.pk:
            self.instance.slug = _free_slug(type(self.instance), str(self.cleaned_data[self.slug_of]))
        with transaction.atomic():
            return super().save(commit)


def _free_slug(model: Any, text: str) -> str:
    start = slugify(text)[:70] or "x"
    slug, number = start, 2
    while model.objects.filter(slug=slug).exists():
        slug, number = f"{start}-{number}", number + 1
    return slug


class GroupForm(OwnForm):
    """A class, a firm, an association."""

    responsible = PersonField(
        label=_("L’adulte responsable"), help_text=_("Son adresse e-mail ou le code de sa carte.")
    )
    commune = CommuneField(label=_("Commune"), required=False)

    class Meta:
        model = BorrowerGroup
        fields = ("name", "category", "responsible", "size", "is_active")
        labels: ClassVar = {
            "name": _("Nom"),
            "category": _("C’est"),
            "size": _("Nombre de personnes"),
            "is_active": _("Peut emprunter"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [c for c in BorrowerCategory.choices if c[0] != BorrowerCategory.RESIDENT]
        self.fields["category"].choices = choices  # type: ignore[attr-defined]
        if self.instance.territory:
            self.initial["commune"] = named(self.instance.territory)

    def save(self, commit: bool = True) -> Any:
        """Save with the commune, which is a territory."""
        self.instance.territory = self.cleaned_data["commune"]
        return super().save(commit)


class PolicyForm(OwnForm):
    """One row of the rules of lending."""

    class Meta:
        model = Policy
        fields = (
            "name", "organisation", "kit_model", "category", "loan_days", "shortest_days", "renewals", "renewal_days",
            "ahead_days", "allocation_days", "pickup_open_days", "loans_at_once", "buffer_before_hours",
            "buffer_after_hours", "quarantine_hours", "needs_training", "needs_charter", "late_blocks",
            "under_covered_loans",
        )  # fmt: skip
        labels: ClassVar = {
            "name": _("Nom, tel qu’un refus le dit"),
            "organisation": _("Organisation"),
            "kit_model": _("Genre de kit (vide : tous)"),
            "category": _("Emprunteur (vide : tous)"),
            "loan_days": _("Durée d’un prêt, en jours"),
            "shortest_days": _("Au moins, quand une réservation suit"),
            "renewals": _("Prolongations"),
            "renewal_days": _("Jours par prolongation"),
            "ahead_days": _("Réserver au plus tant de jours avant"),
            "allocation_days": _("Attribuer tant de jours avant"),
            "pickup_open_days": _("Jours ouverts pour venir chercher"),
            "loans_at_once": _("Prêts à la fois"),
            "buffer_before_hours": _("Préparation avant, en heures"),
            "buffer_after_hours": _("Charge et nettoyage après, en heures"),
            "quarantine_hours": _("Comparaison au banc après, en heures"),
            "needs_training": _("Formation exigée à la première remise"),
            "needs_charter": _("Charte exigée"),
            "late_blocks": _("Un retard suspend les autres prêts"),
            "under_covered_loans": _(
                "Commune peu couverte au-dessous de (prêts pour 10 000 habitants et par an)"
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].required = not self.governs
        self.fields["kit_model"].empty_label = _("tous")  # type: ignore[attr-defined]
        self.fields["category"].choices = [("", _("tous")), *BorrowerCategory.choices]  # type: ignore[attr-defined]


class CampaignForm(OwnForm):
    """A campaign: question, territory, dates, seats, mediator."""

    slug_of = "question"
    commune = CommuneField(label=_("Territoire (une commune)"))
    mediator = PersonField(
        label=_("Qui l’anime"),
        help_text=_("Adresse e-mail d’une personne de l’équipe qui anime des campagnes."),
    )

    class Meta:
        model = Campaign
        fields = ("question", "organisation", "mediator", "starts_on", "ends_on", "seats")
        widgets: ClassVar = {"starts_on": DayInput, "ends_on": DayInput}
        labels: ClassVar = {
            "question": _("La question"),
            "organisation": _("Organisation"),
            "starts_on": _("Premier jour"),
            "ends_on": _("Dernier jour"),
            "seats": _("Places"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.territory_id:
            self.initial["commune"] = named(self.instance.territory)

    def clean(self) -> dict[str, Any]:
        """Hold that the mediator is of the staff, and that those already seated keep their seats."""
        told: dict[str, Any] = super().clean() or {}
        mediator, organisation = told.get("mediator"), told.get("organisation")
        if mediator and organisation and not mediator.can(Capability.MANAGE_CAMPAIGNS, within=organisation):
            self.add_error("mediator", _("Cette personne n’anime pas de campagnes dans cette organisation."))
        if told.get("commune") is None and "commune" not in self.errors:
            self.add_error("commune", _("Il manque la commune."))
        taken = self.instance.participants.filter(left_at=None).count() if self.instance.pk else 0
        if told.get("seats") and told["seats"] < taken:
            self.add_error("seats", _("%(count)d personnes ont déjà une place.") % {"count": taken})
        return told

    def _post_clean(self) -> None:
        if self.cleaned_data.get("commune"):
            self.instance.territory = self.cleaned_data["commune"]
        super()._post_clean()  # type: ignore[misc]


class CharterForm(OwnForm):
    """A new version of the charter; a version is never changed."""

    class Meta:
        model = Charter
        fields = ("version", "text", "published_at")
        widgets: ClassVar = {"published_at": MomentInput, "text": forms.Textarea(attrs={"rows": 18})}
        labels: ClassVar = {
            "version": _("Version"),
            "text": _("Le texte (Markdown)"),
            "published_at": _("En vigueur à partir de"),
        }

    def clean_published_at(self) -> Any:
        """Refuse a past moment: what was agreed to yesterday was another text."""
        at = self.cleaned_data["published_at"]
        if at < timezone.now() - timedelta(minutes=5):
            raise ValidationError(_("Une version entre en vigueur maintenant ou plus tard."))
        return at


class StaffForm(OwnForm):
    """A role given to someone within an organisation."""

    member = PersonField(label=_("Qui"), help_text=_("Son adresse e-mail ou le code de sa carte."))

    class Meta:
        model = StaffRole
        fields = ("role", "organisation")
        labels: ClassVar = {"role": _("Rôle"), "organisation": _("Organisation")}

    field_order = ("member", "role", "organisation")

    def save(self, commit: bool = True) -> Any:
        """Give the role; one that runs already stays as it is."""
        told = self.cleaned_data
        return StaffRole.give(
            told["member"], role=Role(told["role"]), organisation=told["organisation"], now=timezone.now()
        )


class CourseForm(OwnForm):
    """A course."""

    slug_of = "name"

    class Meta:
        model = Course
        fields = (
            "name", "organisation", "kit_models", "right_days", "warn_days", "description", "children_sheet",
        )  # fmt: skip
        widgets: ClassVar = {
            "kit_models": forms.CheckboxSelectMultiple,
            "description": forms.Textarea(attrs={"rows": 8}),
            "children_sheet": forms.Textarea(attrs={"rows": 14}),
        }
        labels: ClassVar = {
            "name": _("Nom"),
            "organisation": _("Organisation"),
            "kit_models": _("Genres de kits que la présence permet d’emprunter"),
            "right_days": _("Durée du droit d’emprunter, en jours"),
            "warn_days": _("Prévenir avant sa fin, en jours (0 : ne pas prévenir)"),
            "description": _("Description (Markdown)"),
            "children_sheet": _("Fiche pour les enfants (Markdown, lisible à dix ans)"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["warn_days"].required = False
        if not self.instance.pk:
            self.initial.setdefault("children_sheet", SHEET)

    def clean_warn_days(self) -> int:
        """Leave what was told before where nothing is told."""
        told = self.cleaned_data["warn_days"]
        return int(self.instance.warn_days if told is None else told)


class SessionForm(OwnForm):
    """A session of a course; more seats let those who wait move up."""

    trainer = PersonField(label=_("Qui l’anime"), required=False)

    class Meta:
        model = CourseSession
        fields = ("course", "point", "place", "video_link", "starts_at", "ends_at", "seats", "trainer")
        widgets: ClassVar = {"starts_at": MomentInput, "ends_at": MomentInput}
        labels: ClassVar = {
            "course": _("Formation"),
            "point": _("Au point de prêt"),
            "place": _("Ou ailleurs"),
            "video_link": _("Ou par vidéo (adresse)"),
            "starts_at": _("Début"),
            "ends_at": _("Fin"),
            "seats": _("Places"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = self.organisations
        self.fields["course"].queryset = Course.objects.filter(organisation__in=own)  # type: ignore[attr-defined]
        points = LendingPoint.objects.filter(organisation__in=own, is_active=True)
        self.fields["point"].queryset = points.order_by("name")  # type: ignore[attr-defined]


class OrganisationForm(OwnForm):
    """What an organisation says of itself; who governs the instance adds those that join."""

    commune = CommuneField(label=_("Commune"), required=False)

    class Meta:
        model = Organisation
        fields = ("name", "contact", "welcome", "answers_within_days")
        widgets: ClassVar = {
            "contact": forms.Textarea(attrs={"rows": 3}),
            "welcome": forms.Textarea(attrs={"rows": 5}),
        }
        labels: ClassVar = {
            "name": _("Nom"),
            "contact": _("Comment la joindre"),
            "welcome": _("Son mot sur les pages du prêt (Markdown)"),
            "answers_within_days": _("Répond aux questions en jours ouvrés"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.territory_id:
            self.initial["commune"] = named(self.instance.territory)

    def save(self, commit: bool = True) -> Any:
        """Save with the commune; who adds an organisation administers it until another does."""
        is_new = not self.instance.pk
        self.instance.territory = self.cleaned_data["commune"]
        saved = super().save(commit)
        if is_new:
            StaffRole.give(self.person, role=Role.ADMINISTRATOR, organisation=saved, now=timezone.now())
        return saved


class RetentionForm(OwnForm):
    """How long one kind of data is kept, and who decided so."""

    class Meta:
        model = RetentionRule
        fields = ("days", "source")
        labels: ClassVar = {"days": _("Jours"), "source": _("D’où vient cette durée")}

    def save(self, commit: bool = True) -> Any:
        """Change the duration, dated."""
        told = self.cleaned_data
        self.instance.keep_for(told["days"], source=told["source"], now=timezone.now())
        return self.instance

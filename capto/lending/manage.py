"""What librarians manage without a developer: one table of sections, each with its capability and its own rows."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models import KitModel, LendingPoint, SensorModel, UpkeepPlan
from capto.lending import catalogue_forms as catalogue
from capto.lending import manage_forms as forms
from capto.lending.models import Policy
from capto.lending.people import known_to
from capto.members.models import (
    BorrowerGroup,
    Campaign,
    Charter,
    Organisation,
    Person,
    RetentionRule,
    StaffRole,
)
from capto.members.roles import Capability
from capto.training.models import Course, CourseSession

_C = Capability


class Section(NamedTuple):
    """One kind of row: who may, which rows they may touch, and the columns that tell them apart."""

    slug: str
    title: Promise | str
    one: Promise | str  # the words of the button that adds one
    capability: Capability
    form: type[forms.OwnForm]
    rows: Callable[[Person], QuerySet[Any]]
    columns: Sequence[tuple[Promise | str, Callable[[Any], object]]]
    can_add: bool = True
    can_edit: bool = True
    end: Promise | str = ""  # the words of the button that ends a row
    only_who_governs: bool = False  # concerns every organisation of the instance
    add_governs: bool = False  # adding concerns the instance, editing an organisation

    @property
    def history(self) -> str:
        """The kind under which the history page knows its rows, '' where none is kept."""
        return HISTORY_OF.get(self.slug, "")


HISTORY_OF = {
    "groupes": "group", "seances": "session", "cours": "course", "regles": "policy", "campagnes": "campaign",
    "equipe": "role", "organisations": "organisation", "chartes": "charter", "durees": "retention",
}  # fmt: skip


def governs(person: Person, capability: Capability) -> bool:
    """True where a person holds a capability in every organisation that lends: what they decide binds no other."""
    if person.is_superuser:
        return True
    lending = LendingPoint.objects.filter(is_active=True).values("organisation")
    held = person.organisations_where(capability)
    return held.exists() and not Organisation.objects.filter(pk__in=lending).exclude(pk__in=held).exists()


def _within(
    model: Any, capability: Capability, *, field: str = "organisation"
) -> Callable[[Person], QuerySet[Any]]:
    def rows(person: Person) -> QuerySet[Any]:
        found: QuerySet[Any] = model.objects.filter(
            **{f"{field}__in": person.organisations_where(capability)}
        )
        return found

    return rows


def _groups(person: Person) -> QuerySet[Any]:
    organisations = person.organisations_where(_C.SERVE_ON_BEHALF)
    known = known_to(organisations).values("pk")
    lent = Q(loans__point__organisation__in=organisations) | Q(holds__point__organisation__in=organisations)
    return (
        BorrowerGroup.objects.filter(Q(responsible__in=known) | lent).distinct().select_related("responsible")
    )


def _policies(person: Person) -> QuerySet[Any]:
    own = Q(organisation__in=person.organisations_where(_C.MANAGE_POLICIES))
    if governs(person, _C.MANAGE_POLICIES):
        own |= Q(organisation=None)
    return Policy.objects.filter(own).select_related("kit_model", "organisation")


SECTIONS: tuple[Section, ...] = (
    Section(
        "groupes", _("Groupes"), _("Ajouter un groupe"), _C.SERVE_ON_BEHALF, forms.GroupForm,
        lambda person: _groups(person).order_by("name"),
        [(_("Nom"), lambda g: g.name), (_("C’est"), lambda g: g.get_category_display()),
         (_("Responsable"), lambda g: g.responsible.name), (_("Peut emprunter"), lambda g: _yes(g.is_active))],
    ),
    Section(
        "seances", _("Séances de formation"), _("Ajouter une séance"), _C.HOLD_TRAINING, forms.SessionForm,
        lambda person: _within(CourseSession, _C.HOLD_TRAINING, field="course__organisation")(person)
        .select_related("course", "point").order_by("-starts_at"),
        [(_("Formation"), lambda s: s.course.name), (_("Quand"), lambda s: s.starts_at), (_("Où"), lambda s: s.where),
         (_("Places"), lambda s: s.seats), (_("Annulée"), lambda s: _yes(s.cancelled_at is not None))],
        end=_("Annuler la séance"),
    ),
    Section(
        "cours", _("Formations"), _("Ajouter une formation"), _C.MANAGE_POLICIES, forms.CourseForm,
        lambda person: _within(Course, _C.MANAGE_POLICIES)(person).select_related("organisation").order_by("name"),
        [(_("Nom"), lambda c: c.name), (_("Organisation"), lambda c: c.organisation),
         (_("Jours de droit"), lambda c: c.right_days)],
    ),
    Section(
        "regles", _("Règles de prêt"), _("Ajouter une règle"), _C.MANAGE_POLICIES, forms.PolicyForm,
        lambda person: _policies(person).order_by("name", "pk"),
        [(_("Nom"), lambda p: p.name), (_("Genre"), lambda p: p.kit_model or _("tous")),
         (_("Emprunteur"), lambda p: p.get_category_display() or _("tous")),
         (_("Organisation"), lambda p: p.organisation or _("toutes")), (_("Jours"), lambda p: p.loan_days),
         (_("Prolongations"), lambda p: p.renewals)],
    ),
    Section(
        "modeles", _("Modèles de capteurs"), _("Ajouter un modèle"), _C.MANAGE_CATALOGUE, catalogue.SensorModelForm,
        lambda person: SensorModel.objects.prefetch_related("quantities").order_by("maker", "name"),
        [(_("Modèle"), lambda m: m), (_("Mesure"), lambda m: ", ".join(q.name for q in m.quantities.all())),
         (_("Format"), lambda m: m.wire_format), (_("Secondes entre deux messages"), lambda m: m.reporting_interval_s)],
        only_who_governs=True,
    ),
    Section(
        "genres", _("Genres de kits"), _("Ajouter un genre"), _C.MANAGE_CATALOGUE, catalogue.KitModelForm,
        lambda person: KitModel.objects.prefetch_related("parts"),
        [(_("Nom"), lambda k: k.name), (_("Dans la boîte"), lambda k: ", ".join(p.name for p in k.parts.all())),
         (_("Proposé"), lambda k: _yes(k.is_offered))],
        only_who_governs=True,
    ),
    Section(
        "entretien", _("Plans d’entretien"), _("Ajouter un plan"), _C.MANAGE_CATALOGUE, catalogue.UpkeepPlanForm,
        lambda person: UpkeepPlan.objects.select_related("sensor_model", "kit_model").order_by("pk"),
        [(_("À faire"), lambda p: p.get_work_display()), (_("Sur"), lambda p: p.sensor_model or p.kit_model),
         (_("Tous les … jours"), lambda p: p.interval_days or ""),
         (_("Après chaque prêt"), lambda p: _yes(p.after_each_loan)),
         (_("Bloque le prêt"), lambda p: _yes(p.blocks_lending))],
        only_who_governs=True,
    ),
    Section(
        "campagnes", _("Campagnes de mesure"), _("Ajouter une campagne"), _C.MANAGE_CAMPAIGNS, forms.CampaignForm,
        lambda person: _within(Campaign, _C.MANAGE_CAMPAIGNS)(person)
        .select_related("territory", "mediator").order_by("-starts_on"),
        [(_("Question"), lambda c: c.question), (_("Territoire"), lambda c: c.territory),
         (_("Du"), lambda c: c.starts_on), (_("au"), lambda c: c.ends_on), (_("Places"), lambda c: c.seats),
         (_("Qui l’anime"), lambda c: c.mediator.name)],
    ),
    Section(
        "equipe", _("Équipe"), _("Donner un rôle"), _C.MANAGE_STAFF, forms.StaffForm,
        lambda person: _within(StaffRole, _C.MANAGE_STAFF)(person)
        .filter(ends_at=None).select_related("person", "organisation").order_by("organisation__name", "person__name"),
        [(_("Qui"), lambda r: r.person.name), (_("Rôle"), lambda r: r.get_role_display()),
         (_("Organisation"), lambda r: r.organisation), (_("Depuis"), lambda r: r.starts_at)],
        can_edit=False, end=_("Mettre fin au rôle"),
    ),
    Section(
        "organisations", _("Organisations"), _("Ajouter une organisation"), _C.MANAGE_POLICIES,
        forms.OrganisationForm, lambda person: person.organisations_where(_C.MANAGE_POLICIES).order_by("name"),
        [(_("Nom"), lambda o: o.name), (_("Commune"), lambda o: o.territory or ""),
         (_("Répond en jours ouvrés"), lambda o: o.answers_within_days)],
        add_governs=True,
    ),
    Section(
        "chartes", _("Versions de la charte"), _("Écrire une version"), _C.MANAGE_POLICIES, forms.CharterForm,
        lambda person: Charter.objects.all(),
        [(_("Version"), lambda c: c.version), (_("En vigueur à partir de"), lambda c: c.published_at)],
        can_edit=False, only_who_governs=True,
    ),
    Section(
        "durees", _("Durées de conservation"), "", _C.MANAGE_STAFF, forms.RetentionForm,
        lambda person: RetentionRule.objects.all(),
        [(_("Quoi"), lambda r: r.get_data_display()), (_("Jours"), lambda r: r.days), (_("Depuis"), lambda r: r.since),
         (_("D’où vient cette durée"), lambda r: r.source)],
        can_add=False, only_who_governs=True,
    ),
)  # fmt: skip


def _yes(value: bool) -> object:
    return _("oui") if value else _("non")


def sections_of(person: Person) -> list[Section]:
    """List the sections that a person may open."""
    return [section for section in SECTIONS if may_open(section, person)]


def may_open(section: Section, person: Person) -> bool:
    """True where the person holds the capability, in every organisation where the section binds them all."""
    if section.only_who_governs:
        return governs(person, section.capability)
    return person.can(section.capability)


def may_add(section: Section, person: Person) -> bool:
    """True where the person may add a row."""
    return section.can_add and (not section.add_governs or governs(person, section.capability))

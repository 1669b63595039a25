"""The thresholds of each step of the method, read where the calculation reads them: rows, settings, constants."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from django.utils.translation import gettext as _

from calibration import METHODS
from calibration.applying import COVERAGE_FACTOR, DOMAIN_MARGIN
from calibration.blocks import DAY, FULL_SPAN
from calibration.bracketing import WORKSHOP_DRIFT
from calibration.checks import FOG, SPIKE_FACTOR, SPIKE_FLOOR, SPIKE_WINDOW, STUCK_HOURS
from calibration.colocation import FEWEST_PAIRS, FULL_PAIRS, SHORTEST_SPAN
from calibration.coverage import COVERAGE_NEEDED
from calibration.flags import VOCABULARY, Summary
from calibration.grades import CLASS_3_PERCENT, SINGLE_VALID_MONTHS
from calibration.objectives import OBJECTIVES
from calibration.terms import DRY_DENSITY, HUMIDITY_CLIP, KAPPA
from capto.catalogue.models import ObservedProperty, SensorModel
from capto.charts.scales import PARIS
from capto.readings.models import CellRule
from dashboards.models import DatasetLicence
from dashboards.open_data.sources import SOURCES
from dashboards.words import figure, french, name_of

PERCENT: Final = 100.0
NEXT_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """A threshold in force: what it is of, its figure with its unit, where it stands."""

    name: str
    value: str
    where: str


def rules_of(slug: str, *, on: date) -> list[Rule]:
    """List the thresholds of a step on a day; two queries at most."""
    return list(RULES[slug](on))


def _amount(value: float, unit: str = "", decimals: int | None = None) -> str:
    exact = 0 if value == int(value) else 2
    written = figure(value, exact if decimals is None else decimals)
    return f"{written}\u00a0{unit}" if unit else written


def _readings(on: date) -> Iterable[Rule]:
    yield Rule(_("avance permise de l’horloge d’un appareil"), _("1 jour"), "firmware_bridge.intake")
    for model in SensorModel.objects.order_by("maker", "name")[:8]:
        name = _("intervalle entre deux messages : %(model)s") % {"model": model}
        yield Rule(name, _amount(model.reporting_interval_s, "s"), _("fiche du modèle"))


def _mean(on: date) -> Iterable[Rule]:
    yield Rule(
        _("couverture demandée"),
        _amount(PERCENT * COVERAGE_NEEDED, "%"),
        "calibration.hours.COVERAGE_NEEDED",
    )


def _checks(on: date) -> Iterable[Rule]:
    for known in ObservedProperty.objects.filter(is_pollutant=True, medium="air").order_by("code"):
        if known.plausible_minimum is None or known.plausible_maximum is None:
            continue
        bounds = _("de %(low)s à %(high)s") % {
            "low": _amount(known.plausible_minimum),
            "high": _amount(known.plausible_maximum, known.unit_label),
        }
        yield Rule(
            _("valeurs plausibles : %(name)s") % {"name": name_of(known)}, bounds, _("fiche de la grandeur")
        )
    yield Rule(_("valeur figée à partir de"), _amount(STUCK_HOURS, "h"), "calibration.checks.STUCK_HOURS")
    yield Rule(_("facteur d’un pic isolé"), _amount(SPIKE_FACTOR), "calibration.checks.SPIKE_FACTOR")
    yield Rule(_("fenêtre autour d’un pic"), _amount(SPIKE_WINDOW, "h"), "calibration.checks.SPIKE_WINDOW")
    yield Rule(_("plus petit pic"), _amount(SPIKE_FLOOR, "µg/m³"), "calibration.checks.SPIKE_FLOOR")
    yield Rule(_("air saturé d’eau à partir de"), _amount(FOG, "%"), "calibration.checks.FOG")
    for term in VOCABULARY:
        if term.severity in {Summary.FAIL, Summary.SUSPECT}:
            effect = _("écarte l’heure") if term.severity == Summary.FAIL else _("fait lire avec prudence")
            yield Rule(term.french if french() else term.english, effect, f"flags: {term.code}")


def _bench(on: date) -> Iterable[Rule]:
    yield Rule(_("plus court séjour"), _amount(SHORTEST_SPAN / DAY, _("jours")), "calibration.colocation")
    yield Rule(_("paires d’heures, au moins"), _amount(FEWEST_PAIRS), "calibration.colocation")
    yield Rule(
        _("séjour entier à partir de"),
        _("%(days)s jours et %(pairs)s paires") % {"days": FULL_SPAN // DAY, "pairs": FULL_PAIRS},
        "calibration.blocks",
    )
    yield Rule(_("validité d’un seul séjour"), _amount(SINGLE_VALID_MONTHS, _("mois")), "calibration.grades")
    yield Rule(
        _("dérive au-delà de laquelle un capteur va à l’atelier"),
        _amount(PERCENT * WORKSHOP_DRIFT, "%"),
        "calibration.bracketing.WORKSHOP_DRIFT",
    )


def _correction(on: date) -> Iterable[Rule]:
    for method in METHODS.values():
        yield Rule(method.french if french() else method.english, method.name, "calibration.terms.METHODS")
    yield Rule("κ", _amount(KAPPA, decimals=1), "calibration.terms.KAPPA")
    yield Rule("ρ", _amount(DRY_DENSITY, "g/cm³"), "calibration.terms.DRY_DENSITY")
    yield Rule(_("humidité la plus haute de la formule"), _amount(HUMIDITY_CLIP, "%"), "calibration.terms")
    yield Rule(
        _("marge autour du domaine de l’étalonnage"),
        _amount(PERCENT * DOMAIN_MARGIN, "%"),
        "calibration.applying.DOMAIN_MARGIN",
    )


def _uncertainty(on: date) -> Iterable[Rule]:
    yield Rule("k", _amount(COVERAGE_FACTOR), "calibration.applying.COVERAGE_FACTOR")
    names = {known.code: name_of(known) for known in ObservedProperty.objects.filter(is_pollutant=True)}
    for row in OBJECTIVES:
        if row.quantity in names:
            where = f"{row.source}, {row.valid_from}"
            name = _("note B jusqu’à : %(name)s") % {"name": names[row.quantity]}
            yield Rule(name, _amount(row.class_2, "%"), where)
    yield Rule(_("note D au-delà de"), _amount(CLASS_3_PERCENT, "%"), "CEN/TS 17660-1, calibration.grades")


def _publication(on: date) -> Iterable[Rule]:
    for rule in CellRule.objects.in_force(on=on):
        if rule.below_population is not None:
            name = _("carré publié, commune de moins de %(n)s habitants") % {
                "n": _amount(rule.below_population)
            }
        else:
            name = _("carré publié, moins de %(n)s ménages dans 200 m") % {
                "n": _amount(rule.below_households or 0)
            }
        yield Rule(name, _amount(rule.size_m, "m"), rule.reason)
    for row in DatasetLicence.objects.in_force(now=datetime.combine(on, time(), tzinfo=PARIS) + NEXT_DAY):
        name = _("licence : %(name)s") % {
            "name": SOURCES[row.dataset].title if row.dataset in SOURCES else row.dataset
        }
        yield Rule(name, row.get_licence_display(), row.reason)


RULES: Final[dict[str, Callable[[date], Iterable[Rule]]]] = {
    "mesures": _readings,
    "moyenne": _mean,
    "controles": _checks,
    "etalonnage": _bench,
    "correction": _correction,
    "incertitude": _uncertainty,
    "publication": _publication,
}

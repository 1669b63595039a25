"""One published number explained: six numbered steps from message to value, in the language that is active."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from calibration import METHODS, Flag, purposes
from calibration.coverage import COVERAGE_NEEDED
from calibration.flags import VOCABULARY
from capto.readings.models import Remark
from capto.validation.evidence import HOUR, Evidence, gather
from capto.validation.formulas import drying, formula, name_of, number
from capto.validation.models import Calibration, SetAside

# What the checks of the hour itself look at, in the order of the page.
OF_THE_HOUR: Final = (
    Flag.COVERAGE,
    Flag.RANGE,
    Flag.STUCK,
    Flag.SPIKE,
    Flag.WARM_UP,
    Flag.CONSISTENCY,
    Flag.PERSON,
)


@dataclass(frozen=True)
class Figure:
    """A figure of a step: its name, what it is, its unit. A float is exact: the page rounds it, the file does not."""

    name: str
    value: float | int | str | datetime | None
    unit: str = ""


@dataclass(frozen=True)
class Step:
    """One of the six: what was done, by which formula, with which figures, and what is said of it."""

    number: int
    title: str
    sentence: str
    figures: tuple[Figure, ...] = ()
    formulas: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """One published hour with its trail. `is_reproduced`: computing it again just now gave the same number."""

    evidence: Evidence
    title: str
    summary: str
    steps: tuple[Step, ...]
    is_reproduced: bool


def explain(series_id: int, hour: datetime) -> Explanation:
    """Explain the published value of a series for the hour in which a time lies. Raises evidence.NotPublished."""
    evidence = gather(series_id, hour)
    steps = (
        _readings(evidence),
        _mean(evidence),
        _checked(evidence),
        _calibrated(evidence),
        _corrected(evidence),
        _stated(evidence),
    )
    published, unit = evidence.published, evidence.series.property.unit_label
    stated = "–" if published.value is None else f"{number(published.value, 4)} {unit}"
    if published.expanded_uncertainty is not None:
        stated += f" ± {number(published.expanded_uncertainty, 2)}"
    return Explanation(
        evidence=evidence,
        title=_("%(quantity)s, heure du %(hour)s UTC")
        % {"quantity": _quantity(evidence), "hour": f"{evidence.hour:%Y-%m-%d %H:%M}"},
        summary=_("%(value)s, note %(grade)s") % {"value": stated, "grade": published.grade},
        steps=steps,
        is_reproduced=evidence.is_reproduced,
    )


def _quantity(evidence: Evidence) -> str:
    described = evidence.series.property
    return described.name if _is_french() else described.name_en


def _is_french() -> bool:
    return (get_language() or "fr").startswith("fr")


def _readings(evidence: Evidence) -> Step:
    unit = evidence.series.property.unit_label
    counted = [reading for reading in evidence.readings if reading.value is not None and not reading.flag]
    figures = [
        Figure(_("mesures reçues dans l’heure"), len(evidence.readings)),
        Figure(_("dont comptées"), evidence.sums.n),
        Figure(_("la plus petite"), evidence.sums.minimum, unit),
        Figure(_("la plus grande"), evidence.sums.maximum, unit),
    ]
    if counted:
        figures += [
            Figure(_("première mesure"), counted[0].observed_at),
            Figure(_("dernière mesure"), counted[-1].observed_at),
        ]
    notes = [
        _("%(at)s : l’appareil signale « %(flag)s », la mesure ne compte pas")
        % {"at": f"{reading.observed_at:%H:%M:%S}", "flag": reading.flag}
        for reading in evidence.readings
        if reading.flag
    ]
    if not evidence.readings:
        notes.append(_("Les messages bruts de cette heure ne sont plus conservés ; leurs sommes le sont."))
    return Step(
        1,
        _("Les mesures brutes"),
        _("Chaque message du capteur est gardé tel qu’il est arrivé."),
        tuple(figures),
        notes=tuple(notes),
    )


def _mean(evidence: Evidence) -> Step:
    sums, unit = evidence.sums, evidence.series.property.unit_label
    return Step(
        2,
        _("La moyenne de l’heure"),
        _("Les mesures de l’heure sont sommées ; leur moyenne est la valeur brute."),
        (
            Figure(_("nombre de mesures"), sums.n),
            Figure(_("somme des mesures"), sums.total, unit),
            Figure(_("somme des carrés"), sums.total_of_squares, f"({unit})²"),
            Figure(_("moyenne brute"), evidence.hour_inputs["raw"], unit),
            Figure(_("écart type"), evidence.hour_inputs["sd"], unit),
            Figure(_("mesures attendues"), evidence.channel.expected),
            Figure(_("couverture"), 100 * evidence.hour_inputs["coverage"], "%"),
        ),
        (
            f"{number(sums.total)} / {sums.n} = {number(evidence.hour_inputs['raw'])} {unit}",
            f"{sums.n} / {number(evidence.channel.expected)}"
            f" = {number(100 * evidence.hour_inputs['coverage'], 3)} %",
        ),
    )


def _checked(evidence: Evidence) -> Step:
    raised = evidence.published.flags
    own = [flag for flag in OF_THE_HOUR if raised & flag]
    sentence = (
        _("Aucun contrôle n’a rien trouvé à redire.")
        if not own
        else _("Des contrôles ont trouvé quelque chose ; la valeur reste, sa note baisse.")
    )
    figures = (
        Figure(_("couverture demandée"), 100 * COVERAGE_NEEDED, "%"),
        *_plausible(evidence),
        *(Figure(_term(flag), _("oui") if raised & flag else _("non")) for flag in OF_THE_HOUR),
    )
    doubts = SetAside.objects.standing().filter(
        series=evidence.series, starts_at__lt=evidence.hour + HOUR, ends_at__gt=evidence.hour
    )
    notes = tuple(
        _("Écartée le %(day)s par %(who)s : %(reason)s")
        % {"day": f"{doubt.set_at:%Y-%m-%d}", "who": doubt.set_by_name or "–", "reason": doubt.reason}
        for doubt in doubts.order_by("set_at")
    )
    # The kind alone: what a borrower wrote may say who was home.
    notes += tuple(
        _("Dit par la personne qui a le capteur : %s") % remark.get_kind_display()
        for remark in Remark.objects.touching(
            evidence.series.placement_id, start=evidence.hour, end=evidence.hour + HOUR
        )
    )
    return Step(3, _("Les contrôles"), sentence, figures, notes=notes)


def _plausible(evidence: Evidence) -> Iterator[Figure]:
    known, unit = evidence.known, evidence.series.property.unit_label
    if known.low is not None:
        yield Figure(_("plus petite valeur plausible"), known.low, unit)
    if known.high is not None:
        yield Figure(_("plus grande valeur plausible"), known.high, unit)


def _term(flag: Flag) -> str:
    term = next(term for term in VOCABULARY if term.flag == flag)
    return term.french if _is_french() else term.english


def _calibrated(evidence: Evidence) -> Step:
    title = _("L’étalonnage")
    first, second = evidence.calibration, evidence.second
    if first is None:
        return Step(4, title, _("Aucun étalonnage approuvé ne couvre cette heure : elle a la note D."))
    if second is None and evidence.published.flags & Flag.UNCALIBRATED:
        sentence = _("La validité de l’étalonnage est terminée : la valeur est corrigée, mais a la note D.")
    elif second is None:
        sentence = _("Un séjour du capteur à côté d’une station de référence dit comment le corriger.")
    else:
        sentence = _("Deux séjours à côté d’une station de référence, avant et après, encadrent cette heure.")
    figures = list(_stay(first))
    if second is not None:
        figures += _stay(second)
    if evidence.weight is not None:
        figures.append(Figure(_("part du second séjour"), evidence.weight))
    notes = [_decision(known) for known in (first, second) if known is not None]
    return Step(4, title, sentence, tuple(figures), notes=tuple(notes))


def _stay(calibration: Calibration) -> Iterator[Figure]:
    version = f"{calibration.pk} (v{calibration.version})"
    yield Figure(_("étalonnage"), version)
    stay = calibration.co_location
    if stay is not None:
        yield Figure(_("station de référence"), f"{stay.station.name} ({stay.station.code})")
        yield Figure(_("début du séjour"), stay.starts_at)
        yield Figure(_("fin du séjour"), stay.ends_at)
    yield Figure(_("paires d’heures"), int(calibration.model["n"]))
    for name, value in calibration.model["coefficients"].items():
        label = _("ordonnée à l’origine") if name == "intercept" else name_of(name)
        yield Figure(_("pente") if name == "slope" else _("coefficient : %(name)s") % {"name": label}, value)


def _decision(calibration: Calibration) -> str:
    when = f"{calibration.decided_at:%Y-%m-%d}" if calibration.decided_at else "–"
    said = _("Étalonnage %(id)s approuvé le %(day)s par %(who)s") % {
        "id": calibration.pk,
        "day": when,
        "who": calibration.decided_by_name or "–",
    }
    return f"{said} : {calibration.reason}" if calibration.reason else said


def _corrected(evidence: Evidence) -> Step:
    title, unit = _("La correction"), evidence.series.property.unit_label
    first = evidence.calibration
    if first is None or evidence.again is None:
        return Step(5, title, _("Sans étalonnage, la valeur publiée est la moyenne brute."))
    rule = METHODS[first.method]
    coefficients = first.model["coefficients"]
    if evidence.second is not None and evidence.weight is not None:
        after, w = evidence.second.model["coefficients"], evidence.weight
        coefficients = {name: (1 - w) * value + w * after[name] for name, value in coefficients.items()}
    formulas = [formula(first.method, coefficients)]
    if "dry" in (rule.signal, *rule.terms):
        formulas.append(drying())
    value = number(evidence.again["value"])
    formulas.append(f"{formula(first.method, coefficients, hour=evidence.hour_inputs)} = {value} {unit}")
    notes = (
        _("Aujourd’hui, le même calcul redonne la même valeur, au dernier chiffre près.")
        if evidence.is_reproduced
        else _("Attention : le même calcul ne redonne pas la valeur publiée."),
    )
    return Step(
        5,
        title,
        f"{rule.french if _is_french() else rule.english}.",
        tuple(Figure(name_of(name), evidence.hour_inputs.get(name)) for name in rule.needs),
        tuple(formulas),
        notes,
    )


def _stated(evidence: Evidence) -> Step:
    published, unit = evidence.published, evidence.series.property.unit_label
    figures = [
        Figure(_("valeur publiée"), published.value, unit),
        Figure(_("incertitude élargie (95 %)"), published.expanded_uncertainty, unit),
        *_parts(evidence),
        Figure(_("note de la valeur"), published.grade),
        Figure(_("calculée le"), published.computed_at),
        Figure(_("version du calcul"), published.code_version),
        *(
            Figure(_("station %(name)s, même heure") % {"name": found.station_name}, found.value, unit)
            for found in evidence.comparators
        ),
    ]
    notes = [_term(term.flag) for term in VOCABULARY if published.flags & term.flag]
    if published.is_provisional:
        notes.append(_("Provisoire : elle sera recalculée quand le capteur reviendra à côté de la station."))
    notes += [
        _("Changée le %(day)s : %(old)s devient %(new)s (%(reason)s)")
        % {
            "day": f"{change.changed_at:%Y-%m-%d %H:%M}",
            "old": "–" if change.old_value is None else number(change.old_value, 4),
            "new": "–" if change.new_value is None else number(change.new_value, 4),
            "reason": change.reason,
        }
        for change in evidence.changes
    ]
    return Step(6, _("L’incertitude et la note"), _use(published.grade), tuple(figures), notes=tuple(notes))


def _parts(evidence: Evidence) -> Iterator[Figure]:
    if evidence.again is None or evidence.published.expanded_uncertainty is None:
        return
    unit = evidence.series.property.unit_label
    names = {
        "residual": _("part de ce que l’ajustement laisse"),
        "parameters": _("part des coefficients"),
        "regime": _("part du changement de régime"),
        "reference": _("part de la station"),
        "drift": _("part de la dérive"),
        "averaging": _("part des mesures manquantes"),
    }
    for name, label in names.items():
        yield Figure(label, evidence.again[name], unit)


def _use(grade: str) -> str:
    good_for = purposes(grade)
    if "study" in good_for:
        return _("Bonne pour s’informer et pour étudier, jamais pour un usage réglementaire.")
    if "awareness" in good_for:
        return _("Bonne pour s’informer ; trop incertaine pour étudier.")
    return _("À prendre comme une indication du capteur, sans plus.")

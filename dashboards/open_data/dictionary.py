"""The columns of the files, once: their SQL, their type, and what they mean in both languages."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from calibration.flags import VOCABULARY

UTC_TIME = 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
UTC_INSTANT = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: `sql` over the view of published hours, `type` in the words of Frictionless."""

    name: str
    sql: str
    type: str
    meaning: StrPromise | str


def _time(expression: str, *, written: str = UTC_TIME) -> str:
    return f"to_char(({expression}) AT TIME ZONE 'UTC', '{written}')"


def _flag_names(flags: str) -> str:
    """Spell a bitmap as the codes of the published vocabulary, separated by spaces."""
    cases = ", ".join(
        f"CASE WHEN {flags} & {int(term.flag)} <> 0 THEN '{term.code}' END" for term in VOCABULARY
    )
    return f"CASE WHEN {flags} <> 0 THEN concat_ws(' ', {cases}) END"


def _word(condition: str) -> str:
    return f"CASE WHEN {condition} THEN 'true' ELSE 'false' END"


# Of the columns that hold a quantity: a UCUM code, or {unit} where the column `unit` says it row by row.
UNITS = {
    **dict.fromkeys(
        ("raw_mean", "value", "expanded_uncertainty", "total", "minimum", "maximum", "old_value", "new_value",
         "old_expanded_uncertainty", "new_expanded_uncertainty"), "{unit}",
    ),
    "total_of_squares": "{unit}2", "n": "1", "coverage": "1", "latitude": "deg", "longitude": "deg", "precision_m": "m",
}  # fmt: skip

OF_SERIES: tuple[Column, ...] = (
    Column(
        "place_id", "published.public_id", "string", _("identifiant public du lieu, tiré au sort à chaque prêt")
    ),
    Column("quantity", "published.property_id", "string", _("grandeur : pm25, pm10, no2, humidity…")),
    Column(
        "variant", "NULLIF(published.variant, '')", "string",
        _("sortie du capteur : atm, cf1, native, onboard, unknown"),
    ),
    Column(
        "channel", "NULLIF(published.channel, '')", "string", _("voie, quand le capteur en a plusieurs")
    ),
)  # fmt: skip

HOURLY: tuple[Column, ...] = (
    Column("interval_start", _time("hour"), "datetime", _("début de l’heure, en temps universel")),
    Column("interval_end", _time("hour + INTERVAL '1 hour'"), "datetime", _("fin de l’heure, exclue")),
    *OF_SERIES,
    Column("unit", "property.unit", "string", _("unité, code UCUM")),
    Column("raw_mean", "raw_mean", "number", _("moyenne des mesures brutes de l’heure")),
    Column("value", "value", "number", _("valeur corrigée, parfois négative ; vide quand rien ne peut être affirmé")),
    Column(
        "expanded_uncertainty", "expanded_uncertainty", "number",
        _("demi-largeur de l’intervalle à 95 % (k = 2), dans l’unité de la valeur"),
    ),
    Column("n", "n", "integer", _("nombre de mesures dans l’heure")),
    Column("coverage", "coverage", "number", _("part des mesures attendues, de 0 à 1")),
    Column("flags", _flag_names("flags"), "string", _("ce que les contrôles ont signalé, séparé par des espaces")),
    Column("grade", "grade", "string", _("note : A station, B étude, C sensibilisation, D à ne pas interpréter")),
    Column("calibration_id", "calibration_id", "integer", _("étalonnage appliqué ; vide quand aucun n’est en vigueur")),
    Column(
        "second_calibration_id", "second_calibration_id", "integer",
        _("étalonnage d’après l’emprunt, quand deux comparaisons encadrent l’heure"),
    ),
    Column("code_version", "code_version", "string", _("version du programme qui a calculé la valeur")),
    Column("provisional", _word("is_provisional"), "boolean", _("vrai jusqu’à la seconde comparaison")),
    Column("latitude", "latitude", "number", _("latitude du centre de la maille publiée, WGS 84")),
    Column("longitude", "longitude", "number", _("longitude du centre de la maille publiée, WGS 84")),
    Column("precision_m", "precision_m", "integer", _("côté de la maille publiée, en mètres")),
    Column("purpose", "purpose", "string", _("loan (prêt), permanent, ou co_location (à côté d’une station)")),
    Column("simulated", _word("is_simulated"), "boolean", _("vrai quand le capteur est simulé")),
)  # fmt: skip

REFERENCE: tuple[Column, ...] = (
    Column("interval_start", _time("hour"), "datetime", _("début de l’heure, en temps universel")),
    Column("interval_end", _time("hour + INTERVAL '1 hour'"), "datetime", _("fin de l’heure, exclue")),
    Column("station_code", "station.code", "string", _("code national de la station")),
    Column("quantity", "series.property_id", "string", _("grandeur : pm25, pm10, no2, o3…")),
    Column(
        "discriminant", "NULLIF(series.discriminant, '')", "string", _("lequel des analyseurs de la station")
    ),
    Column("unit", "property.unit", "string", _("unité, code UCUM")),
    Column("value", "value", "number", _("valeur, non arrondie quand la source la donne")),
    Column("validity", "validity", "integer", _("validité selon EIONET, de 1 à 4")),
    Column("value_type", "NULLIF(value_type, '')", "string", _("moyenne horaire brute ou validée")),
    Column("quality_code", "NULLIF(quality_code, '')", "string", _("code qualité de la source")),
    Column("provider", "series.provider", "string", _("par qui la valeur nous est parvenue")),
    Column("simulated", _word("station.is_simulated"), "boolean", _("vrai quand la station est simulée")),
)

AGGREGATES: tuple[Column, ...] = (
    Column("interval_start", _time("aggregate.hour"), "datetime", _("début de l’heure, en temps universel")),
    Column(
        "interval_end", _time("aggregate.hour + INTERVAL '1 hour'"), "datetime", _("fin de l’heure, exclue")
    ),
    *OF_SERIES,
    Column("unit", "property.unit", "string", _("unité, code UCUM")),
    Column("n", "aggregate.n", "integer", _("nombre de mesures dans l’heure")),
    Column("total", "aggregate.total", "number", _("somme des mesures brutes de l’heure")),
    Column("total_of_squares", "aggregate.total_of_squares", "number", _("somme de leurs carrés")),
    Column("minimum", "aggregate.minimum", "number", _("la plus petite mesure de l’heure")),
    Column("maximum", "aggregate.maximum", "number", _("la plus grande mesure de l’heure")),
    Column("simulated", _word("published.is_simulated"), "boolean", _("vrai quand le capteur est simulé")),
)  # fmt: skip

MESSAGES: tuple[Column, ...] = (
    Column(
        "observed_at", _time("reading.observed_at", written=UTC_INSTANT), "datetime",
        _("instant de la mesure, en temps universel"),
    ),
    *OF_SERIES,
    Column("unit", "property.unit", "string", _("unité, code UCUM")),
    Column("value", "reading.value", "number", _("la mesure brute ; vide quand le capteur a dit qu’elle manque")),
    Column("sensor_flag", "reading.flag", "string", _("ce que le capteur a dit de cette mesure")),
    Column(
        "time_uncertain", _word("reading.time_uncertain"), "boolean",
        _("vrai quand le message a attendu sans porter d’heure ; il n’entre dans aucune heure"),
    ),
    Column("simulated", _word("published.is_simulated"), "boolean", _("vrai quand le capteur est simulé")),
)  # fmt: skip

CHANGES: tuple[Column, ...] = (
    Column(
        "changed_at", _time("change.changed_at", written=UTC_INSTANT), "datetime",
        _("quand le chiffre publié a changé"),
    ),
    Column("interval_start", _time("change.hour"), "datetime", _("début de l’heure, en temps universel")),
    *OF_SERIES,
    Column("old_value", "change.old_value", "number", _("valeur publiée avant")),
    Column("new_value", "change.new_value", "number", _("valeur publiée après")),
    Column("old_expanded_uncertainty", "change.old_expanded_uncertainty", "number", _("incertitude publiée avant")),
    Column("new_expanded_uncertainty", "change.new_expanded_uncertainty", "number", _("incertitude publiée après")),
    Column("old_grade", "NULLIF(change.old_grade, '')", "string", _("note avant")),
    Column("new_grade", "NULLIF(change.new_grade, '')", "string", _("note après")),
    Column("old_calibration_id", "change.old_calibration_id", "integer", _("étalonnage appliqué avant")),
    Column("new_calibration_id", "change.new_calibration_id", "integer", _("étalonnage appliqué après")),
    Column("reason", "change.reason", "string", _("pourquoi le chiffre a changé")),
)  # fmt: skip

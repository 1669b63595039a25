"""The sections of the report that judge: uncertainty, targets, what is left over, drift."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from capto.validation.device_report import figures
from capto.validation.device_report.markup import e, figure, paragraph, section, table
from capto.validation.device_report.sections import PERIODS
from capto.validation.device_report.words import SPACE, Words


def uncertainty(report: dict[str, Any], words: Words) -> str:
    """Show the relative expanded uncertainty over the observed range and at the limit value."""
    daily = any(entry["daily"]["uncertainty"] for entry in report["sensors"]) and report[
        "pollutant"
    ].startswith("pm")
    period = "daily" if daily else "hourly"
    rows = []
    for entry in report["sensors"]:
        for key, name in PERIODS:
            u = entry[key]["uncertainty"]
            if u is None:
                continue
            limit = "–"
            if u["at_limit_value"] is not None:
                limit = f"{words.number(u['at_limit_value'], 0)}{SPACE}%" + (
                    words(" (extrapolée)", " (extrapolated)") if u["extrapolated"] else ""
                )
            rows.append(
                [
                    entry["name"],
                    name,
                    words("orthogonale", "orthogonal") if u["regression"] == "orthogonal" else "OLS",
                    f"{words.number(u['at_p90'][1], 0)}{SPACE}% ({words.number(u['at_p90'][0], 1)})",
                    words.number(u["limit_value"], 1),
                    limit,
                    words(f"classe {u['class']}, indicative", f"class {u['class']}, indicative")
                    if u["class"]
                    else words("hors classe, indicatif", "unclassified, indicative"),
                ]
            )
    unit = words.unit(report["unit"])
    return section(
        words("Incertitude élargie relative", "Relative expanded uncertainty"),
        paragraph(
            words(
                "L’intervalle qui contient la valeur vraie 19 fois sur 20, en pour cent de la "
                "référence (guide d’équivalence "
                "2010). La courbe couvre les seules concentrations observées.",
                "The interval that holds the true value 19 times out of 20, in percent of the "
                "reference (guide to equivalence "
                "2010). The curve covers only the concentrations observed.",
            )
        ),
        figure(
            figures.uncertainty(report, words, period=period),
            words(
                f"Moyennes de {'24 h' if daily else '1 h'}. Plein : 1ᵉʳ exemplaire ; tirets : 2ᵉ "
                "; points : 3ᵉ ; fin : les autres.",
                f"{'24 h' if daily else '1 h'} means. Solid: 1st unit; dashes: 2nd; dots: 3rd; thin: the others.",
            ),
        ),
        table(
            words(
                "Incertitude aux valeurs hautes observées et à la valeur limite",
                "Uncertainty at high observed values and at the limit value",
            ),
            [
                "",
                words("moyenne", "mean"),
                words("droite", "line"),
                words(f"au 90ᵉ centile ({unit})", f"at the 90th percentile ({unit})"),
                words(f"valeur limite ({unit})", f"limit value ({unit})"),
                words("à la valeur limite", "at the limit value"),
                words("au regard des objectifs", "with respect to the objectives"),
            ],
            rows,
            words=3,
        ),
        *curve_tables(report, words, period=period),
    )


def curve_tables(report: dict[str, Any], words: Words, *, period: str) -> list[str]:
    """Give points of the curves, one column a unit; units that saw other concentrations have a table of their own."""
    unit = words.unit(report["unit"])
    alike: dict[tuple[str, ...], list[tuple[str, list[str]]]] = {}
    for entry in report["sensors"]:
        u = entry[period]["uncertainty"]
        points = [(a, v) for a, v in u["curve"][::3] if v is not None] if u else []
        at = tuple(words.number(a, 1) for a, _ in points)
        alike.setdefault(at, []).append((entry["name"], [words.number(v, 0) for _, v in points]))
    return [
        table(
            words("Points de la courbe, en % de la référence", "Points of the curve, in % of the reference")
            + ("" if len(alike) == 1 else f" ({columns[0][0]})"),
            [words(f"référence, {unit}", f"reference, {unit}"), *(name for name, _ in columns)],
            [[level, *(values[k] for _, values in columns)] for k, level in enumerate(at)],
        )
        for at, columns in alike.items()
        if at
    ]


def epa(report: dict[str, Any], words: Words) -> str:
    """Show the targets of the US EPA, each met or not."""
    found = report["epa"]
    title = words("Cibles de performance de l’US EPA", "Performance targets of the US EPA")
    if not found["applicable"]:
        why = words(
            f"Non évaluable : ces cibles sont écrites en {words.unit(found.get('unit', ''))}, et "
            "rien n’est converti sans demande.",
            f"Not assessable: these targets are written in {words.unit(found.get('unit', ''))}, "
            "and nothing is converted unasked.",
        )
        if found["reason"] == "no_target":
            why = words("Aucune cible n’existe pour cette grandeur.", "There is no target for this quantity.")
        return section(title, paragraph(why))
    names = {
        "slope": words("pente", "slope"),
        "intercept": words("ordonnée", "intercept"),
        "r2": "R²",
        "rmse": "RMSE",
        "sd": words("SD entre exemplaires", "SD between units"),
    }
    rows = []
    for row in found["rows"]:
        low, high = row["low"], row["high"]
        unit = words.unit(row["unit"])
        goal = (
            f"≤ {words.significant(high)}"
            if low is None
            else f"≥ {words.significant(low)}"
            if high is None
            else words.interval([low, high], 2)
        )
        value = words.significant(row["value"])
        for other, sign in (("or_nrmse", "NRMSE"), ("or_cv", "CV")):
            if other in row:
                goal += f" {unit}" + words(" ou ", " or ") + f"{sign} ≤ {row[other + '_high']:g}{SPACE}%"
                value += f" ({sign} {words.number(row[other], 1)}{SPACE}%)"
                unit = ""
        rows.append(
            [
                row["unit_name"] or words("ensemble", "all units"),
                names[row["parameter"]],
                value,
                f"{goal} {unit}".strip(),
                row["averaging"].replace("h", " h"),
                words.yes(row["met"]),
            ]
        )
    return section(
        title,
        table(
            words("Chaque cible, atteinte ou non", "Each target, met or not"),
            [
                "",
                words("grandeur", "parameter"),
                words("valeur", "value"),
                words("cible", "target"),
                words("moyenne", "mean"),
                words("résultat", "result"),
            ],
            rows,
            words=2,
        ),
        paragraph(
            words(
                "EPA/600/R-20/279 et /280 (2021, suppléments 2024) : 3 exemplaires, deux sites "
                "ou saisons de 30 jours, 75 % des données.",
                "EPA/600/R-20/279 and /280 (2021, supplements 2024): 3 units, two sites or "
                "seasons of 30 days, 75 % of the data.",
            ),
            kind="small",
        ),
    )


def components(report: dict[str, Any], words: Words) -> str:
    """Show the components after SET that the field's challenges score, none alone."""
    keys = (
        ("pearson", "r"),
        ("spearman", "ρ"),
        ("kendall", "τ"),
        ("presence", words("présence", "presence")),
        ("same_class", words("même classe", "same class")),
        ("one_minus_nrmse", "1 − NRMSE"),
        ("low_frequency", words("basses fréquences", "low frequency")),
        ("mean", words("moyenne", "mean")),
    )
    rows = [
        [entry["name"], *(words.number(entry["components"][k]) for k, _ in keys)]
        for entry in report["sensors"]
    ]
    return section(
        words("Indice synthétique (d’après SET)", "Composite index (after SET)"),
        table(words("Composantes, de 0 à 1", "Components, 0 to 1"), ["", *(name for _, name in keys)], rows),
        paragraph(
            words(
                "D’après Fishbain et al. 2017, comme les comparaisons AIRLAB ; leur mise à "
                "l’échelle exacte n’est pas publique. "
                "Ergonomie, portabilité et coût ne se mesurent pas ici.",
                "After Fishbain et al. 2017, as the AIRLAB challenges; their exact scaling is not public. Ergonomics, "
                "portability and cost are not measured here.",
            ),
            kind="small",
        ),
    )


def left_over(report: dict[str, Any], words: Words) -> str:
    """Show sensor minus reference against temperature, humidity, concentration, hour and week."""
    parts = []
    for k, entry in enumerate(report["sensors"]):
        panels = figures.residual_panels(report, k, words)
        if not any(svg for _, svg in panels):
            continue
        drawn = "".join(f"<div>{svg}</div>" for _, svg in panels if svg)
        absent = ", ".join(label for label, svg in panels if not svg)
        parts.append(
            f'<h3>{e(entry["name"])}</h3><div class="panels">{drawn}</div>'
            + (
                paragraph(words(f"Non mesuré : {absent}.", f"Not measured: {absent}."), kind="small")
                if absent
                else ""
            )
            + _left_over_tables(entry, words)
        )
    return (
        section(
            words("Écarts selon l’air, le temps et l’heure", "Differences by air, weather and time"),
            paragraph(
                words(
                    "Appareil moins référence, moyenne et écart-type par classe. Un appareil "
                    "sans défaut reste sur zéro partout.",
                    "Device minus reference, mean and standard deviation by bin. A flawless "
                    "device stays on zero everywhere.",
                )
            ),
            *parts,
        )
        if parts
        else ""
    )


def _left_over_tables(entry: dict[str, Any], words: Words) -> str:
    """Give the numbers of the panels: by concentration, humidity and temperature, then by hour and week."""
    left = words("écart (± écart-type)", "left over (± SD)")

    def cells(
        rows: list[dict[str, Any]] | None, k: int, *, label: Callable[[dict[str, Any]], str]
    ) -> list[str]:
        if not rows or k >= len(rows):
            return ["", ""]
        row = rows[k]
        return [label(row), f"{words.number(row['mean'])} ± {words.number(row['sd'])} ({row['n']})"]

    def ends(row: dict[str, Any]) -> str:
        return f"{words.number(row['low'], 1)} – {words.number(row['high'], 1)}"

    found = entry["residuals"]
    binned = [found[what] for what in ("concentration", "humidity", "temperature")]
    deepest = max((len(rows) for rows in binned if rows), default=0)
    first = [[c for rows in binned for c in cells(rows, k, label=ends)] for k in range(deepest)]
    hours = [found["hour"][k : k + 8] for k in (0, 8, 16)]
    parts = [
        *((rows, lambda row: f"{row['low']:.0f}{SPACE}h") for rows in hours),
        (found["week"], lambda row: f"{row['low'] + 1:.0f}"),
    ]
    second = [
        [c for rows, label in parts for c in cells(rows, k, label=label)]
        for k in range(max((len(rows) for rows, _ in parts), default=0))
    ]
    clock = words("heure (UTC)", "hour (UTC)")
    return table(
        f"{entry['name']}, "
        + words("écart moyen par classe (nombre d’heures)", "mean left over by bin (number of hours)"),
        [
            words("concentration", "concentration"),
            left,
            words("humidité, %", "humidity, %"),
            left,
            words("température, °C", "temperature, °C"),
            left,
        ],
        first,
    ) + table(
        f"{entry['name']}, "
        + words("écart moyen par heure et par semaine", "mean left over by hour and week"),
        [clock, left, clock, left, clock, left, words("semaine", "week"), left],
        second,
    )


def drift(report: dict[str, Any], words: Words) -> str:
    """Show the drift per 30 days with its interval."""
    rows = []
    for entry in report["sensors"]:
        d = entry["drift"]
        rows.append(
            [
                entry["name"],
                words.number(d["per_30_days"]),
                words.interval([d["low"], d["high"]]),
                {True: words("oui", "yes"), False: words("non", "no")}.get(
                    d["significant"], words("non évaluable", "not assessable")
                ),
            ]
        )
    unit = words.unit(report["unit"])
    return section(
        words("Dérive", "Drift"),
        table(
            words("Dérive par 30 jours", "Drift per 30 days"),
            ["", unit, words("intervalle à 95 %", "95 % interval"), words("significative", "significant")],
            rows,
        ),
        paragraph(
            words(
                "Effet du temps à concentration et météo égales (blocs de deux jours) ; en "
                "dessous de huit jours, non évaluable.",
                "Effect of time at equal concentration and weather (blocks of two days); not "
                "assessable below eight days.",
            ),
            kind="small",
        ),
    )

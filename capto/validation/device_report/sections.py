"""The sections of the report behind its first page: each a figure, a table of the same numbers, a sentence."""

from __future__ import annotations

from typing import Any, Final

from capto.validation.device_report import figures
from capto.validation.device_report.content import Examined
from capto.validation.device_report.markup import e, facts, figure, paragraph, section, table
from capto.validation.device_report.words import SPACE, Words

PERIODS: Final = (("hourly", "1 h"), ("daily", "24 h"))


def series(examined: Examined, words: Words) -> str:
    """Show the series and the lag."""
    report = examined.report
    lines = [
        figure(
            svg,
            title
            + words(
                ". Trait sombre : référence. Trait tireté : appareil. Une interruption est une donnée absente.",
                ". Dark line: reference. Dashed line: device. A gap is missing data.",
            ),
        )
        for title, svg in figures.series(examined, words)
    ]
    rows = [
        [
            entry["name"],
            f"{entry['beside']['lag_hours']:+d}{SPACE}h",
            words.number(entry["beside"]["lag_correlation"], 3),
            words.number(entry["beside"]["correlation_without_lag"], 3),
            words("à vérifier", "to check")
            if entry["beside"]["labels_disagree"]
            else words("accord", "agreement"),
        ]
        for entry in report["sensors"]
    ]
    return section(
        words("Séries et décalage", "Series and lag"),
        *lines,
        table(
            words("Décalage de −2 à +2 h qui corrèle le mieux", "Lag of −2 to +2 h that correlates best"),
            [
                "",
                words("décalage", "lag"),
                words("corrélation", "correlation"),
                words("sans décalage", "without lag"),
                words("étiquettes", "labels"),
            ],
            rows,
        ),
    )


def capture(report: dict[str, Any], words: Words) -> str:
    """Show what the device, the reference and both gave, and the validity of the reference."""
    rows = []
    for entry in report["sensors"]:
        c = entry["capture"]
        rows.append(
            [
                entry["name"],
                words.number(c["expected_hours"], 0),
                f"{words.number(c['sensor_hours'], 0)} ({words.percent(c['sensor_share'])})",
                f"{words.number(c['reference_hours'], 0)} ({words.percent(c['reference_share'])})",
                f"{words.number(c['paired_hours'], 0)} ({words.percent(c['paired_share'])})",
                words.number(c["paired_days"], 0),
            ]
        )
    about = report["reference"]["about"]
    validity = about.get("validity") or {}
    return section(
        words("Données recueillies", "Data captured"),
        table(
            words("Heures et jours", "Hours and days"),
            [
                "",
                words("heures attendues", "hours expected"),
                words("appareil", "device"),
                words("référence", "reference"),
                words("paires", "pairs"),
                words("jours en paires", "paired days"),
            ],
            rows,
        ),
        facts(
            [
                (
                    words("Station", "Station"),
                    " ".join(str(about[k]) for k in ("station_name", "station") if about.get(k)),
                ),
                (words("Organisme", "Operator"), about.get("operator", "")),
                (words("Instrument", "Instrument"), report["site"]["reference_instrument"]),
                (
                    words("Codes de validité de la référence", "Validity codes of the reference"),
                    ", ".join(words(f"{code} : {n}", f"{code}: {n}") for code, n in validity.items())
                    or words("non portés par le fichier", "not in the file"),
                ),
                (
                    words("Vérification des valeurs", "Verification of the values"),
                    words.value_types(about.get("value_type", "")),
                ),
                (
                    words("Valeurs écartées, non valides", "Values left out, not valid"),
                    str(about.get("rows_not_valid", "")),
                ),
                (
                    words("Révisées depuis par le réseau", "Revised since by the network"),
                    str(about.get("revised", "")),
                ),
                (
                    words("Incertitude de la référence, u(bs,RM)", "Uncertainty of the reference, u(bs,RM)"),
                    f"{words.number(report['site']['u_bs_rm'])} {words.unit(report['unit'])}",
                ),
            ]
        ),
    )


def scatter(examined: Examined, words: Words) -> str:
    """Show each unit's pairs with both lines and their intervals, hours and days side by side."""
    report = examined.report
    unit = words.unit(report["unit"])
    n = words.number
    parts = []
    for k, entry in enumerate(report["sensors"]):
        drawn = figures.scatters(examined, k, words)
        rows = []
        for name, key, digits in (
            (words("pente, moindres carrés (OLS)", "slope, least squares (OLS)"), "slope", 3),
            (words(f"ordonnée, OLS ({unit})", f"intercept, OLS ({unit})"), "intercept", 2),
            (words("pente, orthogonale", "slope, orthogonal"), "orthogonal_slope", 3),
            (
                words(f"ordonnée, orthogonale ({unit})", f"intercept, orthogonal ({unit})"),
                "orthogonal_intercept",
                2,
            ),
        ):
            row = [name]
            for period, _ in PERIODS:
                row += [
                    n(entry[period][key], digits),
                    words.interval(entry["intervals"][period][key], digits),
                ]
            rows.append(row)
        for name, key, digits in (
            ("N", "n", 0),
            ("R²", "r2", 3),
            (f"RMSE ({unit})", "rmse", 2),
            ("NRMSE (%)", "nrmse", 1),
            (words(f"biais, MBE ({unit})", f"bias, MBE ({unit})"), "mbe", 2),
            (f"MAE ({unit})", "mae", 2),
            (f"cRMSE ({unit})", "crmse", 2),
            ("NMSD", "nmsd", 2),
            ("FAC2", "fac2", 2),
            (words("indice d’accord", "index of agreement"), "index_of_agreement", 3),
        ):
            rows.append([name, n(entry["hourly"][key], digits), "", n(entry["daily"][key], digits), ""])
        limits = [
            f"{n(entry[p]['limit_low'])}{words(' à ', ' to ')}{n(entry[p]['limit_high'])}"
            if entry[p]["limit_low"] is not None
            else "–"
            for p, _ in PERIODS
        ]
        rows.append(
            [
                words(f"limites de Bland-Altman ({unit})", f"Bland-Altman limits ({unit})"),
                limits[0],
                "",
                limits[1],
                "",
            ]
        )
        parts.append(
            f"<h3>{e(entry['name'])}</h3>"
            f'<div class="pairs-of-figures">{figure(drawn["hourly"], words("Moyennes de 1 h", "1 h means"))}'
            f"{figure(drawn['daily'], words('Moyennes de 24 h', '24 h means'))}</div>"
            + table(
                words(
                    f"{entry['name']} : droites et écarts, intervalles à 95 %",
                    f"{entry['name']}: lines and errors, 95 % intervals",
                ),
                ["", "1 h", words("intervalle", "interval"), "24 h", words("intervalle", "interval")],
                rows,
            )
        )
    block = report["sensors"][0]["intervals"]["hourly"]["block_hours"]
    return section(
        words("Nuages de points, à l’heure et au jour", "Scatter, by hour and by day"),
        paragraph(
            words(
                "Trait plein : moindres carrés (appareil selon référence). Tirets : droite "
                "orthogonale, refusée sous R² 0,3. "
                f"Trait fin : égalité. Intervalles par rééchantillonnage de blocs de {block:g} h "
                "(3 jours pour les jours), "
                "car des heures voisines ne sont pas indépendantes.",
                "Solid: least squares (device on reference). Dashed: orthogonal line, refused "
                "below R² 0.3. Thin: equality. "
                f"Intervals by resampling blocks of {block:g} h (3 days for days), as "
                "neighbouring hours are not independent.",
            )
        ),
        *parts,
    )


def between_units(report: dict[str, Any], words: Words) -> str:
    """Show the agreement between units, or that it is not assessable."""
    found = report["between_units"]
    title = words("Accord entre exemplaires", "Agreement between units")
    if not found["assessable"]:
        return section(
            title,
            paragraph(
                words(
                    f"Non évaluable : {found['units']} exemplaire(s), il en faut trois au moins.",
                    f"Not assessable: {found['units']} unit(s), at least three are needed.",
                )
            ),
        )
    unit = words.unit(report["unit"])
    rows = [
        [
            name,
            words.number(found[period]["n_all_units"], 0),
            words.number(found[period]["sd"]),
            words.number(found[period]["cv"], 1),
            words.number(found[period]["between_sensors"]),
        ]
        for period, name in PERIODS
    ]
    return section(
        title,
        table(
            words("Tous les exemplaires ensemble", "All units together"),
            ["", "N", f"SD ({unit})", "CV (%)", f"u(bs,s) ({unit})"],
            rows,
        ),
        paragraph(
            words(
                "SD et CV au sens de l’US EPA (diviseur N·M − 1) ; u(bs,s) au sens du guide "
                "d’équivalence (diviseur n(M − 1)).",
                "SD and CV as the US EPA has them (divided by N·M − 1); u(bs,s) as the guide to "
                "equivalence (n(M − 1)).",
            ),
            kind="small",
        ),
    )

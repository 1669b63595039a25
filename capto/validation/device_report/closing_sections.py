"""The sections that close the report: raw and corrected apart, domain and checks, method and data."""

from __future__ import annotations

from typing import Any

from capto.validation.device_report.markup import e, facts, paragraph, section, table
from capto.validation.device_report.refusals import refusal
from capto.validation.device_report.words import SPACE, Words


def corrected(report: dict[str, Any], words: Words) -> str:
    """Show raw and corrected apart, on the same hours, that no correction had seen."""
    rows = []
    notes = []
    for entry in report["sensors"]:
        for kind, name in (
            ("library", words("ajustée ici", "fitted here")),
            ("maker", words("du fabricant", "the maker’s")),
        ):
            found = entry["corrected"][kind]
            if found is None:
                continue
            if found["refused"]:
                notes.append(
                    f"{entry['name']}, {name}{words(SPACE + ': ', ': ')}{refusal(words, found['refused'])}"
                )
                continue
            for label, key in ((words("brut", "raw"), "raw_on_the_same_hours"), (name, "figures")):
                f = found[key]
                rows.append(
                    [
                        entry["name"],
                        label,
                        words.number(f["n"], 0),
                        words.number(f["slope"], 3),
                        words.number(f["intercept"]),
                        words.number(f["r2"], 3),
                        words.number(f["rmse"]),
                        words.number(f["mbe"]),
                    ]
                )
            if kind == "library":
                terms = ", ".join(f"{k} {words.significant(v, 4)}" for k, v in found["coefficients"].items())
                notes.append(f"{entry['name']}{words(SPACE + ': ', ': ')}{found['method']} ({terms})")
    since = report["sensors"][0]["corrected"]["scoring_from"]
    told = (
        words(
            f"Une correction n’a vu que les heures d’avant le {words.hour(since)}, et n’est notée que sur la suite.",
            f"A correction saw only the hours before {words.hour(since)}, and is scored only on what follows.",
        )
        if since
        else words(
            "Chaque bloc est noté par un ajustement sur les seuls blocs qui le précèdent.",
            "Each block is scored by a fit on the blocks before it only.",
        )
    )
    unit = words.unit(report["unit"])
    return section(
        words("Brut et corrigé, sur les mêmes heures", "Raw and corrected, on the same hours"),
        paragraph(told),
        table(
            words(
                "Valeurs horaires que la correction n’avait pas vues",
                "Hourly values that the correction had not seen",
            ),
            [
                "",
                words("valeurs", "values"),
                "N",
                words("pente", "slope"),
                words("ordonnée", "intercept"),
                "R²",
                f"RMSE ({unit})",
                words(f"biais ({unit})", f"bias ({unit})"),
            ],
            rows,
            words=2,
        ),
        *(paragraph(note, kind="small") for note in notes),
    )


def domain_and_flags(report: dict[str, Any], words: Words) -> str:
    """Show what the result is valid for, and what the checks saw."""
    rows, seen = [], []
    for entry in report["sensors"]:
        d, b = entry["domain"], entry["beside"]
        rows.append(
            [entry["name"], *(words.interval(d[k], 1) for k in ("reference", "temperature", "humidity"))]
        )
        seen.append(
            [
                entry["name"],
                *(
                    words.number(b.get(k), 0)
                    for k in (
                        "stuck_hours",
                        "spikes",
                        "negative_hours",
                        "hours_out_of_range",
                        "pairs_far_from_reference",
                    )
                ),
            ]
        )
    return section(
        words("Domaine de validité et contrôles", "Domain of validity and checks"),
        table(
            words(
                "Conditions rencontrées ; au-delà, ce rapport ne dit rien",
                "Conditions met; beyond them this report says nothing",
            ),
            [
                "",
                words("référence, ", "reference, ") + words.unit(report["unit"]),
                words("température, °C", "temperature, °C"),
                words("humidité, %", "humidity, %"),
            ],
            rows,
        ),
        table(
            words("Heures signalées, aucune retirée", "Hours flagged, none removed"),
            [
                "",
                words("figées", "stuck"),
                words("pics", "spikes"),
                words("négatives", "negative"),
                words("hors plage", "out of range"),
                words("loin de la référence", "far from the reference"),
            ],
            seen,
        ),
    )


def method(report: dict[str, Any], words: Words) -> str:
    """Show method, version, options and the checksums of the files."""
    files = [(words("référence", "reference"), report["reference"])] + [
        (s["name"], s) for s in report["sensors"]
    ]
    lines = "".join(
        f"<tr><th scope='row'>{e(name)}</th><td>{e(f['file'].rsplit('/', 1)[-1])}, {e(f['column'])}</td>"
        f"<td class='n'>{words.number(f['values'], 0)}</td><td><code>{e(f['sha256'])}</code></td></tr>"
        for name, f in files
    )
    noticed = [
        f"{name}{words(SPACE + ': ', ': ')}{text} ({count})"
        for name, f in files
        for text, count in f["noticed"].items()
    ]
    options = ", ".join(f"{k} = {v}" for k, v in report["method"]["options"].items())
    checks = words("Fichiers et sommes de contrôle", "Files and checksums")
    return section(
        words("Méthode, version, données", "Method, version, data"),
        paragraph(
            words(
                "Chaque heure est la moyenne d’au moins 75 % de ses mesures, chaque jour (UTC) "
                "d’au moins 18 heures ; aucune paire "
                "n’est retirée par un contrôle. Gaz à 20 °C et 101,3 kPa. Classes CEN/TS 17660 à titre indicatif.",
                "Each hour is the mean of at least 75 % of its readings, each day (UTC) of at "
                "least 18 hours; no check removes a "
                "pair. Gases at 20 °C and 101.3 kPa. Classes of CEN/TS 17660, indicative.",
            )
        ),
        facts(
            [
                (words("Protocole", "Protocol"), report["method"]["protocol"]),
                (words("Version du code", "Version of the code"), report["method"]["code_version"]),
                (words("Format du document", "Form of the document"), report["schema"]),
                (words("Options", "Options"), options),
            ]
        ),
        f'<div class="scroll" tabindex="0" role="region" aria-label="{e(checks)}"><table>'
        f"<caption>{e(checks)}</caption><thead><tr>"
        f"<td></td><th scope='col'>{e(words('fichier, colonne', 'file, column'))}</th>"
        f"<th scope='col' class='n'>{e(words('valeurs', 'values'))}</th><th "
        f"scope='col'>SHA-256</th></tr></thead><tbody>{lines}</tbody></table></div>",
        *(paragraph(one, kind="small") for one in noticed),
    )

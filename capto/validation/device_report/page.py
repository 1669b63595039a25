"""The report for people: one page, the same as a file that stands alone and as PDF. No Django.

`body` holds no style of its own, so that the site serves it under its content security policy; `as_file` puts the
same style sheets into the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from capto.charts.svg import escaped
from capto.validation.device_report import closing_sections, figures, judged_sections, sections
from capto.validation.device_report.content import Examined
from capto.validation.device_report.markup import e, facts, figure, paragraph, table
from capto.validation.device_report.words import SPACE, Words, reason, verdict_title, warning, where_read

STATIC: Final = Path(__file__).resolve().parents[2] / "static"
COMMENT: Final = "<!-- the maker's comment stands here -->"
HERE: Final = Path(__file__).resolve().parent


def body(examined: Examined, *, language: str, comment: str = "") -> str:
    """Give the whole report as HTML without head; `comment` is the maker's, shown on the first page."""
    words, report = Words(language), examined.report
    return (
        f'<article class="device-report" lang="{language}">'
        + first_page(report, words, comment=comment)
        + sections.series(examined, words)
        + sections.capture(report, words)
        + sections.scatter(examined, words)
        + sections.between_units(report, words)
        + judged_sections.uncertainty(report, words)
        + judged_sections.epa(report, words)
        + judged_sections.components(report, words)
        + judged_sections.left_over(report, words)
        + judged_sections.drift(report, words)
        + closing_sections.corrected(report, words)
        + closing_sections.domain_and_flags(report, words)
        + closing_sections.method(report, words)
        + "</article>"
    )


def title(report: dict[str, Any], words: Words) -> str:
    """Give the title: the device where it is named, the quantity, the reference."""
    device = report["identity"]["device"] or ", ".join(entry["name"] for entry in report["sensors"][:3])
    return words(
        f"{device} face à une mesure de référence{SPACE}: {words.quantity(report['pollutant'])}",
        f"{device} against a reference measurement: {words.quantity(report['pollutant'])}",
    )


def first_page(report: dict[str, Any], words: Words, *, comment: str = "") -> str:
    """Give what a buyer reads in a minute: the verdict and why, who and where, the four figures that matter."""
    verdict, identity, site, period = (report[k] for k in ("verdict", "identity", "site", "period"))
    lines = "".join(
        f'<li><span class="sign" aria-hidden="true">{"+" if row["helps"] else "–"}</span>{e(reason(words, row))}</li>'
        for row in verdict["reasons"]
    )
    after = verdict["after_correction"]
    corrected = ""
    if after["uncertainty"] is not None and verdict["code"] != "undetermined":
        corrected = words(
            f"Après une correction ajustée sur place et jugée seulement sur des heures qu’elle n’avait pas vues, "
            f"l’incertitude serait de {words.number(after['uncertainty'], 0)}{SPACE}% "
            f"{where_read(words, after['where'])}.",
            "After a correction fitted on the spot and judged only on hours that it had not "
            "seen, the uncertainty would "
            f"be {words.number(after['uncertainty'], 0)} % {where_read(words, after['where'])}.",
        )
    name = words.quantity(report["pollutant"])
    who = facts(
        [
            (words("Appareil", "Device"), identity["device"]),
            (words("Fabricant", "Maker"), identity["maker"]),
            (words("Micrologiciel", "Firmware"), identity["firmware"] or words("non indiqué", "not stated")),
            (words("Exemplaires", "Units"), ", ".join(entry["name"] for entry in report["sensors"])),
            (words("Grandeur", "Quantity"), f"{name}, {words.unit(report['unit'])}"),
            (words("Question posée", "Question"), identity["question"]),
            (words("Essai payé par", "Test paid for by"), identity["payer"]),
            (words("Site", "Site"), site["name"] or words("non indiqué", "not stated")),
            (
                words("Référence", "Reference"),
                site["reference_instrument"] or words("non indiquée", "not stated"),
            ),
            (
                words("Période", "Period"),
                f"{words.day(period['begin'])} – {words.day(period['end'])} ({words.number(period['days'], 1)} "
                + words("jours)", "days)")
                if period["begin"]
                else words("aucune heure commune", "no hour in common"),
            ),
        ]
    )
    warned = "".join(f"<li>{e(warning(words, row))}</li>" for row in report["warnings"])
    return (
        '<section class="first">'
        f'<div class="verdict {e(verdict["code"])}"><h2>{e(verdict_title(words, verdict["code"]))}</h2>'
        f"<ul>{lines}</ul>{paragraph(corrected)}</div>"
        + (commented(words, comment) or COMMENT)
        + figure(
            figures.strip(report, words),
            words(
                "Chaque point est un exemplaire, tel que livré. Plus il est à gauche, plus sa mesure est sûre.",
                "Each mark is a unit, as delivered. The further left, the surer its measurement.",
            ),
        )
        + who
        + headline(report, words)
        + (
            f"<h3>{e(words('À savoir avant de lire', 'To know before reading'))}</h3><ul>{warned}</ul>"
            if warned
            else ""
        )
        + paragraph(
            words(
                "Résultat indicatif au regard des objectifs de qualité des données, dans les "
                "conditions de cet essai. Il ne "
                "vaut ni agrément ni classement, et ne se juge ni sur le R² ni sur le biais seuls.",
                "Result indicative with respect to the data quality objectives, under the "
                "conditions of this test. It is "
                "neither an approval nor a classification, and is never judged on R² or bias alone.",
            ),
            kind="small",
        )
        + "</section>"
    )


def commented(words: Words, comment: str) -> str:
    """Give the maker's comment, as large as the verdict and right below it; '' where there is none."""
    if not comment.strip():
        return ""
    return (
        f'<div class="comment"><h2>{e(words("Commentaire du fabricant", "Comment of the maker"))}</h2>'
        + "".join(paragraph(part) for part in comment.splitlines() if part.strip())
        + "</div>"
    )


def with_comment(kept: str, comment: str, *, language: str) -> str:
    """Put a comment that came later into a body that was kept."""
    return kept.replace(COMMENT, commented(Words(language), comment) or COMMENT, 1)


def headline(report: dict[str, Any], words: Words) -> str:
    """Give the four figures that a buyer compares, by unit."""
    n = words.number
    unit = words.unit(report["unit"])
    rows = []
    for entry in report["sensors"]:
        hourly = entry["hourly"]
        rows.append(
            [
                entry["name"],
                n(entry["deciding"]["uncertainty"], 0)
                + (f"{SPACE}%" if entry["deciding"]["uncertainty"] is not None else ""),
                n(hourly["rmse"], 1),
                n(hourly["mbe"], 1),
                words.percent(entry["capture"]["sensor_share"]),
            ]
        )
    return table(
        words("En bref, par exemplaire", "In short, by unit"),
        [
            words("exemplaire", "unit"),
            words("incertitude élargie", "expanded uncertainty"),
            words(f"écart typique (RMSE 1 h, {unit})", f"typical error (RMSE 1 h, {unit})"),
            words(f"biais (1 h, {unit})", f"bias (1 h, {unit})"),
            words("heures fournies", "hours given"),
        ],
        rows,
    )


def as_file(examined: Examined, *, language: str, comment: str = "") -> str:
    """Give the report as one HTML file that needs nothing else: its styles stand inside, drawings included."""
    inside = body(examined, language=language, comment=comment)
    return standing_alone(inside, title(examined.report, Words(language)), language=language)


def standing_alone(inside: str, name: str, *, language: str) -> str:
    """Put a body into a file of its own under its title."""
    words = Words(language)
    charts = _bare(STATIC / "device_report_charts.css")
    # A drawing in a PDF reads only the style that it holds itself.
    inside = inside.replace("<desc id=", f"<style>{escaped(charts)}</style><desc id=")
    styles = _bare(STATIC / "device_report.css") + _bare(HERE / "report_file.css")
    intro = words(
        "Rapport d’essai établi par Capto, selon un protocole public, le même pour tous.",
        "Test report made by Capto, by a public protocol, the same for everyone.",
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{e(name)}</title><style>{styles}</style></head><body><main><h1>{e(name)}</h1>"
        f'<p class="soft">{e(intro)}</p>{inside}</main></body></html>\n'
    )


def as_pdf(html: str) -> bytes:
    """Render the file as an accessible PDF (PDF/UA-1); nothing is fetched from anywhere."""
    from weasyprint import HTML  # slow to import: only where a PDF is asked for
    from weasyprint.urls import URLFetcher

    content: bytes = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols={"data"})).write_pdf(
        pdf_variant="pdf/ua-1"
    )
    return content


def _bare(path: Path) -> str:
    """Read a style sheet without its comments and line breaks."""
    text = path.read_text(encoding="utf-8")
    while "/*" in text:
        begin = text.index("/*")
        text = text[:begin] + text[text.index("*/", begin) + 2 :]
    return " ".join(text.split())

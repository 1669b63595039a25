"""The words of the report, in French and in English: both stand side by side, as the tool runs without Django."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from capto.charts.scales import PARIS

QUANTITIES: Final = {
    "pm1": "PM1", "pm25": "PM2,5|PM2.5", "pm10": "PM10", "no2": "NO₂", "no": "NO", "nox": "NOx", "o3": "O₃",
    "so2": "SO₂", "co": "CO", "benzene": "benzène|benzene",
}  # fmt: skip
UNITS: Final = {"ug/m3": "µg/m³", "mg/m3": "mg/m³", "ppb": "ppb", "ppm": "ppm", "1": ""}
MONTHS: Final = (
    "janv.", "févr.", "mars", "avr.", "mai", "juin", "juill.", "août", "sept.", "oct.", "nov.", "déc.",
)  # fmt: skip
NARROW: Final = "\u202f"
SPACE: Final = "\u00a0"


class Words:
    """Say things in one language: `words("en français", "in English")`, numbers and dates in its form."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.french = language != "en"

    def __call__(self, french: str, english: str) -> str:
        """Choose between the two wordings."""
        return french if self.french else english

    def number(self, value: Any, digits: int = 2) -> str:
        """Write a number with so many decimals; – where there is none."""
        if value is None:
            return "–"
        text = f"{float(value):,.{digits}f}"
        if float(text.replace(",", "")) == 0:
            text = text.removeprefix("-")
        text = text.replace("-", "−")
        if self.french:
            return text.replace(",", NARROW).replace(".", ",")
        return text

    def figure(self, value: float) -> str:
        """Write the tick of an axis."""
        return self.number(
            value, 0 if value == round(value) else 1 if round(value, 1) == round(value, 4) else 2
        )

    def significant(self, value: Any, digits: int = 3) -> str:
        """Write a number with so many significant digits, never in powers of ten."""
        if value is None:
            return "–"
        size = abs(float(value))
        places = max(digits - 1 - int(f"{size:e}".split("e")[1]), 0) if size else digits - 1
        return self.number(value, min(places, 6))

    def percent(self, share: Any) -> str:
        """Write a share of 1 as percent."""
        return "–" if share is None else f"{self.number(100 * float(share), 0)}{SPACE}%"

    def interval(self, ends: Any, digits: int = 2) -> str:
        """Write both ends of an interval."""
        if not ends or ends[0] is None:
            return "–"
        joint = self(" à ", " to ")
        return f"{self.number(ends[0], digits)}{joint}{self.number(ends[1], digits)}"

    def day(self, moment: Any) -> str:
        """Write a day with its year, in Europe/Paris."""
        if moment is None:
            return "–"
        at = pd.Timestamp(moment).tz_convert(PARIS)
        if self.french:
            return f"{at.day}{SPACE}{MONTHS[at.month - 1]}{SPACE}{at.year}"
        return f"{at.day}{SPACE}{at:%b}{SPACE}{at.year}"

    def short_day(self, moment: Any) -> str:
        """Write a day below an axis."""
        at = pd.Timestamp(moment).tz_convert(PARIS)
        return f"{at.day}{SPACE}{MONTHS[at.month - 1] if self.french else f'{at:%b}'}"

    def hour(self, moment: Any) -> str:
        """Write a moment in UTC."""
        if moment is None:
            return "–"
        at = pd.Timestamp(moment).tz_convert("UTC")
        return f"{at:%Y-%m-%d %H:%M} UTC"

    def quantity(self, code: str) -> str:
        """Name a quantity."""
        french, _, english = QUANTITIES.get(code, code).partition("|")
        return french if self.french or not english else english

    def unit(self, code: str) -> str:
        """Write a unit."""
        return UNITS.get(code, code)

    def value_types(self, told: str) -> str:
        """Say whether the station's network has verified its values; '' where nothing says so."""
        raw, validated = "brute" in told, "valid" in told
        if raw and validated:
            return self("en partie provisoires, en partie validées", "partly preliminary, partly validated")
        if validated:
            return self("validées par le réseau", "validated by the network")
        return self("provisoires, peuvent être révisées", "preliminary, may be revised") if raw else told

    def yes(self, value: bool | None) -> str:
        """Say met, not met or not assessable: by word and sign, never by colour alone."""
        if value is None:
            return self("non évaluable", "not assessable")
        return self("✓ atteint", "✓ met") if value else self("✗ non atteint", "✗ not met")


def verdict_title(words: Words, code: str) -> str:
    """Give the one sentence at the top."""
    return {
        "study": words(
            "Convient à une étude, et donc aussi à la sensibilisation",
            "Fit for a study, and so for awareness too",
        ),
        "awareness": words(
            "Convient à la sensibilisation, pas à une étude", "Fit for awareness, not for a study"
        ),
        "neither": words(
            "Ne convient, tel quel, ni à une étude ni à la sensibilisation",
            "As delivered, fit neither for a study nor for awareness",
        ),
    }.get(code, words("Les données ne permettent pas de conclure", "The data allow no conclusion"))


def where_read(words: Words, where: str) -> str:
    """Say at which concentration the uncertainty that decides was read."""
    return {
        "limit_value": words("à la valeur limite", "at the limit value"),
        "limit_value_extrapolated": words(
            "à la valeur limite, extrapolée au-delà des valeurs observées",
            "at the limit value, extrapolated beyond the values observed",
        ),
        "observed_p90": words(
            "aux valeurs hautes observées (90ᵉ centile)", "at the high values observed (90th percentile)"
        ),
    }.get(where, "")


def reason(words: Words, row: dict[str, Any]) -> str:
    """Word one reason of the verdict with its figure and its limit."""
    value, limit, n = row["value"], row["limit"], words.number
    who = f" ({row['sensor']})" if row["sensor"] else ""
    code = str(row["code"])
    if code in ("uncertainty_study", "uncertainty_awareness"):
        use = (
            words("une étude", "a study")
            if code.endswith("study")
            else words("la sensibilisation", "awareness")
        )
        sign = "≤" if row["helps"] else ">"
        return words(
            f"Incertitude élargie de {n(value[0], 0)} % {where_read(words, value[1])}, {sign} {n(limit, 0)} % "
            f"demandés pour {use}{who}.",
            f"Expanded uncertainty of {n(value[0], 0)} % {where_read(words, value[1])}, {sign} {n(limit, 0)} % "
            f"asked for {use}{who}.",
        )
    if code == "capture":
        return words(
            f"L’appareil a fourni {words.percent(value)} des heures attendues{who} ; il en faut "
            f"{words.percent(limit)}.",
            f"The device gave {words.percent(value)} of the hours expected{who}; {words.percent(limit)} are needed.",
        )
    if code == "duration":
        return words(
            f"{n(value[0], 0)} jours et {n(value[1], 0)} heures comparées ; une étude demande {limit[0]} jours et "
            f"{limit[1]} heures.",
            f"{n(value[0], 0)} days and {n(value[1], 0)} hours compared; a study asks for {limit[0]} days and "
            f"{limit[1]} hours.",
        )
    if code == "between_units":
        return words(
            f"Les exemplaires diffèrent entre eux de {n(value, 1)} % (coefficient de variation ; "
            f"limite {n(limit, 0)} %).",
            f"The units differ from each other by {n(value, 1)} % (coefficient of variation; limit {n(limit, 0)} %).",
        )
    if code == "few_units":
        return words(
            f"{value} exemplaire(s) : l’accord entre exemplaires n’est pas évaluable (il en faut trois) ; le verdict "
            "ne vaut que pour ceux-ci.",
            f"{value} unit(s): agreement between units is not assessable (three are needed); the verdict holds for "
            "these only.",
        )
    if code == "too_short":
        return words(
            f"{n(value[0], 0)} h et {n(value[1], 0)} heures comparées : il en faut au moins "
            f"{limit[0]} h et {limit[1]}.",
            f"{n(value[0], 0)} h and {n(value[1], 0)} hours compared: at least {limit[0]} h and {limit[1]} are needed.",
        )
    return {
        "hour_labels": words(
            "Les deux fichiers s’accordent mieux à une heure ou deux d’écart : étiquettes des "
            "heures ou fuseaux à vérifier.",
            "The two files agree better an hour or two apart: check hour labels and time zones.",
        ),
        "unit_suspected": words(
            "Les deux fichiers semblent être dans deux unités différentes.",
            "The two files seem to be in two different units.",
        ),
        "no_uncertainty": words(
            f"Aucune incertitude ne peut être calculée{who} : trop peu de paires, ou des valeurs qui ne varient pas.",
            f"No uncertainty can be computed{who}: too few pairs, or values that do not vary.",
        ),
        "units_never_together": words(
            "Les exemplaires n’ont jamais mesuré ensemble.", "The units never measured together."
        ),
        "negative_slope": words(
            f"La réponse baisse quand la concentration monte{who}.",
            f"The response falls when the concentration rises{who}.",
        ),
    }.get(code, code)


def warning(words: Words, row: dict[str, Any]) -> str:
    """Word one warning."""
    who = f"{row['sensor']}{words(SPACE + ': ', ': ')}" if row["sensor"] else ""
    detail = row["detail"]
    said = {
        "hour_labels": lambda: words(
            f"les deux côtés s’accordent mieux à {detail:+d} h : vérifiez les étiquettes des heures et les fuseaux ; "
            "rien n’a été décalé.",
            f"both sides agree better {detail:+d} h apart: check hour labels and time zones; nothing was shifted.",
        ),
        "unit_suspected": lambda: words(
            f"la pente est celle d’un mélange de deux unités ({detail}) ; rien n’a été converti.",
            f"the slope is that of two units mixed ({detail}); nothing was converted.",
        ),
        "unit_stated": lambda: words(
            f"le fichier écrit l’unité {words.unit(detail)}, autre que celle de ce rapport ; rien n’a été converti.",
            f"the file writes the unit {words.unit(detail)}, not that of this report; nothing was converted.",
        ),
        "few_pairs": lambda: words(
            f"{detail} paire(s) d’heures : aucune droite ne passe par moins de trois paires.",
            f"{detail} pair(s) of hours: no line goes through fewer than three pairs.",
        ),
        "constant_reference": lambda: words(
            "la référence est constante : ni pente ni corrélation.",
            "the reference is constant: no slope, no correlation.",
        ),
        "constant_sensor": lambda: words(
            "le capteur est constant : il ne répond pas.", "the sensor is constant: it does not respond."
        ),
        "orthogonal_refused": lambda: words(
            f"R² de {words.number(detail)} : sous 0,3 une droite orthogonale suivrait le bruit, elle est refusée.",
            f"R² of {words.number(detail)}: below 0.3 an orthogonal line would follow the noise, it is refused.",
        ),
        "negative_slope": lambda: words(
            "la réponse baisse quand la concentration monte.",
            "the response falls when the concentration rises.",
        ),
        "low_capture": lambda: words(
            f"seulement {words.percent(detail)} des heures attendues.",
            f"only {words.percent(detail)} of the hours expected.",
        ),
        "unreadable_cells": lambda: (
            words("cellules illisibles : ", "cells that cannot be read: ")
            + "; ".join(
                words(
                    f"ligne {c['line']}, colonne « {c['column']} » : « {c['text']} »",
                    f"line {c['line']}, column “{c['column']}”: “{c['text']}”",
                )
                for c in detail
            )
        ),
        "u_bs_rm_too_large": lambda: words(
            "l’incertitude déclarée de la référence dépasse l’écart observé.",
            "the stated uncertainty of the reference exceeds the difference observed.",
        ),
        "few_units": lambda: words(
            f"{detail} exemplaire(s) : l’accord entre exemplaires n’est pas évaluable, il en faut trois.",
            f"{detail} unit(s): agreement between units is not assessable, three are needed.",
        ),
    }.get(row["code"])
    told: str = said() if said else str(row["code"])
    return who + told

"""The sentences of UnreadableFile in French, for the page of the wizard; the command speaks English."""

import re
from typing import Final

from django.utils.translation import get_language

PLACE: Final = re.compile(r"^(?P<file>.+?)(?:, line (?P<line>\d+))?: (?P<rest>.*)$", re.DOTALL)
SENTENCES: Final = (
    (r"column (.+) does not hold numbers: (.+)\.", r"la colonne {0} ne contient pas de nombres : {1}."),
    (r"column (.+): the time (.+) cannot be read\.", r"colonne {0} : l’heure {1} ne se lit pas."),
    (r"the file is empty\.", r"le fichier est vide."),
    (r"there is no column (.+); there are (.+)\.", r"il n’y a pas de colonne {0} ; il y a {1}."),
    (
        r"say which column holds the (time|value) \(.*\); there are (.+)\.",
        r"dites quelle colonne contient l’heure ou la valeur ; il y a {1}.",
    ),
    (
        r"no line of column names was found with (.+); the file begins with (.+)\.",
        r"aucune ligne ne porte les noms de colonnes {0} ; le fichier commence par {1}.",
    ),
    (r"no line of column names was found.*", r"aucune ligne de noms de colonnes n’a été trouvée."),
    (
        r"there is no row below the column names of line (\d+)\.",
        r"aucune ligne ne suit les noms de colonnes de la ligne {0}.",
    ),
    (
        r"(\d+) columns where line (\d+) names (\d+)\.(.*)",
        r"{0} colonnes, alors que la ligne {1} en nomme {2}. "
        r"Des virgules décimales demandent un autre séparateur, tel que « ; ».",
    ),
    (r"no row is left.*", r"aucune ligne ne reste après le filtre."),
    (r"column (.+) holds no number\.", r"la colonne {0} ne contient aucun nombre."),
    (r"the column of times is empty\.", r"la colonne des heures est vide."),
    (
        r"(\d+) of (\d+) rows repeat a time with another value;.*",
        r"{0} lignes sur {1} répètent une heure avec une autre valeur ; "
        r"choisissez les lignes avec un filtre (colonne=valeur).",
    ),
    (
        r"(\d+) stations or analysers measure (\S+) \((.+?)\): choose.*",
        r"{0} stations ou analyseurs mesurent {1} ({2}) : choisissez-en un, par exemple « code site=FR15043 ».",
    ),
    (r"no row is of (.+); there are (.+)\.", r"aucune ligne n’est de {0} ; il y a {1}."),
    (
        r"dates are written both day first and month first\.",
        r"des dates commencent par le jour, d’autres par le mois.",
    ),
    (r"not a readable Parquet file.*", r"ce fichier Parquet ne se lit pas."),
    (r"no value of (.+) is valid \(.*\)\.", r"aucune valeur de {0} n’est valide."),
)
WHOLE: Final = (
    (
        r"(.+) and (.+) have no hour in common: (.+) and (.+)\.",
        r"{0} et {1} n’ont aucune heure commune : {2} et {3}.",
    ),
    (
        r"(.+) states (\S+) and --(?:reference-)?unit is (\S+): nothing is converted unasked.*",
        r"{0} est écrit en {1}, et vous avez dit {2} : rien n’est converti sans demande. Corrigez l’unité.",
    ),
    (
        r"There is no time zone (.+); .*",
        r"Le fuseau horaire {0} n’existe pas ; écrivez UTC, Europe/Paris ou UTC+1.",
    ),
    (r"(.+) cannot be converted from (.+) to (.+)\.", r"{0} ne se convertit pas de {1} en {2}."),
    (r"A filter is written COLUMN=VALUE, not (.+)\.", r"Un filtre s’écrit colonne=valeur, et non {0}."),
)


def in_words(sentence: str) -> str:
    """Give a sentence of UnreadableFile in the language of the reader."""
    return sentence if get_language() == "en" else in_french(sentence)


def in_french(sentence: str) -> str:
    """Give the French of a sentence of UnreadableFile; the sentence itself where it is not known.

    >>> in_french("a.csv, line 7: column 'pm25' does not hold numbers: 'abc'.")
    "a.csv, ligne 7 : la colonne 'pm25' ne contient pas de nombres : 'abc'."
    """
    for pattern, french in WHOLE:
        found = re.fullmatch(pattern, sentence, re.DOTALL)
        if found:
            return french.format(*found.groups())
    place = PLACE.match(sentence)
    if place is None:
        return sentence
    for pattern, french in SENTENCES:
        found = re.fullmatch(pattern, place["rest"], re.DOTALL)
        if found:
            line = f", ligne {place['line']}" if place["line"] else ""
            return f"{place['file']}{line} : {french.format(*found.groups())}"
    return sentence

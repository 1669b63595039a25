"""Why a correction is not shown, in the language of the report; the document keeps the English sentence."""

from __future__ import annotations

import re
from typing import Final

from capto.validation.device_report.words import Words

SENTENCES: Final = (
    (
        r"The co-location lasts (\d+) h; at least 72 h are needed\.",
        "la comparaison dure {0} h, il en faut au moins 72",
    ),
    (
        r"The co-location has (\d+) hourly pairs; at least 48 are needed\.",
        "la comparaison compte {0} paires horaires, il en faut au moins 48",
    ),
    (
        r"The inputs of the fit do not vary independently of each other\.",
        "les grandeurs de l’ajustement ne varient pas indépendamment l’une de l’autre",
    ),
    (
        r"The pairs leave no later block to score the fit on\.",
        "les paires ne laissent aucun bloc ultérieur pour juger l’ajustement",
    ),
    (
        r"The two sides agree best ([+-]\d+) h apart: .*",
        "les deux côtés s’accordent le mieux à {0} h d’écart : vérifiez l’étiquette des heures et les fuseaux",
    ),
    (r"no column (.+)", "pas de colonne {0}"),
    (r"no pair lies after --scoring-from", "aucune paire ne suit le début de la notation"),
    (
        r"not scored: --scoring-from does not say from when the maker had no reference",
        "non notées : rien ne dit à partir de quand le fabricant n’avait plus la référence",
    ),
    (
        r"fewer than three corrected hours lie after --scoring-from",
        "moins de trois heures corrigées suivent le début de la notation",
    ),
)


def refusal(words: Words, told: str) -> str:
    """Word the reasons of a refusal, each once; one that is not known stays in English.

    >>> refusal(Words("fr"), "The co-location lasts 30 h; at least 72 h are needed.; no column humidity")
    'la comparaison dure 30\\xa0h, il en faut au moins 72\\xa0; pas de colonne humidity'
    """
    if not words.french:
        return told
    parts = re.split(r"(?<=[.]); |; (?=no column|The )", told)
    return " ; ".join(dict.fromkeys(_french(part) for part in parts))


def _french(sentence: str) -> str:
    for pattern, french in SENTENCES:
        found = re.fullmatch(pattern, sentence, re.DOTALL)
        if found:
            return french.format(*found.groups())
    return sentence

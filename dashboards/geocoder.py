"""Ask the national geocoder where an address lies, from the server: off unless CAPTO_GEOCODER_URL names one.

What a reader looked for is in no log, no file and no row: it goes to the geocoder and is forgotten. The answer is
GeoJSON as the Géoplateforme's `geocodage/search` and the address API of the BAN before it give it (GeocodeJSON).
"""

import json
import logging
import urllib.error
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings

from capto.outside import read_outside

log = logging.getLogger(__name__)

TIMEOUT_S = 3.0  # a reader waits no longer for a service that is not ours
MOST_BYTES = 200_000
MOST_FOUND = 5
SURE_SCORE = (
    0.7  # from here on the first answer is shown at once; below, the reader chooses (a choice of ours)
)
LONGEST_ADDRESS = 200  # characters, the limit of the service


class GeocoderSilent(Exception):
    """The geocoder cannot be reached, took too long, or answered something else than addresses."""


@dataclass(frozen=True, slots=True)
class Found:
    """An address the geocoder knows: its words, its point (degrees, WGS 84), how sure it is (0 to 1)."""

    label: str
    latitude: float
    longitude: float
    score: float


def is_on() -> bool:
    """Whether this site asks a geocoder at all."""
    return bool(settings.GEOCODER_URL)


def look_up(address: str) -> list[Found]:
    """Give the addresses that fit, the best first; [] where none does. Raises GeocoderSilent.

    The log says that the service failed and never what was asked.
    """
    asked = f"{settings.GEOCODER_URL}?{urlencode({'q': address[:LONGEST_ADDRESS], 'limit': MOST_FOUND})}"
    try:
        return _read(json.loads(read_outside(asked, timeout_s=TIMEOUT_S, most_bytes=MOST_BYTES)))
    except urllib.error.HTTPError as error:
        if error.code == 400:  # too short, or nothing but signs: an address it cannot read, not a failure
            return []
        log.warning("the geocoder answered %s", error.code)
        raise GeocoderSilent(f"status {error.code}") from None
    except (OSError, ValueError) as error:
        log.warning("the geocoder did not answer: %s", type(error).__name__)
        raise GeocoderSilent(type(error).__name__) from None


def _read(document: object) -> list[Found]:
    """Read the features of a GeocodeJSON answer; what has no point or no words is left out."""
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise ValueError("no features")
    found = []
    for feature in features[:MOST_FOUND]:
        try:
            longitude, latitude = (float(figure) for figure in feature["geometry"]["coordinates"][:2])
            words = feature["properties"]
            one = Found(str(words["label"]), latitude, longitude, float(words.get("score") or 0.0))
        except (KeyError, TypeError, ValueError):
            continue
        if abs(one.latitude) <= 90 and abs(one.longitude) <= 180:
            found.append(one)
    return found

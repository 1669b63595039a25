"""The vigilances of an association's own API: `{"data": [...]}`, one object per zone, pollutant and day.

`/communes/{insee}/vigilances` exists (public clients of Atmo Auvergne-Rhône-Alpes); the names of its fields were not
read, so that those below are a starting choice and a row of EpisodeFeed may name others.
"""

import json
from collections.abc import Mapping, Sequence

from dashboards.episodes.feeds.entry import BadEntry, Entry, NotAFeed, entry_of

FIELDS = {
    "zone": "zone_code", "zone_name": "zone_nom", "pollutant": "polluant_nom", "code": "polluant_code",
    "level": "niveau", "day": "date_echeance", "url": "url",
}  # fmt: skip


def parse(data: bytes, *, fields: Mapping[str, str]) -> Sequence[Entry | BadEntry]:
    """Read the vigilances; raises NotAFeed where there is no list of them."""
    names = {**FIELDS, **fields}
    try:
        rows = json.loads(data.decode("utf-8-sig"))["data"]
    except (UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        raise NotAFeed("no JSON object with a list named data") from error
    if not isinstance(rows, list):
        raise NotAFeed("no JSON object with a list named data")
    return [
        entry_of(number, **{ours: row.get(theirs) for ours, theirs in names.items()})
        if isinstance(row, dict)
        else BadEntry(number, "no object")
        for number, row in enumerate(rows, 1)
    ]

"""The national layer `alrt:alrt3j` of Atmo France: a GeoJSON of a WFS, one feature per zone, pollutant and day.

The layer's existence was verified by live calls (September 2026); its field names, as public clients read them, were
not: a row of EpisodeFeed may name others.
"""

import json
from collections.abc import Mapping, Sequence

from dashboards.episodes.feeds.entry import BadEntry, Entry, NotAFeed, entry_of

FIELDS = {
    "zone": "code_zone", "zone_name": "lib_zone", "pollutant": "lib_pol", "code": "code_pol", "level": "etat",
    "day": "date_ech", "url": "lien",
}  # fmt: skip


def parse(data: bytes, *, fields: Mapping[str, str]) -> Sequence[Entry | BadEntry]:
    """Read the features of the layer; raises NotAFeed where it is no collection of features."""
    names = {**FIELDS, **fields}
    try:
        document = json.loads(data.decode("utf-8-sig"))
        features = document["features"]
    except (UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        raise NotAFeed("no GeoJSON feature collection") from error
    if not isinstance(features, list):
        raise NotAFeed("no GeoJSON feature collection")
    found: list[Entry | BadEntry] = []
    for number, feature in enumerate(features, 1):
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(properties, dict):
            found.append(BadEntry(number, "no properties"))
            continue
        found.append(entry_of(number, **{ours: properties.get(theirs) for ours, theirs in names.items()}))
    return found

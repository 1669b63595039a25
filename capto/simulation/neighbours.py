"""Sensors of another network around the simulated stations, read from a document as a real feed would give it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Final

from capto.readings.models import OpenFeed, ReferenceStation, ReferenceValue
from firmware_bridge.open_feeds import Read, record

NAME: Final = "reseau-voisin-simule"
PROVIDER: Final = "Réseau voisin (simulé)"
# Where they stand beside a station, in degrees, and how they misread: a factor and a term in µg/m³.
AROUND: Final = ((0.006, 0.009, 1.6, 2.0), (-0.008, 0.005, 1.9, 0.5), (0.004, -0.011, 1.2, 6.0))
MINUTES: Final = (7, 27, 47)


def read_neighbours(*, now: datetime, hours: int = 3) -> Read:
    """Let the neighbours say what they measured in the last hours that the stations have published."""
    feed, _is_new = OpenFeed.objects.get_or_create(
        name=NAME,
        defaults={
            "provider": PROVIDER,
            "licence": "DbCL 1.0 (simulée)",
            "is_read": False,
            "is_simulated": True,
        },
    )
    return record(json.dumps(_document(now=now, hours=hours)).encode(), feed=feed, now=now)


def _document(*, now: datetime, hours: int) -> list[dict[str, object]]:
    entries: list[dict[str, object]] = []
    stations = ReferenceStation.objects.filter(is_simulated=True, latitude__isnull=False).order_by("code")
    for number, station in enumerate(stations):
        known: dict[datetime, dict[str, float]] = {}
        for value in ReferenceValue.objects.filter(
            series__station=station,
            series__property__in=("pm25", "pm10"),
            hour__gte=now - timedelta(hours=hours + 1),
        ).select_related("series"):
            known.setdefault(value.hour, {})[value.series.property_id] = value.value
        for which, (north, east, factor, term) in enumerate(AROUND):
            for hour, levels in sorted(known.items()):
                for minute in MINUTES:
                    entries.append(
                        _entry(
                            90_001 + 10 * number + which,
                            at=hour + timedelta(minutes=minute),
                            latitude=(station.latitude or 0) + north,
                            longitude=(station.longitude or 0) + east,
                            values={
                                name: max(0.0, levels[code] * factor + term + 0.1 * (minute - 27))
                                for name, code in (("P1", "pm10"), ("P2", "pm25"))
                                if code in levels
                            },
                        )
                    )
    return [entry for entry in entries if str(entry["timestamp"]) <= _written(now)]


def _entry(
    key: int, *, at: datetime, latitude: float, longitude: float, values: dict[str, float]
) -> dict[str, object]:
    return {
        "timestamp": _written(at),
        "location": {"latitude": f"{latitude:.3f}", "longitude": f"{longitude:.3f}", "indoor": 0},
        "sensor": {"id": key, "sensor_type": {"name": "SDS011"}},
        "sensordatavalues": [{"value_type": name, "value": f"{value:.2f}"} for name, value in values.items()],
    }


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")

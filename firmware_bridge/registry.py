"""Which sensors are known, and where each one stood when: a copy in memory, renewed when the tables change."""

import time
from collections import defaultdict
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg

# The channel on which triggers tell that sensors or placements changed (migration 0001 of this package).
CHANGED = "capto_sensors_or_placements"
RENEW_EVERY_S = 60.0  # seconds; in case a notification was lost, as behind a connection pooler
ASK_AGAIN_S = (
    0.25  # seconds between two renewals that an unknown device or a time without placement may cause
)
FOREVER_US = 2**62
UTC = ZoneInfo("UTC")

_SENSORS = "SELECT id, wire_format, device_id FROM catalogue_sensor"
_PLACEMENTS = """
SELECT sensor_id, (extract(epoch FROM starts_at) * 1000000)::int8, (extract(epoch FROM ends_at) * 1000000)::int8,
       is_paused, timezone
FROM readings_placement ORDER BY sensor_id, starts_at DESC"""


class Stay(NamedTuple):
    """One placement of a sensor: [starts_us, ends_us) in microseconds since 1970, UTC."""

    starts_us: int
    ends_us: int
    is_paused: bool
    zone: ZoneInfo


class KnownSensor(NamedTuple):
    """A sensor of the catalogue with its placements, the newest first."""

    id: int
    stays: tuple[Stay, ...]

    def stay_at(self, moment_us: int) -> Stay | None:
        """Find the placement at a moment, None where the sensor stood nowhere."""
        for stay in self.stays:
            if stay.starts_us <= moment_us:
                return stay if moment_us < stay.ends_us else None
        return None


class Registry:
    """Answer which sensor states a given identity; one thread uses it."""

    def __init__(self) -> None:
        self._sensors: dict[tuple[str, str], KnownSensor] = {}
        self._renewed_at = -RENEW_EVERY_S
        self.is_stale = True

    def sensor(self, wire_format: str, device: str) -> KnownSensor | None:
        """Find the sensor that states this identity in this format, None where there is none."""
        return self._sensors.get((wire_format, device))

    def zone(self, wire_format: str, device: str | None, moment_us: int) -> ZoneInfo:
        """Find the time zone recorded for the placement, UTC where there is none."""
        sensor = self._sensors.get((wire_format, device)) if device else None
        stay = sensor.stay_at(moment_us) if sensor else None
        return stay.zone if stay else UTC

    def may_ask_again(self) -> bool:
        """Say whether an unknown device may cause a renewal now."""
        return time.monotonic() - self._renewed_at >= ASK_AGAIN_S

    def renew_if_needed(self, connection: psycopg.Connection) -> None:
        """Read the tables again if they changed or the copy is old."""
        if self.is_stale or time.monotonic() - self._renewed_at >= RENEW_EVERY_S:
            self.renew(connection)

    def renew(self, connection: psycopg.Connection) -> None:
        """Read the tables again."""
        self._renewed_at = time.monotonic()
        self.is_stale = False
        stays: dict[int, list[Stay]] = defaultdict(list)
        for sensor_id, starts_us, ends_us, is_paused, zone in connection.execute(_PLACEMENTS):
            ends_us = FOREVER_US if ends_us is None else ends_us
            stays[sensor_id].append(Stay(starts_us, ends_us, is_paused, _zone(zone)))
        self._sensors = {
            (wire_format, device): KnownSensor(sensor_id, tuple(stays.get(sensor_id, ())))
            for sensor_id, wire_format, device in connection.execute(_SENSORS)
        }


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC

"""Which sensors are known, and where each one stood when: a copy in memory, renewed when the tables change."""

import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple
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

_SENSORS = "SELECT id, wire_format, device_id, model_id FROM catalogue_sensor"
_MAPS = """
SELECT DISTINCT ON (wire_format, sensor_id, sensor_model_id, stated_name)
       wire_format, sensor_id, sensor_model_id, stated_name, version, fields
FROM firmware_bridge_decodermap ORDER BY wire_format, sensor_id, sensor_model_id, stated_name, version DESC"""
# As CredentialQuerySet.standing says: what ended is refused at once, whoever writes `revoked_at` afterwards.
_CREDENTIALS = """
SELECT credential.id, credential.username, credential.secret_sha256, credential.sensor_id, gateway.wire_format,
       ARRAY (SELECT sensor_id FROM firmware_bridge_gateway_sensors WHERE gateway_id = gateway.id)
FROM firmware_bridge_credential AS credential
LEFT JOIN firmware_bridge_gateway AS gateway ON gateway.id = credential.gateway_id
LEFT JOIN readings_placement AS placement ON placement.id = credential.placement_id
WHERE credential.revoked_at IS NULL AND (placement.ends_at IS NULL OR placement.ends_at > now())
  AND (credential.placement_id IS NOT NULL OR NOT EXISTS (
       SELECT FROM readings_placement AS lent WHERE lent.sensor_id = credential.sensor_id AND lent.purpose = 'loan'
         AND lent.starts_at > credential.created_at AND lent.starts_at <= now()))"""
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
    """A sensor of the catalogue with its placements, the newest first, and the decoder map of its own or its model."""

    id: int
    stays: tuple[Stay, ...]
    wire_format: str
    device: str
    maps: Mapping[str, Any] | None = None

    def stay_at(self, moment_us: int) -> Stay | None:
        """Find the placement at a moment, None where the sensor stood nowhere."""
        for stay in self.stays:
            if stay.starts_us <= moment_us:
                return stay if moment_us < stay.ends_us else None
        return None


class KnownCredential(NamedTuple):
    """A valid credential, as `firmware_bridge.models.Credential` has it.

    That of a gateway has no sensor, but a format and the sensors for which it may speak.
    """

    id: int
    username: str
    secret_sha256: bytes
    sensor_id: int | None
    wire_format: str = ""
    behind: frozenset[int] | None = None


class Registry:
    """Answer which sensor states a given identity; one thread renews it, others may read `credentials`."""

    def __init__(self) -> None:
        self._sensors: dict[tuple[str, str], KnownSensor] = {}
        self._by_id: dict[int, KnownSensor] = {}
        self._maps: dict[str, Mapping[str, Any]] = {}
        self.credentials: Mapping[
            str | bytes, KnownCredential
        ] = {}  # by user name, and by SHA-256 of the secret
        self._renewed_at = -RENEW_EVERY_S
        self.is_stale = True

    def sensor(self, wire_format: str, device: str) -> KnownSensor | None:
        """Find the sensor that states this identity in this format, None where there is none."""
        return self._sensors.get((wire_format, device))

    def sensor_of(self, sensor_id: int) -> KnownSensor | None:
        """Find a sensor by its key, None where there is none."""
        return self._by_id.get(sensor_id)

    def maps(self, wire_format: str, sensor: KnownSensor | None) -> Mapping[str, Any] | None:
        """Give what is declared: the sensor's row, else the rows of the format by name, as `declared.py` reads them."""
        if sensor is not None and sensor.maps is not None and sensor.wire_format == wire_format:
            return sensor.maps
        return self._maps.get(wire_format)

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
        rows: dict[tuple[str, str, int | str], dict[str, Any]] = {}
        for wire_format, sensor_id, model_id, stated_name, version, fields in connection.execute(_MAPS):
            row = {"version": version, "fields": fields}
            if sensor_id is not None:
                rows[wire_format, "sensor", sensor_id] = row
            elif model_id is not None:
                rows[wire_format, "model", model_id] = row
            else:
                rows[wire_format, "name", stated_name] = row
        by_name: dict[str, dict[str, Any]] = defaultdict(dict)
        for (wire_format, kind, key), row in rows.items():
            if kind == "name":
                by_name[wire_format][str(key)] = row
        sensors, by_id = {}, {}
        for sensor_id, wire_format, device, model_id in connection.execute(_SENSORS):
            declared = rows.get((wire_format, "sensor", sensor_id)) or rows.get(
                (wire_format, "model", model_id)
            )
            known = KnownSensor(sensor_id, tuple(stays.get(sensor_id, ())), wire_format, device, declared)
            sensors[wire_format, device] = by_id[sensor_id] = known
            if declared is not None:
                by_name[wire_format][device] = declared
        self._sensors, self._by_id, self._maps = sensors, by_id, dict(by_name)
        credentials: dict[str | bytes, KnownCredential] = {}
        for key, username, secret_sha256, sensor_id, spoken, behind in connection.execute(_CREDENTIALS):
            speaks_for = frozenset(behind) if sensor_id is None else None
            found = KnownCredential(key, username, secret_sha256, sensor_id, spoken or "", speaks_for)
            credentials[username] = credentials[secret_sha256] = found
        self.credentials = credentials


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC

"""What every encoding of openSenseMap shares: paths, sensor ids, places, and a box whose sensors are declared."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from typing import Any

from .declared import Declared
from .decoded import CLOCK_NOT_SET, TZ_ASSUMED, TimeSource, join_flags
from .gathered import Gathered
from .positions import Position, position
from .times import NotATime, clock_was_not_set, read_time

MAX_VALUES = 2500  # of one request, as upstream
OBJECT_ID = re.compile(r"[0-9a-f]{24}")
RESERVED_ID = "00112233445566778899aabb"  # the placeholder of example sketches


def box_and_sensor(topic: str) -> tuple[str | None, str | None]:
    """Read the box id from `/boxes/<box>/data`, or box and sensor from `/boxes/<box>/<sensor>`."""
    parts = topic.split("?")[0].casefold().strip("/").split("/")
    if "boxes" in parts:
        tail = parts[parts.index("boxes") + 1 :]
        ids = [part for part in tail[:2] if OBJECT_ID.fullmatch(part)]
        if tail and ids[:1] == tail[:1]:
            return ids[0], ids[1] if len(ids) > 1 else None
    return None, None


class Box:
    """Takes the values of one request, each for a sensor that the box declares."""

    def __init__(self, received_at: datetime, zone: tzinfo, declared: Declared) -> None:
        self.gathered = Gathered()
        self.received_at = received_at
        self.zone = zone
        self.declared = declared
        self.time_source: TimeSource = "device"
        self._taken = 0

    def take(self, sensor: object, value: object, created_at: object = None, location: object = None) -> None:
        """Take one value; `created_at` is RFC 3339 text, an aware moment, or None for now."""
        self._taken += 1
        if self._taken > MAX_VALUES:
            if self._taken == MAX_VALUES + 1:
                self.gathered.refuse(f"value {self._taken}", f"a request may hold {MAX_VALUES} values")
            return
        key = sensor.casefold() if isinstance(sensor, str) else ""
        if not OBJECT_ID.fullmatch(key):
            self.gathered.refuse(sensor if isinstance(sensor, str) else "?", "not a sensor id")
            return
        if key == RESERVED_ID:
            self.gathered.refuse(key, "the placeholder of the example sketches, not a sensor")
            return
        field = self.declared.fields.get(key)
        if field is None:
            self.gathered.refuse(key, self.declared.refused.get(key, "the box declares no such sensor"))
            return
        moment, flag = self.received_at, ""
        if created_at is None:
            self.time_source = "received"
        elif isinstance(created_at, datetime):
            moment = created_at
        else:
            try:
                moment, assumed = read_time(created_at, zone=self.zone)
            except NotATime as error:
                self.gathered.refuse(key, str(error))
                return
            flag = TZ_ASSUMED if assumed else ""
            if assumed and self.time_source == "device":
                self.time_source = "tz_assumed"
        if created_at is not None and clock_was_not_set(moment):
            flag = join_flags(flag, CLOCK_NOT_SET)
        self.gathered.read(key, field, value, moment, flag=flag, position=place(location))


def place(location: Any) -> Position | None:
    """Read [lng, lat, height] or {lat, lng, height}; None for anything else."""
    if isinstance(location, list) and len(location) in (2, 3):
        return position(location[1], location[0], location[2] if len(location) == 3 else None)
    if isinstance(location, dict):
        longitude = location.get("lng", location.get("lon", location.get("longitude")))
        return position(location.get("lat", location.get("latitude")), longitude, location.get("height"))
    return None

"""OGC SensorThings: observations created by MQTT or HTTP (section 19). Datastreams are declared in `maps`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from .declared import declared_for, mapping_name
from .decoded import (
    CLOCK_NOT_SET,
    NO_HEADERS,
    TZ_ASSUMED,
    Decoded,
    Format,
    TimeSource,
    Undecodable,
    join_flags,
)
from .gathered import Gathered
from .json_text import load
from .texts import short_text
from .times import NotATime, clock_was_not_set, in_utc, read_time

MAPPING = "sensorthings/1"
MAX_OBSERVATIONS = 10_000  # of one Data Array

_DATASTREAM = re.compile(r"Datastreams\(('?)([^()']{1,64})\1\)/Observations$")
_ANY = re.compile(
    r"(?:^|/)(?:Observations|FeaturesOfInterest\([^()]{1,66}\)/Observations|CreateObservations)$"
)


def decode(
    payload: bytes,
    *,
    topic: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    received_at: datetime,
    timezone: tzinfo = UTC,
    maps: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode one observation, or a Data Array over HTTP; the device is the datastream's id.

    A row in `maps` declares quantity, unit and variant by that id. The sender's remarks (`resultQuality`) are
    claims; `FeatureOfInterest` may hold a home's place and is not read. Raises Undecodable.
    """
    path = topic.split("?")[0]
    if (
        path
        and not _DATASTREAM.search(path)
        and not _ANY.search(path)
        and not path.endswith("/ingest/sensorthings")
    ):
        raise Undecodable("only observations may be created")
    reader = _Reader(in_utc(received_at), timezone, device_from_topic(path), maps)
    message = load(payload)
    if isinstance(message, list):
        reader.take_data_arrays(message)
    elif isinstance(message, dict):
        reader.take(message)
    else:
        raise Undecodable("the message is not an observation")
    return reader.close()


class _Reader:
    def __init__(
        self, received_at: datetime, zone: tzinfo, of_topic: str | None, maps: Mapping[str, Any] | None
    ) -> None:
        self.gathered = Gathered()
        self.received_at = received_at
        self.zone = zone
        self.of_topic = of_topic
        self.maps = maps
        self.device: str | None = of_topic
        self.declared = declared_for(maps, of_topic)
        self.time_source: TimeSource = "device"

    def close(self) -> Decoded:
        return self.gathered.decoded(
            self.device, time_source=self.time_source, mapping=mapping_name(MAPPING, self.declared)
        )

    def take_data_arrays(self, groups: list[Any]) -> None:
        left = MAX_OBSERVATIONS
        for index, group in enumerate(groups):
            components = group.get("components") if isinstance(group, dict) else None
            rows = group.get("dataArray") if isinstance(group, dict) else None
            if not isinstance(components, list) or not isinstance(rows, list):
                self.gathered.refuse(f"[{index}]", "not a Data Array with its components")
                continue
            names = [name if isinstance(name, str) else "" for name in components]
            for row in rows[:left]:
                if isinstance(row, list) and len(row) == len(names):
                    self.take({**dict(zip(names, row, strict=True)), "Datastream": group.get("Datastream")})
                else:
                    self.gathered.refuse(f"[{index}]", "a row does not fit the components")
            if len(rows) > left:
                self.gathered.refuse(f"[{index}]", f"a message may hold {MAX_OBSERVATIONS} observations")
            left -= min(left, len(rows))

    def take(self, observation: Mapping[str, Any]) -> None:
        stream = observation.get("Datastream")
        stated = short_text(stream.get("@iot.id")) if isinstance(stream, dict) else None
        key = stated or self.of_topic
        if key is None:
            self.gathered.refuse("Datastream", "neither the topic nor the body names the datastream")
            return
        if self.of_topic is not None and key != self.of_topic:
            self.gathered.refuse("Datastream", "the body names another datastream than the topic")
            return
        if self.device is None:
            self.device = key
            self.declared = declared_for(self.maps, key)
        if "result" not in observation:
            self.gathered.refuse(key, "there is no result")
            return
        known = self.declared.fields.get(key)
        if known is None:
            self.gathered.refuse(key, self.declared.refused.get(key, "the datastream is not declared"))
            return
        try:
            moment, flag = self._time(observation)
        except NotATime as error:
            self.gathered.refuse(key, str(error))
            return
        quality = observation.get("resultQuality")
        if isinstance(quality, str | int | float) and short_text(str(quality)):
            self.gathered.status["claims"] = {"resultQuality": short_text(str(quality))}
        parameters = observation.get("parameters")
        if isinstance(parameters, dict):
            self.gathered.note_text("parameters/firmware", "firmware", parameters.get("firmware"))
        self.gathered.read(key, known, observation["result"], moment, flag=flag)

    def _time(self, observation: Mapping[str, Any]) -> tuple[datetime, str]:
        """Take the end of `phenomenonTime`, which may be an interval, else `resultTime`, else reception."""
        stated = observation.get("phenomenonTime")
        if stated is None:
            stated = observation.get("resultTime")
        if stated is None:
            self.time_source = "received"
            return self.received_at, ""
        begin, mark, end = stated.partition("/") if isinstance(stated, str) else (stated, "", "")
        moment, assumed = read_time(end if mark else begin, zone=self.zone)
        if mark:
            length = (moment - read_time(begin, zone=self.zone)[0]).total_seconds()
            if length < 0:
                raise NotATime("the interval ends before it begins")
            self.gathered.status["averaging_s"] = length
        if assumed and self.time_source == "device":
            self.time_source = "tz_assumed"
        clock = CLOCK_NOT_SET if clock_was_not_set(moment) else ""
        return moment, join_flags(TZ_ASSUMED if assumed else "", clock)


def device_from_topic(topic: str) -> str | None:
    """Read the datastream's id from `v1.1/Datastreams(<id>)/Observations`; an id may be quoted."""
    match = _DATASTREAM.search(topic.split("?")[0])
    return match[2] if match else None


FORMAT = Format(
    name="sensorthings",
    decode=decode,
    topics=("v1.1/Observations", "v1.1/+/Observations"),
    http_paths=("/v1.1/Observations", "/v1.1/Datastreams({device})/Observations", "/v1.1/CreateObservations"),
    states_time=True,
    needs_maps=True,
    device_from_topic=device_from_topic,
)

"""From a message to rows: decode, recognise the sensor, check the times. What cannot be stored says why."""

from collections import defaultdict
from datetime import datetime
from typing import Any

import psycopg

from firmware_bridge import reasons
from firmware_bridge.arrival import (
    ABSENT,
    Arrival,
    Batch,
    Heard,
    Refusal,
    Row,
    at_microsecond,
    in_microseconds,
)
from firmware_bridge.formats import FORMATS, Decoded, Format, Reading, Undecodable
from firmware_bridge.layouts import Layout, Layouts, Names
from firmware_bridge.registry import KnownSensor, Registry
from firmware_bridge.routes import Routes

FURTHEST_AHEAD_US = (
    86_400 * 1_000_000
)  # microseconds; one day, as Smart Citizen and AirCasting bound the future
LARGEST_PAYLOAD = 256 * 1024  # bytes; a pack of 2,500 values is about 200 kB
REMEMBERED_REFUSALS = 10_000
REPEAT_REFUSED_ITEMS_US = (
    3_600 * 1_000_000
)  # microseconds; the same refused items of a sensor are told once an hour

# Figures of a device's health that are stored with its values: a fall of the counters means a restart.
HEALTH = ("battery_pct", "battery_v", "rssi", "snr", "uptime", "boot_count", "message_count")


class Intake:
    """Understand messages; one thread uses it. The connection is only for what was never met before."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.routes = Routes(FORMATS)
        self._layouts = Layouts()
        self._refused_items: dict[tuple[int, str], int] = {}

    def forget(self) -> None:
        """Forget what was learnt from the database: another one may answer now."""
        self.registry.is_stale = True
        self._layouts = Layouts()

    def read(self, arrival: Arrival, batch: Batch, connection: psycopg.Connection) -> None:
        """Add what one message says to the batch. Raises only what the database raises."""
        topic = arrival.topic
        format_ = FORMATS.get(arrival.wire_format) if arrival.wire_format else self.routes.format_of(topic)
        if format_ is None:
            batch.refusals.append(Refusal(arrival, reasons.UNKNOWN_FORMAT, "no format has this topic"))
            return
        name = format_.name
        if arrival.is_retained and format_.retained_is_state:
            batch.counts["retained"] += 1
            return
        if len(arrival.payload) > LARGEST_PAYLOAD:
            detail = f"{len(arrival.payload)} bytes, more than the {LARGEST_PAYLOAD} that are read"
            batch.refusals.append(Refusal(arrival, reasons.TOO_LARGE, detail, name))
            return
        expected = format_.device_from_topic(topic)
        received_at = at_microsecond(arrival.received_us)
        zone = self.registry.zone(name, expected, arrival.received_us)
        try:
            decoded = format_.decode(arrival.payload, topic=topic, received_at=received_at, timezone=zone)
        except Undecodable as error:
            batch.refusals.append(Refusal(arrival, reasons.UNDECODABLE, str(error), name, expected or ""))
            return
        except Exception as error:  # a decoder must never stop the loop: its defect is one refused message
            detail = f"the decoder failed: {type(error).__name__}: {error}"
            batch.refusals.append(Refusal(arrival, reasons.DECODER_FAILED, detail, name, expected or ""))
            return
        device = decoded.device or expected
        if device is None:
            batch.refusals.append(Refusal(arrival, reasons.NO_IDENTITY, "the message names no device", name))
            return
        if expected is not None and device != expected:
            detail = f"the message says {device}, the topic {expected}"
            batch.refusals.append(Refusal(arrival, reasons.IDENTITY_MISMATCH, detail, name, expected))
            return
        sensor = self.registry.sensor(name, device)
        if (sensor is None or sensor.stay_at(arrival.received_us) is None) and self.registry.may_ask_again():
            self.registry.renew(connection)
            sensor = self.registry.sensor(name, device)
        if sensor is None:
            detail = "no sensor of the catalogue states this identity"
            batch.refusals.append(Refusal(arrival, reasons.UNKNOWN_DEVICE, detail, name, device))
            return
        if decoded.time_source == "tz_assumed" and expected is None:
            zone = self.registry.zone(name, device, arrival.received_us)
            decoded = format_.decode(arrival.payload, topic=topic, received_at=received_at, timezone=zone)
        self._take(arrival, format_, device, sensor, decoded, received_at, batch, connection)

    def _take(
        self,
        arrival: Arrival,
        format_: Format,
        device: str,
        sensor: KnownSensor,
        decoded: Decoded,
        received_at: datetime,
        batch: Batch,
        connection: psycopg.Connection,
    ) -> None:
        stay = sensor.stay_at(arrival.received_us)
        if stay is not None and stay.is_paused:
            batch.counts["paused"] += 1
            return
        refused = [f"{item}: {reason}" for item, reason in decoded.rejected]
        is_timeless = decoded.time_source == "received"
        latest: int | None = None
        stored = 0
        for moment, readings in _by_moment(decoded.readings):
            observed_us = arrival.received_us if moment is received_at else in_microseconds(moment)
            if observed_us > arrival.received_us + FURTHEST_AHEAD_US:
                self._refuse_time(batch, arrival, reasons.FUTURE, moment, format_, device, sensor)
                continue
            stay = sensor.stay_at(observed_us)
            if stay is None:
                self._refuse_time(batch, arrival, reasons.OUTSIDE_PLACEMENTS, moment, format_, device, sensor)
                continue
            if stay.is_paused:
                batch.counts["paused"] += 1
                continue
            row = self._row(
                arrival, sensor, readings, decoded.status, observed_us, is_timeless, refused, connection
            )
            if row is not None:
                batch.rows.append(row)
                stored += 1
                latest = observed_us if latest is None else max(latest, observed_us)
        if refused:
            self._tell_refused_items(arrival, format_, device, sensor, refused, batch)
        before = batch.heard.get(sensor.id)
        batch.heard[sensor.id] = Heard(
            before.first_us if before else arrival.received_us,
            arrival.received_us,
            latest if latest is not None else (before.observed_us if before else None),
            (before.messages if before else 0) + (stored > 0),
            decoded.status or (before.status if before else {}),
        )

    def _row(
        self,
        arrival: Arrival,
        sensor: KnownSensor,
        readings: list[Reading],
        status: dict[str, Any],
        observed_us: int,
        is_timeless: bool,
        refused: list[str],
        connection: psycopg.Connection,
    ) -> Row | None:
        quantities, variants, channels, values, _, _, _, flags = zip(*readings, strict=True)
        for figure in HEALTH:
            if figure in status and figure not in quantities:
                value = status[figure]
                if type(value) is int or type(value) is float:
                    quantities += (figure,)
                    variants += ("",)
                    channels += ("",)
                    values += (float(value),)
                    flags += ("",)
        names: Names = (quantities, variants, channels)
        try:
            layout = self._layouts.known(names)
        except KeyError:
            layout = self._layouts.find_or_make(names, connection)
        if layout is None:
            refused.extend(f"{quantity}: no observed property describes it" for quantity in quantities)
            return None
        if layout.refused:
            refused.extend(f"{quantity}: no observed property describes it" for quantity in layout.refused)
        if layout.pick is not None:
            if len(layout.positions) + len(layout.refused) < len(values):
                _check_repetitions(names, values, refused)
            values = layout.pick(values)
        has_gaps = None in values
        if has_gaps:
            values = tuple(ABSENT if value is None else value for value in values)
        return Row(
            sensor.id,
            observed_us,
            layout.id,
            arrival.received_us,
            values,
            _flags_by_position(flags, layout) if any(flags) else None,
            has_gaps,
            is_timeless and arrival.is_late,
            is_timeless,
            arrival,
        )

    @staticmethod
    def _refuse_time(
        batch: Batch,
        arrival: Arrival,
        reason: str,
        moment: datetime,
        format_: Format,
        device: str,
        sensor: KnownSensor,
    ) -> None:
        last = batch.refusals[-1] if batch.refusals else None
        if last is not None and last.arrival is arrival and last.reason == reason:
            return  # one refusal tells of all moments of one message
        batch.refusals.append(
            Refusal(arrival, reason, f"time {moment.isoformat()}", format_.name, device, sensor.id)
        )

    def _tell_refused_items(
        self,
        arrival: Arrival,
        format_: Format,
        device: str,
        sensor: KnownSensor,
        refused: list[str],
        batch: Batch,
    ) -> None:
        batch.counts["refused_items"] += len(refused)
        detail = "; ".join(refused)
        told = self._refused_items.get((sensor.id, detail))
        if told is not None and arrival.received_us - told < REPEAT_REFUSED_ITEMS_US:
            return
        if len(self._refused_items) >= REMEMBERED_REFUSALS:
            self._refused_items.clear()
        self._refused_items[sensor.id, detail] = arrival.received_us
        batch.refusals.append(
            Refusal(arrival, reasons.REFUSED_ITEMS, detail, format_.name, device, sensor.id)
        )


def _by_moment(readings: list[Reading]) -> list[tuple[datetime, list[Reading]]]:
    if not readings:
        return []
    first = readings[0].observed_at
    if all(map(first.__eq__, [reading[5] for reading in readings])):
        return [(first, readings)]
    groups: dict[datetime, list[Reading]] = defaultdict(list)
    for reading in readings:
        groups[reading.observed_at].append(reading)
    return list(groups.items())


def _flags_by_position(flags: tuple[str, ...], layout: Layout) -> dict[str, str]:
    picked = layout.pick(flags) if layout.pick is not None else flags
    return {str(position): flag for position, flag in enumerate(picked) if flag}


def _check_repetitions(names: Names, values: tuple[float | None, ...], refused: list[str]) -> None:
    first: dict[tuple[str, str, str], float | None] = {}
    for channel, value in zip(zip(*names, strict=True), values, strict=True):
        if first.setdefault(channel, value) != value:
            refused.append(f"{'/'.join(channel)}: given twice at one moment with different values")

"""From a message to rows: decode, recognise the sensor, check the times. What cannot be stored says why."""

from collections import defaultdict
from datetime import datetime
from typing import Any, NamedTuple

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
from firmware_bridge.device_limits import DeviceLimits, Verdict
from firmware_bridge.formats import FORMATS, Decoded, Reading, Undecodable
from firmware_bridge.layouts import Layout, Layouts, Names
from firmware_bridge.registry import UTC, KnownSensor, Registry
from firmware_bridge.routes import Route, Routes

FURTHEST_AHEAD_US = (
    86_400 * 1_000_000
)  # microseconds; one day, as Smart Citizen and AirCasting bound the future
LARGEST_PAYLOAD = 256 * 1024  # bytes; a pack of 2,500 values is about 200 kB
LARGEST_FILE = 32 * 1024 * 1024  # bytes; a card's file of a day is about 10 MB at one row a second
REMEMBERED_REFUSALS = 10_000
REMEMBERED_MESSAGE_IDS = (
    50_000  # of formats that mark their messages; several gateways send one within seconds
)
REPEAT_REFUSED_ITEMS_US = (
    3_600 * 1_000_000
)  # microseconds; the same refused items of a sensor are told once an hour


_PROOF = {"http": "credentials are of", "file": "file was given for"}
_Columns = tuple[Any, ...]  # the columns of Reading, one tuple each


class _Sender(NamedTuple):
    """Who sent a message, and how."""

    arrival: Arrival
    wire_format: str
    device: str
    sensor: KnownSensor


class Intake:
    """Understand messages; one thread uses it. The connection is only for what was never met before.

    `limits`: how much one device may send; what waited in the broker is not counted, as it came at its own pace.
    """

    def __init__(self, registry: Registry, limits: DeviceLimits | None = None) -> None:
        self.registry = registry
        self._limits = limits
        self.routes = Routes(FORMATS)
        self._layouts = Layouts()
        self._refused_items: dict[tuple[int, str], int] = {}
        self._message_ids: dict[tuple[int, str], int] = {}
        self._mappings: dict[int, str] = {}

    def forget(self) -> None:
        """Forget what was learnt from the database: another one may answer now."""
        self.registry.is_stale = True
        self._layouts = Layouts()
        self.forget_unstored()

    def forget_unstored(self) -> None:
        """Forget what was read: it may not have been stored, and comes again."""
        self._refused_items.clear()
        self._message_ids.clear()
        self._mappings.clear()

    def read(self, arrival: Arrival, batch: Batch, connection: psycopg.Connection) -> None:
        """Add what one message says to the batch. Raises only what the database raises."""
        route = self._route(arrival)
        if route is None:
            batch.refusals.append(Refusal(arrival, reasons.UNKNOWN_FORMAT, "no format has this topic"))
            return
        format_, expected = route
        name = format_.name
        if arrival.is_retained and format_.retained_is_state:
            batch.counts["retained"] += 1
            return
        if self._limits is not None and not arrival.is_late:
            verdict = self._limits.verdict(expected or arrival.topic, arrival.received_us)
            if verdict is not Verdict.READ:
                batch.counts[f"too_fast_{verdict.value}"] += 1
                if verdict is Verdict.KEPT:
                    detail = "more messages than one device may send"
                    batch.refusals.append(Refusal(arrival, reasons.TOO_FAST, detail, name, expected or ""))
                return
        largest = LARGEST_FILE if arrival.transport == "file" else LARGEST_PAYLOAD
        if len(arrival.payload) > largest:
            detail = f"{len(arrival.payload)} bytes, more than the {largest} that are read"
            batch.refusals.append(Refusal(arrival, reasons.TOO_LARGE, detail, name))
            return
        try:
            parts = format_.split(arrival.payload, arrival.topic)
        except Undecodable as error:
            batch.refusals.append(Refusal(arrival, reasons.UNDECODABLE, str(error), name, expected or ""))
            return
        if len(parts) == 1:
            self._read_one(arrival, route, batch, connection)
        else:
            for part in parts:
                self._read_one(arrival._replace(payload=part), route, batch, connection)

    def take(self, arrival: Arrival, decoded: Decoded, batch: Batch, connection: psycopg.Connection) -> None:
        """Add what was understood elsewhere of one sensor's file. Raises LookupError where there is no such sensor."""
        sensor = self.registry.sensor_of(arrival.sensor_id or 0)
        if sensor is None:
            raise LookupError("no such sensor")
        batch.mappings.append((sensor.id, arrival.received_us, decoded.mapping))
        received_at = at_microsecond(arrival.received_us)
        sender = _Sender(arrival, arrival.wire_format, sensor.device, sensor)
        self._take(sender, decoded, received_at, batch, connection)

    def _read_one(self, arrival: Arrival, route: Route, batch: Batch, connection: psycopg.Connection) -> None:
        format_, expected = route
        name = format_.name
        received_at = at_microsecond(arrival.received_us)
        named = arrival.sensor_id is not None
        sensor = self._expected_sensor(arrival, name, expected)
        try:
            decoded = self._decode(arrival, route, sensor, received_at)
            device = decoded.device or expected
            if named and sensor is not None and self._may_be(sensor, arrival, name, device):
                device = sensor.device
            elif expected is None and device is not None and not named:
                sensor = self.registry.sensor(name, device)
                if (
                    decoded.time_source == "tz_assumed"
                ):  # the zone is the placement's, and it was not known yet
                    decoded = self._decode(arrival, route, sensor, received_at)
        except Undecodable as error:
            batch.refusals.append(Refusal(arrival, reasons.UNDECODABLE, str(error), name, expected or ""))
            return
        except Exception as error:  # a decoder must never stop the loop: its defect is one refused message
            detail = f"the decoder failed: {type(error).__name__}: {error}"
            batch.refusals.append(Refusal(arrival, reasons.DECODER_FAILED, detail, name, expected or ""))
            return
        if device is None:
            batch.refusals.append(Refusal(arrival, reasons.NO_IDENTITY, "the message names no device", name))
            return
        if expected is not None and device != expected:
            detail = f"the message says {device}, the topic {expected}"
            batch.refusals.append(Refusal(arrival, reasons.IDENTITY_MISMATCH, detail, name, expected))
            return
        if named and sensor is not None and device != sensor.device:
            detail = (
                f"the message says {device}, its {_PROOF.get(arrival.transport, 'sender')} {sensor.device}"
            )
            batch.refusals.append(
                Refusal(arrival, reasons.IDENTITY_MISMATCH, detail, name, device, sensor.id)
            )
            return
        if (sensor is None or sensor.stay_at(arrival.received_us) is None) and self.registry.may_ask_again():
            self.registry.renew(connection)
            sensor = self._expected_sensor(arrival, name, device)
        if sensor is None:
            detail = "no sensor of the catalogue states this identity"
            batch.refusals.append(Refusal(arrival, reasons.UNKNOWN_DEVICE, detail, name, device))
            return
        if arrival.behind is not None and sensor.id not in arrival.behind:
            detail = f"{device} is not registered behind the gateway that speaks for it"
            batch.refusals.append(Refusal(arrival, reasons.IDENTITY_MISMATCH, detail, name, device))
            return
        if decoded.message_id is not None and self._is_known(sensor, decoded.message_id, arrival.received_us):
            batch.counts["repeated"] += 1
            return
        if self._mappings.get(sensor.id) != decoded.mapping:
            self._mappings[sensor.id] = decoded.mapping
            batch.mappings.append((sensor.id, arrival.received_us, decoded.mapping))
        self._take(_Sender(arrival, name, device, sensor), decoded, received_at, batch, connection)

    def _expected_sensor(self, arrival: Arrival, wire_format: str, device: str | None) -> KnownSensor | None:
        if arrival.sensor_id is not None:
            return self.registry.sensor_of(arrival.sensor_id)
        return self.registry.sensor(wire_format, device) if device is not None else None

    def _may_be(self, sensor: KnownSensor, arrival: Arrival, wire_format: str, device: str | None) -> bool:
        """Whether what a message says of its device agrees with the sensor that its proof names.

        A file may carry the number of another system, as the public archives do, but not the name of another
        sensor of ours.
        """
        if device is None or device == sensor.device:
            return True
        return arrival.transport == "file" and self.registry.sensor(wire_format, device) is None

    def _is_known(self, sensor: KnownSensor, message_id: str, received_us: int) -> bool:
        """Whether another message of this sensor had this mark; the same one, read again, has its own time."""
        if len(self._message_ids) >= REMEMBERED_MESSAGE_IDS:
            for key in list(self._message_ids)[: REMEMBERED_MESSAGE_IDS // 2]:
                del self._message_ids[key]
        return self._message_ids.setdefault((sensor.id, message_id), received_us) != received_us

    def _route(self, arrival: Arrival) -> Route | None:
        if not arrival.wire_format:
            return self.routes.of(arrival.topic)
        format_ = FORMATS.get(arrival.wire_format)
        if format_ is None:
            return None
        return Route(
            format_, None if arrival.transport == "file" else format_.device_from_topic(arrival.topic)
        )

    def _decode(
        self, arrival: Arrival, route: Route, sensor: KnownSensor | None, received_at: datetime
    ) -> Decoded:
        stay = sensor.stay_at(arrival.received_us) if sensor is not None else None
        if stay is None and sensor is not None and sensor.stays:
            stay = sensor.stays[0]  # a file is read after the sensor came back
        return route.format.decode(
            arrival.payload,
            topic="" if arrival.transport == "file" else arrival.topic,
            headers=arrival.headers,
            received_at=received_at,
            timezone=arrival.zone or (stay.zone if stay is not None else UTC),
            maps=self.registry.maps(route.format.name, sensor),
        )

    def _take(
        self,
        sender: _Sender,
        decoded: Decoded,
        received_at: datetime,
        batch: Batch,
        connection: psycopg.Connection,
    ) -> None:
        arrival, sensor, status = sender.arrival, sender.sensor, decoded.status
        stay = sensor.stay_at(arrival.received_us)
        if stay is not None and stay.is_paused and arrival.transport != "file":
            batch.counts["paused"] += 1
            return
        refused = [f"{item}: {reason}" for item, reason in decoded.rejected]
        groups = _by_moment(decoded.readings)
        latest: int | None = None
        for moment, columns in groups:
            is_timeless = moment is received_at  # the decoder's way to say that no time was stated
            observed_us = arrival.received_us if is_timeless else in_microseconds(moment)
            stay = sensor.stay_at(observed_us)
            if observed_us > arrival.received_us + FURTHEST_AHEAD_US:
                _refuse_time(batch, sender, reasons.FUTURE, moment)
            elif stay is None:
                _refuse_time(batch, sender, reasons.OUTSIDE_PLACEMENTS, moment)
            elif stay.is_paused:
                batch.counts["paused"] += 1
            else:
                # The health of the device is that of its latest moment.
                health = status if moment is groups[-1][0] else {}
                row = self._row(sender, columns, health, observed_us, is_timeless, refused, connection)
                if row is not None:
                    batch.rows.append(row)
                    latest = observed_us if latest is None else max(latest, observed_us)
        if refused:
            self._tell_refused_items(sender, refused, batch)
        before = batch.heard.get(sensor.id)
        if before is None:
            messages = 0 if latest is None else 1
            heard = Heard(arrival.received_us, arrival.received_us, latest, messages, status)
        else:
            heard = before.then(arrival.received_us, latest, status)
        batch.heard[sensor.id] = heard

    def _row(
        self,
        sender: _Sender,
        columns: _Columns,
        status: dict[str, Any],
        observed_us: int,
        is_timeless: bool,
        refused: list[str],
        connection: psycopg.Connection,
    ) -> Row | None:
        arrival = sender.arrival
        quantities, variants, channels, values, _, _, _, flags = columns
        names: Names = (quantities, variants, channels)
        layout = self._layouts.of(names, tuple(status), connection)
        if layout.refused:
            refused.extend(f"{quantity}: no observed property describes it" for quantity in layout.refused)
        if layout.id is None:
            return None
        if layout.health:
            values += tuple([_figure(status[figure]) for figure in layout.health])
        if layout.pick is not None:
            if len(layout.positions) + len(layout.refused) < len(values):
                _check_repetitions(names, values, refused)
            values = layout.pick(values)
        has_gaps = None in values
        if has_gaps:
            values = tuple(ABSENT if value is None else value for value in values)
        return Row(
            sender.sensor.id,
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

    def _tell_refused_items(self, sender: _Sender, refused: list[str], batch: Batch) -> None:
        batch.counts["refused_items"] += len(refused)
        batch.refused_items.extend(refused)
        arrival, sensor = sender.arrival, sender.sensor
        detail = "; ".join(refused)
        told = self._refused_items.get((sensor.id, detail))
        if told is not None and arrival.received_us - told < REPEAT_REFUSED_ITEMS_US:
            return
        if len(self._refused_items) >= REMEMBERED_REFUSALS:
            self._refused_items.clear()
        self._refused_items[sensor.id, detail] = arrival.received_us
        batch.refusals.append(
            Refusal(arrival, reasons.REFUSED_ITEMS, detail, sender.wire_format, sender.device, sensor.id)
        )


def _refuse_time(batch: Batch, sender: _Sender, reason: str, moment: datetime) -> None:
    batch.counts[f"moments_{reason}"] += 1
    last = batch.refusals[-1] if batch.refusals else None
    if last is not None and last.arrival is sender.arrival and last.reason == reason:
        return  # one refusal tells of all moments of one message
    batch.refusals.append(
        Refusal(
            sender.arrival,
            reason,
            f"time {moment.isoformat()}",
            sender.wire_format,
            sender.device,
            sender.sensor.id,
        )
    )


def _by_moment(readings: list[Reading]) -> list[tuple[datetime, _Columns]]:
    """Group readings by their time, in order, each group as the columns of `Reading`."""
    if not readings:
        return []
    columns = tuple(zip(*readings, strict=True))
    moments = columns[5]
    if moments.count(moments[0]) == len(moments):
        return [(moments[0], columns)]
    groups: dict[datetime, list[Reading]] = defaultdict(list)
    for reading in readings:
        groups[reading.observed_at].append(reading)
    return [(moment, tuple(zip(*groups[moment], strict=True))) for moment in sorted(groups)]


def _figure(value: object) -> float | None:
    return float(value) if type(value) is int or type(value) is float else None


def _flags_by_position(flags: tuple[str, ...], layout: Layout) -> dict[str, str]:
    flags += ("",) * len(layout.health)
    picked = layout.pick(flags) if layout.pick is not None else flags
    return {str(position): flag for position, flag in enumerate(picked) if flag}


def _check_repetitions(names: Names, values: tuple[float | None, ...], refused: list[str]) -> None:
    first: dict[tuple[str, str, str], float | None] = {}
    for channel, value in zip(zip(*names, strict=True), values, strict=False):  # the health comes behind
        if first.setdefault(channel, value) != value:
            refused.append(f"{'/'.join(channel)}: given twice at one moment with different values")

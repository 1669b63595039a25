"""Publish the rows of a CSV of measurements as SenML, as if a lent sensor sent them now."""

import csv
import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from capto.readings.mapped_csv import Clock, ColumnMap, number_of
from firmware_bridge.formats.units import CANONICAL_UNIT
from firmware_bridge.link import Address, Refused

MOST_ON_THEIR_WAY = 1_000  # messages published and not yet acknowledged by the broker
ANSWER_WITHIN_S = 30.0
# UCUM code of the canonical unit -> the unit's name in SenML (RFC 8428, section 12.1, and RFC 8798).
SENML_UNITS = {
    "ug/m3": "ug/m3",
    "Cel": "Cel",
    "%": "%RH",
    "hPa": "hPa",
    "[ppm]": "ppm",
    "[ppb]": "ppb",
    "lx": "lux",
    "um": "um",
    "m": "m",
    "1": "1",
    "/cm3": "1/cm3",
}


class CannotReplay(ValueError):
    """The file or the map cannot be used; the text says why."""


class BadRow(NamedTuple):
    """A line that was left out, and why."""

    line: int
    reason: str


class Message(NamedTuple):
    """One row as a SenML pack, with the time that it states."""

    moment: datetime
    payload: bytes


def read_rows(
    lines: Iterable[str], columns: ColumnMap, *, device: str, zone: ZoneInfo | None = None
) -> Iterator[Message | BadRow]:
    """Turn the lines of a CSV (`,`, `;` or tab) into SenML packs; values are taken in canonical units.

    A quantity may carry its variant, as in `pm10:atm`. Times are epoch seconds, epoch milliseconds or ISO 8601, or
    as the map's time_format says; without a zone they are in `zone` (UTC where None). Raises CannotReplay for a map
    that does not fit the file.
    """
    units = {name: _unit(name) for name in columns.quantities}
    numbered = (
        (number, line.rstrip("\r\n").removeprefix("\ufeff")) for number, line in enumerate(lines, start=1)
    )
    numbered = ((number, line) for number, line in numbered if line.strip())
    _, first = next(numbered, (0, ""))
    delimiter = max(";,\t", key=first.count)
    header = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
    wanted = [*columns.time, *columns.quantities.values()]
    if missing := [name for name in wanted if name not in header]:
        raise CannotReplay(f"there is no column {', '.join(missing)}; there are: {', '.join(header)}")
    time_at = [header.index(name) for name in columns.time]
    value_at = {name: header.index(column) for name, column in columns.quantities.items()}
    clock = Clock(zone, columns.time_format)
    for number, line in numbered:
        fields = next(csv.reader([line], delimiter=delimiter), [])
        try:
            moment = clock.utc(" ".join(fields[position].strip() for position in time_at))
            values = {
                name: number_of(fields[position], decimal_comma=delimiter != ",")
                for name, position in value_at.items()
            }
        except IndexError:
            yield BadRow(number, f"{len(fields)} fields, the header has {len(header)}")
            continue
        except ValueError as error:
            yield BadRow(number, str(error))
            continue
        records: list[dict[str, Any]] = [
            {"n": name, "u": units[name], "v": value} for name, value in values.items() if value is not None
        ]
        if not records:
            yield BadRow(number, "no value")
            continue
        records[0] = {"bn": f"{device}:", "bt": moment.timestamp(), **records[0]}
        yield Message(moment, json.dumps(records, separators=(",", ":")).encode())


def _unit(name: str) -> str:
    quantity = name.partition(":")[0]
    unit = SENML_UNITS.get(CANONICAL_UNIT.get(quantity, ""))
    if unit is None:
        known = ", ".join(code for code, unit in CANONICAL_UNIT.items() if unit in SENML_UNITS)
        raise CannotReplay(f"{quantity} cannot be replayed; what can be: {known}")
    return unit


class Publisher:
    """A connection that publishes at QoS 1 and waits for the broker's acknowledgements."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._refused = ""
        self._on_their_way: deque[mqtt.MQTTMessageInfo] = deque()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=address.user, clean_session=True)
        if address.user:
            self._client.username_pw_set(address.user, address.password or None)
        if address.has_tls:
            self._client.tls_set()
        self._client.max_inflight_messages_set(MOST_ON_THEIR_WAY)
        self._client.on_connect = self._on_connect

    def __enter__(self) -> "Publisher":
        self._client.connect(self._address.host, self._address.port)
        self._client.loop_start()
        until = time.monotonic() + ANSWER_WITHIN_S
        while not self._client.is_connected():
            if self._refused:
                self._client.loop_stop()
                raise Refused(f"the broker {self._address} refuses us: {self._refused}")
            if time.monotonic() > until:
                raise TimeoutError(f"the broker {self._address} does not answer")
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            while self._on_their_way:
                self._wait_for_oldest()
        finally:
            self._client.disconnect()
            self._client.loop_stop()

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish one message; waits while too many are on their way. Raises TimeoutError."""
        while len(self._on_their_way) >= MOST_ON_THEIR_WAY:
            self._wait_for_oldest()
        self._on_their_way.append(self._client.publish(topic, payload, qos=1))

    def _wait_for_oldest(self) -> None:
        message = self._on_their_way.popleft()
        if message.rc == mqtt.MQTT_ERR_NO_CONN:  # it is queued, and sent when the connection is back
            until = time.monotonic() + ANSWER_WITHIN_S
            while not self._client.is_connected() and time.monotonic() < until:
                time.sleep(0.05)
            return
        message.wait_for_publish(ANSWER_WITHIN_S)
        if not message.is_published():
            raise TimeoutError(f"the broker {self._address} does not acknowledge")

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._refused = str(reason) if reason.is_failure else ""


class Replayed(NamedTuple):
    """What was published: how many messages, the first and last time that they state, and the lines left out."""

    messages: int
    first: datetime | None
    last: datetime | None
    bad: list[BadRow]


def replay(
    rows: Iterable[Message | BadRow],
    send: Callable[[bytes], None],
    *,
    speed: float | None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Replayed:
    """Send messages in their order; `speed` is how many times faster than they were measured, None: at once."""
    first = last = None
    count = 0
    bad: list[BadRow] = []
    began = clock()
    for row in rows:
        if isinstance(row, BadRow):
            bad.append(row)
            continue
        first, last = first or row.moment, row.moment
        if speed is not None:
            due = began + (row.moment - first).total_seconds() / speed
            if (wait := due - clock()) > 0:
                sleep(wait)
        send(row.payload)
        count += 1
    return Replayed(count, first, last, bad)

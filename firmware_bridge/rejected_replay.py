"""Read rejected messages again, when the decoder is mended or the device known."""

from datetime import datetime

import psycopg
from django.utils import timezone

from firmware_bridge import database, reasons
from firmware_bridge.arrival import Arrival, Batch, at_microsecond, in_microseconds
from firmware_bridge.intake import Intake
from firmware_bridge.registry import Registry
from firmware_bridge.rejected import LONGEST_DETAIL, storable
from firmware_bridge.store import store, store_states

REPLAYED_AT_ONCE = 500  # messages

_WAITING = """
SELECT id, topic, payload, received_at, transport, wire_format, time_uncertain, sensor_id FROM readings_rejected_message
WHERE replayed_at IS NULL AND id > %(after)s AND reason <> ALL (%(never)s)
  AND (%(reason)s = '' OR reason = %(reason)s) AND (%(device)s = '' OR device_id = %(device)s)
  AND (%(format)s = '' OR wire_format = %(format)s) AND (%(keys)s::int8[] IS NULL OR id = ANY (%(keys)s::int8[]))
  AND received_at >= %(since)s
ORDER BY id LIMIT %(limit)s"""
_BEHIND_GATEWAYS = """
SELECT behind.sensor_id FROM firmware_bridge_gateway_sensors AS behind
JOIN firmware_bridge_gateway AS gateway ON gateway.id = behind.gateway_id WHERE gateway.wire_format = %s"""
# A conflict stays one; refused items come again with the next message, and their message is stored.
_NEVER_REPLAYED = [reasons.CONFLICT, reasons.TOO_LARGE]


def replay(
    intake: Intake,
    connection: psycopg.Connection,
    *,
    now: datetime,
    reason: str = "",
    device: str = "",
    wire_format: str = "",
    keys: list[int] | None = None,
    since: datetime | None = None,
) -> tuple[int, int]:
    """Read rejected messages again; those that become readings are marked as replayed.

    All of them, or those of a reason, a device, a format, with these keys, received since a moment.

    Returns (how many became readings, how many are still refused). Safe to run twice: storing is idempotent.
    """
    mended = refused = after = 0
    since = since or at_microsecond(0)
    asked = {
        "never": _NEVER_REPLAYED,
        "reason": reason,
        "device": device,
        "format": wire_format,
        "keys": keys,
        "since": since,
        "limit": REPLAYED_AT_ONCE,
    }
    intake.registry.renew(connection)
    while found := connection.execute(_WAITING, {**asked, "after": after}).fetchall():
        batch = Batch()
        reasons_left: dict[int, tuple[str, str] | None] = {}  # by key; None where readings came of all of it
        for key, topic, payload, received_at, transport, wire_format, is_late, sensor_id in found:
            # By its topic where it has one: the message may have been taken for another format.
            is_mqtt = transport == "mqtt"
            # What no sensor's own credentials brought over HTTP came from a gateway, which speaks for its own only.
            is_relayed = transport == "http" and sensor_id is None
            arrival = Arrival(
                topic,
                payload,
                in_microseconds(received_at),
                transport,
                "" if is_mqtt else wire_format,
                False,
                is_late,
                sensor_id=None if is_mqtt else sensor_id,
                behind=_behind_gateways(wire_format, connection) if is_relayed else None,
            )
            one = Batch()
            intake.read(arrival, one, connection)
            reasons_left[key] = _what_is_refused(one)
            batch.rows.extend(one.rows)
            for sensor, heard in one.heard.items():
                before = batch.heard.get(sensor)
                batch.heard[sensor] = heard if before is None else before.joined(heard)
        # Stored before it is marked: a crash in between stores nothing twice, the other way round would lose it.
        store(batch, connection)
        store_states(batch, connection)
        refused += _mark(reasons_left, connection, now=now)
        after = found[-1][0]
        mended += sum(left is None for left in reasons_left.values())
    return mended, refused


def _what_is_refused(read: Batch) -> tuple[str, str] | None:
    """Tell the reason and detail of what is still refused of one message, None where nothing is.

    The refused items of a sensor are told once an hour: of the next messages they stand in `refused_items` alone.
    """
    if read.refusals:
        latest = read.refusals[-1]
        return latest.reason, storable(latest.detail, LONGEST_DETAIL)
    if read.refused_items:
        return reasons.REFUSED_ITEMS, storable("; ".join(read.refused_items), LONGEST_DETAIL)
    return None


def _mark(
    reasons_left: dict[int, tuple[str, str] | None], connection: psycopg.Connection, *, now: datetime
) -> int:
    """Write what became of each message; returns how many are still refused."""
    still = [(reason, detail, key) for key, left in reasons_left.items() if left for reason, detail in [left]]
    mended = [key for key, left in reasons_left.items() if left is None]
    with connection.transaction():
        if still:
            connection.cursor().executemany(
                "UPDATE readings_rejected_message SET reason = %s, detail = %s WHERE id = %s", still
            )
        connection.execute(
            "UPDATE readings_rejected_message SET replayed_at = %s WHERE id = ANY (%s)", (now, mended)
        )
    return len(still)


def _behind_gateways(wire_format: str, connection: psycopg.Connection) -> frozenset[int]:
    return frozenset(key for (key,) in connection.execute(_BEHIND_GATEWAYS, (wire_format,)))


def replay_now(
    *, reason: str = "", device: str = "", wire_format: str = "", keys: list[int] | None = None
) -> str:
    """Replay on a connection of its own; returns how many became readings and how many not, as text: a task."""
    with database.connect() as connection:
        mended, refused = replay(
            Intake(Registry()),
            connection,
            now=timezone.now(),
            reason=reason,
            device=device,
            wire_format=wire_format,
            keys=keys,
        )
    return f"{mended} {refused}"

"""Messages that became no reading: kept whole and explained."""

from collections.abc import Iterable

import psycopg

from firmware_bridge.arrival import Refusal, at_microsecond

LARGEST_KEPT = 256 * 1024  # bytes of a payload; the rest of a larger one is cut, and the reason says so
LONGEST_DETAIL = 500  # characters, as the column has it

# A message sent again by the broker that was refused before is the same message.
_KEEP = """
INSERT INTO readings_rejected_message
       (received_at, transport, topic, wire_format, device_id, sensor_id, payload, reason, detail, time_uncertain)
SELECT new.* FROM (VALUES (%(received_at)s::timestamptz, %(transport)s, %(topic)s, %(wire_format)s, %(device)s,
                           %(sensor_id)s::int8, %(payload)s::bytea, %(reason)s, %(detail)s, %(time_uncertain)s::bool))
     AS new (received_at, transport, topic, wire_format, device_id, sensor_id, payload, reason, detail, time_uncertain)
WHERE NOT %(is_redelivered)s::bool OR NOT EXISTS (
    SELECT FROM readings_rejected_message AS kept
    WHERE kept.topic = new.topic AND kept.payload = new.payload AND kept.reason = new.reason
      AND kept.received_at > new.received_at - interval '14 days')"""


def storable(text: str, length: int) -> str:
    """Make text from a stranger fit for a text column: no NUL, no lone surrogate, not too long."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()[:length]


def keep(refusals: Iterable[Refusal], connection: psycopg.Connection) -> int:
    """Write refusals to `readings_rejected_message`; returns how many."""
    rows = [
        {
            "received_at": at_microsecond(refusal.arrival.received_us),
            "transport": refusal.arrival.transport,
            "topic": storable(refusal.arrival.topic, 500),
            "wire_format": storable(refusal.wire_format or refusal.arrival.wire_format, 40),
            "device": storable(refusal.device, 120),
            "sensor_id": refusal.sensor_id,
            "payload": refusal.arrival.payload[:LARGEST_KEPT],
            "reason": refusal.reason,
            "detail": storable(refusal.detail, LONGEST_DETAIL),
            "time_uncertain": refusal.arrival.is_late,
            "is_redelivered": refusal.arrival.is_redelivered or refusal.arrival.again is not None,
        }
        for refusal in refusals
    ]
    with connection.transaction():
        connection.cursor().executemany(_KEEP, rows)
    return len(rows)

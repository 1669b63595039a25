"""Watch every placement that is open: open a diagnosis when a detector finds something, close it when it is right."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from capto.catalogue.models import ObservedProperty
from capto.readings.models import Place, Placement, RawMessage
from firmware_bridge import reasons
from firmware_bridge.diagnosis import Finding, Hour, Sum, Trace, findings, silent
from firmware_bridge.models import Diagnosis
from firmware_bridge.models.diagnosis import QUIET_AFTER_FALSE_ALARM

HOURS_READ = 8  # of finished sums; the longest look-back of an hourly detector is six
MONTH_READ = timedelta(days=60)  # of daily means, for the drift
LAGS_READ = timedelta(minutes=15)  # of messages, for the clock
HEARD_BEFORE = timedelta(days=1)  # how far back a message of a sensor without a state is looked for
ENOUGH_OTHERS = 3  # outdoor devices with the quantity in the hour, below which their median says nothing
QUANTITIES = ("pm25", "temperature", "humidity", "rssi", "battery_pct", "battery_v")

_HOURS = """
SELECT series.placement_id, aggregate.hour, series.property_id, sum(aggregate.n), sum(aggregate.total),
       min(aggregate.minimum), max(aggregate.maximum)
FROM readings_hourly_aggregate AS aggregate JOIN readings_series AS series ON series.id = aggregate.series_id
WHERE aggregate.hour >= %s AND aggregate.hour < %s AND series.variant <> 'onboard'
GROUP BY 1, 2, 3, series.variant, series.channel ORDER BY aggregate.hour, series.variant, series.channel"""
_DAYS = """
SELECT series.placement_id, (aggregate.hour AT TIME ZONE 'UTC')::date AS day,
       sum(aggregate.total) / sum(aggregate.n)
FROM readings_hourly_aggregate AS aggregate JOIN readings_series AS series ON series.id = aggregate.series_id
WHERE aggregate.hour >= %s AND aggregate.hour < %s AND series.property_id = 'pm25' AND series.variant <> 'onboard'
GROUP BY 1, 2 HAVING count(DISTINCT aggregate.hour) >= 18"""
# Of the last sixty minutes, from the messages themselves: the sums of an hour wait for its end.
_RECENT = """
SELECT message.sensor_id, channel.property_id, count(*), avg(value), min(value), max(value)
FROM readings_raw_message AS message
JOIN readings_layoutchannel AS channel ON channel.layout_id = message.layout_id
CROSS JOIN LATERAL (SELECT message.values[channel.position] AS value) AS one
WHERE message.observed_at >= %s AND message.observed_at < %s AND NOT message.time_uncertain
  AND channel.variant <> 'onboard' AND channel.property_id = ANY(%s) AND value IS NOT NULL
GROUP BY 1, 2, channel.variant, channel.channel ORDER BY 1, channel.variant, channel.channel"""
_REFUSED_TIMES = """
SELECT sensor_id, count(*) FROM readings_rejected_message
WHERE received_at >= %s AND reason = ANY(%s) AND transport <> 'file' AND sensor_id IS NOT NULL GROUP BY 1"""
# Only what states its own time can be late or ahead: elsewhere both are the same moment.
_LAGS = """
SELECT sensor_id, extract(epoch FROM min(received_at - observed_at))::float8 FROM readings_raw_message
WHERE observed_at >= %s AND received_at >= %s AND observed_at <> received_at GROUP BY 1"""


def watch_for_silence(now: datetime | None = None) -> int:
    """Open and close the diagnoses of silent devices; returns how many are silent. Run each minute."""
    now = now or timezone.now()
    placements = _open_placements(now)
    found = {}
    for placement in placements:
        trace = _bare_trace(placement, now)
        found[placement.pk] = [one for one in [silent(trace)] if one is not None]
    _write(found, kinds=["silent"], now=now)
    return sum(map(len, found.values()))


def watch(now: datetime | None = None) -> int:
    """Open and close the diagnoses of every kind; returns how many are open. Run once sums of an hour may be new."""
    now = now or timezone.now()
    traces = traces_of(_open_placements(now), now=now)
    found = {key: findings(trace) for key, trace in traces.items()}
    _write(found, kinds=Diagnosis.Kind.values, now=now)
    return sum(map(len, found.values()))


def traces_of(placements: Iterable[Placement], *, now: datetime) -> dict[int, Trace]:
    """Gather what the detectors read, by placement: seven queries for all of them."""
    placements = list(placements)
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    hours = _hours(this_hour - timedelta(hours=HOURS_READ), this_hour)
    days = _days(this_hour - MONTH_READ, this_hour)
    outdoor = [
        placement.pk
        for placement in placements
        if not placement.place.is_indoor and placement.place.kind != Place.Kind.BENCH
    ]
    others = _others(hours, outdoor)
    usual = _usual_days(days, outdoor)
    hour_ago = now - timedelta(hours=1)
    recent = _recent(placements, hour_ago, now)
    others_recently = _others({key: [hour] for key, hour in recent.items()}, outdoor).get(hour_ago, {})
    refused = dict(_rows(_REFUSED_TIMES, [hour_ago, [reasons.FUTURE, reasons.OUTSIDE_PLACEMENTS]]))
    lags = dict(_rows(_LAGS, [now - timedelta(days=2), now - LAGS_READ]))
    plausible = {
        code: (low, high)
        for code, low, high in ObservedProperty.objects.filter(code__in=QUANTITIES).values_list(
            "code", "plausible_minimum", "plausible_maximum"
        )
    }
    traces = {}
    for placement in placements:
        bare = _bare_trace(placement, now)
        own = days.get(placement.pk, {})
        traces[placement.pk] = Trace(
            now=now,
            starts_at=bare.starts_at,
            interval_s=bare.interval_s,
            last_received_at=bare.last_received_at,
            hours=hours.get(placement.pk, []),
            recent=recent.get(placement.pk),
            others=others,
            others_recently=others_recently,
            days=[(day, own[day], usual[day]) for day in sorted(own) if day in usual],
            time_refusals=refused.get(placement.sensor_id, 0),
            lag_s=lags.get(placement.sensor_id),
            is_indoor=placement.place.is_indoor,
            plausible=plausible,
        )
    return traces


def open_for(placement: Placement) -> list[Diagnosis]:
    """List what is wrong now at a placement, the oldest first."""
    return list(Diagnosis.objects.open_for(placement))


def _open_placements(now: datetime) -> list[Placement]:
    """Every placement that runs and is not paused, with its sensor, model, state and place."""
    return list(
        Placement.objects.filter(ends_at=None, is_paused=False, starts_at__lte=now).select_related(
            "place", "sensor__model", "sensor__state"
        )
    )


def _bare_trace(placement: Placement, now: datetime) -> Trace:
    state = getattr(placement.sensor, "state", None)
    last = state.last_received_at if state is not None else None
    if state is None:  # its messages were loaded, or came while no bridge kept the state
        last = (
            RawMessage.objects.filter(
                sensor=placement.sensor_id, observed_at__gte=now - HEARD_BEFORE, observed_at__lte=now
            )
            .order_by("-observed_at")
            .values_list("received_at", flat=True)
            .first()
        )
    return Trace(
        now=now,
        starts_at=placement.starts_at,
        interval_s=float(placement.sensor.interval_s),
        last_received_at=last,
    )


def _rows(query: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


def _hours(start: datetime, end: datetime) -> dict[int, list[Hour]]:
    gathered: dict[int, dict[datetime, dict[str, Sum]]] = defaultdict(lambda: defaultdict(dict))
    counts: dict[tuple[int, datetime], int] = defaultdict(int)
    for placement, hour, quantity, n, total, minimum, maximum in _rows(_HOURS, [start, end]):
        # Of several variants or channels of a quantity the first: they are one particle counter.
        gathered[placement][hour].setdefault(quantity, Sum(int(n), total / float(n), minimum, maximum))
        counts[placement, hour] = max(counts[placement, hour], int(n))
    return {
        placement: [Hour(hour, counts[placement, hour], sums) for hour, sums in sorted(by_hour.items())]
        for placement, by_hour in gathered.items()
    }


def _recent(placements: Iterable[Placement], start: datetime, end: datetime) -> dict[int, Hour]:
    """Sum up the messages of [start, end) of the placements that ran all that time."""
    by_sensor: dict[int, dict[str, Sum]] = defaultdict(dict)
    counts: dict[int, int] = defaultdict(int)
    for sensor, quantity, n, mean, minimum, maximum in _rows(_RECENT, [start, end, list(QUANTITIES)]):
        by_sensor[sensor].setdefault(quantity, Sum(int(n), float(mean), minimum, maximum))
        counts[sensor] = max(counts[sensor], int(n))
    return {
        placement.pk: Hour(start, counts[placement.sensor_id], by_sensor[placement.sensor_id])
        for placement in placements
        if placement.sensor_id in by_sensor and placement.starts_at <= start
    }


def _others(hours: dict[int, list[Hour]], outdoor: list[int]) -> dict[datetime, dict[str, float]]:
    means: dict[datetime, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for placement in outdoor:
        for hour in hours.get(placement, []):
            for quantity, value in hour.sums.items():
                means[hour.start][quantity].append(value.mean)
    return {
        start: {quantity: median(found) for quantity, found in by.items() if len(found) > ENOUGH_OTHERS}
        for start, by in means.items()
    }


def _days(start: datetime, end: datetime) -> dict[int, dict[date, float]]:
    found: dict[int, dict[date, float]] = defaultdict(dict)
    for placement, day, mean in _rows(_DAYS, [start, end]):
        found[placement][day] = float(mean)
    return found


def _usual_days(days: dict[int, dict[date, float]], outdoor: list[int]) -> dict[date, float]:
    means: dict[date, list[float]] = defaultdict(list)
    for placement in outdoor:
        for day, mean in days.get(placement, {}).items():
            means[day].append(mean)
    return {day: median(found) for day, found in means.items() if len(found) > ENOUGH_OTHERS}


def _write(found: dict[int, list[Finding]], *, kinds: list[str], now: datetime) -> None:
    """Open what is new, refresh what lasts, close what is over. Run twice it changes nothing."""
    with transaction.atomic():
        standing = {
            (one.placement_id, one.kind): one
            for one in Diagnosis.objects.select_for_update().filter(until=None, kind__in=kinds)
        }
        current = {(key, finding.kind): finding for key, ones in found.items() for finding in ones}
        for doubted in Diagnosis.objects.filter(
            act=Diagnosis.Act.FALSE_ALARM, handled_at__gt=now - QUIET_AFTER_FALSE_ALARM
        ).values_list("placement_id", "kind"):
            current.pop(doubted, None)
        over = [one.pk for key, one in standing.items() if key not in current]
        Diagnosis.objects.filter(pk__in=over).update(until=now)
        Diagnosis.objects.bulk_create(
            [
                Diagnosis(
                    placement_id=placement,
                    kind=kind,
                    since=finding.since,
                    found_at=now,
                    evidence=finding.evidence,
                )
                for (placement, kind), finding in current.items()
                if (placement, kind) not in standing
            ],
            ignore_conflicts=True,
        )
        for key, one in standing.items():
            if key in current and one.evidence != current[key].evidence:
                Diagnosis.objects.filter(pk=one.pk).update(evidence=current[key].evidence)

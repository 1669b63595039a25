"""Devices that speak to us and stand in no catalogue: what they send, and which sensor takes them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, F, Max, Min, QuerySet
from django.db.models.functions import Lower

from capto.catalogue.models import LendingPoint, ObservedProperty, Sensor, SensorModel
from capto.members.models import Organisation
from capto.readings.models import Place, Placement, RejectedMessage
from capto.readings.published_cell import published_cell
from firmware_bridge import reasons
from firmware_bridge.formats import FORMATS, Undecodable

SAMPLES = 3  # of a device's last messages shown
SHOWN_PAYLOAD = 2_000  # characters
AREA_OF_THE_DESK_M = 5_000  # metres; where a claimed device stands is known no better, and is not published


class UnknownDevice(NamedTuple):
    """A device by format and stated identity: how many messages wait, since when, until when, by which way."""

    wire_format: str
    device: str
    messages: int
    first_at: datetime
    last_at: datetime
    transport: str


class Value(NamedTuple):
    """One reading as people read it."""

    name: str
    value: float | None
    unit: str
    variant: str
    channel: str
    flag: str


class Sample(NamedTuple):
    """One message: as it came, and as its format understands it; `error` where it does not."""

    received_at: datetime
    topic: str
    payload: str
    values: list[Value]
    status: dict[str, object]
    error: str


def _waiting() -> QuerySet[RejectedMessage]:
    return RejectedMessage.objects.filter(reason=reasons.UNKNOWN_DEVICE, replayed_at=None)


def unknown_devices() -> list[UnknownDevice]:
    """List the devices whose messages wait, the most recently heard first; one query."""
    rows = (
        _waiting()
        .values("wire_format", "device_id")
        .annotate(n=Count("pk"), first=Min("received_at"), last=Max("received_at"), way=Max("transport"))
        .order_by("-last")
    )
    return [
        UnknownDevice(row["wire_format"], row["device_id"], row["n"], row["first"], row["last"], row["way"])
        for row in rows
    ]


def find_unknown(wire_format: str, device: str) -> UnknownDevice | None:
    """Find one device among those that wait."""
    for one in unknown_devices():
        if (one.wire_format, one.device) == (wire_format, device):
            return one
    return None


def samples(wire_format: str, device: str) -> list[Sample]:
    """Decode the last messages of an unknown device."""
    last = _waiting().filter(wire_format=wire_format, device_id=device).order_by("-received_at")[:SAMPLES]
    names = {one.code: one for one in ObservedProperty.objects.all()}
    return [sample_of(message, names=names) for message in last]


def sample_of(message: RejectedMessage, *, names: dict[str, ObservedProperty]) -> Sample:
    """Read one rejected message as its format does, for people."""
    payload = bytes(message.payload)
    shown = payload.decode("utf-8", "backslashreplace")[:SHOWN_PAYLOAD]
    format_ = FORMATS.get(message.wire_format)
    if format_ is None:
        return Sample(message.received_at, message.topic, shown, [], {}, "no format")
    try:
        topic = "" if message.transport == "file" else message.topic
        parts = format_.split(payload, topic)
        decoded = [format_.decode(part, topic=topic, received_at=message.received_at) for part in parts]
    except Undecodable as error:
        return Sample(message.received_at, message.topic, shown, [], {}, str(error))
    except Exception as error:  # a decoder's defect is shown, not raised at whoever looks
        return Sample(message.received_at, message.topic, shown, [], {}, f"{type(error).__name__}: {error}")
    values = []
    for reading in (reading for one in decoded for reading in one.readings):
        known = names.get(reading.quantity)
        name, unit = (known.name, known.unit_label) if known is not None else (reading.quantity, reading.unit)
        values.append(Value(name, reading.value, unit, reading.variant, reading.channel, reading.flag))
    status = {key: value for one in decoded for key, value in one.status.items()}
    return Sample(message.received_at, message.topic, shown, values, status, "")


def guesses(message: RejectedMessage) -> list[str]:
    """Name the formats that read something in a message, the one that reads most first; its own format not counted.

    For messages that came under another topic or to another address than their format's.
    """
    payload, found = bytes(message.payload), []
    for name, format_ in FORMATS.items():
        if name == message.wire_format:
            continue
        try:
            readings = format_.decode(payload, topic=message.topic, received_at=message.received_at).readings
        except Exception:  # not its format
            continue
        known = sum(reading.value is not None for reading in readings)
        if known:
            found.append((-known, name))
    return [name for _, name in sorted(found)]


def suggested(device: UnknownDevice, *, owners: Iterable[Organisation]) -> Sensor | None:
    """Find the one sensor whose serial number is what the device states; None where none or several are."""
    serial = device.device.rpartition("-")[2].rpartition(":")[2].lower()
    found = list(
        Sensor.objects.filter(owner__in=owners)
        .annotate(plain=Lower("serial"))
        .filter(plain__in={device.device.lower(), serial})
        .exclude(serial="")[:2]
    )
    return found[0] if len(found) == 1 else None


def models_for(device: UnknownDevice) -> QuerySet[SensorModel]:
    """List the models that speak the device's format, those with the most sensors first."""
    return (
        SensorModel.objects.filter(wire_format=device.wire_format)
        .annotate(n=Count("sensors"))
        .order_by(F("n").desc(), "maker", "name")
    )


def claim_for(sensor: Sensor, device: UnknownDevice) -> None:
    """Give an unknown device to a sensor of the catalogue. Raises IdentityTaken where another states it by now."""
    sensor.speaks_as(wire_format=device.wire_format, device_id=device.device)


def claim_as_new(
    device: UnknownDevice,
    *,
    model: SensorModel,
    owner: Organisation,
    inventory_code: str,
    point: LendingPoint | None,
) -> Sensor:
    """Add a sensor for an unknown device, standing at a lending point since its first message where one is named.

    Such a stay is a test of the device: nothing of it is public. Raises IdentityTaken.
    """
    sensor = Sensor.add(
        model=model,
        owner=owner,
        inventory_code=inventory_code,
        serial=device.device[:80],
        wire_format=device.wire_format,
        device_id=device.device,
    )
    if point is not None:
        stand_at_the_desk(sensor, point, since=device.first_at)
    return sensor


def stand_at_the_desk(sensor: Sensor, point: LendingPoint, *, since: datetime) -> Placement:
    """Say that a sensor is tried at a lending point: what it measures there is kept and not published."""
    cell = published_cell(point.latitude, point.longitude, size_m=AREA_OF_THE_DESK_M)
    place = Place.objects.create(
        kind=Place.Kind.PUBLIC,
        label=point.name[:120],
        territory=point.territory,
        cell_latitude=cell.latitude,
        cell_longitude=cell.longitude,
        precision_m=AREA_OF_THE_DESK_M,
        is_indoor=True,
    )
    return Placement.objects.create(
        sensor=sensor, place=place, purpose=Placement.Purpose.DEVICE_TEST, starts_at=since
    )


def free_code(model: SensorModel, taken: Sequence[str] = ()) -> str:
    """Propose an inventory code that no sensor has: the model's slug and the next number."""
    stem = "".join(part[:4] for part in model.slug.upper().split("-")[:2]) or "CAPT"
    used = set(
        Sensor.objects.filter(inventory_code__startswith=stem).values_list("inventory_code", flat=True)
    )
    number = 1
    while f"{stem}-{number:02}" in used or f"{stem}-{number:02}" in taken:
        number += 1
    return f"{stem}-{number:02}"

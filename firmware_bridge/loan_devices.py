"""What the borrower reads of the devices of a loan: what was understood, what is wrong, what to do."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.http import HttpRequest
from django.template.loader import render_to_string

from capto.lending.models import Loan
from capto.lending.placements import placements_of
from capto.readings.models import LayoutChannel, Placement, RawMessage, RejectedMessage
from firmware_bridge.diagnosis_texts import WORDS
from firmware_bridge.format_names import Reason, reason_of
from firmware_bridge.models import Diagnosis

RIGHT_AGAIN_SHOWN = timedelta(days=7)  # how long something that is right again can still be answered
REFUSED_SHOWN = timedelta(days=1)


class Understood(NamedTuple):
    """One value of the last message, as people read it."""

    name: str
    value: float
    unit: str
    is_onboard: bool


class Told(NamedTuple):
    """A diagnosis in the borrower's words."""

    diagnosis: Diagnosis
    sentence: object


class LoanDevice(NamedTuple):
    """One sensor of a loan, as its borrower meets it."""

    placement: Placement
    first_at: datetime | None
    last_at: datetime | None
    understood: list[Understood]
    wrong: list[Told]
    right_again: list[Told]
    refused: list[tuple[Reason, int]]


def devices_of(loan: Loan, *, now: datetime) -> list[LoanDevice]:
    """Gather the devices of a loan that stand somewhere; of a loan that is over, all of them."""
    placements = placements_of(loan)
    running = [placement for placement in placements if placement.ends_at is None]
    return [_device(placement, now=now) for placement in running or placements]


def _device(placement: Placement, *, now: datetime) -> LoanDevice:
    messages = RawMessage.objects.filter(sensor=placement.sensor_id, observed_at__gte=placement.starts_at)
    if placement.ends_at is not None:
        messages = messages.filter(observed_at__lt=placement.ends_at)
    first = messages.order_by("observed_at").first()
    last = messages.order_by("-observed_at").first()
    wrong, right_again = [], []
    for diagnosis in Diagnosis.objects.filter(placement=placement).order_by("-since", "pk"):
        told = Told(diagnosis, WORDS[diagnosis.kind].borrower)
        if diagnosis.until is None:
            wrong.append(told)
        elif diagnosis.act != Diagnosis.Act.FALSE_ALARM and now - diagnosis.until < RIGHT_AGAIN_SHOWN:
            right_again.append(told)
    return LoanDevice(
        placement,
        first.received_at if first is not None else None,
        last.received_at if last is not None else None,
        understood(last) if last is not None else [],
        wrong,
        right_again[:3],
        _refused(placement, now=now),
    )


def understood(message: RawMessage) -> list[Understood]:
    """Say what the air's values of a stored message are; the device's own health is not among them."""
    channels = (
        LayoutChannel.objects.filter(layout=message.layout_id).select_related("property").order_by("position")
    )
    values = []
    for channel in channels:
        place = channel.position - 1
        value = message.values[place] if place < len(message.values) else None
        if value is not None and channel.property.medium != "device":
            known = channel.property
            values.append(Understood(known.name, value, known.unit_label, channel.variant == "onboard"))
    return values


def _refused(placement: Placement, *, now: datetime) -> list[tuple[Reason, int]]:
    since = max(placement.starts_at, now - REFUSED_SHOWN)
    counts: dict[str, int] = {}
    for reason in RejectedMessage.objects.filter(
        sensor=placement.sensor_id, received_at__gte=since, replayed_at=None
    ).values_list("reason", flat=True)[:1_000]:
        counts[reason] = counts.get(reason, 0) + 1
    return [(reason_of(code), n) for code, n in sorted(counts.items())]


def panel(request: HttpRequest, loan: Loan, *, now: datetime) -> str:
    """Render the devices for the page of the loan (settings.LOAN_PANELS)."""
    devices = devices_of(loan, now=now)
    is_open = loan.state == Loan.State.OPEN
    context = {
        "loan": loan,
        "is_open": is_open,
        "devices": devices,
        "is_waiting": is_open and any(device.first_at is None for device in devices),
        "answers": Diagnosis.Answer.choices,
    }
    return render_to_string("firmware_bridge/includes/loan_devices.html", context, request)

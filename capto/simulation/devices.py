"""What the staff of the demonstration meets among its devices: a stranger, a gateway with a silent sensor, answers.

Everything here is made once, when the city is founded, and is marked or named as simulated.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from capto.catalogue.models import Sensor, SensorModel
from capto.members.demo_accounts import BORROWER
from capto.members.models import Organisation
from capto.readings.models import Place, Placement, RejectedMessage
from firmware_bridge import reasons
from firmware_bridge.models import Diagnosis, Gateway

STRANGER: Final = "51d83bda1d76"  # an AirGradient that nobody has put into the catalogue
BEHIND_THE_GATEWAY: Final = ("51A8610A3233510F", "51A8610A32335110")
GATEWAY: Final = "Passerelle LoRaWAN du toit (simulée)"


@transaction.atomic
def show_devices(*, now: datetime) -> bool:
    """Make what the devices' pages show; False where it is here already, or no city is."""
    owner = Organisation.objects.filter(is_simulated=True).order_by("pk").first()
    if owner is None or Gateway.objects.filter(name=GATEWAY).exists():
        return False
    _stranger(now)
    _gateway(owner, now)
    _answered(now)
    return True


def _stranger(now: datetime) -> None:
    """Let an unknown device have sent a message every ten minutes for half an hour."""
    for number in range(3):
        message = {
            "pm01": 4.1 + number,
            "pm02": 7.8 + number,
            "pm10": 9.3 + number,
            "atmp": 9.4,
            "rhum": 71.2,
            "boot": number,
            "bootCount": number,
            "wifi": -64,
            "serialno": STRANGER,
            "firmware": "3.3.9",
            "model": "O-1PST",
        }
        RejectedMessage.objects.create(
            received_at=now - timedelta(minutes=30 - 10 * number),
            transport="mqtt",
            topic=f"airgradient/readings/{STRANGER}",
            wire_format="airgradient",
            device_id=STRANGER,
            payload=json.dumps(message).encode(),
            reason=reasons.UNKNOWN_DEVICE,
            detail="no sensor of the catalogue states this identity",
        )


def _gateway(owner: Organisation, now: datetime) -> None:
    """Add a gateway and two sensors behind it; the one that stands somewhere has not spoken yet."""
    model = SensorModel.objects.create(
        maker="Milesight",
        name="AM319 (simulé)",
        slug="simulated-am319",
        wire_format="chirpstack",
        reporting_interval_s=600,
        particle_counter="SPS30",
    )
    sensors = [
        Sensor.add(
            model=model,
            owner=owner,
            inventory_code=f"LORA-{number:02}",
            wire_format="chirpstack",
            device_id=eui,
            is_simulated=True,
        )
        for number, eui in enumerate(BEHIND_THE_GATEWAY, start=1)
    ]
    Gateway.add(name=GATEWAY, owner=owner, wire_format="chirpstack", now=now).speak_for(sensors)
    bench = Place.objects.filter(kind=Place.Kind.BENCH).order_by("pk").first()
    if bench is not None:
        place = Place.objects.create(
            kind=Place.Kind.PUBLIC,
            label="Toit de la médiathèque (simulé)",
            territory=bench.territory,
            cell_latitude=bench.cell_latitude,
            cell_longitude=bench.cell_longitude,
            precision_m=200,
        )
        Placement.objects.create(
            sensor=sensors[0],
            place=place,
            purpose=Placement.Purpose.DEVICE_TEST,
            starts_at=now - timedelta(hours=5),
        )


def _answered(now: datetime) -> None:
    """Let the borrower of the demonstration have had two faults that are over, one of them answered."""
    placement = (
        Placement.objects.filter(loan_placement__loan__person__email=BORROWER, ends_at=None)
        .order_by("starts_at")
        .first()
    )
    if placement is None or placement.starts_at > now - timedelta(days=3):
        return
    wet = Diagnosis.objects.create(
        placement=placement,
        kind=Diagnosis.Kind.TOO_HUMID,
        since=now - timedelta(days=2, hours=6),
        found_at=now - timedelta(days=2, hours=5),
        until=now - timedelta(days=2),
        evidence={"humidity": 98, "others": 76},
    )
    wet.reply(Diagnosis.Answer.MOVED, text="Il pleuvait dessus.", now=now - timedelta(days=1, hours=20))
    Diagnosis.objects.create(
        placement=placement,
        kind=Diagnosis.Kind.WEAK_SIGNAL,
        since=now - timedelta(hours=20),
        found_at=now - timedelta(hours=18),
        until=now - timedelta(hours=15),
        evidence={"rssi": -86},
    )

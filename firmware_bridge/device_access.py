"""Give a device what it needs to reach us: a new credential for where it stands now, and its guide."""

import secrets
import string
import time
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from capto.catalogue.models import Sensor
from capto.readings.models import Placement
from firmware_bridge.broker_access import topics_of
from firmware_bridge.device_guides import PLACEHOLDER, Access, Guide, guide_for, our_server
from firmware_bridge.models import Credential, Gateway

SPEAK_BY_TOKEN = frozenset({"smart_citizen"})  # their name is their only secret: renewed with the credential
TOKEN_SIGNS = string.ascii_lowercase + string.digits
TOKEN_LENGTH = 6  # as the kit's page takes it; 31 bits, so that failures are limited at the broker's door
ADMITTED_WITHIN_S = 4.0
LOOK_EVERY_S = 0.2


class Given(NamedTuple):
    """A guide with the secret in it, this once. `is_admitted`: None where the broker need not know of it."""

    guide: Guide
    is_admitted: bool | None


def renew(sensor: Sensor, *, now: datetime) -> Given:
    """Give a sensor a new credential for the placement that runs; the one before ends at once."""
    with transaction.atomic():
        if sensor.wire_format in SPEAK_BY_TOKEN:
            sensor.speaks_as(wire_format=sensor.wire_format, device_id=new_token())
        placement = Placement.objects.filter(sensor=sensor, ends_at=None).first()
        credential, secret = Credential.issue(sensor, placement=placement, now=now)
    access = Access(sensor.device_id, credential.username, secret, our_server())
    guide = guide_for(sensor.wire_format, access)
    by_broker = guide.way == "MQTT" and bool(topics_of(sensor.wire_format, sensor.device_id))
    if sensor.wire_format in SPEAK_BY_TOKEN:
        by_broker = False
    return Given(guide, _is_admitted(credential) if by_broker else None)


def renew_gateway(gateway: Gateway, *, now: datetime) -> Given:
    """Give a gateway a new credential; the one before ends at once."""
    credential, secret = Credential.issue_to(gateway, now=now)
    guide = guide_for(gateway.wire_format, Access("", credential.username, secret, our_server()))
    return Given(guide, _is_admitted(credential) if guide.way == "MQTT" else None)


def shown_again(sensor: Sensor, credential: Credential | None) -> Guide:
    """Give the guide of a sensor without its secret."""
    username = credential.username if credential is not None else PLACEHOLDER
    return guide_for(sensor.wire_format, Access(sensor.device_id, username, PLACEHOLDER, our_server()))


def gateway_shown_again(gateway: Gateway, credential: Credential | None) -> Guide:
    """Give the guide of a gateway without its secret."""
    username = credential.username if credential is not None else PLACEHOLDER
    return guide_for(gateway.wire_format, Access("", username, PLACEHOLDER, our_server()))


def standing_of(thing: Sensor | Gateway) -> Credential | None:
    """Find the credential that a sensor or a gateway has now."""
    return Credential.objects.standing().filter(pk__in=thing.credentials.all()).first()


def new_token() -> str:
    """Draw a token of the kind that a Smart Citizen Kit takes."""
    return "".join(secrets.choice(TOKEN_SIGNS) for _ in range(TOKEN_LENGTH))


def _is_admitted(credential: Credential) -> bool:
    """Wait a moment until the broker knows of a credential; False where it does not, by then."""
    until = time.monotonic() + ADMITTED_WITHIN_S
    while time.monotonic() < until:
        if Credential.objects.filter(pk=credential.pk, admitted_at__isnull=False).exists():
            return True
        time.sleep(LOOK_EVERY_S)
    return False

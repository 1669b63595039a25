"""The credentials of sensors: issued once, stored as a hash, renewed at each loan."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from django.db import IntegrityError, connection, transaction

from capto.catalogue.models import Sensor, SensorModel
from capto.members.models import Organisation
from firmware_bridge.models import Credential, RefusedCredential

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def sensor() -> Sensor:
    owner = Organisation.objects.create(name="Association")
    model = SensorModel.objects.create(maker="M", name="One", slug="one", wire_format="airrohr")
    return Sensor.objects.create(
        model=model, owner=owner, inventory_code="A1", wire_format="airrohr", device_id="esp8266-1"
    )


def test_a_secret_is_128_random_bits_stored_as_its_sha256_and_nowhere_else(sensor: Sensor) -> None:
    credential, secret = Credential.issue(sensor, now=NOW)
    assert len(secret) == 26 and set(secret) <= set("abcdefghijklmnopqrstuvwxyz234567")  # 128 / 5 = 25.6
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret_sha256, c::text FROM firmware_bridge_credential AS c")
        stored, row = cursor.fetchone()
    assert bytes(stored) == sha256(secret.encode()).digest()
    assert secret not in row
    assert Credential.issue(sensor, now=NOW)[1] != secret
    assert credential.username[0] == "c" and len(credential.username) == 9


def test_a_credential_is_verified_by_user_name_and_secret_together(sensor: Sensor) -> None:
    credential, secret = Credential.issue(sensor, now=NOW)
    assert Credential.verify(credential.username, secret).sensor_id == sensor.pk
    for username, tried in (
        (credential.username, secret[:-1]),
        ("cnobody", secret),
        (credential.username, ""),
    ):
        with pytest.raises(RefusedCredential):
            Credential.verify(username, tried)


def test_a_new_credential_revokes_the_one_before(sensor: Sensor) -> None:
    first, secret = Credential.issue(sensor, now=NOW)
    second, _ = Credential.issue(sensor, now=NOW + timedelta(days=30))
    with pytest.raises(RefusedCredential):
        Credential.verify(first.username, secret)
    first.refresh_from_db()
    assert first.revoked_at == NOW + timedelta(days=30)
    assert second.revoked_at is None


def test_the_database_refuses_two_valid_credentials_of_one_sensor(sensor: Sensor) -> None:
    Credential.issue(sensor, now=NOW)
    with pytest.raises(IntegrityError, match="one_valid_credential_per_sensor"), transaction.atomic():
        Credential.objects.create(sensor=sensor, username="other", secret_sha256=bytes(32), created_at=NOW)


def test_a_revoked_credential_is_refused(sensor: Sensor) -> None:
    credential, secret = Credential.issue(sensor, now=NOW)
    assert Credential.revoke_of(sensor, now=NOW) == 1
    assert Credential.revoke_of(sensor, now=NOW) == 0
    with pytest.raises(RefusedCredential):
        Credential.verify(credential.username, secret)

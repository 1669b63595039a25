import json
import secrets
from base64 import b32encode
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest

from django.db import connection, models, transaction

from capto.catalogue.models import Sensor
from capto.readings.models import Placement

ADMIT = (
    "capto_admit_to_broker"  # the channel on which a new credential is told (firmware_bridge.broker_access)
)
SECRET_BYTES = 16  # 128 random bits
USERNAME_BYTES = 5  # 40 random bits: it only has to be unlike the others, and short enough to type


class RefusedCredential(Exception):
    """No such user name, another secret, or a credential that was revoked: which one is not said."""


class Credential(models.Model):
    """What one sensor proves itself with, for one placement; the secret is shown once and never stored.

    `secret_sha256` is enough against theft of the table because the secret has 128 random bits: there is no
    list of likely secrets to try, which is what a slow hash is against.
    """

    sensor = models.ForeignKey(Sensor, models.CASCADE, related_name="credentials")
    placement = models.ForeignKey(
        Placement, models.SET_NULL, null=True, blank=True, related_name="credentials"
    )
    username = models.CharField(max_length=40, unique=True)
    secret_sha256 = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    admitted_at = models.DateTimeField(null=True, blank=True)  # when the broker knew of it

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sensor"],
                condition=models.Q(revoked_at=None),
                name="one_valid_credential_per_sensor",
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @classmethod
    def issue(
        cls, sensor: Sensor, *, placement: Placement | None = None, now: datetime
    ) -> tuple["Credential", str]:
        """Give a sensor a new credential and revoke the one before; returns it with its secret, this once.

        Both are lower-case letters and digits without a sign that can be mistaken in a form of a device.
        """
        secret = _letters(secrets.token_bytes(SECRET_BYTES))
        with transaction.atomic():
            Sensor.objects.select_for_update().get(pk=sensor.pk)  # two desks renew one after the other
            cls.revoke_of(sensor, now=now)
            credential = cls.objects.create(
                sensor=sensor,
                placement=placement,
                username=f"c{_letters(secrets.token_bytes(USERNAME_BYTES))}",
                secret_sha256=hash_of(secret),
                created_at=now,
            )
            # The broker needs the secret itself, once: it goes with the commit to who keeps the broker's accounts,
            # and is written to no table.
            note = json.dumps({"username": credential.username, "secret": secret})
            connection.cursor().execute("SELECT pg_notify(%s, %s)", [ADMIT, note])
        return credential, secret

    @classmethod
    def revoke_of(cls, sensor: Sensor, *, now: datetime) -> int:
        """Revoke what a sensor has; returns how many (one or none)."""
        return cls.objects.filter(sensor=sensor, revoked_at=None).update(revoked_at=now)

    @classmethod
    def verify(cls, username: str, secret: str) -> "Credential":
        """Find the valid credential of a user name and a secret. Raises RefusedCredential."""
        found = cls.objects.filter(username=username, revoked_at=None).first()
        stored = bytes(found.secret_sha256) if found is not None else bytes(32)
        if not compare_digest(stored, hash_of(secret)) or found is None:
            raise RefusedCredential
        return found


def hash_of(secret: str) -> bytes:
    """Hash a secret as it is stored: SHA-256."""
    return sha256(secret.encode()).digest()


def _letters(data: bytes) -> str:
    return b32encode(data).decode().rstrip("=").lower()
